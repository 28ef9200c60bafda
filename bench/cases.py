"""`make bench-cases [PSEUDONYMS=5000000] [ENGINE=sqlite|postgres]`: names opened, people found.

The vault as a process of its own, with its socket, policy and audit log, opens the names of a case
whose opening a second person approved. Beside it, in the same run, the bare cryptography opens the
same boxes. Then people are looked for by document number among all pseudonyms, one in ten in vain.
The last line is JSON.
"""

import datetime as dt
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, select

from bench import cases_load
from bench.cases_load import Shut
from fleet_server import database, keys, settings
from fleet_server.auth.permissions import Role
from fleet_server.cases.acting import Actor
from fleet_server.cases.desk import CaseDesk
from fleet_server.fleet import keymaking
from fleet_server.identity import audit
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.identity.vault_client import VaultClient
from fleet_server.identity.vault_messages import MAX_PERSONS, OpenedPerson
from fleet_server.models import VaultMark
from fleet_server.settings import Settings
from tests.support.postgres import PostgresCluster
from tests.support.programs import wait_until

CASE: Final = "CA-2026-017"
LAB: Final = "XN-26-0310-55"
PURPOSE: Final = "gọi điện"
TRACER: Final = Actor("truy-vet-1", Role.TRACER)
SUPERVISOR: Final = Actor("giam-sat-1", Role.TRACING_SUPERVISOR)
ROUNDS: Final = 7
"""Openings of all names by the vault and by the bare cryptography, in turn."""
MISS_EVERY: Final = 10
HOUR_MS: Final = 3_600_000
INDEXED_S: Final = 120.0


@contextmanager
def fleet(kind: str, folder: Path) -> Iterator[Settings]:
    """A fleet's home with keys, and where its database will be."""
    keymaking.init(folder / "keys", broker_hosts=["127.0.0.1"], now=dt.datetime.now(dt.UTC))
    if kind == "sqlite":
        yield settings.load(folder, environ={})
        return
    with PostgresCluster() as cluster:
        yield settings.load(folder, environ={"TRAM_DATABASE_URL": cluster.create_database()})


@contextmanager
def vault(home: Settings) -> Iterator[VaultClient]:
    """The vault's process; ended by its own id."""
    log = home.home_dir / "vault.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "fleet_server", "--home", home.home, "vault"],
            env=os.environ | {"TRAM_DATABASE_URL": home.database_url},
            stdout=out,
            stderr=out,
        )

    def up() -> bool:
        if process.poll() is not None:
            raise click.ClickException(f"the vault ended:\n{log.read_text()[-2000:]}")
        return home.vault_socket.exists()

    try:
        wait_until(up, what="the vault's socket")
        yield VaultClient(home.vault_socket)
    finally:
        process.terminate()
        process.wait(timeout=30)


def approve(engine: Engine, client: VaultClient, home: Settings, people: Sequence[int]) -> int:
    """A case with these people in it whose names may be opened; the opening's number."""

    def desk(actor: Actor) -> CaseDesk:
        now_ms = time.time_ns() // 1_000_000
        return CaseDesk(engine, client, actor, now_ms, home.zone, home.privacy)

    desk(TRACER).begin(CASE, lab_ref=LAB)
    desk(SUPERVISOR).confirm_lab(CASE, LAB)
    now_ms = time.time_ns() // 1_000_000
    refs = cases_load.put_in_case(engine, CASE, TRACER, people, now_ms=now_ms)
    opening = desk(TRACER).ask_names(CASE, refs, PURPOSE)
    desk(SUPERVISOR).decide_opening(CASE, opening, approve=True)
    return opening


def open_names(
    client: VaultClient, people: Sequence[int], opening: int
) -> tuple[float, list[OpenedPerson]]:
    """Seconds the vault's answer takes its caller, and the answer."""
    visitors = [f"P{person}" for person in people]
    began = time.perf_counter()
    opened = client.open(visitors, case=CASE, purpose=PURPOSE, actor=TRACER.name, opening=opening)
    return time.perf_counter() - began, opened


def open_bare(boxes: Sequence[tuple[bytes, bytes]], key: X25519PrivateKey) -> float:
    """Seconds to open these boxes, each with its HPKE info, and nothing else."""
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    began = time.perf_counter()
    for box, info in boxes:
        suite.decrypt(box, key, info=info)
    return time.perf_counter() - began


def find_people(client: VaultClient, pseudonyms: int, finds: int) -> list[float]:
    """Milliseconds each search took; raises ClickException for a wrong answer."""
    rng, took = random.Random(7), []
    for number in range(finds):
        miss = number % MISS_EVERY == 0
        person = rng.randrange(1, pseudonyms + 1) + (pseudonyms if miss else 0)
        asked = cases_load.document(person)
        began = time.perf_counter()
        found = client.find("document", asked, case=CASE, purpose="tìm F0", actor=TRACER.name)
        took.append(1000 * (time.perf_counter() - began))
        if found != ([] if miss else [f"P{person}"]):
            raise click.ClickException(f"looked for P{person} and found {found}")
    return took


def compare(opened: Sequence[OpenedPerson], shut: Sequence[Shut]) -> None:
    """Raises ClickException unless what the vault opened is what was sealed."""
    parts = {msgspec.json.encode(each.part) for person in opened for each in person.identities}
    sealed = {msgspec.json.encode(each.part) for each in shut}
    if parts != sealed or any(person.unreadable for person in opened):
        raise click.ClickException("the vault did not open what was sealed")


def measure(home: Settings, pseudonyms: int, names: int, scans: int, finds: int) -> dict[str, Any]:
    """Loads, opens and finds; the figures."""
    held = keys.vault(home.keys_dir)
    engine = database.connect(home.database_url)
    began = time.perf_counter()
    cases_load.fill(engine, pseudonyms, PseudonymKey.load(held.pseudonym_file))
    loaded_s = time.perf_counter() - began
    # All over the tables, as people come.
    people = random.Random(5).sample(range(1, pseudonyms + 1), names)
    hour_ago = time.time_ns() // 1_000_000 - HOUR_MS
    shut = cases_load.show_cards(
        engine, people, held.open.public_key(), times=scans, at_ms=hour_ago
    )
    boxes = [(each.sealed.box, b"identity\x00" + each.binding) for each in shut]
    with vault(home) as client:
        opening = approve(engine, client, home, people)
        wait_until(
            lambda: _indexed(engine) == len(shut),
            what="numbers in identities",
            timeout_s=INDEXED_S,
        )
        by_vault, bare = [], []
        for _ in range(ROUNDS):
            bare.append(open_bare(boxes, held.open))
            took, opened = open_names(client, people, opening)
            by_vault.append(took)
            compare(opened, shut)
        found = find_people(client, pseudonyms, finds)
    with engine.connect() as connection:
        verdict = audit.verify(connection)
    engine.dispose()
    if verdict.fault or verdict.lines < ROUNDS * names + finds:
        raise click.ClickException(f"the audit log: {verdict}")
    cuts = statistics.quantiles(found, n=100)
    return {
        "opened": names,
        "vault_s": statistics.median(by_vault),
        "vault_first_s": by_vault[0],
        "crypto_s": statistics.median(bare),
        "ratio_crypto": statistics.median(
            one / other for one, other in zip(by_vault, bare, strict=True)
        ),
        "find_ms_p50": cuts[49],
        "find_ms_p95": cuts[94],
        "finds": finds,
        "pseudonyms": cases_load.rows_of(engine, "pseudonyms"),
        "identities_each": scans,
        "audit_lines": verdict.lines,
        "engine": engine.dialect.name,
        "loaded_s": loaded_s,
    }


def _indexed(engine: Engine) -> int | None:
    """The last scan whose identity the vault has read."""
    with engine.connect() as connection:
        return connection.scalar(select(VaultMark.upto).where(VaultMark.name == "scans"))


@click.command()
@click.option("--pseudonyms", type=click.IntRange(100), default=5_000_000, show_default=True)
@click.option("--engine", "kind", type=click.Choice(["sqlite", "postgres"]), default="sqlite")
@click.option("--names", type=click.IntRange(1, MAX_PERSONS), default=3000, show_default=True)
@click.option(
    "--scans",
    type=click.IntRange(1, 3),
    default=1,
    show_default=True,
    help="Sealed identities each person has; all of them are opened.",
)
@click.option("--finds", type=click.IntRange(20), default=400, show_default=True)
def main(pseudonyms: int, kind: str, names: int, scans: int, finds: int) -> None:
    """Prints a table and, last, the JSON."""
    if names > pseudonyms:
        raise click.UsageError(f"--names: at most the {pseudonyms} there are")
    with (
        tempfile.TemporaryDirectory(prefix="tram-cases-") as folder,
        fleet(kind, Path(folder)) as home,
    ):
        figures = measure(home, pseudonyms, names, scans, finds)
    figures = {name: _rounded(value) for name, value in figures.items()}
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int | float) else str(value))
    Console().print(table)
    click.echo(json.dumps(figures))


def _rounded(value: Any) -> Any:
    """Three digits at least."""
    return round(value, 2 if value >= 10 else 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
