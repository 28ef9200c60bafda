#!/bin/bash
# Makes the virtual environment .venv at the project's root and fills it from a lock file.
#
#   provisioning/venv.sh run|dev      needs python3 with venv; never needs root
#
# Where apt's picamera2 is installed (a Raspberry Pi) the environment sees the system's packages, and
# numpy, pillow and OpenCV stay apt's: picamera2 is compiled against those.
set -eu
cd "$(dirname "$0")/.."
what=${1:?run or dev}
python=${PYTHON:-/usr/bin/python3}
lock=locks/$what.txt
say() { printf '» %s\n' "$*"; }
stop() { printf 'Tram: %s\n' "$*" >&2; exit 1; }

command -v "$python" >/dev/null || stop "$python is not there. apt-get install python3 python3-venv, or PYTHON=…"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    stop "$python is $("$python" --version); Python 3.11 or newer is needed (Debian 12 or 13)"

options=()
if "$python" -c '
import importlib.util as util, sys
sys.exit(not all(util.find_spec(name) for name in ("picamera2", "numpy", "PIL")))'; then
    options+=(--system-site-packages)
    lock=locks/$what-pi.txt
    say "apt's picamera2 is here: .venv sees the system's packages"
fi

if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    "$python" -c 'import ensurepip' 2>/dev/null ||
        stop "$python has no venv. As root: apt-get install python3-venv"
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear ${options[@]+"${options[@]}"} .venv
fi

say "installing the packages of $lock into .venv"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
    --only-binary :all: -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --editable .

# The second decoder's library. The first one, zxing-cpp, brings its own: Tram works without this.
if ! .venv/bin/python -c 'import ctypes.util, sys; sys.exit(not ctypes.util.find_library("zbar"))'; then
    if [[ $EUID -eq 0 ]]; then root=(env); elif sudo -n true 2>/dev/null; then root=(sudo -n); else root=(); fi
    if [[ ${#root[@]} -eq 0 ]] || ! command -v apt-get >/dev/null; then
        say "libzbar0 is not installed and this user may not: pyzbar stays off, zxing-cpp reads"
    else
        say "installing libzbar0 with apt, for the second decoder"
        { "${root[@]}" apt-get -qq update && "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get -qq install -y --no-install-recommends libzbar0; } >/dev/null 2>&1 ||
            say "apt could not install libzbar0: pyzbar stays off, zxing-cpp reads"
    fi
fi
say "ready"
