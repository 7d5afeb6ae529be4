-- +goose Up

-- Three columns get the field's own words. The old ones stay for one release, so that
-- a replica of the previous release can run beside this one: whichever of the two is
-- written, a trigger writes the other.
ALTER TABLE ops.plane_sync_mappings ADD COLUMN notified text NOT NULL DEFAULT '';
ALTER TABLE ops.sweeps ADD COLUMN missed integer;
ALTER TABLE ops.work_items ADD COLUMN reported_at timestamptz;

UPDATE ops.plane_sync_mappings SET notified = told WHERE told <> '';
UPDATE ops.sweeps SET missed = untold;
UPDATE ops.work_items SET reported_at = heard_at WHERE heard_at IS NOT NULL;

ALTER TABLE ops.sweeps ALTER COLUMN missed SET NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION ops.keep_told_and_notified() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.notified = '' OR TG_OP = 'UPDATE' AND NEW.told IS DISTINCT FROM OLD.told THEN
        NEW.notified := NEW.told;
    ELSE
        NEW.told := NEW.notified;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION ops.keep_untold_and_missed() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    NEW.missed := coalesce(NEW.missed, NEW.untold);
    NEW.untold := NEW.missed;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION ops.keep_heard_and_reported() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.reported_at IS NULL OR TG_OP = 'UPDATE' AND NEW.heard_at IS DISTINCT FROM OLD.heard_at THEN
        NEW.reported_at := NEW.heard_at;
    ELSE
        NEW.heard_at := NEW.reported_at;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER keep_told_and_notified BEFORE INSERT OR UPDATE ON ops.plane_sync_mappings
    FOR EACH ROW EXECUTE FUNCTION ops.keep_told_and_notified();
CREATE TRIGGER keep_untold_and_missed BEFORE INSERT ON ops.sweeps
    FOR EACH ROW EXECUTE FUNCTION ops.keep_untold_and_missed();
CREATE TRIGGER keep_heard_and_reported BEFORE INSERT OR UPDATE ON ops.work_items
    FOR EACH ROW EXECUTE FUNCTION ops.keep_heard_and_reported();

COMMENT ON COLUMN ops.plane_sync_mappings.told IS 'the former name of notified; it goes with the next release';
COMMENT ON COLUMN ops.sweeps.untold IS 'the former name of missed; it goes with the next release';
COMMENT ON COLUMN ops.work_items.heard_at IS 'the former name of reported_at; it goes with the next release';
COMMENT ON COLUMN ops.plane_sync_mappings.notified IS 'what the flow last wrote to Odoo about the work item, in the flow''s own words';
COMMENT ON COLUMN ops.sweeps.missed IS 'changes in Plane that no webhook reported';
COMMENT ON COLUMN ops.work_items.reported_at IS 'when the newest webhook about the work item came, by this database''s clock';
