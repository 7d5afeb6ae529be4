# shellcheck shell=bash disable=SC2154 # What is not set here comes from settings.sh.
# Sourced by provision.sh: builds a Debian trixie in the cache and installs Debian's odoo-19 in it.
# Odoo 19 is packaged in unstable only, whose Python 3.14 it does not run on; trixie has 3.13.

# debian_mirror prints the mirror that this machine's own apt uses.
debian_mirror() {
  local found
  # The dollars are apt-get's.
  # shellcheck disable=SC2016
  found="$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' 'Created-By: Packages' 2>/dev/null |
    awk '$2 == "Debian" && $1 !~ /security/ {print $1; exit}')"
  printf '%s\n' "${found:-http://deb.debian.org/debian}"
}

# in_rootfs runs a command inside the rootfs. /proc and /dev live in a mount namespace of
# their own, so a killed run leaves no mount behind that a later "rm -rf" could follow.
in_rootfs() {
  # The outer shell must not expand $1 and "$@": they belong to the inner one.
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child bash -c '
    set -euo pipefail
    root="$1"; shift
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" "$@"
  ' in_rootfs "$rootfs" "$@"
}

install_debootstrap() {
  command -v debootstrap >/dev/null && return
  say "installing debootstrap"
  apt-get update -q >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends debootstrap >&2
}

# bootstrap_trixie starts over when an earlier run died half way: debootstrap cannot resume.
bootstrap_trixie() {
  [ -e "$cache/stamps/trixie" ] && return
  local mirror="$1"
  install_debootstrap
  say "unpacking Debian trixie from $mirror"
  rm -rf --one-file-system "$rootfs"
  mkdir -p "$rootfs"
  # Certificates, in case the mirror speaks https.
  debootstrap --variant=minbase --include=ca-certificates trixie "$rootfs" "$mirror" >&2
  # Nothing that a package starts by itself may run in here.
  printf '#!/bin/sh\nexit 101\n' >"$rootfs/usr/sbin/policy-rc.d"
  chmod 755 "$rootfs" "$rootfs/usr/sbin/policy-rc.d"
  touch "$cache/stamps/trixie"
}

# fetch_odoo downloads the package from unstable through lists of its own, so that the
# rootfs never resolves another package from unstable. The archive's signature is checked;
# its age is not, because unstable's lists expire after a week and mirrors that lag behind
# (or are frozen on purpose) would make a fresh provisioning fail.
fetch_odoo() {
  # Expansion belongs to the shell inside.
  # shellcheck disable=SC2016
  in_rootfs bash -euc '
    mkdir -p /var/cache/odoo/lists/partial /var/cache/odoo/debs
    echo "deb [check-valid-until=no] $1 unstable main" >/var/cache/odoo/unstable.list
    options="-o Dir::Etc::SourceList=/var/cache/odoo/unstable.list -o Dir::Etc::SourceParts=/dev/null
      -o Dir::State::Lists=/var/cache/odoo/lists -o APT::Sandbox::User=root"
    apt-get $options update -q
    cd /var/cache/odoo/debs
    rm -f odoo-19_*.deb
    apt-get $options download -q odoo-19
  ' fetch_odoo "$1" >&2
}

install_odoo() {
  [ -e "$cache/stamps/odoo" ] && return
  local mirror="$1"
  say "fetching odoo-19 from unstable"
  cp /etc/resolv.conf "$rootfs/etc/resolv.conf"
  fetch_odoo "$mirror"
  say "installing odoo-19 and its dependencies"
  # Expansion belongs to the shell inside.
  # shellcheck disable=SC2016
  in_rootfs bash -euc '
    apt-get update -q
    dpkg --configure -a
    apt-get install -q -y --no-install-recommends /var/cache/odoo/debs/odoo-19_*.deb tzdata tzdata-legacy
    apt-get clean
    rm -rf /var/cache/odoo/debs /var/cache/odoo/lists
    dpkg-query -W -f "\${Package} \${Version}\n" odoo-19 python3 >/etc/odoo19-versions
  ' >&2
  cp "$rootfs/etc/odoo19-versions" "$cache/stamps/odoo"
}
