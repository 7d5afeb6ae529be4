#!/bin/sh
# Makes a role and a place of its own for Odoo and for the bridge, when the server sets itself up.
# Neither can read what the other keeps. Odoo makes its database itself.
set -eu
passwords="${PASSWORDS:-/run/passwords}"
psql -q -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
	-v odoo="$(cat "$passwords/odoo_database")" -v bridge="$(cat "$passwords/bridge_database")" <<'SQL'
CREATE ROLE odoo LOGIN CREATEDB PASSWORD :'odoo';
CREATE ROLE odoo_plane_bridge LOGIN PASSWORD :'bridge';
CREATE DATABASE odoo_plane_bridge OWNER odoo_plane_bridge;
REVOKE CONNECT ON DATABASE odoo_plane_bridge FROM PUBLIC;
SQL
