"""Names for what does not name a visitor, and which of it may be a ticket."""

import pytest

from kiosk.credentials import masks, unknown
from kiosk.credentials.proofs import Proofs
from kiosk.credentials.registry import recognise
from tests.kiosk.codes import CCCD, NATIONAL, UNKNOWN
from wire.records import StableKey

NOTHING = Proofs()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *(("shc:/56762909", "shc"), ("SHC:/5676", "shc"), ("HKEN:0abc", "place")),
        *(("NZCOVIDTRACER:eyJ0", "place"), ("UKC19TRACING:1:eyJ", "place")),
        *(("HTTPS://QR.TOKHAIYTE.VN/x", "place"), ("https://app.luca-app.de/webapp/1", "place")),
        *(("www.example.org", "url"), ("HTTP://EXAMPLE.ORG", "url"), ("http://[broken", "url")),
        *(("https://evil.example/e.coronawarn.app", "url"), ("MECARD:N:Mẫu;;", "vcard")),
        *(("wifi:S:venue;;", "wifi"), ("mailto:mau@example.org", "text"), ("\x00", "text")),
    ],
)
def test_a_prefix_or_a_host_names_the_kind(text: str, kind: str) -> None:
    assert recognise(text.encode(), NOTHING).kind == kind


@pytest.mark.parametrize("kind", unknown.TICKETS)
def test_a_ticket_is_keyed_by_its_text_and_its_label_shows_none_of_it(kind: str) -> None:
    payload = unknown.name(UNKNOWN[kind])
    assert payload.ticket
    assert payload.keys == (StableKey("ticket", UNKNOWN[kind]),)
    assert payload.label == f"{kind} ***"
    assert payload.identity is None


@pytest.mark.parametrize("kind", sorted(set(UNKNOWN) - set(unknown.TICKETS)))
def test_certificates_places_payments_and_set_up_codes_are_never_tickets(kind: str) -> None:
    payload = recognise(UNKNOWN[kind].encode(), NOTHING)
    assert not payload.ticket
    assert payload.keys == ()


def test_a_long_ticket_is_keyed_by_its_digest() -> None:
    assert unknown.ticket("ễ" * 85) == "ễ" * 85
    assert unknown.ticket("ễ" * 86).startswith("sha256:")
    assert unknown.ticket("a" * 300) != unknown.ticket("a" * 301)


def test_a_ticket_cannot_pass_itself_off_as_a_longer_ones_digest() -> None:
    digest = unknown.ticket("a" * 300)
    assert unknown.ticket(digest) != digest


@pytest.mark.parametrize(
    "text",
    [
        CCCD + "|",
        CCCD.replace("|Nam|", "|"),
        NATIONAL.replace("|NGUYEN VAN MAU", "").replace("1990-**-**", "1990-01-01"),
        "001090000001|Nguyễn Văn Mẫu|01/01/1990|Nam",
    ],
)
def test_a_personal_paper_of_unknown_layout_is_named_and_never_a_ticket(text: str) -> None:
    payload = recognise(text.encode(), NOTHING)
    assert (payload.kind, payload.ticket, payload.keys) == ("document", False, ())


def test_a_member_card_with_pipes_stays_a_ticket() -> None:
    assert recognise(b"GYM|000123456789|GOLD|A", NOTHING).ticket


@pytest.mark.parametrize(
    ("full", "masked"),
    [
        ("Nguyễn Văn Mẫu", "N*** V*** M***"),
        ("ĐỖ Ổi", "Đ*** Ổ***"),
        ("Y", "***"),
        ("=cmd|calc", "***"),
        ("@SUM -1 +1", "*** *** ***"),
        ("", "***"),
    ],
)
def test_a_masked_name_shows_first_letters_only(full: str, masked: str) -> None:
    assert masks.name(full) == masked
    assert len(masks.name("Nguyễn " * 40)) <= 64


def test_a_short_number_is_hidden_altogether() -> None:
    assert masks.number("card", "0123456789ab") == "card ***89ab"
    assert masks.number("card", "0123456789a") == "card ***"
