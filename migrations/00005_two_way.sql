-- +goose Up

-- What Plane answered to the last write. It differs from what was sent (Plane
-- cleans HTML), and an edit by a person is recognised by differing from it.
ALTER TABLE ops.plane_sync_mappings ADD COLUMN written jsonb NOT NULL DEFAULT '{}';

-- What each reconcile sweep found, newest last. Operators read here whether
-- webhooks still tell of everything.
CREATE TABLE ops.sweeps (
    id               bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    flow             text        NOT NULL,
    plane_project_id text        NOT NULL,
    started_at       timestamptz NOT NULL,
    finished_at      timestamptz NOT NULL DEFAULT now(),
    items            integer     NOT NULL,
    requests         integer     NOT NULL,
    untold           integer     NOT NULL,
    deleted          integer     NOT NULL,
    archived         integer     NOT NULL,
    drifted          integer     NOT NULL,
    doubled          integer     NOT NULL,
    orphaned         integer     NOT NULL,
    webhook_silent   boolean     NOT NULL
);

ALTER TABLE ops.sweeps ENABLE ROW LEVEL SECURITY;
