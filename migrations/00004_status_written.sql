-- +goose Up

-- What Odoo's own fields show of a link is written back in batches. A link is due
-- when it has changed since: the column holds the updated_at that was shown.
ALTER TABLE ops.plane_sync_mappings ADD COLUMN status_written timestamptz;

COMMENT ON COLUMN ops.plane_sync_mappings.status_written IS 'the updated_at of the row when its state was last shown in Odoo';

CREATE INDEX plane_sync_mappings_status_due ON ops.plane_sync_mappings (flow, id)
    WHERE status_written IS DISTINCT FROM updated_at;

-- A deleted record of Odoo is recognised by the id that it had.
CREATE INDEX plane_sync_mappings_by_odoo_id ON ops.plane_sync_mappings (odoo_model, odoo_id);
