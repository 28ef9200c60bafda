#!/bin/bash
# A newcomer's machine, for real: bare Debian trees with git, make and python3, a clone in each, and
# an ordinary user wherever root is not needed.
#
#   provisioning/fresh.sh                 Debian 12: make demo ONCE=1, make test
#                                         Debian 13 (Python 3.13): make demo ONCE=1, make check
#                                         pi (12 with apt's numpy and Pillow, which a Raspberry Pi's
#                                         camera ties us to): make demo ONCE=1
#   provisioning/fresh.sh 13 "make check" one command on one of them
#
# Needs root, mmdebstrap, and some 3 GB in $TMPDIR. Tests what is committed. Mounts and processes
# live in namespaces of their own and the trees are removed at the end: nothing stays behind.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
declare -A suites=([12]=bookworm [13]=trixie [pi]=bookworm)

if [[ ${1:-} != --inside ]]; then
    [[ $EUID -eq 0 ]] || { echo "fresh.sh needs root, for mmdebstrap and chroot" >&2; exit 2; }
    command -v mmdebstrap >/dev/null || { echo "fresh.sh needs: apt-get install mmdebstrap" >&2; exit 2; }
    if [[ $# -gt 0 && -z ${suites[$1]:-} ]]; then echo "fresh.sh knows 12, 13 and pi" >&2; exit 2; fi
    trees=$(mktemp -d)
    trap 'rm -rf --one-file-system "$trees"' EXIT
    unshare --pid --fork --kill-child --mount-proc "$0" --inside "$trees" "$@"
    exit
fi
trees=$2
shift 2

say() { printf '\n══ %s\n' "$*"; }

bare_tree() { # RELEASE TREE: a Debian with what a newcomer has, and a clone in /home/moi/tram
    say "Debian $1: a bare tree with git, make, python3"
    local include=git,make,python3,python3-venv,ca-certificates
    if [[ $1 == pi ]]; then include+=,python3-numpy,python3-pil; fi
    mmdebstrap --quiet --variant=minbase --include="$include" "${suites[$1]}" "$2"
    # picamera2 itself is in Raspberry Pi OS only; set-up asks whether there is one.
    if [[ $1 == pi ]]; then touch "$2/usr/lib/python3/dist-packages/picamera2.py"; fi
    cp -L /etc/resolv.conf /etc/hosts "$2/etc/"
    cp -L /etc/ssl/certs/ca-certificates.crt "$2/etc/ssl/certs/"
    if [[ -e /etc/pip.conf ]]; then cp -L /etc/pip.conf "$2/etc/"; fi
    chroot "$2" useradd --create-home --shell /bin/bash moi
    git clone --quiet --no-local "$top" "$2/home/moi/tram"
    chroot "$2" chown -R moi: /home/moi
    mount -t proc proc "$2/proc"
    mount --rbind /dev "$2/dev"
    mount -t tmpfs tmpfs "$2/tmp"
}

within() { # TREE USER COMMAND: in the clone, with nothing of this machine but its way to the network
    local keep=() name
    for name in $(compgen -e); do
        case $name in PIP_CERT | PIP_INDEX_URL | PIP_EXTRA_INDEX_URL | PIP_TRUSTED_HOST | PIP_DEFAULT_TIMEOUT | SSL_CERT_* | REQUESTS_CA_BUNDLE | *_proxy | *_PROXY) keep+=("$name=${!name}") ;; esac
    done
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        ${keep[@]+"${keep[@]}"} chroot "$1" su "$2" -c "cd /home/moi/tram && $3"
}

run() { # RELEASE COMMAND…
    local release=$1 tree=$trees/$1 command began
    shift
    bare_tree "$release" "$tree"
    for command in "$@"; do
        if [[ $command == "make test" || $command == "make check" ]]; then
            say "Debian $release, root: make test-deps"
            within "$tree" root "make test-deps"
        fi
        say "Debian $release, an ordinary user: $command"
        began=$SECONDS
        within "$tree" moi "$command"
        say "Debian $release: $command passed in $((SECONDS - began)) s"
    done
    umount --recursive --lazy "$tree/tmp" "$tree/dev" "$tree/proc"
    rm -rf --one-file-system "$tree"
}

usual() { # RELEASE
    case $1 in
        12) run 12 "make demo ONCE=1" "make test" ;;
        13) run 13 "make demo ONCE=1" "make check" ;;
        pi) run pi "make demo ONCE=1" ;;
    esac
}

case $# in
    0)
        usual 12
        usual 13
        usual pi
        ;;
    1) usual "$1" ;;
    *) run "$@" ;;
esac
