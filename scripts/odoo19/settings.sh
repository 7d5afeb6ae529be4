# shellcheck shell=bash disable=SC2034 # Everything here is for those who source it.
# Sourced by the other scripts of this folder: where things lie and what they are called.

# The cache survives between runs; removing it costs one fresh provisioning, nothing else.
cache="${ODOO19_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/odoo-plane-bridge/odoo19}"
rootfs="$cache/rootfs"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
addons="$(cd "$here/../../docker/addons" && pwd)"

# What runs inside the rootfs finds these folders there (bound in, never copied).
addons_inside=/mnt/addons
state_inside=/mnt/state

# The template database: cloned for every test, never written to after provisioning.
template_database=odoo19_template
database_role=odoo
modules=base,rpc,mail,project,base_automation,bridge_test_bir

say() { printf 'odoo19: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# become_root restarts the calling script under sudo, because debootstrap, chroot and mount
# namespaces need it. Without sudo rights the message says so instead of a failing mount.
become_root() {
  [ "$(id -u)" -eq 0 ] && return
  command -v sudo >/dev/null || die "needs root (or sudo): a real Odoo runs in a chroot"
  exec sudo -n ODOO19_CACHE="$cache" TMPDIR="${TMPDIR:-/tmp}" bash "$@"
}

# postgres_bin prints the newest installed PostgreSQL's folder of programs.
postgres_bin() {
  local dir newest=""
  for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do
    [ -x "$dir/initdb" ] && newest="$dir"
  done
  [ -n "$newest" ] && printf '%s\n' "$newest"
}
