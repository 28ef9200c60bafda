"""Tuesday, 14:00: a vegetable seller has tested positive. The whole first hour by commands, each a
process, by two people with access codes of their own, against a vault that is a process too.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from fleet_server import database, keys
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.tracing import derivation
from tests.fleet_server.homes import Home, home, keys_once
from tests.support.market_days import (
    CALLED_MS,
    SELLER_DOCUMENT,
    SELLER_OLD_CODE,
    SELLER_PHONE,
    MarketDays,
)
from tests.support.programs import wait_until
from tests.system.town import Program

__all__ = ["home", "keys_once"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CASE, LAB = "CA-2026-017", "XN-26-0310-55"
WHY = ("--purpose", "truy vết")


@dataclass
class Room:
    """Two people at one server."""

    home: Home
    days: MarketDays
    tokens: dict[str, str]

    def run(self, who: str, *args: str, status: int = 0) -> str:
        """What a command says; on standard error where it is to fail."""
        done = subprocess.run(
            [sys.executable, "-m", "fleet_server", "--home", str(self.home.path), *args],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "TRAM_TOKEN": self.tokens.get(who, "")},
        )
        assert done.returncode == status, f"{args}: {done.stdout} {done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stderr if status else done.stdout

    def case(self, command: str, *args: str, who: str = "tracer", status: int = 0) -> str:
        return self.run(who, "case", command, CASE, *args, status=status)

    def read(self, command: str, *args: str) -> Any:
        return json.loads(self.case(command, *args, "--json"))


@pytest.fixture
def room(home: Home) -> Iterator[Room]:
    folder = home.settings.keys_dir
    held = keys.vault(folder)
    (home.path / "fleet.toml").write_text("[privacy]\nnames_per_day = 10\n")
    engine = database.connect(home.settings.database_url)
    days = MarketDays(
        engine,
        held.open.public_key(),
        PseudonymKey.load(held.pseudonym_file),
        keys.cards(folder).sign,
    ).live()
    derivation.drain(engine, now_ms=CALLED_MS)
    made = Room(home, days, {})
    for role in ("tracer", "tracing_supervisor"):
        login = role.replace("_", "-")
        made.run("", "account", "create", login, "--role", role)
        given = made.run("", "token", "create", "--account", login, "--name", "máy", "--json")
        made.tokens[role] = json.loads(given)["token"]
    vault = Program(
        [sys.executable, "-m", "fleet_server", "--home", str(home.path), "vault"],
        log=home.path / "vault.log",
    )
    vault.start()
    try:
        wait_until(home.settings.vault_socket.exists, what="the vault's socket")
        yield made
    finally:
        vault.end()
        engine.dispose()


def test_from_the_call_to_the_call_lists(room: Room, tmp_path: Path) -> None:
    started = time.monotonic()
    second = "tracing_supervisor"
    room.case("open", "--lab", LAB, "--onset", "2026-03-08", "--isolated", "2026-03-10T13:30")

    # What the laboratory gave. The vault reads telephones out of sealed identities as it goes.
    by_insurance = room.read("find", "--insurance", SELLER_OLD_CODE, *WHY)["visitors"]
    assert room.read("find", "--document", SELLER_DOCUMENT, *WHY)["visitors"] == []
    by_phone: list[str] = []

    def found_by_phone() -> bool:
        by_phone[:] = room.read("find", "--phone", SELLER_PHONE, *WHY)["visitors"]
        return bool(by_phone)

    wait_until(found_by_phone, what="the telephone is found", timeout_s=60)
    assert len(by_insurance) == len(by_phone) == 1
    assert by_insurance != by_phone
    room.case("link", by_insurance[0], by_phone[0], "--reason", "bà ấy đọc số của cả hai thẻ")
    seller = room.read("add", by_insurance[0], "--reason", "dương tính")["ref"]

    # Counts first; nobody's name before a second person has heard the number too.
    assert re.search(r"A\t≥\d*[05]\n", room.case("preview"))
    assert "cho-hai-ra" in room.case("evaluate")
    first = [each["ref"] for each in room.read("contacts", "--role", "F1")]
    refused = room.case("names", first[0], *WHY, status=1)
    assert "no second person has confirmed" in refused
    assert "may not" in room.case("confirm", "--lab", LAB, status=1)
    assert "ask the laboratory" in room.case("confirm", "--lab", "XN-1", who=second, status=1)
    room.case("confirm", "--lab", LAB, who=second)

    # The interview: confirmed, denied, corrected, added.
    there = room.read("milestones")
    assert {each["venue"] for each in there} == {"cho-mot", "cho-hai", "benh-vien"}
    room.case("confirm-milestone", str(there[0]["id"]))
    hospital = next(each for each in there if each["venue"] == "benh-vien")
    room.case("reject-milestone", str(hospital["id"]), "--note", "em gái bà ấy cầm thẻ")
    room.case(
        *("milestone", "--correct", str(there[-1]["id"])),
        "cho-mot,2026-03-10T05:30,closing",
    )
    lunch = "elsewhere:Quán Bà Ước,2026-03-08T11:30,2026-03-08T12:30"
    room.case("milestone", "--person", seller, lunch)
    room.case("evaluate")
    room.case("changes")

    # Ten names a day alone; the whole list with a second person; the call lists by commune.
    everybody = [each["ref"] for each in room.read("contacts")]
    assert len(everybody) > 10
    assert "second person approves" in room.case("names", "--to-call", *WHY, status=1)
    asked = room.case("ask-names", "--to-call", *WHY)
    number = re.findall(r"Opening (\d+)", asked)[0]
    room.case("approve", number, who=second)
    out = tmp_path / "lists"
    room.case(
        *("export", "call-list", "--by-commune", "--out", str(out)),
        *("--opening", number, *WHY),
    )
    took_s = time.monotonic() - started
    books = sorted(out.glob("*.xlsx"))
    assert len(books) >= 3
    rows = [row for book in books for row in openpyxl.load_workbook(book).worksheets[0].iter_rows()]
    assert len(rows) - len(books) == len(everybody)

    # Later the silent kiosk delivers, and the case says what is different.
    before = json.loads(room.case("results", "--json"))
    assert room.days.deliver() > 0
    room.run("tracer", "case", "evaluate", "--all")
    changed = room.read("changes")
    assert [gap["kiosk"] for gap in changed["gaps_closed"]] == ["cho-hai-ra"]
    assert changed["changed"]

    # Months later the days are gone; what was decided by them is not.
    room.run("", "retention", "run")
    assert "signature holds" in room.case("results", str(before[0]["result"]))
    assert len(room.read("contacts")) == len(everybody)
    assert "The log holds" in room.run("", "audit", "verify")
    print(f"\nfrom the first search to the call lists: {took_s:.1f} s of commands")
