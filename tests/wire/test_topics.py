import pytest

from wire import topics
from wire.errors import BadTopic


@pytest.mark.parametrize("channel", topics.FROM_KIOSK)
def test_a_kiosks_topic_leads_back_to_it(channel: str) -> None:
    topic = topics.kiosk_topic("cho-mau-1", channel)
    assert topic == f"tram/1/cho-mau-1/{channel}"
    assert topics.parse(topic) == ("cho-mau-1", channel)


@pytest.mark.parametrize("kiosk", ["a", "7", "cho-mau-1", "x" * 48])
def test_ids_of_the_scheme_are_taken(kiosk: str) -> None:
    assert topics.is_kiosk_id(kiosk)


@pytest.mark.parametrize(
    "kiosk",
    ["", "-a", "a-", "A", "chợ", "a_b", "a b", "a/b", "a.b", "+", "#", "$sys", "x" * 49, "a\n"],
)
def test_an_id_that_could_mean_something_else_in_a_topic_is_refused(kiosk: str) -> None:
    assert not topics.is_kiosk_id(kiosk)
    with pytest.raises(BadTopic):
        topics.kiosk_topic(kiosk, "scans")


@pytest.mark.parametrize("word", sorted(topics.RESERVED_IDS))
def test_words_of_the_scheme_are_no_kiosk_ids(word: str) -> None:
    assert not topics.is_kiosk_id(word)


def test_every_channel_and_process_name_is_reserved() -> None:
    assert {*topics.FROM_KIOSK, *topics.TO_KIOSK, "server", "ingest"} <= topics.RESERVED_IDS


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "tram/1/cho-mau-1",
        "tram/1/cho-mau-1/scans/more",
        "tram/2/cho-mau-1/scans",
        "other/1/cho-mau-1/scans",
        "tram/1/cho-mau-1/receipts",
        "tram/1/cho-mau-1/unheard-of",
        "tram/1/server/state",
        "tram/1/+/scans",
        "/tram/1/cho-mau-1/scans",
    ],
)
def test_what_no_kiosk_may_publish_is_a_bad_topic(topic: str) -> None:
    with pytest.raises(BadTopic):
        topics.parse(topic)


def test_the_servers_subscription_covers_every_kiosk_and_one_channel() -> None:
    assert topics.every_kiosk("scans") == "tram/1/+/scans"
