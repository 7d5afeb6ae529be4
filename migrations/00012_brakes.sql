-- +goose Up

-- What a brake holds now: one row per flow and direction while it holds, none when it
-- does not. It is written by each sync and each sweep, so that every replica, and
-- every command, tells the same.
CREATE TABLE ops.brakes (
    flow             text        NOT NULL,
    plane_project_id text        NOT NULL,
    direction        text        NOT NULL CHECK (direction IN ('to_plane', 'from_plane')),
    held             integer     NOT NULL CHECK (held > 0),
    linked           integer     NOT NULL,
    why              text        NOT NULL,
    since            timestamptz NOT NULL DEFAULT now(),
    seen_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (flow, plane_project_id, direction)
);

COMMENT ON COLUMN ops.brakes.direction IS 'to_plane: records gone from Odoo whose work items are not cancelled; from_plane: work items missing from the list that are not taken for deleted';

ALTER TABLE ops.brakes ENABLE ROW LEVEL SECURITY;
