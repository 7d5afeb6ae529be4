#!/usr/bin/env bash
# Runs the README's two commands as a newcomer does: in a fresh Debian with
# nothing but Go, make, git and certificates, as root. Debian comes from the
# package sources of this machine, Go and its module and build caches are this
# machine's own; everything else the commands have to bring themselves.
# Usage: fresh-root.sh ["command"...], such as "make demo"; without one, make demo and make test.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- "make demo" "make test"

[ "$(id -u)" -eq 0 ] || { echo "fresh-root.sh: run as root: it makes a root directory of its own" >&2; exit 1; }
command -v debootstrap >/dev/null 2>&1 || { echo "fresh-root.sh: debootstrap is missing: apt-get install debootstrap" >&2; exit 1; }

fresh=$(mktemp -d "${TMPDIR:-/tmp}/odoo-plane-bridge-fresh-XXXXXX")
# The users of the fresh root have to get through its top.
chmod 755 "$fresh"
trap 'rm -rf "$fresh"' EXIT

# The newest release's main packages, from wherever this machine has its own.
read -r mirror codename < <(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT) $(CREATED_BY)' |
	awk '$3 == "main" && $4 == "Packages" && $2 !~ /-/ { print $1, $2; exit }') || true
[ -n "${mirror:-}" ] || { echo "fresh-root.sh: apt has no package source here" >&2; exit 1; }
echo "making a fresh $codename in $fresh"
debootstrap --variant=minbase --include=make,git,ca-certificates "$codename" "$fresh" "$mirror" >"$fresh.log" 2>&1 ||
	{ cat "$fresh.log" >&2; rm -f "$fresh.log"; exit 1; }
rm -f "$fresh.log"

# How this machine reaches its package sources, the fresh one does as well.
rm -f "$fresh"/etc/apt/sources.list
for path in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/apt/keyrings \
	/usr/share/keyrings /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
	[ ! -e "$path" ] || cp -rL --parents "$path" "$fresh"
done

src=$fresh/root/odoo-plane-bridge
git clone -q . "$src"
git ls-files -z --cached --others --exclude-standard |
	while IFS= read -r -d '' file; do [ ! -f "$file" ] || printf '%s\0' "$file"; done |
	tar --null -T - -cf - | tar -xf - -C "$src"

goroot=$(go env GOROOT)
modules=$(go env GOMODCACHE)/cache/download
builds=$(go env GOCACHE)
mkdir -p "$modules" "$fresh/usr/local/go" "$fresh/root/modules" "$fresh/root/.cache/go-build"
settings=(
	HOME=/root PATH=/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 GOROOT=/usr/local/go
	"GOPROXY=file:///root/modules,$(go env GOPROXY)" "GOSUMDB=$(go env GOSUMDB)" "GONOSUMDB=$(go env GONOSUMDB)" "GOFLAGS=$(go env GOFLAGS)"
)
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
	[ -z "${!name:-}" ] || settings+=("$name=${!name}")
done

# What is mounted is mounted for these processes alone and goes away with them.
for line in "$@"; do
	echo "== in the fresh root: $line ($(date +%T))"
	unshare --mount --pid --fork --kill-child bash -euc '
		fresh=$1 goroot=$2 modules=$3 builds=$4 line=$5
		shift 5
		mount --bind "$goroot" "$fresh/usr/local/go" && mount -o remount,ro,bind "$fresh/usr/local/go"
		mount --bind "$modules" "$fresh/root/modules" && mount -o remount,ro,bind "$fresh/root/modules"
		mount --bind "$builds" "$fresh/root/.cache/go-build"
		mount --rbind /dev "$fresh/dev"
		mount -t proc proc "$fresh/proc"
		exec chroot "$fresh" env -i "$@" bash -euc "cd /root/odoo-plane-bridge && $line"
	' fresh-root "$fresh" "$goroot" "$modules" "$builds" "$line" "${settings[@]}"
done
