"""Whatever is written down of a case can be said in words."""

import re
from pathlib import Path

from fleet_server.cases import event_words, freezing, names, states

CASES = Path(event_words.__file__).parent


def test_every_kind_of_event_has_words() -> None:
    text = "".join(path.read_text("utf-8") for path in CASES.glob("*.py"))
    kinds = set(re.findall(r'\.note\(\s*connection,\s*"([a-z_]+)"', text))
    assert {"called", "linked", "exported"} <= kinds
    kinds |= {f"names_{state}" for state in (names.ASKED, names.APPROVED, names.REFUSED)}
    kinds |= {f"names_{names.BROKEN}", "milestone_confirmed", "milestone_rejected"}
    kinds |= {freezing.EVALUATED, *states.WORDS}
    assert kinds == set(event_words.WORDS)
    assert all(vi and en for vi, en in event_words.WORDS.values())
