# shellcheck shell=bash disable=SC2154 # What is not set here comes from settings.sh.
# Sourced by provision.sh and odoo.sh: how Odoo is configured and started inside the rootfs.

# prepare_odoo_state makes $1/odoo (configuration and filestore) for the PostgreSQL on port $2.
# It holds the database password, hence its mode; its owner is the rootfs's user "odoo".
prepare_odoo_state() {
  local owner password
  owner="$(awk -F: '$1 == "odoo" {print $3 ":" $4}' "$rootfs/etc/passwd")"
  password="$(cat "$cache/database-password")"
  mkdir -p "$1/odoo/data"
  cat >"$1/odoo/odoo.conf" <<EOC
[options]
addons_path = $addons_inside
data_dir = $state_inside/data
db_host = 127.0.0.1
db_port = $2
db_user = $database_role
db_password = $password
db_maxconn = 64
; The master password: the test harness clones databases through Odoo's own service.
admin_passwd = $password
list_db = True
http_interface = 127.0.0.1
proxy_mode = False
workers = 0
; Tests fire scheduled actions by themselves; a running scheduler would hold the databases open.
max_cron_threads = 0
EOC
  chmod 600 "$1/odoo/odoo.conf"
  chown -R "$owner" "$1/odoo"
  chmod 700 "$1/odoo"
}

# enter_rootfs is what the shell inside the mount namespace does; it becomes Odoo in the end.
# shellcheck disable=SC2016
enter_rootfs='
  set -euo pipefail
  root="$1" state="$2" addons="$3" state_inside="$4" addons_inside="$5"; shift 5
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --bind "$state" "$root$state_inside"
  mount --bind -o ro "$addons" "$root$addons_inside"
  exec chroot "$root" setpriv --reuid odoo --regid odoo --init-groups \
    env -i PATH=/usr/bin:/bin HOME="$state_inside" LC_ALL=C.UTF-8 TZ=UTC PYTHONDONTWRITEBYTECODE=1 \
    odoo -c "$state_inside/odoo.conf" "$@"
'

# odoo_command prints, ended by NULs, the command that runs Odoo with the state folder of $1 and the
# arguments after it. There is no process in between (unshare, bash and chroot replace themselves),
# so the caller's child IS Odoo and signals reach it. The mounts belong to it alone and vanish with
# it.
odoo_command() {
  local state="$1/odoo"
  shift
  printf '%s\0' unshare --mount bash -c "$enter_rootfs" enter_rootfs \
    "$rootfs" "$state" "$addons" "$state_inside" "$addons_inside" "$@"
}
