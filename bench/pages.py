"""`make bench-pages [VISITS=1000000] [ENGINE=sqlite|postgres]`: every page, as its readers ask.

A fleet with so many visits is served as `fleet web` serves it. Each page is read alone, then by
fifty readers at once; beside it, on the same server software under the same load, a Flask
application that says hello. The last line is JSON.
"""

import json
import multiprocessing
import re
import statistics
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import msgspec
import numpy as np
from flask import Flask
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench import pages_load
from bench.cases import fleet, vault
from bench.pages_table import PAGES, Page
from bench.town import Town
from fleet_server import database, keys, serving
from fleet_server.auth.permissions import Role
from fleet_server.settings import Settings, Web
from fleet_server.web import run
from fleet_server.web.app import create_app
from tests.fleet_server.people import PASSWORD, SECRET, code_at
from tests.support.programs import wait_until

HOST: Final = "127.0.0.1"
READERS: Final = 50
ALONE: Final = 100
WARM: Final = 10
AIM_RATIO: Final = 8
AIM_ALONE_MS: Final = 100
# wrk is C and one thread: on a small machine a client in Python would be measured itself.
REPORT: Final = """
done = function(summary, latency)
  io.write(string.format("RESULT %.3f %.3f %d %d", latency:percentile(50) / 1000,
    latency:percentile(95) / 1000, summary.requests,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""


class Loaded(NamedTuple):
    """Milliseconds under load."""

    p50: float
    p95: float
    requests: int


def serve_pages(home: Settings) -> None:
    run.run(home)


def serve_hello(home: Settings) -> None:
    app = Flask("hello")
    app.add_url_rule("/", "hello", lambda: "hello")
    serving.make_run_dir(home)
    run.Gunicorn(home, app).run()


@contextmanager
def served(home: Settings, serve: Callable[[Settings], None]) -> Iterator[int]:
    """The port of a server in a process of its own, ended by its own id."""
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(home,))
    process.start()
    written = home.run_dir / run.PORT_FILE
    try:
        wait_until(lambda: written.exists() or not process.is_alive(), what="the server's port")
        if not process.is_alive():
            raise click.ClickException("the server ended")
        yield int(written.read_text())
    finally:
        process.terminate()
        process.join(30)


def signed_in(port: int, login: str) -> str:
    """The cookies of a browser after it signed in."""
    jar, origin = CookieJar(), f"http://{HOST}:{port}"
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    browser.addheaders = [("Origin", origin)]

    def submit(url: str, **typed: str) -> str:
        with browser.open(url) as shown:
            form = shown.read().decode()
        token = re.search(r'name="csrf_token" value="([^"]+)"', form)
        assert token is not None, form
        sent = urllib.parse.urlencode(typed | {"csrf_token": token[1]}).encode()
        with browser.open(url, sent) as answer:
            return str(answer.url)

    arrived = submit(f"{origin}/sign-in", name=login, password=PASSWORD)
    if "/sign-in/code" in arrived:
        submit(f"{origin}/sign-in/code", code=code_at(SECRET, int(time.time())))
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def alone(port: int, path: str, cookies: str, requests: int) -> list[float]:
    """Milliseconds of so many requests, one after the other on one connection."""
    connection, found = HTTPConnection(HOST, port, timeout=60), []
    for number in range(WARM + requests):
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookies})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise click.ClickException(f"{path}: answered {answer.status}")
        if number >= WARM:
            found.append(1000 * (time.perf_counter() - began))
    connection.close()
    return found


def loaded(port: int, path: str, cookies: str, seconds: int, folder: Path) -> Loaded:
    """READERS at once, each asking again as soon as it is answered."""
    script = folder / "report.lua"
    script.write_text(REPORT)
    told = subprocess.run(
        [
            *("wrk", "-t1", f"-c{READERS}", f"-d{seconds}s", "--timeout", "30s"),
            *("-s", str(script), "-H", f"Cookie: {cookies}", f"http://{HOST}:{port}{path}"),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"RESULT (\S+) (\S+) (\d+) (\d+)", told)
    if found is None or int(found[4]) or not int(found[3]):
        raise click.ClickException(f"{path}: not every reader was answered\n{told}")
    return Loaded(float(found[1]), float(found[2]), int(found[3]))


def measure(
    page: Page, path: str, port: int, cookies: str, *, requests: int, seconds: int, folder: Path
) -> dict[str, float]:
    each = alone(port, path, cookies, requests)
    many = loaded(port, path, cookies, seconds, folder)
    return {
        "p50_ms": float(np.percentile(each, 50)),
        "p95_ms": float(np.percentile(each, 95)),
        "load_p50_ms": many.p50,
        "load_p95_ms": many.p95,
    }


def wanted(only: str) -> list[Page]:
    return [page for page in PAGES if only in page.name]


def show(figures: Mapping[str, Mapping[str, float]], hello: float) -> None:
    table = Table(title=f"hello under {READERS} readers: {hello:.1f} ms")
    for heading in ("page", "alone p50", "p95", "load p50", "p95", "× hello"):
        table.add_column(heading, justify="left" if heading == "page" else "right")
    for name, each in sorted(figures.items(), key=lambda item: -item[1]["ratio_hello"]):
        slow = each["ratio_hello"] > AIM_RATIO or each["p50_ms"] > AIM_ALONE_MS
        shown = [f"{each[key]:.1f}" for key in list(each)]
        table.add_row(name, *shown, style="red" if slow else "")
    Console(stderr=True).print(table)


@click.command()
@click.option("--visits", type=int, default=1_000_000, show_default=True)
@click.option("--engine", type=click.Choice(["sqlite", "postgres"]), default="sqlite")
@click.option("--requests", type=int, default=ALONE, show_default=True, help="Of each page alone.")
@click.option("--seconds", type=int, default=5, show_default=True, help="Under load, each page.")
@click.option("--only", default="", help="Pages with this in their name.")
def main(visits: int, engine: str, requests: int, seconds: int, only: str) -> None:
    with tempfile.TemporaryDirectory() as made, Progress(console=Console(stderr=True)) as progress:
        folder, town = Path(made), Town(visits)
        filling = progress.add_task("filling", total=pages_load.STEPS + 1)
        with fleet(engine, folder / "fleet") as made_home:
            home = msgspec.structs.replace(made_home, web=Web(port=0))
            server = database.connect(home.database_url)
            pages_load.fill(
                server, town, home, now=int(time.time()), step=lambda: progress.advance(filling)
            )
            app = create_app(home, engine=server, session_key=keys.web(home.keys_dir).session)
            logins = pages_load.people(app, server)
            venue, kiosk = pages_load.largest(server)
            there = {"venue": venue, "kiosk": kiosk, "login": logins[Role.TRACER]}
            with vault(home) as client:
                there |= pages_load.open_case(server, client, home, town)
                progress.advance(filling)
                server.dispose()
                figures, hello = _run(
                    home, folder, progress, logins, there, only, requests, seconds
                )
    show(figures, hello)
    told: dict[str, Any] = {"visits": visits, "engine": engine, "readers": READERS}
    told |= {"contacts": int(there["contacts"]), "hello_ms": round(hello, 3)}
    rounded = {name: {k: round(v, 3) for k, v in each.items()} for name, each in figures.items()}
    print(json.dumps(told | {"pages": rounded}))


def _run(
    home: Settings,
    folder: Path,
    progress: Progress,
    logins: Mapping[Role, str],
    there: Mapping[str, str],
    only: str,
    requests: int,
    seconds: int,
) -> tuple[dict[str, dict[str, float]], float]:
    """Figures of each page, and hello's median under the same load."""
    bare = msgspec.structs.replace(home, home=str(folder / "hello"))
    bare.home_dir.mkdir()
    pages = wanted(only)
    reading = progress.add_task("reading", total=len(pages))
    figures, hellos = {}, []
    with served(home, serve_pages) as port, served(bare, serve_hello) as hello:
        cookies = {role: signed_in(port, logins[role]) for role in {page.role for page in pages}}
        for page in pages:
            # Beside every page, for the machine may be busy with something else by then.
            hellos.append(loaded(hello, "/", "", max(1, seconds // 3), folder).p50)
            figures[page.name] = measure(
                page,
                page.path.format_map(there),
                port,
                cookies[page.role],
                requests=requests,
                seconds=seconds,
                folder=folder,
            )
            progress.advance(reading)
    hello_ms = statistics.median(hellos)
    for each in figures.values():
        each["ratio_hello"] = each["load_p50_ms"] / hello_ms
    return figures, hello_ms


if __name__ == "__main__":
    main()
