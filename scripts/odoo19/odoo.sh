#!/usr/bin/env bash
# Runs Odoo 19 on a loopback port against the PostgreSQL of RUN_DIR (see postgres.sh), until stdin
# closes or a signal comes. Usage: odoo.sh RUN_DIR PORT [more arguments for odoo].
set -euo pipefail
# shellcheck source=settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=odoo_command.sh
. "$here/odoo_command.sh"
# shellcheck source=lifetime.sh
. "$here/lifetime.sh"
[ $# -ge 2 ] || die "usage: odoo.sh RUN_DIR PORT [arguments for odoo]"
become_root "${BASH_SOURCE[0]}" "$@"
run="$1" port="$2"
shift 2
[ -d "$run/odoo" ] || die "$run is not the folder of a running postgres.sh"
mapfile -d '' command < <(odoo_command "$run" --http-port "$port" "$@")
run_while_stdin_open TERM "${command[@]}"
