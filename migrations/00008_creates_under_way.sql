-- +goose Up

-- When a create for the record (its work item, or a comment that says why it is
-- cancelled) was last about to be sent and its outcome is not known. A server goes
-- on with a create whose client has gone, so until it has surely ended nobody looks
-- for what became of it, and nobody creates again. Whatever was synced later
-- (last_synced_at) settles it.
ALTER TABLE ops.plane_sync_mappings ADD COLUMN create_sent_at timestamptz;

-- What an older version left behind may have been sent until it was last touched.
UPDATE ops.plane_sync_mappings SET create_sent_at = updated_at WHERE state = 'intended';
