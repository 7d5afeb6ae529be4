#!/usr/bin/env bash
# Starts the provisioned Odoo 19 for a person, on http://127.0.0.1:8069 or the port given, with a
# fresh copy of the template database "odoo19_template" (login admin, password admin), until Ctrl-C.
# What is changed there is gone afterwards. Usage: run.sh [PORT].
set -euo pipefail
# shellcheck source=settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
become_root "${BASH_SOURCE[0]}" "$@"
port="${1:-8069}"
run="${TMPDIR:-/tmp}/odoo19-run.$$"

# PostgreSQL ends after Odoo, when this shell closes the pipe to it.
exec {database}> >(exec bash "$here/postgres.sh" "$run" "$((port + 1))" >&2)
for _ in $(seq 100); do
  [ -S "$run/socket/.s.PGSQL.$((port + 1))" ] && break
  sleep 0.1
done
say "http://127.0.0.1:$port (login admin, password admin); Ctrl-C ends it"
trap : INT TERM
# Odoo lives as long as this shell, whatever our own standard input is.
bash "$here/odoo.sh" "$run" "$port" -d "$template_database" < <(exec tail -f /dev/null --pid=$$) || true
exec {database}>&-
