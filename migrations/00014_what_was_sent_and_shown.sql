-- +goose Up

-- A write may be tried again for other values before anybody knows what became of the
-- earlier one, which Plane may show as well. And what a webhook says may be older than
-- what the bridge wrote since: both times are Plane's.
ALTER TABLE ops.plane_sync_mappings
    ADD COLUMN sent_before jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN shown_at    timestamptz;

COMMENT ON COLUMN ops.plane_sync_mappings.sent_before IS 'values of earlier writes of which nobody knows what became; they count only beside sending';
COMMENT ON COLUMN ops.plane_sync_mappings.shown_at IS 'updated_at of the work item, by Plane''s clock, as the bridge last wrote or compared it';
