"""Settings of the fleet server: one frozen struct, read from `<home>/fleet.toml` and environment.

The environment wins over the file: `TRAM_HOME` names the home directory, `TRAM_DATABASE_URL` the
database.
"""

import datetime as dt
import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from fleet_server.errors import SettingsError


class Broker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The MQTT broker: the embedded one's address, or where an external one is."""

    url: str = ""
    """`mqtts://host:8883` of an external broker; empty for the one `fleet serve` runs. Plain
    `mqtt://` is taken for loopback only."""
    bind: str = "127.0.0.1"
    """Address the embedded broker listens on, always with TLS."""
    port: int = 8883
    """TCP port; 0 takes a free one."""
    public_host: str = "127.0.0.1"
    """Name or address kiosks reach the broker by; goes into its certificate and their bundles."""


class Web(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The web server."""

    bind: str = "127.0.0.1"
    """Beyond loopback `certificate` and `key` must be set."""
    port: int = 8080
    """TCP port; 0 takes a free one."""
    certificate: str = ""
    """Path of a PEM certificate chain."""
    key: str = ""
    """Path of its PEM key."""
    proxy: bool = False
    """Whether a reverse proxy on this machine speaks TLS for it, and says in `X-Forwarded-For`,
    `-Proto` and `-Host` who asks for what."""
    workers: int = 1
    """Processes: one for each core that pages may keep busy."""
    threads: int = 8
    """Requests at once in each process."""
    keep_s: float = 5.0
    """How old, in seconds, figures of many kiosks or whole weeks may be; 0: never old."""


class Ingest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How messages become rows."""

    batch_records: int = 2000
    """Records in one transaction at most."""
    batch_wait_ms: int = 5
    """How long to collect further messages before a commit."""
    retry_s: float = 1.0
    """First pause after the database failed; doubles up to `retry_max_s`."""
    retry_max_s: float = 30.0


class Privacy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long visitors' data is kept and how it is opened."""

    retention_days: int = 30
    """Whole days (UTC) that visits, scans and what hangs on them are kept."""
    names_per_day: int = 30
    """Names one person may have opened in a day without a second one."""
    review_hours: int = 24
    """Hours in which names opened without a second person are reviewed."""
    holidays: tuple[dt.date, ...] = ()
    """Days off that move from year to year (Tết, Hùng Kings, the second day of September's
    holiday), as dates: they are no working days when a request is to be acknowledged."""


class Accounts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People who sign in to pages."""

    session_hours: int = 12
    """Hours after which a browser signs in again, used or not."""
    idle_minutes: int = 60
    """Minutes without use after which it does."""
    hash_memory_kib: int = 65_536
    """Memory one password's Argon2id hash takes, KiB. What is stored is made anew at sign-in."""
    hash_passes: int = 3
    """How often it goes over that memory."""
    hash_lanes: int = 4
    """How many threads it may use."""
    costly_per_minute: int = 30
    """Evaluations, searches and openings of names one person or program may ask for in a minute."""


class Reports(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The weekly report on coverage, and where it is sent."""

    full_types: tuple[str, ...] = ("office", "school")
    """Venue types of which all are to be active (agencies, companies, schools); of all others
    70 %."""
    smtp_host: str = ""
    """The mail server; empty: reports are written and not sent."""
    smtp_port: int = 587
    """Always with STARTTLS, but to a server on this machine where `smtp_ca` is empty."""
    smtp_user: str = ""
    """Empty: no sign-in. The password is `TRAM_SMTP_PASSWORD` in the environment."""
    smtp_ca: str = ""
    """Path of a PEM certificate the mail server's is held to; empty: those of the system."""
    sender: str = msgspec.field(default="", name="from")
    """Address the mail comes from."""
    to: dict[str, tuple[str, ...]] = {}
    """Addresses by area code: `{"01" = ["ubnd@example.vn"]}`; `all` for all areas together."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set. Paths are relative to `home`."""

    home: str = ""
    """Set by `--home` or `TRAM_HOME`, never in the file."""
    database_url: str = ""
    """SQLAlchemy URL; empty is SQLite in the home directory."""
    timezone: str = "Asia/Ho_Chi_Minh"
    """Zone of times given without an offset, and of new venues."""
    broker: Broker = Broker()
    web: Web = Web()
    ingest: Ingest = Ingest()
    privacy: Privacy = Privacy()
    accounts: Accounts = Accounts()
    reports: Reports = Reports()

    @property
    def home_dir(self) -> Path:
        return Path(self.home)

    @property
    def keys_dir(self) -> Path:
        return self.home_dir / "keys"

    @property
    def run_dir(self) -> Path:
        return self.home_dir / "run"

    @property
    def vault_socket(self) -> Path:
        return self.run_dir / "vault.sock"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the fleet server lives unless told otherwise."""
    if home := environ.get("TRAM_HOME"):
        return Path(home)
    base = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "tram"


def load(home: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings of the fleet in `home`. Raises SettingsError naming key, place and expectation."""
    home = (home or default_home(environ)).absolute()
    path = home / "fleet.toml"
    values: dict[str, object] = {}
    if path.exists():
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as problem:
            raise SettingsError(f"{path}: {problem}; expected a TOML file") from problem
    if "home" in values:
        raise SettingsError(f"{path}: home: is set by --home or TRAM_HOME, not in the file")
    values["home"] = str(home)
    if url := environ.get("TRAM_DATABASE_URL"):
        values["database_url"] = url
    try:
        settings = msgspec.convert(values, Settings)
    except msgspec.ValidationError as problem:
        raise SettingsError(f"{path}: {_in_words(str(problem))}") from problem
    _check(settings, path)
    _check_reports(settings.reports, path)
    if not settings.database_url:
        url = f"sqlite:///{home / 'fleet.sqlite3'}"
        settings = msgspec.structs.replace(settings, database_url=url)
    return settings


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check(settings: Settings, path: Path) -> None:
    def wrong(key: str, expected: str) -> SettingsError:
        return SettingsError(f"{path}: {key}: expected {expected}")

    try:
        ZoneInfo(settings.timezone)
    except (ValueError, OSError, KeyError) as problem:
        raise wrong("timezone", "a time zone such as Asia/Ho_Chi_Minh") from problem
    for key, port in (("broker.port", settings.broker.port), ("web.port", settings.web.port)):
        if not 0 <= port < 65536:
            raise wrong(key, f"a TCP port from 0 to 65535, not {port}")
    _check_web(settings.web, wrong)
    accounts = settings.accounts
    if accounts.hash_memory_kib < 8 * accounts.hash_lanes:
        raise wrong("accounts.hash_memory_kib", "8 or more for each of hash_lanes")
    if settings.broker.url:
        url = urlsplit(settings.broker.url)
        if url.scheme not in ("mqtt", "mqtts") or not url.hostname:
            raise wrong("broker.url", f"mqtts://HOST:PORT, not {settings.broker.url!r}")
        if url.scheme == "mqtt" and not is_loopback(url.hostname):
            raise wrong("broker.url", f"mqtts:// for {url.hostname!r}: plain MQTT is for loopback")
    for key, number in (
        ("ingest.batch_records", settings.ingest.batch_records),
        ("ingest.retry_s", settings.ingest.retry_s),
        ("ingest.retry_max_s", settings.ingest.retry_max_s),
        ("web.workers", settings.web.workers),
        ("web.threads", settings.web.threads),
        ("reports.smtp_port", settings.reports.smtp_port),
        ("privacy.retention_days", settings.privacy.retention_days),
        ("privacy.names_per_day", settings.privacy.names_per_day),
        ("privacy.review_hours", settings.privacy.review_hours),
        *((f"accounts.{key}", getattr(accounts, key)) for key in Accounts.__struct_fields__),
    ):
        if number <= 0:
            raise wrong(key, f"a number above 0, not {number}")


def _check_web(web: Web, wrong: Callable[[str, str], SettingsError]) -> None:
    if bool(web.certificate) != bool(web.key):
        raise wrong("web.certificate and web.key", "both or neither")
    if not is_loopback(web.bind) and not web.certificate:
        raise wrong("web.bind", f"a loopback address, or TLS (web.certificate); not {web.bind!r}")
    if web.proxy and not is_loopback(web.bind):
        raise wrong("web.proxy", f"web.bind to be a loopback address then, not {web.bind!r}")
    if web.keep_s < 0:
        raise wrong("web.keep_s", f"0 or more seconds, not {web.keep_s}")


def _check_reports(reports: Reports, path: Path) -> None:
    if reports.smtp_host and not _is_address(reports.sender):
        raise SettingsError(
            f"{path}: reports.from: expected an address such as tram@example.vn,"
            f" not {reports.sender!r}"
        )
    for area, addresses in reports.to.items():
        if bad := [address for address in addresses if not _is_address(address)]:
            raise SettingsError(
                f"{path}: reports.to.{area}: expected addresses such as a@example.vn,"
                f" not {bad[0]!r}"
            )


def _is_address(text: str) -> bool:
    """Whether a mail can go there; no more than that it is one plain address."""
    return re.fullmatch(r"[!-?A-~]+@[0-9A-Za-z.-]+", text) is not None


def _in_words(problem: str) -> str:
    """msgspec's message with the key in front: `broker.port: Expected int, got str`."""
    what, _, where = problem.partition(" - at `$")
    key = where.rstrip("`").lstrip(".")
    if "unknown field" in what:
        name = what.split("`")[1]
        sections: dict[str, type[msgspec.Struct]] = {
            **{"broker": Broker, "web": Web},
            **{"ingest": Ingest, "privacy": Privacy, "accounts": Accounts, "reports": Reports},
        }
        known = [
            field.encode_name
            for field in msgspec.structs.fields(sections.get(key, Settings))
            if field.name != "home"
        ]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        return f"{key + '.' if key else ''}{name}: no such setting; {hint}"
    return f"{key}: {what}" if key else what
