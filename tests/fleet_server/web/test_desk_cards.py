"""The desk issues a card, prints it and takes it out of use; no page keeps anything of them."""

import html
import re

import pypdfium2
import pytest
import zxingcpp
from flask.testing import FlaskClient
from sqlalchemy import func, select

from fleet_server import keys
from fleet_server.auth.permissions import Role
from fleet_server.fleet import documents, lettering
from fleet_server.identity.vault_messages import Holder, NotPermitted
from fleet_server.models import CardIdentity, Credential
from tests.fleet_server.people import World, signed_in, site_of, submit
from tests.fleet_server.web.counter import Counter
from wire import card

NAME = "Nguyễn Thị Mẫu"
GIVEN = {"name": NAME, "phone": "0900 000 001", "commune": "Phường Thử", "print": "yes"}

needs_font = pytest.mark.skipif(
    not (lettering.FONTS / lettering.REGULAR).exists(), reason="fonts-dejavu-core is missing"
)


def batch_of(page: str) -> str:
    found = re.search(r'name="batch" value="([0-9a-f]{32})"', page)
    assert found is not None
    return found[1]


def issued(client: FlaskClient, given: dict[str, str] | None = None) -> str:
    """What the page says of a new card."""
    batch = batch_of(client.get("/desk").text)
    answer = submit(client, "/desk/cards", {**(given or GIVEN), "batch": batch})
    assert answer.status_code == 200, answer.text
    return answer.text


def text_of(page: str) -> str:
    found = re.search(r'name="text" value="([^"]+)"', page)
    assert found is not None
    return html.unescape(found[1])


def test_a_card_is_signed_by_the_fleet_and_its_holder_sealed(desk: Counter) -> None:
    page = issued(desk.clerk())
    known = keys.public(desk.settings.keys_dir).keyset.card_keys()
    assert card.decode(text_of(page), known).id in page
    with desk.world.engine.connect() as connection:
        box = connection.execute(select(CardIdentity.box)).scalar_one()
    assert b"0900000001" not in bytes(box)
    lines = [line for line in desk.log() if line["actor"] == "quay-1"]
    assert [line["action"] for line in lines][-2:] == ["card.issued", "vault.issue"]
    assert not any("Mẫu" in line["detail"] or "0900" in line["detail"] for line in lines)


def test_the_form_sent_twice_issues_one_card(desk: Counter) -> None:
    clerk = desk.clerk()
    batch = batch_of(clerk.get("/desk").text)
    pages = [submit(clerk, "/desk/cards", {**GIVEN, "batch": batch}).text for _ in range(2)]
    assert text_of(pages[0]) == text_of(pages[1])
    with desk.world.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Credential)) == 1


def test_a_card_may_be_nobodys(desk: Counter) -> None:
    page = issued(desk.clerk(), {"name": "", "phone": "", "commune": ""})
    assert text_of(page).startswith("TRAM")
    with desk.world.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(CardIdentity)) == 0


def test_what_cannot_be_taken_is_said_and_nothing_lost(desk: Counter) -> None:
    clerk = desk.clerk()
    batch = batch_of(clerk.get("/desk").text)
    answer = submit(clerk, "/desk/cards", {**GIVEN, "phone": "12", "batch": batch})
    assert answer.status_code == 400
    assert "8 đến 15 chữ số" in answer.text
    assert NAME in answer.text
    assert batch_of(answer.text) == batch


def test_without_the_vault_nothing_is_issued_and_it_is_said(world: World) -> None:
    clerk = signed_in(world.stranger(), Role.VISITOR_DESK)
    batch = batch_of(clerk.get("/desk").text)
    answer = submit(clerk, "/desk/cards", {**GIVEN, "batch": batch})
    assert answer.status_code == 503
    assert NAME in answer.text


@needs_font
@pytest.mark.parametrize("sheet", ["a4", "card"])
def test_the_code_on_paper_is_the_cards(desk: Counter, sheet: str) -> None:
    clerk = desk.clerk()
    text = text_of(issued(clerk))
    answer = submit(clerk, "/desk/cards/paper", {"text": text, "printed": NAME, "sheet": sheet})
    assert answer.content_type == "application/pdf"
    page = pypdfium2.PdfDocument(answer.data)[0]
    assert [each.text for each in zxingcpp.read_barcodes(page.render(scale=3).to_pil())] == [text]
    assert NAME.rsplit(maxsplit=1)[-1] in page.get_textpage().get_text_bounded()


def test_what_is_no_card_is_not_printed(desk: Counter) -> None:
    clerk = desk.clerk()
    for text, sheet in (("TRAM1ABC", "a4"), ("", "a4"), (text_of(issued(clerk)), "a3")):
        answer = submit(clerk, "/desk/cards/paper", {"text": text, "sheet": sheet})
        assert answer.status_code == 400


def test_a_revoked_card_is_on_the_list_that_kiosks_get(desk: Counter) -> None:
    clerk = desk.clerk()
    text = text_of(issued(clerk))
    answer = submit(clerk, "/desk/revoke", {"card": text.lower(), "reason": "lost"})
    assert answer.status_code == 303
    assert "vài giây" in clerk.get(answer.location).text
    known = keys.public(desk.settings.keys_dir).keyset.card_keys()
    assert card.decode(text, known).id in documents.revoked(desk.settings.keys_dir).ids()
    (line,) = [line for line in desk.log() if line["action"] == "card.revoked"]
    assert (line["actor"], line["detail"]) == ("quay-1", '{"reason":"lost"}')
    again = submit(clerk, "/desk/revoke", {"card": text, "reason": "lost"})
    assert again.status_code == 409


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"card": "AB12-CD34", "reason": "lost"}, 400, "mã đầy đủ"),
        ({"card": "f" * 32, "reason": "lost"}, 404, "không có"),
        ({"card": "f" * 32, "reason": "because"}, 400, "lý do"),
        ({"card": "x" * 40, "reason": "lost"}, 400, "không phải mã thẻ"),
    ],
)
def test_what_is_no_card_is_not_revoked(
    desk: Counter, given: dict[str, str], status: int, said: str
) -> None:
    clerk = desk.clerk()
    answer = submit(clerk, "/desk/revoke", given)
    assert answer.status_code == status
    assert said in answer.text
    assert given["card"] in answer.text


def test_the_vault_itself_asks_who_wants_a_card(desk: Counter) -> None:
    """Whoever gets past the pages still makes no card in the name of somebody who may not."""
    vault = site_of(desk.world.app).vault
    signed_in(desk.world.stranger(), Role.TRACER, login="truy-vet")
    for actor in ("truy-vet", "nobody"):
        with pytest.raises(NotPermitted):
            vault.issue_cards("0" * 32, [Holder()], actor=actor)
        with pytest.raises(NotPermitted):
            vault.revoke_card("0" * 32, reason="lost", actor=actor)
    refused = [line for line in desk.log() if line["action"] in ("vault.issue", "vault.revoke")]
    assert len(refused) == 4
    assert all('"refused":true' in line["detail"] for line in refused)
