#!/usr/bin/env bash
# Prepares a real Odoo 19 for the tests, without Docker: a Debian trixie with Debian's odoo-19 in
# the cache, and a PostgreSQL cluster whose template database has the modules installed.
# May be run again at any time: it continues where an interrupted run stopped and does nothing
# when all is there. Needs root (or sudo), a Debian with apt, and the network the first time.
set -euo pipefail
# shellcheck source=settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=rootfs.sh
. "$here/rootfs.sh"
# shellcheck source=cluster.sh
. "$here/cluster.sh"
# shellcheck source=odoo_command.sh
. "$here/odoo_command.sh"
# shellcheck source=template.sh
. "$here/template.sh"
become_root "${BASH_SOURCE[0]}" "$@"

mkdir -p "$cache/stamps"
# Two test packages may start at the same time; the second waits and finds all done.
exec 9>"$cache/lock"
flock 9

mirror=""
if [ ! -e "$cache/stamps/trixie" ] || [ ! -e "$cache/stamps/odoo" ]; then
  mirror="$(debian_mirror)"
fi
bootstrap_trixie "$mirror"
install_odoo "$mirror"
mkdir -p "$rootfs$state_inside" "$rootfs$addons_inside"
install_postgres
build_template
