#!/bin/bash
# Pins every package with its hashes into locks/*.txt, for Python 3.11 to 3.13 on x86-64 and arm64.
#
#   provisioning/lock.sh [--upgrade]
#
# dev.txt is resolved first and the others within it, so that all of them agree on every version.
# The -pi locks leave out what must come from apt beside picamera2.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-/usr/bin/python3}
uv=.tools/bin/uv
if [[ ! -x $uv ]]; then
    "$python" -m venv .tools
    .tools/bin/python -m pip install --quiet --disable-pip-version-check uv
fi

compile() {
    local name=$1
    shift
    echo "» locks/$name.txt"
    "$uv" pip compile pyproject.toml --quiet --universal --python "$python" --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
        -o "locks/$name.txt" "$@"
}
apt=(--no-emit-package numpy --no-emit-package pillow --no-emit-package opencv-python-headless)
within=(--constraint locks/dev.txt)

compile dev --extra dev "$@"
compile dev-pi --extra dev "${within[@]}" "${apt[@]}"
compile run --extra demo "${within[@]}"
compile run-pi --extra demo "${within[@]}" "${apt[@]}"
compile kiosk --extra kiosk --extra install "${within[@]}"
compile kiosk-pi --extra kiosk --extra install "${within[@]}" "${apt[@]}"
compile server --extra server --extra install "${within[@]}"
compile fuzz --extra fuzz "${within[@]}"
sed -i '/^ *# uv:/d' locks/*.txt
