"""`fleet person`: requests about one's own data at a desk, with a vault that answers."""

import json
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from fleet_server import database, keys
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.identity.vault import Vault
from fleet_server.identity.vault_server import VaultServer
from tests.fleet_server.homes import Home
from tests.fleet_server.privacy.story import Story

NAME = "Nguyễn Văn Mẫu"
PHONE = "0900000123"


@dataclass
class Office:
    """A fleet's home, its vault, and one card that was issued and shown."""

    home: Home
    story: Story
    card: str
    visitor: str

    @property
    def number(self) -> int:
        return int(self.visitor[1:])

    def ask(self, kind: str) -> str:
        ref: str = self.home.json("person", "ask", kind, "--card", self.card)["request"]
        return ref

    def audit(self) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = self.home.json("audit", "show", "--last", "1000")
        return lines


@pytest.fixture
def office(home: Home) -> Iterator[Office]:
    settings = home.settings
    held = keys.vault(settings.keys_dir)
    engine = database.connect(settings.database_url)
    vault = Vault(
        engine,
        key=held.open,
        sign=held.sign,
        pseudonyms=PseudonymKey.load(held.pseudonym_file),
        card_keys=keys.public(settings.keys_dir).keyset.card_keys(),
        names_per_day=30,
        now_ms=lambda: time.time_ns() // 1_000_000,
    )
    settings.run_dir.mkdir()
    (issued,) = home.json("card", "issue", "--name", NAME, "--phone", PHONE)["cards"]
    story = Story(engine)
    with VaultServer(settings.vault_socket, vault) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield Office(home, story, issued["id"], issued["visitor"])
        finally:
            server.shutdown()
            thread.join()
            engine.dispose()


def number_of(office: Office) -> int:
    with office.story.engine.connect() as connection:
        query = "SELECT id FROM pseudonyms WHERE person_id = :person"
        found = connection.scalar(text(query), {"person": office.number})
    assert found is not None
    return int(found)


def came(office: Office) -> None:
    office.story.scan(number_of(office), day=0)
    office.story.scan(number_of(office), day=0, hour=1, direction="out")
    office.story.derive()


def test_a_request_is_asked_found_and_answered_with_everything(office: Office) -> None:
    came(office)
    office.story.case("CA-17", office.number, office.story.visitor("other")[0])
    said = office.home.ok("person", "ask", "copy", "--card", office.card, "--words", "bản sao")
    assert "right:1: copy, " + office.visitor in said
    shown = office.home.json("person", "show", "right:1")
    assert shown["visitor"] == office.visitor
    assert shown["known"]["name"] == NAME
    assert shown["known"]["phone"] == PHONE
    assert [scan["direction"] for scan in shown["scans"]] == ["in", "out"]
    assert shown["scans"][0]["at"] == "2026-01-01T05:00:00Z"
    assert shown["stays"][0]["left_at"] == "2026-01-01T06:00:00Z"
    assert [case["case"] for case in shown["cases"]] == ["một ca / a case"]
    looks = [(look["what"], look["for"]) for look in shown["looks"]]
    own = "yêu cầu của chính người đó / their own request"
    assert ("card.issued", "") in looks
    assert ("vault.find", own) in looks
    assert ("vault.open", own) in looks
    assert "CA-17" not in json.dumps(shown)
    words = office.home.ok("person", "show", "right:1")
    assert "scans: 2" in words
    assert f"name {NAME}" in words


def test_an_export_is_for_its_maker_only_and_never_overwrites(
    office: Office, tmp_path: Path
) -> None:
    ref = office.ask("copy")
    out = tmp_path / "copy.json"
    office.home.ok("person", "export", ref, "--out", str(out))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert json.loads(out.read_text("utf-8"))["known"]["name"] == NAME
    assert "expected a new file" in office.home.fails("person", "export", ref, "--out", str(out))
    office.home.ok("person", "done", ref)
    assert "closed" in office.home.fails("person", "show", ref)


def test_nobody_found_is_an_answer_and_in_the_log(office: Office) -> None:
    said = office.home.ok("person", "ask", "view", "--document", "001090000009")
    assert "nobody is known" in said
    assert office.home.json("person", "requests") == []
    actions = [(line["action"], line["case"]) for line in office.audit()]
    assert ("right.asked", "right:1") in actions
    assert ("vault.find", "right:1") in actions
    assert ("right.not_found", "right:1") in actions
    assert "closed (not_found)" in office.home.fails("person", "show", "right:1")


def test_a_misread_number_leaves_the_request_open(office: Office) -> None:
    assert "person identify right:1" in office.home.fails(
        "person", "ask", "view", "--document", "1"
    )
    (waiting,) = office.home.json("person", "requests")
    assert (waiting["request"], waiting["visitor"]) == ("right:1", "")
    office.home.ok("person", "identify", "right:1", "--card", office.card)
    assert office.home.json("person", "requests")[0]["visitor"] == office.visitor


def test_one_number_is_given_no_more_and_no_less(office: Office) -> None:
    assert "give one of" in office.home.fails("person", "ask", "view", status=2)
    both = ("--card", office.card, "--document", "001090000009")
    assert "give one of" in office.home.fails("person", "ask", "view", *both, status=2)


def test_requests_say_how_much_time_is_left(office: Office) -> None:
    ref = office.ask("delete")
    first = office.ask("view")
    office.home.ok("person", "acknowledge", ref)
    listed = office.home.ok("person", "requests").splitlines()
    assert listed[0].startswith(first)
    assert "20 days left" in listed[1]
    assert "done" in listed[1]
    assert "No open requests" in office.home.ok("person", "requests", "--overdue")


def test_a_correction_wins_and_what_was_said_before_stays(office: Office) -> None:
    ref = office.ask("correct")
    office.home.ok("person", "correct", ref, "--field", "name=Nguyễn Văn Mậu")
    office.home.ok("person", "correct", ref, "--field", "name=Nguyễn Thị Mẫu")
    shown = office.home.json("person", "show", ref)
    assert shown["known"]["name"] == "Nguyễn Thị Mẫu"
    assert shown["known"]["phone"] == PHONE
    assert [each["name"] for each in shown["identities"]] == ["Nguyễn Thị Mẫu", NAME]
    assert shown["identities"][0]["kind"] == "correction"
    for wrong in ("age=4", "name=", "name"):
        status = 1 if "=" in wrong else 2
        assert "expected" in office.home.fails(
            "person", "correct", ref, "--field", wrong, status=status
        )


def test_a_restriction_is_made_and_lifted(office: Office) -> None:
    ref = office.ask("restrict")
    assert office.visitor in office.home.ok("person", "restrict", ref)
    shown = office.home.json("person", "show", office.ask("view"))
    assert shown["restricted"] is True
    office.home.ok("person", "lift", ref)
    assert "no restriction" in office.home.fails("person", "lift", ref)


def test_deleting_asks_for_the_reference_and_leaves_nothing(office: Office) -> None:
    came(office)
    ref = office.ask("delete")
    wrong = office.home.fails("person", "delete", ref, "--confirm", "right:9")
    assert "nothing was deleted" in wrong
    assert office.story.count("scans") == 2
    done = office.home.json("person", "delete", ref, "--confirm", ref)
    assert done["person"] == office.visitor
    assert done["left"] == {}
    assert (done["rows"]["scans"], done["rows"]["card_identities"]) == (2, 1)
    for table in ("scans", "pseudonyms", "credentials", "card_identities", "sealed_numbers"):
        assert office.story.count(table) == 0
    said = office.home.ok("person", "ask", "view", "--card", office.card)
    assert "nobody is known" in said


def test_no_name_and_no_number_reaches_the_log(office: Office, tmp_path: Path) -> None:
    came(office)
    words = "tôi là Nguyễn Văn Mẫu"
    office.home.ok("person", "ask", "correct", "--card", office.card, "--words", words)
    office.home.ok("person", "correct", "right:1", "--field", "phone=0911111111")
    office.home.ok("person", "export", "right:1", "--out", str(tmp_path / "x.json"))
    office.home.ok("person", "done", "right:1")
    ref = office.ask("delete")
    office.home.ok("person", "delete", ref, "--confirm", ref)
    engine = create_engine(office.home.settings.database_url)
    with engine.connect() as connection:
        log = str(connection.execute(text("SELECT * FROM audit_log")).all())
    engine.dispose()
    for secret in (NAME, PHONE, "0911111111", office.card, "Nguyễn", words):
        assert secret not in log
    actions = [line["action"] for line in office.audit() if line["case"] == "right:1"]
    assert actions == [
        *("right.asked", "vault.find", "right.found", "right.corrected"),
        *("vault.open", "right.exported", "right.done"),
    ]


def test_a_vault_that_is_away_leaves_the_request_to_be_found_later(home: Home) -> None:
    said = home.fails("person", "ask", "view", "--document", "001090000001")
    assert "does not answer" in said
    assert "person identify right:1" in said
    assert home.json("person", "requests")[0]["request"] == "right:1"
