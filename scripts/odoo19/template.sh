# shellcheck shell=bash disable=SC2154 # What is not set here comes from settings.sh.
# Sourced by provision.sh: a database with the modules installed, kept to be copied for every run.

# template_version names everything that the template depends on; when it changes, the template
# is made anew (about half a minute) without touching the rootfs.
template_version() {
  {
    cat "$cache/stamps/odoo"
    "$(postgres_bin)/postgres" --version
    printf '%s\n' "$modules"
    cd "$addons" && find . -type f ! -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum
    cd "$here" && sha256sum cluster.sh template.sh odoo_command.sh
  } | sha256sum | cut -d' ' -f1
}

build_template() {
  local version work port
  version="$(template_version)"
  [ "$(cat "$cache/stamps/template" 2>/dev/null)" = "$version" ] && return
  say "installing modules $modules into a template database"
  rm -rf "$cache/template" "$cache/stamps/template"
  # Not in the cache: under /root the cluster's own user could not reach it.
  work="$(mktemp -d "${TMPDIR:-/tmp}/odoo19-template.XXXXXX")"
  # Expanded now on purpose: the variable is gone when the trap runs.
  # shellcheck disable=SC2064
  trap "abandon_cluster '$work'" EXIT
  chmod 711 "$work"
  port="$(free_port)"
  create_cluster "$work"
  serve_cluster "$work" "$port"
  create_role "$work" "$port"
  install_modules "$work" "$port"
  as_cluster_user "$(postgres_bin)/pg_ctl" -D "$work/data" -m fast -w stop >&2
  mkdir "$cache/template"
  cp -a "$work/data" "$work/odoo" "$cache/template/"
  printf '%s\n' "$version" >"$cache/stamps/template"
}

# abandon_cluster ends the server that was started for the template, whatever went wrong, and
# removes its folder.
abandon_cluster() {
  [ -e "$1/data/postmaster.pid" ] && kill -INT "$(head -n 1 "$1/data/postmaster.pid")"
  rm -rf "$1"
}

# free_port prints a loopback port that nobody listens on.
free_port() {
  local port
  for port in $(shuf -i 20000-29999 -n 50); do
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { printf '%s\n' "$port"; return; }
  done
  die "no free port between 20000 and 29999"
}

create_cluster() {
  install -d -o "$cluster_user" -g "$cluster_user" -m 700 "$1/data" "$1/socket"
  as_cluster_user "$(postgres_bin)/initdb" -D "$1/data" -U "$cluster_user" -E UTF8 --locale=C.UTF-8 \
    --auth-local=peer --auth-host=scram-sha-256 >&2
}

serve_cluster() {
  local command
  mapfile -d '' command < <(postgres_command "$1" "$2")
  "${command[@]}" </dev/null >"$1/postgres.log" 2>&1 9>&- &
  wait_for_postgres "$1" "$2"
}

# create_role makes the role that Odoo logs in as. Odoo refuses to run as "postgres".
create_role() {
  [ -s "$cache/database-password" ] ||
    (umask 077 && head -c 24 /dev/urandom | base64 | tr -d '/+=\n' >"$cache/database-password")
  as_cluster_user "$(postgres_bin)/psql" -q -v ON_ERROR_STOP=1 -h "$1/socket" -p "$2" -d postgres \
    >&2 <<SQL
CREATE ROLE $database_role LOGIN CREATEDB PASSWORD '$(cat "$cache/database-password")';
SQL
}

# install_modules also looks at the result: Odoo skips a module that it does not like with a log
# line and exit code 0.
install_modules() {
  local command installed wanted
  prepare_odoo_state "$1" "$2"
  mapfile -d '' command < <(odoo_command "$1" -d "$template_database" -i "$modules" \
    --stop-after-init --without-demo --no-http)
  "${command[@]}" 9>&- >"$1/install.log" 2>&1 || { tail -n 40 "$1/install.log" >&2; die "installing the modules failed"; }
  installed="$(as_cluster_user "$(postgres_bin)/psql" -At -h "$1/socket" -p "$2" -d "$template_database" -c \
    "SELECT count(*) FROM ir_module_module WHERE state = 'installed' AND name = ANY (string_to_array('$modules', ','))")"
  wanted="$(tr ',' '\n' <<<"$modules" | wc -l)"
  [ "$installed" = "$wanted" ] || { tail -n 40 "$1/install.log" >&2; die "$installed of $wanted modules installed"; }
}
