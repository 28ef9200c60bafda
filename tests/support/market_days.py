"""A week in Phường Mẫu before somebody tested positive: two markets, a hospital, a seller, buyers.

The seller showed an old insurance card on some days and one of our own cards on others. The kiosk
at the way out of the second market has been silent since Sunday; what it saw waits in it.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlalchemy import Connection, Engine, insert, select, update

from fleet_server import database
from fleet_server.fleet import areas, cards
from fleet_server.identity import links, people
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.models import (
    Area,
    OpeningHours,
    Presence,
    Scan,
    ScanIdentity,
    ScanKey,
    Venue,
)
from fleet_server.tracing import stale
from tests.support import world
from tests.support.world import Place
from wire import codec, sealing
from wire.presence import READY, Health
from wire.records import IdentityPart, Record

ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")
TUESDAY: Final = dt.date(2026, 3, 10)
CALLED: Final = dt.datetime(2026, 3, 10, 14, 0, tzinfo=ZONE)
"""When the laboratory calls."""
CALLED_MS: Final = int(CALLED.timestamp() * 1000)
SILENT_SINCE: Final = dt.datetime(2026, 3, 8, 6, 0, tzinfo=ZONE)
SELLER: Final = IdentityPart(
    name="Trần Thị Bán Mẫu",
    birth="1979-05-06",
    sex="female",
    address="Tổ 3, Phường Mẫu, Tỉnh Thử",
)
SELLER_CARD: Final = msgspec.structs.replace(SELLER, phone="0900000001", address="")
SELLER_INSURANCE: Final = "0179000001"
SELLER_OLD_CODE: Final = "DN4010179000001"
"""The old card's code, in which the number stands."""
SELLER_DOCUMENT: Final = "001179000001"
SELLER_PHONE: Final = "+84 900 000 001"
BUYERS: Final = 24
"""Regulars of the first market, with identity; the fourth of them also met others elsewhere."""


@dataclass
class MarketDays:
    """The week's rows, as kiosks, ingest and card office would have stored them."""

    engine: Engine
    vault: X25519PublicKey
    pseudonyms: PseudonymKey
    sign: Ed25519PrivateKey
    counter: int = 0
    waiting: list[tuple[IdentityPart | None, list[tuple[str, str]], dt.datetime]] = field(
        default_factory=list
    )
    """Who left by the silent kiosk, and when: it still holds their scans."""
    card: cards.Issued | None = None
    places: dict[str, Place] = field(default_factory=dict)

    def live(self) -> "MarketDays":
        """Everything up to the laboratory's call."""
        self._found()
        for offset in range(-6, 1):
            day = TUESDAY + dt.timedelta(days=offset)
            with_card = offset % 2 == 0
            # She sells from half past five; she goes home through the gate at noon.
            self.seller(day, "05:30", "in", with_card=with_card, place="cho-mot")
            if offset < 0:
                self.seller(day, "11:00", "out", with_card=with_card, place="cho-mot")
            if offset in (-4, -2):
                self.seller(day, "15:00", "in", with_card=with_card, place="cho-hai")
                self.seller(day, "17:30", "out", with_card=with_card, place="cho-hai-ra")
            if offset == -3:
                self.seller(day, "13:30", "in", with_card=False, place="benh-vien")
                self.seller(day, "15:00", "out", with_card=False, place="benh-vien")
            self._others(day, offset)
        self._heard()
        return self

    def deliver(self) -> int:
        """The silent kiosk is back and delivers; how many scans."""
        waiting, self.waiting = self.waiting, []
        for part, keys, at in waiting:
            self.scan(part, keys, at, "out", "cho-hai-ra")
        self._heard(every=True)
        return len(waiting)

    def seller(
        self, day: dt.date, clock: str, direction: str, *, with_card: bool, place: str
    ) -> None:
        assert self.card is not None
        part, keys = (
            (None, [("card", self.card.id)])
            if with_card
            else (SELLER, [("bhyt", SELLER_INSURANCE)])
        )
        self._leave_or_come(part, keys, _at(day, clock), direction, place)

    def _leave_or_come(
        self,
        part: IdentityPart | None,
        keys: list[tuple[str, str]],
        at: dt.datetime,
        direction: str,
        place: str,
    ) -> None:
        if place == "cho-hai-ra" and at >= SILENT_SINCE:
            self.waiting.append((part, keys, at))
        else:
            self.scan(part, keys, at, direction, place)

    def scan(
        self,
        part: IdentityPart | None,
        keys: Iterable[tuple[str, str]],
        at: dt.datetime,
        direction: str,
        place: str,
    ) -> int:
        """One record as the ingest stores it; the scan's id."""
        self.counter += 1
        where, at_ms = self.places[place], int(at.timestamp() * 1000)
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            digests = {self.pseudonyms.digest(*key): key[0] for key in keys}
            known = people.pseudonyms(connection, digests, at_s=at_ms // 1000)
            ids = [known.ids[digest] for digest in digests]
            kind = next(iter(digests.values()))
            credential = people.credentials(
                connection, {(kind, ids[0]): kind == "card"}, at_s=at_ms // 1000
            )[kind, ids[0]]
            record = Record(
                counter=self.counter,
                direction=direction,
                wall_ms=at_ms,
                mono_ms=5,
                boot="b",
                synced=True,
            )
            values = {
                "kiosk_id": where.kiosk_id,
                "epoch": world.EPOCH,
                "counter": self.counter,
                "digest": self.counter.to_bytes(32, "big"),
                "venue_id": where.venue_id,
                "direction": direction,
                **dict.fromkeys(("wall_ms", "corrected_ms", "earliest_ms", "latest_ms"), at_ms),
                "received_ms": at_ms + 1000,
                "mono_ms": 5,
                "boot": "b",
                "synced": True,
                "credential_id": credential,
                "label": "T***",
            }
            scan = connection.scalar(insert(Scan).values(**values).returning(Scan.id))
            assert scan is not None
            rows = [
                {"scan_id": scan, "position": n, "pseudonym_id": each} for n, each in enumerate(ids)
            ]
            connection.execute(insert(ScanKey), rows)
            if part is not None:
                binding = sealing.binding(where.kiosk, world.EPOCH, record)
                sealed = sealing.seal(part, self.vault, binding)
                connection.execute(
                    insert(ScanIdentity).values(
                        scan_id=scan, binding=binding, **msgspec.structs.asdict(sealed)
                    )
                )
            moved = links.join_scans(
                connection, dict.fromkeys(links.pairs_of(ids), scan), at_ms=at_ms
            )
            links.report(connection, moved, fresh=known.fresh, at_ms=at_ms)
            stale.mark(connection, people.persons_of(connection, ids), at_ms + 1000)
        return scan

    def buyer(self, number: int) -> str:
        """The reference of a regular."""
        digest = self.pseudonyms.digest("cccd", _number(number))
        with self.engine.connect() as connection:
            known = people.pseudonyms(connection, {digest: "cccd"}, at_s=0)
            return f"P{min(people.persons_of(connection, known.ids.values()))}"

    def _others(self, day: dt.date, offset: int) -> None:
        # Each regular comes on three of the seven days; a stay of 20 to 66 minutes, most seen out.
        for number in range(1, BUYERS + 1):
            if (number + offset) % 7 > 2:
                continue
            come = _at(day, "06:00") + dt.timedelta(minutes=7 * number)
            if come >= CALLED:
                continue
            place = "cho-mot" if number <= 16 else "cho-hai"
            come = come if number <= 16 else _at(day, "15:10") + dt.timedelta(minutes=3 * number)
            if come >= CALLED:
                continue
            self._visit(number, come, 20 + 2 * number, place, seen_out=number % 5 != 0)
        if offset == -3:
            self._visit(25, _at(day, "13:40"), 60, "benh-vien", seen_out=True)
            self._visit(26, _at(day, "14:50"), 5, "benh-vien", seen_out=True)
        if offset == -2:
            # The fourth regular, infected by then, meets two who never met the seller.
            self._visit(4, _at(day, "18:00"), 60, "benh-vien", seen_out=True)
            self._visit(27, _at(day, "18:10"), 60, "benh-vien", seen_out=True)
            self._visit(28, _at(day, "18:10"), 30, "benh-vien", seen_out=True)

    def _visit(
        self, number: int, come: dt.datetime, minutes: int, place: str, *, seen_out: bool
    ) -> None:
        part, keys = self._part(_number(number)), [("cccd", _number(number))]
        self.scan(part, keys, come, "in", place)
        out = come + dt.timedelta(minutes=minutes)
        if not seen_out or out >= CALLED:
            return
        self._leave_or_come(part, keys, out, "out", "cho-hai-ra" if place == "cho-hai" else place)

    def _part(self, number: str) -> IdentityPart:
        index = int(number[-3:])
        commune = ("Phường Mẫu", "Xã Thử", "Xã Nháp")[index % 3]
        return IdentityPart(
            name=f"Nguyễn Văn Mẫu {index}",
            birth="1990-01-02",
            sex="male",
            address=f"Số {index}, {commune}, Tỉnh Thử",
            document=number,
            phone=f"09000001{index:02}",
        )

    def _found(self) -> None:
        engine = self.engine
        self.places["cho-mot"] = world.one_venue(engine, ref="cho-mot", kiosk="cho-mot-1")
        self.places["cho-hai"] = world.one_venue(engine, ref="cho-hai", kiosk="cho-hai-vao")
        self.places["cho-hai-ra"] = world.another_kiosk(
            engine, self.places["cho-hai"], kiosk="cho-hai-ra"
        )
        self.places["benh-vien"] = world.one_venue(
            engine, ref="benh-vien", kiosk="benh-vien-1", kind="hospital", direction="both"
        )
        with engine.execution_options(**database.WRITES).begin() as connection:
            _areas(connection)
            ward = connection.scalar(select(Area.id).where(Area.code == "T01-01"))
            connection.execute(update(Venue).values(area_id=ward))
            connection.execute(
                insert(OpeningHours),
                [
                    {
                        "venue_id": self.places[place].venue_id,
                        "weekday": weekday,
                        "opens_min": 5 * 60,
                        "closes_min": 18 * 60,
                    }
                    for place in ("cho-mot", "cho-hai")
                    for weekday in range(7)
                ],
            )
            self.card = cards.issue(
                connection,
                card_id=bytes(15) + b"\x07",
                issued=TUESDAY - dt.timedelta(days=60),
                sign=self.sign,
                pseudonyms=self.pseudonyms,
                vault=self.vault,
                identity=SELLER_CARD,
                at_ms=CALLED_MS - 60 * world.DAY_MS,
                actor="ban-the",
            )

    def _heard(self, *, every: bool = False) -> None:
        """All kiosks have just spoken, but the one that is silent since Sunday."""
        kiosks = {place.kiosk: place.kiosk_id for place in self.places.values()}
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            for kiosk, kiosk_id in kiosks.items():
                silent = kiosk == "cho-hai-ra" and not every
                heard = int(SILENT_SINCE.timestamp() * 1000) if silent else CALLED_MS - 20_000
                values = {
                    "state": READY,
                    "since_ms": heard - 3_600_000,
                    "heard_ms": heard,
                    "health": codec.encode(Health(queue_depth=0)),
                }
                statement = database.insert(connection, Presence).values(
                    kiosk_id=kiosk_id, **values
                )
                connection.execute(
                    statement.on_conflict_do_update(index_elements=["kiosk_id"], set_=values)
                )


def _number(number: int) -> str:
    return f"001090000{number:03}"


def _at(day: dt.date, clock: str) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.fromisoformat(clock), ZONE)


def _areas(connection: Connection) -> None:
    for code, name, level, parent in (
        ("T01", "Tỉnh Thử", "province", None),
        ("T01-01", "Phường Mẫu", "commune", "T01"),
        ("T01-02", "Xã Thử", "commune", "T01"),
        ("T01-03", "Xã Nháp", "commune", "T01"),
        ("T02", "Tỉnh Khác", "province", None),
        ("T02-01", "Xã Thử", "commune", "T02"),
    ):
        areas.create(
            connection, code=code, name=name, level=level, parent=parent, at_ms=0, actor="t"
        )
