"""Codes that belong to a place or are money: named, and never a visitor's."""

import binascii

import pytest

from kiosk.credentials.proofs import Proofs
from kiosk.credentials.registry import recognise

VIETQR = "00020101021138540010A00000072701240006970400011000000000010208QRIBFTTA53037045802VN6304"
NOTHING = Proofs()


def with_crc(text: str) -> str:
    return f"{text}{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def kind(text: str) -> str:
    payload = recognise(text.encode(), NOTHING)
    assert not payload.ticket or payload.kind in ("url", "text")
    return payload.kind


@pytest.mark.parametrize(
    "text",
    [
        *("NZCOVIDTRACER:eyJ0eXAiOiJlbnRyeSJ9", "UKC19TRACING:1:eyJhbGciOiJFUzI1NiJ9.x.y"),
        *("https://e.coronawarn.app?v=1#CAES", "https://e.coronawarn.app/c1/abc"),
        *("https://app.luca-app.de/webapp/00000000-0000#e30", "https://qr.notify-me.ch?v=3#CAIS"),
        *("https://tac.gouv.fr?v=0#x", "HKEN:0abcdefgheyJ0"),
        *("https://www.safeentry-qr.gov.sg/tenant/PROD-1-MAU-SE",),
        *("https://temperaturepass.ndi-api.gov.sg/login/PROD-1-MAU-SE",),
        *("https://mysejahtera.malaysia.gov.my/qrscan?lId=0&ln=x", "https://QR.TOKHAIYTE.VN/x"),
        *("https://qr.thaichana.com/?appId=0001&shopId=S0", "www.tokhaiyte.vn/x"),
        *(
            "https://qr.pccovid.gov.vn/abc",
            "http://pccovid.gov.vn",
            "https://kbyt.khambenh.gov.vn/",
        ),
        *("https://www.service.nsw.gov.au/campaign/service-nsw-mobile-app?data=e30=",),
        *("https://service.vic.gov.au/check-in/start?data=x",),
    ],
)
def test_posters_of_check_in_systems_are_places(text: str) -> None:
    assert kind(text) == "place"


@pytest.mark.parametrize(
    "text",
    [
        *("https://example.org/e.coronawarn.app", "https://e.coronawarn.app.evil.example/"),
        *("https://notpccovid.gov.vn/", "https://www.service.nsw.gov.au/licence/1"),
        *(
            "https://tokhaiyte.vn@example.org/",
            "http://[tokhaiyte.vn",
            "https://example.org/?HKEN:0",
        ),
    ],
)
def test_another_site_is_an_address(text: str) -> None:
    assert kind(text) == "url"


def test_a_whole_payment_code_is_money() -> None:
    assert kind(with_crc(VIETQR)) == "payment"
    whole = with_crc(VIETQR)
    assert kind(whole[:-4] + whole[-4:].lower()) == "payment"


@pytest.mark.parametrize("cut", [4, 10, 20, 40])
def test_the_beginning_of_a_payment_code_is_money_too(cut: int) -> None:
    assert kind(VIETQR[:-cut]) == "payment"


@pytest.mark.parametrize(
    "text",
    [
        *("000201", "000201 member", "000201-42", "0002010", "00020199", "000201AB02xx"),
        *(VIETQR + "0000", with_crc(VIETQR) + "1", VIETQR + "zzzz", "0002010000", "00020163041"),
        "000201" + "٣٣٣٣" * 4,
    ],
)
def test_what_only_begins_as_one_is_named_and_never_a_ticket(text: str) -> None:
    assert kind(text) == "payment_like"


def test_an_amount_that_was_changed_is_no_payment_code() -> None:
    assert kind(with_crc(VIETQR).replace("5802VN", "5802NV")) == "payment_like"
