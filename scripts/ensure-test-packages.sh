#!/usr/bin/env bash
# Makes sure of the programs that single tests run against: pgbouncer as the
# pooler, Node for the forwarder. A test whose program is missing skips; in CI
# none may be missing.
set -euo pipefail

missing=()
[ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null 2>&1 || missing+=(pgbouncer)
command -v node >/dev/null 2>&1 || missing+=(nodejs)
command -v psql >/dev/null 2>&1 || missing+=(postgresql-client)
command -v debootstrap >/dev/null 2>&1 || missing+=(debootstrap)
[ "${#missing[@]}" -eq 0 ] && exit 0
"$(dirname "$0")/install-packages.sh" "a program that single tests run" "${missing[@]}"
