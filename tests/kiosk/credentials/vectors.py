"""What the published EU test vectors expect, in the kiosk's words."""

from collections.abc import Mapping
from typing import Any, Final

_ANY_TIME: Final = {"", "expired", "not_yet_valid"}


def expected_problems(results: Mapping[str, Any]) -> set[str]:
    """The problems a right verifier may report; "" for none, "other_kind" for no hc1 at all.

    A vector names only the steps it is about. Where it is silent about dates, its clock may be
    outside them.
    """

    def no(step: str) -> bool:
        return results.get(f"EXPECTED{step}") is False

    if no("UNPREFIX"):
        return {"other_kind", "newer_version"}
    if no("B45DECODE") or no("COMPRESSION") or no("DECODE") or no("SCHEMAVALIDATION"):
        return {"garbled"}
    if no("KEYUSAGE"):
        return {"not_entitled"}
    if no("VERIFY"):
        return {"forged", "unknown_signer", "garbled"}
    if no("EXPIRATIONCHECK"):
        return {"expired", "not_yet_valid"}
    return {""} if "EXPECTEDEXPIRATIONCHECK" in results else _ANY_TIME
