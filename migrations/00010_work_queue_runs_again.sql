-- +goose Up

-- A delivery that is inserted into ops.work_queue runs, finished or not: what is
-- finished is opened again first, as `deliveries replay` does. Before, the job of a
-- finished delivery looked at it and did nothing, without a word.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION ops.work_queue_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.source IS DISTINCT FROM 'plane' OR NEW.delivery_id IS NULL THEN
        RAISE EXCEPTION 'ops.work_queue takes source = ''plane'' with a delivery_id';
    END IF;
    PERFORM FROM ops.plane_webhook_deliveries d WHERE d.delivery_id = NEW.delivery_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no delivery % in ops.plane_webhook_deliveries', NEW.delivery_id;
    END IF;
    UPDATE ops.plane_webhook_deliveries d
    SET status = 'received', cause = NULL, last_error = NULL, outcome = NULL, processed_at = NULL, attempts = 0
    WHERE d.delivery_id = NEW.delivery_id AND d.status IN ('processed', 'ignored', 'dead');
    INSERT INTO ops.river_job (kind, queue, args, max_attempts, state, scheduled_at)
    VALUES ('plane_delivery', 'plane', jsonb_build_object('delivery_id', NEW.delivery_id), 12,
            CASE WHEN NEW.scheduled_at > now() THEN 'scheduled' ELSE 'available' END::ops.river_job_state,
            coalesce(NEW.scheduled_at, now()))
    RETURNING id INTO NEW.id;
    RETURN NEW;
END;
$$;
-- +goose StatementEnd

-- Odoo tells of a record each time it is saved. Looking for one that waits already
-- must not read the whole queue.
CREATE INDEX river_job_odoo_change_waiting ON ops.river_job ((args ->> 'id'))
    WHERE kind = 'odoo_change' AND state IN ('available', 'scheduled', 'retryable', 'pending');
