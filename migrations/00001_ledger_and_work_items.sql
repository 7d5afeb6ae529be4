-- +goose Up

-- One row per webhook that was accepted. The two unique keys are what makes a
-- redelivery a no-op: Plane gives every attempt a new delivery id, so the event
-- key (v2 event_id, else SHA-256 of the body) has to be unique as well.
CREATE TABLE ops.plane_webhook_deliveries (
    delivery_id  uuid        PRIMARY KEY,
    event_key    text        NOT NULL CONSTRAINT plane_webhook_deliveries_event_key_key UNIQUE,
    origin       text        NOT NULL DEFAULT 'webhook' CHECK (origin IN ('webhook', 'sweep')),
    event        text        NOT NULL,
    action       text,
    entity_id    text,
    project_id   text,
    actor_id     text,
    headers      jsonb       NOT NULL DEFAULT '{}',
    raw_body     bytea       NOT NULL,
    status       text        NOT NULL DEFAULT 'received'
                 CHECK (status IN ('received', 'processed', 'failed', 'ignored', 'dead')),
    cause        text        CHECK (cause IN ('ours', 'plane', 'odoo', 'data', 'policy', 'missing_key')),
    outcome      text,
    attempts     integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    last_error   text,
    received_at  timestamptz NOT NULL DEFAULT now(),
    processed_at timestamptz,
    CONSTRAINT finished_deliveries_have_a_time
        CHECK ((status IN ('processed', 'ignored')) = (processed_at IS NOT NULL)),
    CONSTRAINT failures_say_why
        CHECK (status NOT IN ('failed', 'dead') OR (last_error IS NOT NULL AND cause IS NOT NULL))
);

COMMENT ON COLUMN ops.plane_webhook_deliveries.raw_body IS 'the exact bytes that were signed';
COMMENT ON COLUMN ops.plane_webhook_deliveries.outcome IS 'what processing did, in words, for whoever looks later';

-- The worker takes all open deliveries of one entity at once.
CREATE INDEX plane_webhook_deliveries_open ON ops.plane_webhook_deliveries (entity_id, received_at)
    WHERE status IN ('received', 'failed');
-- Listing by status and cleaning up finished ones.
CREATE INDEX plane_webhook_deliveries_by_status ON ops.plane_webhook_deliveries (status, received_at);

CREATE TABLE ops.work_items (
    work_item_ref text        PRIMARY KEY,
    system        text        NOT NULL,
    external_id   text        NOT NULL,
    title         text        NOT NULL,
    status        text        NOT NULL,
    assignee      text,
    url           text,
    project_ref   text,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT the_ref_names_system_and_id CHECK (work_item_ref = system || ':' || external_id)
);

CREATE INDEX work_items_by_project ON ops.work_items (project_ref, status);

-- One row per entity and issue. A row is written before the create call (state
-- 'intended'), so that a crash in between is seen and healed by looking up.
CREATE TABLE ops.plane_sync_mappings (
    id               bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    flow             text        NOT NULL,
    odoo_model       text        NOT NULL,
    odoo_id          bigint      NOT NULL,
    entity_key       text        NOT NULL,
    plane_workspace  text        NOT NULL,
    plane_project_id text        NOT NULL,
    plane_issue_id   text,
    state            text        NOT NULL CHECK (state IN ('intended', 'linked', 'cancelled', 'broken')),
    content_hash     text        NOT NULL DEFAULT '',
    last_pushed      jsonb       NOT NULL DEFAULT '{}',
    told             text        NOT NULL DEFAULT '',
    last_error       text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    last_synced_at   timestamptz,
    CONSTRAINT one_link_per_entity UNIQUE (odoo_model, entity_key, plane_workspace, plane_project_id),
    CONSTRAINT one_link_per_issue  UNIQUE (plane_workspace, plane_issue_id),
    CONSTRAINT a_link_without_issue_is_an_intention CHECK (state = 'intended' OR plane_issue_id IS NOT NULL)
);

-- The queue as the contract names it: River's jobs, readable and, for one more
-- try of a delivery, insertable in plain SQL.
-- +goose StatementBegin
CREATE VIEW ops.work_queue WITH (security_invoker = true) AS
SELECT id,
       CASE kind WHEN 'plane_delivery' THEN 'plane' WHEN 'odoo_change' THEN 'odoo' ELSE 'bridge' END AS source,
       (args ->> 'delivery_id')::uuid AS delivery_id,
       state::text                    AS status,
       attempt::int                   AS attempts,
       errors[array_upper(errors, 1)] ->> 'error' AS last_error,
       created_at,
       scheduled_at
FROM ops.river_job;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION ops.work_queue_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.source IS DISTINCT FROM 'plane' OR NEW.delivery_id IS NULL THEN
        RAISE EXCEPTION 'ops.work_queue takes source = ''plane'' with a delivery_id';
    END IF;
    IF NOT EXISTS (SELECT FROM ops.plane_webhook_deliveries d WHERE d.delivery_id = NEW.delivery_id) THEN
        RAISE EXCEPTION 'no delivery % in ops.plane_webhook_deliveries', NEW.delivery_id;
    END IF;
    INSERT INTO ops.river_job (kind, queue, args, max_attempts, state, scheduled_at)
    VALUES ('plane_delivery', 'plane', jsonb_build_object('delivery_id', NEW.delivery_id), 12,
            CASE WHEN NEW.scheduled_at > now() THEN 'scheduled' ELSE 'available' END::ops.river_job_state,
            coalesce(NEW.scheduled_at, now()))
    RETURNING id INTO NEW.id;
    RETURN NEW;
END;
$$;
-- +goose StatementEnd

CREATE TRIGGER work_queue_insert INSTEAD OF INSERT ON ops.work_queue
    FOR EACH ROW EXECUTE FUNCTION ops.work_queue_insert();

-- Row level security without a policy: the owner and the service role see the
-- rows, nobody else does, whatever is granted on the schema.
ALTER TABLE ops.plane_webhook_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.work_items               ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.plane_sync_mappings      ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.schema_migrations        ENABLE ROW LEVEL SECURITY;
-- +goose StatementBegin
DO $$
DECLARE queue_table regclass;
BEGIN
    FOR queue_table IN
        SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'ops' AND c.relkind = 'r' AND c.relname LIKE 'river\_%'
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', queue_table);
    END LOOP;
END;
$$;
-- +goose StatementEnd
