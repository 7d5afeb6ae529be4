#!/usr/bin/env bash
# Installs Debian packages, or says what to do where that is not allowed.
# Usage: install-packages.sh "what they are for" package...
set -euo pipefail
purpose=$1
shift

command -v apt-get >/dev/null 2>&1 || {
	echo "$purpose is missing, and this machine has no apt-get. Install what your system calls: $*" >&2
	exit 1
}
as_root=()
if [ "$(id -u)" -ne 0 ]; then
	if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
		as_root=(sudo -n)
	else
		echo "$purpose is missing, and this user may not install it. Run as root:  apt-get install $*" >&2
		exit 1
	fi
fi

echo "installing $purpose (Debian: $*)"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 update -qq
"${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@" >/dev/null
