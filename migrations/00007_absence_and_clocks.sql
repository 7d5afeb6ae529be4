-- +goose Up

-- When the state in a row was shown, by this database's clock: heard_at is when the
-- webhook came that told of it, asked_at when the request was made that answered it.
-- What was asked for is newer than any webhook that came before; a page says nothing
-- about a row that was heard of after the page was asked for.
ALTER TABLE ops.work_items
    ADD COLUMN heard_at     timestamptz,
    ADD COLUMN asked_at     timestamptz,
    ADD COLUMN content_hash text NOT NULL DEFAULT '',
    ADD COLUMN entity_key   text;

COMMENT ON COLUMN ops.work_items.content_hash IS 'of all that was shown, so that two states of one moment can be told apart';
COMMENT ON COLUMN ops.work_items.entity_key IS 'the record of Odoo that the work item says it stands for, linked or not';

-- A delivery that a sweep wrote holds when its page was asked for.
ALTER TABLE ops.plane_webhook_deliveries ADD COLUMN asked_at timestamptz;

ALTER TABLE ops.sweeps
    ADD COLUMN missing    integer NOT NULL DEFAULT 0,
    ADD COLUMN moved      integer NOT NULL DEFAULT 0,
    ADD COLUMN in_intake  integer NOT NULL DEFAULT 0,
    ADD COLUMN unreadable integer NOT NULL DEFAULT 0;

COMMENT ON COLUMN ops.sweeps.missing IS 'work items that are known and not in the list, before any was looked for';

-- When each missing work item was last looked for: look-ups take turns.
CREATE TABLE ops.sweep_looks (
    work_item_id text        PRIMARY KEY,
    looked_at    timestamptz NOT NULL
);

-- The newest panic of each kind of job, for every replica's readiness.
CREATE TABLE ops.panics (
    kind    text        PRIMARY KEY,
    times   bigint      NOT NULL DEFAULT 1,
    last_at timestamptz NOT NULL DEFAULT now(),
    what    text        NOT NULL
);

-- The newest webhook that was refused unread, by why: it is a sign that Plane's
-- webhook is not switched off.
CREATE TABLE ops.refused_webhooks (
    reason  text        PRIMARY KEY,
    last_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE ops.sweep_looks      ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.panics           ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.refused_webhooks ENABLE ROW LEVEL SECURITY;
