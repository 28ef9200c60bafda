#!/bin/bash
# Installs the Debian packages the tests need and that are missing. Root or sudo, only then.
#
#   provisioning/test-deps.sh [PACKAGE…]     all that `make test` needs, or these
#
# The tests start brokers and databases of their own on free loopback ports. Debian would also start
# the ones it installs: they are held back, and those installed here are left disabled.
set -eu
packages=("$@")
[[ $# -gt 0 ]] ||
    packages=(mosquitto postgresql libzbar0 fonts-dejavu-core shellcheck git openssl procps
        util-linux chromium wrk)
services=(mosquitto postgresql)
say() { printf '» %s\n' "$*"; }

missing=()
for package in "${packages[@]}"; do
    # Debian 13 calls some libraries NAMEt64.
    dpkg-query -W -f='${db:Status-Status}\n' "$package" "${package}t64" 2>/dev/null |
        grep -qx installed || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

if [[ $EUID -ne 0 ]]; then
    if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
        say "the tests need ${missing[*]}. As root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    say "the tests need ${missing[*]}: asking for root to install them"
    exec sudo "$0" "$@"
fi

say "installing ${missing[*]} with apt"
if [[ ! -e /usr/sbin/policy-rc.d ]]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
fi
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
if [[ -d /run/systemd/system ]]; then
    for service in "${services[@]}"; do
        if [[ " ${missing[*]} " == *" $service "* ]]; then
            systemctl disable --quiet --now "$service.service"
            say "$service.service is installed and disabled"
        fi
    done
fi
