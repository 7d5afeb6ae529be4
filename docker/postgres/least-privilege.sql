-- A role for the bridge in a database that others use too, such as Supabase's or Odoo's. It owns
-- schema ops and may do nothing else. Run it once as an administrator, before the first `migrate`:
--   psql -v ON_ERROR_STOP=1 -v password='…' -f least-privilege.sql "$ADMIN_URL"
--
-- The tables have row level security without a policy: this role owns them and so sees the rows, as
-- does Supabase's service role; nobody else does, whatever is granted to them later.

-- Another name for the role: -v role=…
\if :{?role}
\else
  \set role odoo_plane_bridge
\endif

CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';

-- On Supabase the administrator is no superuser and has to be a member to give a schema away.
GRANT :"role" TO CURRENT_USER;
CREATE SCHEMA ops AUTHORIZATION :"role";

-- Its own names are found first, and nothing of others by accident.
ALTER ROLE :"role" SET search_path = ops, pg_temp;
-- A transaction that hangs must not hold the lock of an entity for ever. It is above what one call
-- to Odoo may take.
ALTER ROLE :"role" SET idle_in_transaction_session_timeout = '3min';

-- Only with SECRETS_SOURCE=vault, and knowing that the view shows every secret in the Vault:
--   GRANT USAGE ON SCHEMA vault TO odoo_plane_bridge;
--   GRANT SELECT ON vault.decrypted_secrets TO odoo_plane_bridge;
