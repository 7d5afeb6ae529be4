#!/usr/bin/env bash
# Makes sure that PostgreSQL's server programs are on this machine. The demo and
# the tests start a private PostgreSQL of their own from them; a server that
# already runs here, or that DATABASE_URL names, is never touched.
set -euo pipefail

found() {
	[ -n "${POSTGRES_BIN:-}" ] && [ -x "$POSTGRES_BIN/initdb" ] && return 0
	command -v initdb >/dev/null 2>&1 && command -v postgres >/dev/null 2>&1 && return 0
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

found && exit 0
"$(dirname "$0")/install-packages.sh" "PostgreSQL 15 or newer (POSTGRES_BIN may name the folder of initdb and postgres)" postgresql
found || { echo "PostgreSQL was installed, yet initdb is not in /usr/lib/postgresql/*/bin" >&2; exit 1; }
