#!/usr/bin/env bash
# Makes sure that PostgreSQL's server programs are on this machine. The demo and
# the tests start a private PostgreSQL of their own from them; a cluster that
# already runs here is never touched.
set -euo pipefail

found() {
	[ -n "${DATABASE_URL:-}" ] && return 0
	[ -n "${POSTGRES_BIN:-}" ] && [ -x "$POSTGRES_BIN/initdb" ] && return 0
	command -v initdb >/dev/null 2>&1 && command -v postgres >/dev/null 2>&1 && return 0
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

found && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
		as_root=(sudo -n)
	else
		echo "PostgreSQL is not installed and this user may not install it." >&2
		echo "Run as root:  apt-get install postgresql   (or set POSTGRES_BIN, or DATABASE_URL)" >&2
		exit 1
	fi
fi

if ! command -v apt-get >/dev/null 2>&1; then
	echo "PostgreSQL is not installed and this machine has no apt-get." >&2
	echo "Install PostgreSQL 15 or newer, or set POSTGRES_BIN to the folder of initdb and postgres." >&2
	exit 1
fi

echo "installing PostgreSQL's server programs (Debian package postgresql)"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 update -qq
"${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends postgresql >/dev/null
found || { echo "PostgreSQL was installed, yet initdb is not in /usr/lib/postgresql/*/bin" >&2; exit 1; }
