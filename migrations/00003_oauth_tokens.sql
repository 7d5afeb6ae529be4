-- +goose Up

-- One row per grant of the Plane app: a bot is an installation in a workspace,
-- a user is a person who consented. The token itself is in sealed, encrypted with
-- a key that is not in the database and bound to server, kind and subject, so
-- that a row copied over another one cannot be opened.
CREATE TABLE ops.oauth_tokens (
    server          text        NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('bot', 'user')),
    subject         text        NOT NULL,
    installation_id text        NOT NULL DEFAULT '',
    workspace_slug  text        NOT NULL,
    actor_id        text        NOT NULL,
    actor_name      text        NOT NULL DEFAULT '',
    state           text        NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'consent_needed')),
    sealed          bytea       NOT NULL,
    expires_at      timestamptz,
    renew_at        timestamptz,
    obtained_at     timestamptz NOT NULL,
    renewals        integer     NOT NULL DEFAULT 0 CHECK (renewals >= 0),
    last_error      text,
    last_error_at   timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (server, kind, subject),
    CONSTRAINT errors_have_a_time CHECK ((last_error IS NULL) = (last_error_at IS NULL))
);

COMMENT ON COLUMN ops.oauth_tokens.server IS 'base URL of the Plane that issued the token, without a trailing slash; it is never sent to another';
COMMENT ON COLUMN ops.oauth_tokens.subject IS 'bot: the installation id; user: the id of the person';
COMMENT ON COLUMN ops.oauth_tokens.actor_id IS 'the Plane user that requests with this token act as';
COMMENT ON COLUMN ops.oauth_tokens.renew_at IS 'when the next try to renew is due; null when there is nothing to try';

-- An app has one installation per workspace; a new one replaces the old.
CREATE UNIQUE INDEX oauth_tokens_one_bot_per_workspace ON ops.oauth_tokens (server, workspace_slug) WHERE kind = 'bot';

-- The states of consents under way. A row is deleted by the callback that uses
-- it, so a state works once.
CREATE TABLE ops.oauth_states (
    id         uuid        PRIMARY KEY,
    digest     bytea       NOT NULL,
    in_browser boolean     NOT NULL,
    expires_at timestamptz NOT NULL
);

COMMENT ON COLUMN ops.oauth_states.digest IS 'SHA-256 of the secret half, so that reading this table lets nobody finish a consent';
COMMENT ON COLUMN ops.oauth_states.in_browser IS 'begun by a browser, which has to come back with the cookie it was given';

CREATE INDEX oauth_states_by_end ON ops.oauth_states (expires_at);

ALTER TABLE ops.oauth_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.oauth_states ENABLE ROW LEVEL SECURITY;
