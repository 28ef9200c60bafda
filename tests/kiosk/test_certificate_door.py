"""A venue that asks for health certificates, at its door: camera to disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.clock import FakeClock
from kiosk.companions import Companions
from kiosk.door import Door
from kiosk.hardware.fakes import FakeDecoder, RecordingSignals, blank, painted
from kiosk.hardware.ports import Answer, Frame
from kiosk.health import Vitals
from kiosk.journal import Journal
from kiosk.queue import Queue
from kiosk.scanning.decision import Policy
from kiosk.scanning.reader import Reader
from kiosk.scanning.record import Sealer
from kiosk.scanning.repeats import Repeats, View
from kiosk.scanning.spelling import Speller
from tests.kiosk import certificates, codes
from tests.kiosk.bundle import make_bundle

AGAIN, GO = Answer.AGAIN, Answer.GO


class Venue:
    """A door that requires a certificate, at certificates.NOW_S."""

    def __init__(self, folder: Path) -> None:
        keyset = make_bundle(folder / "bundle").keyset
        self.data = folder / "data"
        self.queue = Queue(self.data, max_records=100)
        self.journal = Journal(self.data / "journal.jsonl", max_bytes=100_000)
        self.signals = RecordingSignals()
        self.clock = FakeClock(wall_ms=certificates.NOW_S * 1000)
        self.door = Door(
            reader=Reader(FakeDecoder(), codes.PROOFS),
            speller=Speller(codes.PROOFS, layout="us"),
            policy=Policy(
                accept=frozenset({"card", "national"}),
                require_certificate=True,
                certificate_ms=60_000,
            ),
            repeats=Repeats(key=bytes(32), ttl_ms=120_000, limit=100),
            view=View(key=bytes(32), leave_ms=1000),
            sealer=Sealer(
                kiosk="cho-mau-1",
                epoch=self.queue.epoch,
                direction="in",
                ingest=keyset.ingest_key(),
                vault=keyset.vault_key(),
            ),
            queue=self.queue,
            journal=self.journal,
            signals=self.signals,
            clock=self.clock,
            companions=Companions(within_ms=60_000),
            vitals=Vitals(),
            recorded=lambda: None,
        )

    def show(self, *texts: str, pause_ms: int = 2_000) -> list[Answer]:
        """Hold up `texts` one after the other; what was answered."""
        before = len(self.signals.shown)
        for text in texts:
            for luma in (painted(text.encode(), width=800), blank(width=800)):
                self.clock.advance(ms=pause_ms // 2)
                self.door.look(Frame(luma=luma, taken_ns=self.clock.mono_ms() * 1_000_000))
        return self.signals.shown[before:]


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    made = Venue(tmp_path)
    yield made
    made.queue.close()
    made.journal.close()


def test_a_certificate_and_then_the_own_code_is_green(venue: Venue) -> None:
    assert venue.show(certificates.HC1, codes.CARD) == [AGAIN, GO]
    assert venue.queue.depth == 1


def test_the_own_code_first_asks_for_the_certificate(venue: Venue) -> None:
    assert venue.show(codes.CARD, certificates.NZCP, codes.CARD) == [AGAIN, AGAIN, GO]
    assert venue.queue.depth == 1


def test_one_certificate_admits_one_visitor(venue: Venue) -> None:
    assert venue.show(certificates.HC1, codes.CARD, codes.NATIONAL) == [AGAIN, GO, AGAIN]
    assert venue.show(certificates.HC1, codes.NATIONAL) == [AGAIN, GO]
    assert venue.queue.depth == 2


def test_a_certificate_waits_a_minute(venue: Venue) -> None:
    assert venue.show(certificates.HC1) == [AGAIN]
    venue.clock.advance(ms=61_000)
    assert venue.show(codes.CARD) == [AGAIN]


def test_a_code_that_cannot_be_taken_does_not_use_the_certificate_up(venue: Venue) -> None:
    texts = (certificates.HC1, codes.UNKNOWN["place"], codes.CARD[:-1], codes.CARD)
    assert venue.show(*texts) == [AGAIN, AGAIN, AGAIN, GO]


def test_an_expired_certificate_opens_nothing(venue: Venue) -> None:
    venue.clock.advance(ms=31 * certificates.DAY_S * 1000)
    assert venue.show(certificates.HC1, codes.CARD) == [AGAIN, AGAIN]
    assert venue.queue.depth == 0


def test_nothing_of_a_certificate_is_written_down(venue: Venue) -> None:
    venue.show(certificates.HC1, codes.CARD)
    for file in venue.data.iterdir():
        written = file.read_bytes()
        for part in (certificates.HC1[4:24], "hc1", "NGUYEN", "1990-01-01"):
            assert part.encode() not in written, (file.name, part)
