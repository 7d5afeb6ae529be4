#!/usr/bin/env bash
# Serves a throwaway copy of the template cluster on a loopback port, until stdin closes or a signal
# comes. Usage: postgres.sh RUN_DIR PORT. RUN_DIR is made here and removed at the end; it must be
# reachable for the user "postgres" (so not under /root). Prints "ready" when it answers.
set -euo pipefail
# shellcheck source=settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=cluster.sh
. "$here/cluster.sh"
# shellcheck source=odoo_command.sh
. "$here/odoo_command.sh"
# shellcheck source=lifetime.sh
. "$here/lifetime.sh"
[ $# -eq 2 ] || die "usage: postgres.sh RUN_DIR PORT"
become_root "${BASH_SOURCE[0]}" "$@"
run="$1" port="$2"

[ -s "$cache/stamps/template" ] || die "not provisioned: run scripts/odoo19/provision.sh first"
mkdir -m 711 "$run"
waiting=""
trap 'rm -rf "$run"; [ -z "$waiting" ] || kill "$waiting" 2>/dev/null || true' EXIT
cp -a --reflink=auto "$cache/template/data" "$cache/template/odoo" "$run/"
install -d -o "$cluster_user" -g "$cluster_user" -m 700 "$run/socket"
prepare_odoo_state "$run" "$port"

mapfile -d '' command < <(postgres_command "$run" "$port")
( wait_for_postgres "$run" "$port" && echo ready ) &
waiting=$!
# SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for Odoo to hang up.
run_while_stdin_open INT "${command[@]}"
