#!/bin/bash
# Installs a kiosk or the fleet server from this checkout onto Raspberry Pi OS or Debian 12/13.
# Run as root; run it again to bring a newer checkout in. It touches these places and no other:
#   /opt/tram (programs)  /etc/tram (settings)  /var/lib/tram* (data)  units of ours in /etc
#
#   provisioning/install.sh kiosk BUNDLE   BUNDLE: the folder `fleet kiosk create` wrote
#   provisioning/install.sh server HOST    HOST: name or address kiosks reach this machine by
#   … --dry-run    only say what would be done
#   … --no-start   install, but start nothing (in a chroot, for an image)
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
opt=/opt/tram home=/var/lib/tram dry=no start=yes arguments=()
say() { printf '» %s\n' "$*"; }
stop() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }
run() { if [[ $dry == yes ]]; then printf '    %s\n' "$*"; else "$@"; fi; }
usage() { sed -n '2,/^set/ { /^#/s/^# \{0,1\}//p }' "$0" >&2; exit 2; }

for argument in "$@"; do
    case $argument in
        --dry-run) dry=yes ;;
        --no-start) start=no ;;
        -*) echo "install.sh: không hiểu / does not know $argument" >&2; usage ;;
        *) arguments+=("$argument") ;;
    esac
done

there() { # PACKAGE: is it installed? Debian 13 calls some libraries NAMEt64
    dpkg-query -W -f='${db:Status-Status}\n' "$1" "$1t64" 2>/dev/null | grep -qx installed
}

packages() {
    local missing=() package
    for package in "$@"; do there "$package" || missing+=("$package"); done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    say "Gói Debian / Debian packages: ${missing[*]}"
    run apt-get -qq update
    run env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y \
        --no-install-recommends "${missing[@]}"
}

in_apt() { apt-cache policy "$1" 2>/dev/null | grep -q '^ *Candidate: [^(]'; }

programs() { # LOCK VENV-OPTION… PACKAGE: into /opt/tram/.venv
    local lock=$1 ours=${*: -1} python=$opt/.venv/bin/python source
    say "Chương trình / programs: $opt/.venv, $lock"
    run install -d -m 755 "$opt"
    [[ -x $python ]] || run /usr/bin/python3 -m venv "${@:2:$#-2}" "$opt/.venv"
    run "$python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
        --only-binary :all: -r "$top/locks/$lock"
    # From a copy: building leaves files behind, and the checkout may be somebody else's.
    source=$(mktemp -d)
    # shellcheck disable=SC2064  # its value now, not at the end
    trap "rm -rf '$source'" EXIT
    cp -R "$top/pyproject.toml" "$top/README.md" "$top/wire" "$top/$ours" "$source"
    run "$python" -m pip install --quiet --disable-pip-version-check --no-deps \
        --no-build-isolation --force-reinstall "$source"
}

units() { # UNIT…: install them, with growing pauses between restarts where systemd knows those
    local unit version
    version=$(systemctl --version | awk 'NR == 1 { print $2 }')
    say "Dịch vụ / services: $*"
    for unit in "$@"; do
        run install -m 644 "$top/systemd/$unit" "/etc/systemd/system/$unit"
        if [[ $version -ge 254 && $unit == *.service ]]; then
            run install -D -m 644 "$top/systemd/backoff.conf" \
                "/etc/systemd/system/$unit.d/backoff.conf"
        fi
    done
    run systemctl --quiet enable "$@"
    if [[ $start == no ]]; then return 0; fi
    run systemctl daemon-reload
    run systemctl restart "$@"
}

kiosk() {
    local bundle=${1:-} file lock=kiosk.txt options=()
    [[ -n $bundle ]] || usage
    for file in kiosk.toml ca.crt kiosk.crt kiosk.key root.pub keyset.json; do
        [[ -e $bundle/$file ]] ||
            stop "$bundle/$file: thiếu / missing. BUNDLE is the folder \`fleet kiosk create\` wrote"
    done
    packages python3 python3-venv libzbar0
    if in_apt python3-picamera2; then
        packages python3-picamera2 python3-lgpio python3-evdev
        # picamera2 is compiled against apt's numpy: .venv sees the system's packages.
        lock=kiosk-pi.txt options=(--system-site-packages)
    else
        say "Không có picamera2 trong apt: chưa dùng được camera của Pi / no picamera2 in apt (not" \
            "Raspberry Pi OS): the Pi's camera cannot be used"
    fi
    programs "$lock" ${options[@]+"${options[@]}"} kiosk
    run rm -f "$opt/.venv/bin/fleet"

    say "Người dùng và cài đặt / user and settings: tram-kiosk, /etc/tram"
    run install -D -m 644 "$top/systemd/tram-kiosk.sysusers" /etc/sysusers.d/tram-kiosk.conf
    run systemd-sysusers tram-kiosk.conf
    run install -d -m 750 -o root -g tram-kiosk /etc/tram
    for file in ca.crt kiosk.crt kiosk.key root.pub keyset.json kiosk.toml; do
        if [[ $file == kiosk.toml && -e /etc/tram/$file ]]; then
            say "/etc/tram/kiosk.toml: giữ nguyên / kept as it is"
            continue
        fi
        run install -m 640 -o root -g tram-kiosk "$bundle/$file" "/etc/tram/$file"
    done
    # Records belong on a disk partition that is written to, not beside the settings.
    run sed -i 's|^data = "data"|data = "/var/lib/tram-kiosk"|' /etc/tram/kiosk.toml
    units tram-kiosk.service
    say "Xong / done. Xem / see: systemctl status tram-kiosk; journalctl -u tram-kiosk"
}

server() {
    local host=${1:-} fleet=("$opt/.venv/bin/fleet" --home "$home") ours=no
    [[ $host =~ ^[A-Za-z0-9.:-]+$ ]] || usage
    there mosquitto || ours=yes
    packages python3 python3-venv mosquitto fonts-dejavu-core
    if [[ $ours == yes ]]; then
        # tram-broker.service runs it with the fleet's certificates; Debian's listens without any.
        run systemctl --quiet disable mosquitto.service
        if [[ $start == yes ]]; then run systemctl stop mosquitto.service; fi
    fi
    programs server.txt fleet_server
    run rm -f "$opt/.venv/bin/kiosk"

    say "Người dùng và thư mục / users and folders: tram-web, -ingest, -vault, -report, -broker; $home"
    run install -D -m 644 "$top/systemd/tram-fleet.sysusers" /etc/sysusers.d/tram-fleet.conf
    run install -D -m 644 "$top/systemd/tram-fleet.tmpfiles" /etc/tmpfiles.d/tram-fleet.conf
    run systemd-sysusers tram-fleet.conf
    run systemd-tmpfiles --create tram-fleet.conf
    run install -d -m 755 /etc/tram
    if [[ ! -e $home/fleet.toml ]]; then
        say "$home/fleet.toml"
        if [[ $dry == no ]]; then
            printf '[broker]\nurl = "mqtts://127.0.0.1:8883"\nbind = "0.0.0.0"\npublic_host = "%s"\n' \
                "$host" >"$home/fleet.toml"
        fi
    fi
    if [[ -e /etc/tram/fleet.env ]]; then
        set -a
        # shellcheck source=/dev/null
        . /etc/tram/fleet.env
        set +a
    elif [[ ! -e $home/fleet.sqlite3 ]]; then
        # Empty, for the three to share; the first command makes the tables.
        run install -m 660 -o root -g tram /dev/null "$home/fleet.sqlite3"
    fi
    if [[ ! -d $home/keys ]]; then
        say "Khóa / keys: $home/keys"
        run "${fleet[@]}" keys init
    fi
    run "${fleet[@]}" migrate
    run systemd-tmpfiles --create tram-fleet.conf

    run "${fleet[@]}" broker mosquitto --out /etc/tram/broker --data /var/lib/tram-broker
    run chown -R tram-broker:tram-broker /etc/tram/broker
    run chmod -R u=rX,go= /etc/tram/broker
    # What timers start, not started by itself.
    for timed in retention evaluate report; do
        run install -m 644 "$top/systemd/tram-$timed.service" /etc/systemd/system/
    done
    units tram-broker.service tram-fleet-vault.service tram-fleet-ingest.service \
        tram-fleet-web.service tram-retention.timer tram-evaluate.timer tram-report.timer
    say "Xong / done. Trang / pages: http://127.0.0.1:8080 (docs/how-to/operator.md: TLS)"
    say "Cất khóa gốc / take the root key offline: $home/keys/root/root.key"
}

case ${arguments[0]:-} in
    kiosk | server) ;;
    *) usage ;;
esac
[[ $dry == yes || $EUID -eq 0 ]] || stop "cần quyền root / needs root: sudo $0 $*"
command -v apt-get >/dev/null || stop "needs Debian or Raspberry Pi OS (no apt-get here)"
if [[ $dry == yes ]]; then say "Chỉ nói, không làm / only saying what would be done"; fi
"${arguments[0]}" "${arguments[@]:1}"
