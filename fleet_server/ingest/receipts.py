"""What a kiosk is told once its records are in the database. Pure."""

from fleet_server.ingest.store import Outcome
from wire.receipts import Receipt, Refusal, ranges


def receipt(outcome: Outcome, *, server_ms: int, audit_head: str) -> Receipt | None:
    """The receipt for one message; None where there is nothing a kiosk could act upon."""
    refused = [
        Refusal(
            epoch=outcome.epoch,
            counter=refused.counter,
            reason=refused.reason,
            detail=refused.detail,
        )
        for refused in outcome.refused
        if refused.counter > 0
    ]
    if not outcome.stored and not refused:
        return None
    return Receipt(
        stored=ranges(outcome.epoch, outcome.stored),
        refused=refused,
        server_ms=server_ms,
        audit_head=audit_head,
    )
