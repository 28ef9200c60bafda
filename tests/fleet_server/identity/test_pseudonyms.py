"""From numbers to pseudonyms."""

from pathlib import Path

import pytest

from fleet_server.errors import KeysError
from fleet_server.identity.pseudonyms import PseudonymKey

KEY = PseudonymKey(bytes(range(32)))


def test_a_pseudonym_is_stable_and_sixteen_bytes() -> None:
    digest = KEY.digest("qid", "160000000000000001")
    assert len(digest) == 16
    assert digest == KEY.digest("qid", "160000000000000001")


def test_space_number_and_key_all_matter() -> None:
    other = PseudonymKey(bytes(32))
    digests = {
        KEY.digest("qid", "1"),
        KEY.digest("bhyt", "1"),
        KEY.digest("qid", "11"),
        KEY.digest("qid1", "1"),
        other.digest("qid", "1"),
    }
    assert len(digests) == 5


def test_a_key_file_is_read_with_or_without_a_last_newline(tmp_path: Path) -> None:
    for text in (bytes(range(32)).hex(), bytes(range(32)).hex() + "\n"):
        (tmp_path / "pseudonym.key").write_text(text)
        key = PseudonymKey.load(tmp_path / "pseudonym.key")
        assert key.digest("qid", "1") == KEY.digest("qid", "1")


@pytest.mark.parametrize("content", [b"", b"00ff", b"not hex", "mật".encode(), bytes(32)])
def test_a_wrong_key_file_is_named_with_what_is_expected(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pseudonym.key"
    path.write_bytes(content)
    with pytest.raises(KeysError, match=r"pseudonym\.key: .*64 hex digits"):
        PseudonymKey.load(path)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match=r"pseudonym\.key: No such file"):
        PseudonymKey.load(tmp_path / "pseudonym.key")


def test_the_secret_is_not_printed() -> None:
    assert "00" not in repr(KEY)
    assert bytes(range(32)).hex() not in f"{KEY!r} {KEY}"
