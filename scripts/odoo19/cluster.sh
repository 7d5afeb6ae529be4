# shellcheck shell=bash disable=SC2154 # What is not set here comes from settings.sh.
# Sourced by provision.sh and postgres.sh: a private PostgreSQL cluster that no other program uses.

# PostgreSQL refuses to run as root; Debian's package brings the user "postgres".
cluster_user=postgres

install_postgres() {
  [ -n "$(postgres_bin)" ] && return
  say "installing postgresql"
  apt-get update -q >&2
  # The package would start a server on port 5432, which nobody here asked for.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql >&2
}

become_cluster_user=(setpriv --reuid "$cluster_user" --regid "$cluster_user" --init-groups --reset-env)

as_cluster_user() { "${become_cluster_user[@]}" "$@"; }

# postgres_command prints, ended by NULs, the command that serves the cluster in $1 on loopback port
# $2. It becomes PostgreSQL itself, so signals reach it. The data is a copy that is thrown away after
# the run, so nothing waits for the disk.
postgres_command() {
  printf '%s\0' "${become_cluster_user[@]}" "$(postgres_bin)/postgres" -D "$1/data" -p "$2" -k "$1/socket" \
    -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off \
    -c full_page_writes=off -c max_connections=200 -c logging_collector=off
}

# wait_for_postgres waits until the server in $1 on port $2 answers, at most 30 s.
wait_for_postgres() {
  local tries
  for tries in $(seq 300); do
    "$(postgres_bin)/pg_isready" -q -h "$1/socket" -p "$2" -U "$cluster_user" && return
    sleep 0.1
  done
  die "PostgreSQL in $1 did not answer after $((tries / 10)) s"
}
