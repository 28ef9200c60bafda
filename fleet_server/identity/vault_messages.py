"""What is asked of the vault and what it answers: one JSON object per line. Pure."""

from typing import Annotated, Final

import msgspec

from fleet_server.errors import FleetError
from wire.records import IdentityPart

MAX_REQUEST_BYTES: Final = 131_072
MAX_REPLY_BYTES: Final = 16_777_216
MAX_PERSONS: Final = 5_000
"""In one request."""

_PRINTABLE: Final = r"\A[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*\Z"
Line64 = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=_PRINTABLE)]
Line200 = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=_PRINTABLE)]

MAX_HOLDERS: Final = 50
"""In one request."""
_Said = Annotated[str, msgspec.Meta(max_length=200, pattern=r"\A[^\x00-\x1f\x7f]*\Z")]


class BadRequest(FleetError, ValueError):
    """Not a request the vault knows."""


class NotPermitted(FleetError):
    """The vault opens nothing on this ground. Says what is missing."""


class _Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    case: Line64
    purpose: Line200
    actor: Line64


class Open(_Asked, frozen=True, kw_only=True, tag="open"):
    """Who are these visitors?"""

    persons: Annotated[list[Line64], msgspec.Meta(min_length=1, max_length=MAX_PERSONS)]
    """References `P<id>`."""
    opening: int | None = None
    """The approved request, where these are more than one may open alone."""


class Find(_Asked, frozen=True, kw_only=True, tag="find"):
    """Which visitor has this number?"""

    kind: Line64
    """One of `numbers.KINDS`."""
    number: Line200


class Sign(_Asked, frozen=True, kw_only=True, tag="sign"):
    """Put the fleet's name under a result."""

    decision: Line64
    at_ms: int
    digest: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    """SHA-256, hex."""


class _Carded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """About cards: for no case, at a desk."""

    actor: Line64

    @property
    def case(self) -> str:
        return ""

    @property
    def purpose(self) -> str:
        return ""


class Holder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a card is for; all empty: nobody is written down."""

    name: _Said = ""
    phone: _Said = ""
    commune: _Said = ""


class Issue(_Carded, frozen=True, kw_only=True, tag="issue"):
    """Sign cards. The same batch and holder again is the same card."""

    batch: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    holders: Annotated[list[Holder], msgspec.Meta(min_length=1, max_length=MAX_HOLDERS)]


class Revoke(_Carded, frozen=True, kw_only=True, tag="revoke"):
    """Take a card out of use."""

    card: Line200
    """Its id, or the text of its code."""
    reason: _Said = ""


class Identity(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One opened identity."""

    seen_ms: int = 0
    """When the code was shown, or the card issued."""
    kind: str = ""
    part: IdentityPart = IdentityPart()


class OpenedPerson(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the vault knows of one visitor."""

    visitor: str = ""
    """As asked for."""
    person: str = ""
    """What the reference leads to today; empty where nobody has it."""
    known: IdentityPart = IdentityPart()
    """Field by field the newest that is known."""
    identities: list[Identity] = []
    """All that differ, newest first."""
    unreadable: int = 0
    """Identities that did not open: sealed to a lost key, or damaged."""
    restricted: bool = False
    """Nothing was opened: the person had the use of their data restricted."""


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    """In the order asked for."""

    persons: list[OpenedPerson] = []


class Found(msgspec.Struct, frozen=True, kw_only=True, tag="found"):
    """References of those who have the number; none where nobody is known by it."""

    persons: list[str] = []


class Signed(msgspec.Struct, frozen=True, kw_only=True, tag="signed"):
    """Ed25519 over `statement` of the request."""

    signature: bytes = b""


class CardMade(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A card as it is handed out."""

    id: str = ""
    """32 hex digits."""
    text: str = ""
    """What its code says."""
    visitor: str = ""
    fresh: bool = True
    """False where it was issued before."""
    revoked: bool = False


class Issued(msgspec.Struct, frozen=True, kw_only=True, tag="issued"):
    """In the order of the holders."""

    cards: list[CardMade] = []


class Revoked(msgspec.Struct, frozen=True, kw_only=True, tag="revoked"):
    """It opens no door any more."""

    visitor: str = ""
    """Empty where it was revoked before and missing on the kiosks' list."""


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """Nothing was opened."""

    reason: str = ""
    """`bad_request`, `bad_number`, `not_permitted`, `not_known`, `taken` or `away`."""
    detail: str = ""


Request = Open | Find | Sign | Issue | Revoke
Reply = Opened | Found | Signed | Issued | Revoked | Failed
_requests: Final[msgspec.json.Decoder[Request]] = msgspec.json.Decoder(Request)
_replies: Final[msgspec.json.Decoder[Reply]] = msgspec.json.Decoder(Reply)


def statement(case: str, decision: str, at_ms: int, digest: str) -> bytes:
    """What a signature under a result is over."""
    return f"tram-result-1\n{case}\n{decision}\n{at_ms}\n{digest}".encode()


def parse(line: bytes) -> Request:
    """The request in one line. Raises BadRequest, which never repeats what was sent."""
    if len(line) > MAX_REQUEST_BYTES:
        raise BadRequest(f"a request has at most {MAX_REQUEST_BYTES} bytes")
    try:
        return _requests.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadRequest(_in_words(problem)) from problem


def parse_reply(line: bytes) -> Reply:
    """The reply in one line. Raises BadRequest."""
    try:
        return _replies.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise BadRequest(f"the vault's reply: {problem}") from problem


def line(message: Request | Reply) -> bytes:
    """One line of JSON."""
    return msgspec.json.encode(message) + b"\n"


def _in_words(problem: Exception) -> str:
    if not isinstance(problem, msgspec.ValidationError):
        return "a request is one line of JSON"
    # The place, without msgspec's echo of unknown values.
    what, _, where = str(problem).partition(" - at `$")
    if "Invalid value" in what:
        what = "expected type open, find or sign"
    return f"request{where.rstrip('`')}: {what[:200]}"
