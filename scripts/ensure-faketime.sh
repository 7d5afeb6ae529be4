#!/usr/bin/env bash
# Makes sure of libfaketime, which sets the clock of a storm's PostgreSQL wrong. Where
# it cannot be had the storm says so and goes on with a right one.
set -euo pipefail

compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null && exit 0
"$(dirname "$0")/install-packages.sh" "libfaketime, for the storm's clocks," libfaketime || true
