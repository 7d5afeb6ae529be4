-- +goose Up

-- A write counts once Plane shows it. sending holds, by field, what a write is about
-- to send, so that one that took effect unheard is known for ours; refused what Plane
-- answered with success and did not take. look_at is when the work item is compared
-- in full again, and tries how many comparisons in a row ended with something
-- refused, by which the waits grow.
ALTER TABLE ops.plane_sync_mappings
    ADD COLUMN sending jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(sending) = 'object'),
    ADD COLUMN refused jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(refused) = 'object'),
    ADD COLUMN look_at timestamptz,
    ADD COLUMN tries   integer     NOT NULL DEFAULT 0 CHECK (tries >= 0);

COMMENT ON COLUMN ops.plane_sync_mappings.sending IS 'by field: what was about to be sent and has no answer yet; empty at rest';
COMMENT ON COLUMN ops.plane_sync_mappings.refused IS 'by field: what Plane answered with success and did not take';
COMMENT ON COLUMN ops.plane_sync_mappings.look_at IS 'when the work item is compared in full again; null when nothing is due';

-- Earlier releases noted what Odoo wanted even where it was never written: when the
-- work item was archived meanwhile, or when Plane left a field out. Such a link
-- shows by the difference, and is compared in full once.
UPDATE ops.plane_sync_mappings SET look_at = now()
WHERE state = 'linked' AND written <> '{}'
    AND (last_pushed ->> 'name', last_pushed ->> 'target_date', last_pushed ->> 'priority', last_pushed ->> 'group')
        IS DISTINCT FROM (written ->> 'name', written ->> 'target_date', written ->> 'priority', written ->> 'group');
