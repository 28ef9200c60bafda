"""What the rest of the kiosk learns about a code."""

import dataclasses
from dataclasses import dataclass
from typing import Self

from wire.records import IdentityPart, StableKey


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A code, understood. Lives in memory until it is sealed; never logged."""

    kind: str
    """`card`, `national`, `cccd`, `can_cuoc`, `bhyt`; the health certificates `hc1` and `nzcp`; or
    a kind of unknown: `shc`, `certificate`, `place`, `payment`, `enrol`, `document`, `url`, `wifi`,
    `vcard`, `text`, `garbled`, `empty`, …"""
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
    valid_from_s: int | None = None
    """Of a certificate: the first second it counts, seconds since 1970 UTC."""
    valid_until_s: int | None = None
    """Of a certificate: the last second it counts, seconds since 1970 UTC."""

    def at(self, now_s: float) -> Self:
        """This payload as it stands at `now_s`: a certificate may be `not_yet_valid` or `expired`.

        No longer authentic then: what it says does not count at that time.
        """
        if self.problem:
            return self
        if self.valid_until_s is not None and int(now_s) > self.valid_until_s:
            return dataclasses.replace(self, problem="expired", authentic=False)
        if self.valid_from_s is not None and now_s < self.valid_from_s:
            return dataclasses.replace(self, problem="not_yet_valid", authentic=False)
        return self
