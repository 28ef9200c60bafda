"""What the rest of the kiosk learns about a code."""

from dataclasses import dataclass

from wire.records import IdentityPart, StableKey


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A code, understood. Lives in memory until it is sealed; never logged."""

    kind: str
    """`card`, `national`, `cccd`, `can_cuoc`, or a kind of unknown: `certificate`, `place`,
    `payment`, `enrol`, `bhyt`, `url`, `wifi`, `vcard`, `text`, `garbled`, `empty`, …"""
    keys: tuple[StableKey, ...] = ()
    """All stable keys, the one to recognise by first. Empty where the kind has none."""
    label: str = ""
    """Masked label for the venue's log."""
    authentic: bool = False
    identity: IdentityPart | None = None
    problem: str = ""
    """Why a code of a known kind cannot be taken: `forged`, `misread`, `inconsistent`, …"""
    ticket: bool = False
    """Whether a venue's policy may accept it as an opaque ticket; then `keys` holds the ticket."""
