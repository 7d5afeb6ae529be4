-- +goose Up

-- One row per API key: what every replica and every one-off command knows about
-- the key's share of Plane's rate limit. budget_key is a hash of the server's
-- address and the key, never the key. window_state is the log of requests of the
-- last minute, a few kilobytes, written twice per request.
--
-- Unlogged, because the log is worth nothing a minute later: no write-ahead log,
-- and no wait for the disk while the row is locked. After a crash of the server,
-- or on a standby that takes over, the table is empty, and the limit is learned
-- again from the next answers.
CREATE UNLOGGED TABLE ops.rate_budgets (
    budget_key   text        PRIMARY KEY CHECK (budget_key ~ '^[0-9a-f]{64}$'),
    window_state jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(window_state) = 'object'),
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

ALTER TABLE ops.rate_budgets ENABLE ROW LEVEL SECURITY;
