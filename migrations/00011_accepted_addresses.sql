-- +goose Up

-- Addresses that stand in Odoo's parameters and that an operator has accepted for
-- secrets that do not: one per setting, the last that was accepted. Whoever may
-- write the parameter may not write here.
CREATE TABLE ops.accepted_addresses (
    setting     text        PRIMARY KEY,
    address     text        NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE ops.accepted_addresses ENABLE ROW LEVEL SECURITY;
