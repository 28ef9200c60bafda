"""Receipts: the only thing that lets a kiosk delete a record."""

from typing import Final

import msgspec

CONFLICT: Final = "conflict"
"""Same id, other content."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One record the server will never store. Set aside on both sides, never sent again."""

    epoch: str = ""
    counter: int = -1
    reason: str = ""
    """A `WireError.reason` or `CONFLICT`; newer servers may use further words."""
    detail: str = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Published on `receipts` after the database commit of everything it names."""

    stored: list[tuple[str, int, int]] = []
    """[epoch, first, last]: all these counters are stored."""
    refused: list[Refusal] = []
    server_ms: int = 0
    """Server time when the receipt was made, ms since 1970 UTC."""
    audit_head: str = ""
    """Head of the audit chain, hex: whoever keeps receipts can tell a rewritten chain."""


def ranges(epoch: str, counters: list[int]) -> list[tuple[str, int, int]]:
    """`counters` as [epoch, first, last] ranges, ascending and without overlap."""
    out: list[tuple[str, int, int]] = []
    for counter in sorted(set(counters)):
        if out and out[-1][2] == counter - 1:
            out[-1] = (epoch, out[-1][1], counter)
        else:
            out.append((epoch, counter, counter))
    return out
