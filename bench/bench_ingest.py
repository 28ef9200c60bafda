"""How fast kiosks' records become rows, beside the barest loop that could do it.

    python -m bench.bench_ingest [--records 20000] [--batch 100] [--engine sqlite|postgresql]

A backlog through a real Mosquitto into each database, then live scans at 50 a second. The peer is
paho → INSERT of each record's bytes, one transaction per message, with an answer after the commit:
no sealing, no pseudonyms, no persons, no visits. Both in this run, one after the other. The last
line is JSON.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Engine, func, insert, select

from fleet_server import database, schema
from fleet_server.models import Base, Kiosk, Posting, StaleVisits
from tests.support import brokers, world
from tests.support.brokers import Broker
from tests.support.ingest import IngestProcess, KioskClient, make_keys
from tests.support.postgres import PostgresCluster
from tests.support.programs import wait_until
from tests.support.records import SealingKeys, make_batch, make_kiosk_record, tracing_part
from wire.records import IdentityPart

KIOSKS = 20
PEOPLE = 8_000
LIVE_PER_S = 50
LIVE_S = 20
IDENTITY = IdentityPart(name="Nguyễn Văn Mẫu", phone="0900000000", address="1 Đường Mẫu")

PEER = """
import json, queue, sys, time
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from fleet_server import database
from sqlalchemy import text
url, port = sys.argv[1], int(sys.argv[2])
engine = database.connect(url).execution_options(**database.WRITES)
blob = "BLOB" if url.startswith("sqlite") else "BYTEA"
with engine.begin() as c:
    c.execute(text(f"CREATE TABLE bare (kiosk TEXT, epoch TEXT, counter BIGINT, record {blob},"
                   " PRIMARY KEY (kiosk, epoch, counter))"))
put = text("INSERT INTO bare VALUES (:kiosk, :epoch, :counter, :record) ON CONFLICT DO NOTHING")
inbox = queue.Queue()
client = mqtt.Client(CallbackAPIVersion.VERSION2, "peer", clean_session=False, manual_ack=True)
client.on_message = lambda c, u, m: inbox.put(m)
client.on_connect = lambda c, u, f, r, p: c.subscribe("tram/1/+/scans", 1)
client.on_subscribe = lambda c, u, m, r, p: print("ready", flush=True)
client.connect("127.0.0.1", port)
client.loop_start()
while True:
    message = inbox.get()
    batch = json.loads(message.payload)
    kiosk = message.topic.split("/")[2]
    rows = [{"kiosk": kiosk, "epoch": batch["epoch"], "counter": record["counter"],
             "record": json.dumps(record).encode()} for record in batch["records"]]
    with engine.begin() as c:
        c.execute(put, rows)
    stored = [[batch["epoch"], row["counter"], row["counter"]] for row in rows]
    client.publish(f"tram/1/{kiosk}/receipts", json.dumps({"stored": stored}), qos=1)
    client.ack(message.mid, 1)
"""


def _kiosk(number: int) -> str:
    return f"bench-{number}"


def _make_kiosks(engine: Engine) -> None:
    place = world.one_venue(engine)
    with engine.execution_options(**database.WRITES).begin() as connection:
        for number in range(KIOSKS):
            key = connection.execute(
                insert(Kiosk).values(ref=_kiosk(number), created_at=0)
            ).inserted_primary_key
            assert key is not None
            posting = {"kiosk_id": key[0], "venue_id": place.venue_id, "direction": "both"}
            connection.execute(insert(Posting).values(**posting, valid_from=0))


def _records(keys: SealingKeys, kiosk: str, first: int, count: int) -> list[bytes]:
    """Half printed cards, half national codes with two numbers and an identity part."""
    now_ms = time.time_ns() // 1_000_000
    made = []
    for counter in range(first, first + count):
        who = zlib.crc32(f"{kiosk}/{counter}".encode()) % PEOPLE
        national = who % 2 == 0
        part = (
            tracing_part(("qid", f"{who:018}"), ("bhyt", f"{who:010}"), kind="national")
            if national
            else tracing_part(("card", f"{who:032x}"))
        )
        made.append(
            make_kiosk_record(
                keys,
                kiosk=kiosk,
                counter=counter,
                part=part,
                identity=IDENTITY if national else None,
                direction="both",
                wall_ms=now_ms - (count - counter) * 100,
            )
        )
    return made


class Answers:
    """Kiosk clients, and when each record was answered."""

    def __init__(self, broker: Broker, stack: ExitStack) -> None:
        self.clients = [
            stack.enter_context(KioskClient(broker, _kiosk(number))) for number in range(KIOSKS)
        ]

    def stored(self) -> Iterator[tuple[int, int]]:
        """(kiosk, counter) of everything answered since the last look."""
        for number, client in enumerate(self.clients):
            while not client.receipts.empty():
                for _, first, last in client.receipts.get().stored:
                    for counter in range(first, last + 1):
                        yield number, counter


def _backlog(answers: Answers, batches: list[tuple[int, bytes]], records: int) -> float:
    """Records per second from the first publish to the last receipt."""
    began = time.monotonic()
    for number, payload in batches:
        answers.clients[number].say("scans", payload)
    left = records
    while left > 0:
        left -= sum(1 for _ in answers.stored())
        time.sleep(0.002)
        if time.monotonic() - began > 300:
            raise SystemExit(f"{left} of {records} records without a receipt after 300 s")
    return records / (time.monotonic() - began)


def _live(answers: Answers, payloads: list[tuple[int, int, bytes]]) -> tuple[float, float]:
    """Median and 95th percentile of publish → receipt, ms."""
    sent: dict[tuple[int, int], float] = {}
    took: list[float] = []
    began = time.monotonic()
    for index, (number, counter, payload) in enumerate(payloads):
        while (now := time.monotonic()) < began + index / LIVE_PER_S:
            took += [1000 * (now - sent[answered]) for answered in answers.stored()]
            time.sleep(0.0005)
        sent[number, counter] = time.monotonic()
        answers.clients[number].say("scans", payload)
    while len(took) < len(payloads) and time.monotonic() - began < LIVE_S + 30:
        now = time.monotonic()
        took += [1000 * (now - sent[answered]) for answered in answers.stored()]
        time.sleep(0.0005)
    cuts = statistics.quantiles(took, n=100)
    return cuts[49], cuts[94]


def _measure(
    name: str,
    broker: Broker,
    start: Callable[[], object],
    backlog: list[tuple[int, bytes]],
    live: list[tuple[int, int, bytes]],
    records: int,
) -> dict[str, float]:
    with ExitStack() as stack:
        answers = Answers(broker, stack)
        start()
        rate = _backlog(answers, backlog, records)
        time.sleep(1)
        p50, p95 = _live(answers, live)
    print(f"  {name:5} {rate:8.0f} records/s   live p50 {p50:6.1f} ms  p95 {p95:6.1f} ms")
    return {"records_s": round(rate), "live_p50_ms": round(p50, 1), "live_p95_ms": round(p95, 1)}


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[Callable[[str], str]]:
    """Makes databases by name."""
    if kind == "sqlite":
        yield lambda name: f"sqlite:///{folder / name}.sqlite3"
        return
    with PostgresCluster() as cluster:
        yield lambda _name: cluster.create_database()


def _count(engine: Engine, table: type[Base]) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def _engine(kind: str, records: int, batch: int) -> dict[str, float]:
    print(f"{kind}: {records} records in batches of {batch}, {KIOSKS} kiosks")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tram-bench-")))
        make_url = stack.enter_context(_database(kind, folder))
        keys = make_keys(folder)
        each = records // KIOSKS
        backlog: list[tuple[int, bytes]] = []
        live: list[tuple[int, int, bytes]] = []
        made = {n: _records(keys, _kiosk(n), 1, each) for n in range(KIOSKS)}
        for first in range(0, each, batch):
            backlog += [(n, make_batch(made[n][first : first + batch])) for n in range(KIOSKS)]
        for index in range(LIVE_PER_S * LIVE_S):
            number, counter = index % KIOSKS, each + 1 + index // KIOSKS
            record = _records(keys, _kiosk(number), counter, 1)
            live.append((number, counter, make_batch(record)))

        result: dict[str, float] = {}
        with brokers.mosquitto() as broker:
            url = make_url("ours")
            engine = database.connect(url)
            schema.migrate(engine)
            _make_kiosks(engine)
            with IngestProcess(folder, broker.url, url) as ingest:

                def up() -> None:
                    wait_until(lambda: ingest.says("connected to broker"), what="the ingest")

                result |= _measure("ours", broker, up, backlog, live, each * KIOSKS)
                began = time.monotonic()
                wait_until(lambda: _count(engine, StaleVisits) == 0, what="visits", timeout_s=120)
                print(
                    f"  visits derived {time.monotonic() - began:.1f} s after the last scan:"
                    f" {world.count_visits(engine)}"
                )
            engine.dispose()
        with brokers.mosquitto() as broker:
            peer = subprocess.Popen(
                [sys.executable, "-c", PEER, make_url("peer"), str(broker.port)],
                stdout=subprocess.PIPE,
                env=os.environ,
            )
            stack.callback(peer.wait)
            stack.callback(peer.kill)
            assert peer.stdout is not None
            ready = peer.stdout.readline
            bare = _measure("bare", broker, ready, backlog, live, each * KIOSKS)
    result["bare_records_s"] = bare["records_s"]
    result["bare_live_p50_ms"] = bare["live_p50_ms"]
    result["bare_live_p95_ms"] = bare["live_p95_ms"]
    result["ratio_bare"] = round(result["records_s"] / bare["records_s"], 2)
    return result


def main() -> None:
    """Prints the table and, last, the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], action="append")
    options = parser.parse_args()
    engines = options.engine or ["sqlite", "postgresql"]
    results = {kind: _engine(kind, options.records, options.batch) for kind in engines}
    print(json.dumps({"records": options.records, "batch": options.batch, **results}))


if __name__ == "__main__":
    main()
