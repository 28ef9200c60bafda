#!/bin/bash
# The real picamera2 on the real libcamera, without a camera: a bare Debian 13 tree (Python 3.13)
# with apt's libcamera, PyPI's picamera2 and the kiosk's locked packages; libcamera's `virtual`
# pipeline shows pictures, and the kiosk's own adapter reads them (tests/picamera/check.py).
#
#   provisioning/picamera.sh PICTURES     a folder with 0.jpg, 1.jpg, … (1280×720) and expected.json
#   provisioning/picamera.sh --can        says why it cannot run here, status 1; or nothing
#
# Needs root, mmdebstrap, the network and 1 GB in $TMPDIR; two minutes. Mounts and processes live in
# namespaces of their own and the tree is removed at the end: nothing stays behind.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)

cannot() {
    if [[ $EUID -ne 0 ]]; then echo "it needs root, for mmdebstrap and chroot"; return; fi
    if ! command -v mmdebstrap >/dev/null; then echo "it needs: apt-get install mmdebstrap"; return; fi
    if ! unshare --mount --pid --fork true 2>/dev/null; then echo "namespaces are not allowed here"; return; fi
    case $(uname -m) in x86_64 | aarch64) ;; *) echo "no packages for $(uname -m)" ;; esac
}
reason=$(cannot)
if [[ -n $reason ]]; then echo "$reason"; exit 1; fi
if [[ ${1:-} == --can ]]; then exit 0; fi

if [[ ${1:-} != --inside ]]; then
    [[ -e ${1:-}/expected.json ]] || { echo "picamera.sh PICTURES: a folder with expected.json" >&2; exit 2; }
    tree=$(mktemp -d)
    trap 'rm -rf --one-file-system "$tree"' EXIT
    # Not exec: the tree is removed when all that ran in it is gone.
    unshare --mount --propagation private --pid --fork --kill-child --mount-proc "$0" --inside "$tree" "$(realpath "$1")"
    exit
fi
tree=$2 pictures=$3
say() { printf '» %s (%d s)\n' "$*" "$SECONDS"; }

say "a Debian 13 tree with libcamera"
mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --include=ca-certificates,python3,python3-venv,python3-dev,gcc,libc6-dev,libcap-dev,python3-libcamera,python3-numpy,python3-pil,python3-evdev,libzbar0 \
    trixie "$tree"
cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
cp -L /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/"
if [[ -e /etc/pip.conf ]]; then cp -L /etc/pip.conf "$tree/etc/"; fi
mkdir -p "$tree/tram/tests"
cp -r "$top"/{kiosk,wire,locks} "$tree/tram/"
cp -r "$top/tests/picamera" "$tree/tram/tests/"
# The camera reads every file of its folder as a picture.
mkdir "$tree/pictures"
cp "$pictures"/*.jpg "$tree/pictures/"
cp "$pictures/expected.json" "$tree/tram/"
mkdir -p "$tree/usr/share/libcamera/pipeline/virtual"
cat >"$tree/usr/share/libcamera/pipeline/virtual/virtual.yaml" <<'YAML'
%YAML 1.1
---
"Virtual0":
  supported_formats:
  - width: 1280
    height: 720
    frame_rates:
    - 30
    - 60
  frames:
    path: "/pictures/"
  location: "CameraLocationFront"
  model: "Pictures"
YAML
mount -t proc proc "$tree/proc"
mount --rbind /dev "$tree/dev"

within() {
    local keep=() name
    for name in $(compgen -e); do
        case $name in PIP_CERT | PIP_INDEX_URL | PIP_EXTRA_INDEX_URL | PIP_TRUSTED_HOST | PIP_DEFAULT_TIMEOUT | SSL_CERT_* | REQUESTS_CA_BUNDLE | *_proxy | *_PROXY) keep+=("$name=${!name}") ;; esac
    done
    # libcamera 0.4.0 leaves a frame's status uninitialised: without memory set to a value, every
    # second run waits for ever for a frame marked as good.
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.perturb=255 \
        LIBCAMERA_LOG_LEVELS='*:ERROR,DmaBufAllocator:FATAL' PYTHONPATH=/tram ${keep[@]+"${keep[@]}"} chroot "$tree" "$@"
}

say "picamera2 and the kiosk's packages"
within python3 -m venv --system-site-packages /venv
within /venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
    --only-binary :all: -r /tram/locks/kiosk-pi.txt
within /venv/bin/python -m pip install --quiet --disable-pip-version-check picamera2==0.3.38
say "the kiosk's adapter on them"
within timeout 90 /venv/bin/python /tram/tests/picamera/check.py /tram/expected.json
say "done"
