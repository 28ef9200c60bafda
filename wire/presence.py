"""Who is there: birth, will, goodbye, self-description, health, and the server's own state."""

from typing import Final

import msgspec

from wire.records import Text, Word

INIT: Final = "init"
READY: Final = "ready"
DISCONNECTED: Final = "disconnected"
LOST: Final = "lost"
ONLINE: Final = "online"
OFFLINE: Final = "offline"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Retained on `state`: birth, clean goodbye, and the will (`lost`) of one MQTT session."""

    state: Word = ""
    session: Text = ""
    """Random per connection: a `lost` that is not the current session's is an old will."""
    since_ms: int = 0


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Retained on `about`: what this kiosk is."""

    model: str = ""
    serial: str = ""
    version: str = ""
    contract: int = 0
    direction: str = ""
    capabilities: list[str] = []
    certificate: str = ""
    """SHA-256 of the client certificate (DER), hex."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Published on `health` every minute. None: not measurable on this machine."""

    session: Text = ""
    boot: Text = ""
    uptime_s: int = 0
    version: str = ""
    wall_ms: int = 0
    synced: bool = False
    queue_depth: int = 0
    """Records not yet covered by a receipt."""
    queue_oldest_s: int | None = None
    """Age of the oldest of them."""
    set_aside: int = 0
    """Records the server refused, kept on the kiosk."""
    last_scan_ms: int | None = None
    last_receipt_ms: int | None = None
    frame_age_ms: int | None = None
    fps: float | None = None
    decode_ms_p50: float | None = None
    decode_ms_p95: float | None = None
    camera_restarts: int = 0
    """How often the camera failed and was opened again since start."""
    answers: dict[str, int] = {}
    """Answers given since start, by reason."""
    cpu_c: float | None = None
    disk_free_mb: int | None = None
    memory_free_mb: int | None = None
    certificate_expires_ms: int | None = None
    documents: dict[str, int] = {}
    """Versions of the signed documents in use, by name."""
    documents_refused: int = 0
    """Signed documents that did not verify, since start."""


class ServerState(msgspec.Struct, frozen=True, kw_only=True):
    """Retained on `tram/1/server/state`; the ingest's will says `offline`."""

    state: Word = ""
    session: Text = ""
    since_ms: int = 0
