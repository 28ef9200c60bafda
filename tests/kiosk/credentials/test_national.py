"""The national personal QR."""

import pytest

from kiosk.credentials import national
from kiosk.credentials.payload import Payload
from tests.kiosk.codes import CCCD, NATIONAL
from wire.records import IdentityPart, StableKey


def code(
    *,
    document: str = "001090000001",
    name: str = "NGUYEN VAN MAU",
    birth: str = "1990-01-31",
    declared: str = "0",
    qid: str = "160000000000000001",
    ext: str = "<1<0100000001<0900000001<",
) -> str:
    return "|".join((document, name, birth, declared, qid, ext))


def parse(text: str) -> Payload:
    payload = national.parse(text)
    assert payload is not None
    return payload


def test_the_qid_is_the_key_and_the_rest_is_identity() -> None:
    assert parse(NATIONAL) == Payload(
        kind="national",
        keys=(StableKey("qid", "160000000000000001"),),
        label="N*** V*** M***",
        identity=IdentityPart(
            name="NGUYEN VAN MAU",
            phone="0900000001",
            birth="1990-**-**",
            sex="male",
            document="******000001",
        ),
    )


def test_a_health_insurance_number_is_a_second_key() -> None:
    payload = parse(code())
    assert payload.keys == (
        StableKey("qid", "160000000000000001"),
        StableKey("bhyt", "0100000001"),
    )
    assert payload.identity is not None
    assert payload.identity.insurance == "0100000001"


def test_the_old_health_insurance_code_is_the_same_key_as_the_new_number() -> None:
    old, new = parse(code(ext="<1<GD4010100000001<")), parse(code(ext="<1<0100000001<"))
    assert old.keys == new.keys


@pytest.mark.parametrize(
    "insurance", ["", "00", "-", "0000000000", "GD4010000000000", "12345", "x"]
)
def test_what_is_no_insurance_number_links_nobody(insurance: str) -> None:
    assert len(parse(code(ext=f"<1<{insurance}<")).keys) == 1


def test_the_declarers_number_is_not_the_visitors() -> None:
    payload = parse(code(declared="1", ext="170000000000000009<2<<0900000001<"))
    assert [key.value for key in payload.keys] == ["160000000000000001"]


@pytest.mark.parametrize("ext", ["", "<", "<2", "<2<", "<2<<", "<2<<0900000001", "<2<<<abc"])
def test_the_tail_of_the_extension_may_be_missing(ext: str) -> None:
    assert parse(code(ext=ext)).problem == ""


@pytest.mark.parametrize(("word", "sex"), [("0", ""), ("1", "male"), ("2", "female"), ("9", "")])
def test_sex_is_a_word(word: str, sex: str) -> None:
    identity = parse(code(ext=f"<{word}")).identity
    assert identity is not None
    assert identity.sex == sex


@pytest.mark.parametrize(
    ("document", "birth", "kept"),
    [
        ("*********001", "1990-**-**", "1990-**-**"),
        ("00*0*0*00001", "****-**-**", "****-**-**"),
        ("B1234567", "1990-01-31", "1990-01-31"),
        ("", "1990", "1990"),
        ("001090000001", "1990-02-31", "1990"),
    ],
)
def test_document_and_birth_may_be_masked_anywhere(document: str, birth: str, kept: str) -> None:
    payload = parse(code(document=document, birth=birth))
    assert payload.problem == ""
    assert payload.identity is not None
    assert (payload.identity.birth, payload.identity.document) == (kept, document)


@pytest.mark.parametrize("qid", ["123456789012", "12345678901234567890"])
def test_a_qid_has_12_to_20_digits(qid: str) -> None:
    assert parse(code(qid=qid)).keys[0].value == qid


@pytest.mark.parametrize("qid", ["", "12345678901", "123456789012345678901", "16000000000000000x"])
def test_another_qid_is_misread(qid: str) -> None:
    payload = parse(code(qid=qid))
    assert (payload.problem, payload.keys, payload.identity) == ("misread", (), None)


def test_a_placeholder_qid_would_make_one_person_of_many_and_is_refused() -> None:
    assert parse(code(qid="000000000000000000")).problem == "inconsistent"


@pytest.mark.parametrize("text", [CCCD, "a|b|c|d|e|f", "EVT|2024|row 5|A|12|x", NATIONAL + "|"])
def test_other_texts_with_pipes_are_no_national_code(text: str) -> None:
    assert national.parse(text) is None


def test_it_is_never_authentic() -> None:
    assert not parse(NATIONAL).authentic


@pytest.mark.parametrize("name", ["NguyÃªn VÄƒn MÃ¡ÂºÂ«u", "阮文", "Nguyá»…n"])
def test_a_misdecoded_name_is_no_strangers_name(name: str) -> None:
    payload = parse(code(name=name))
    assert (payload.problem, payload.keys, payload.identity) == ("encoding", (), None)
