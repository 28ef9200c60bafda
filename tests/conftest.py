"""Fixtures over real servers. Whatever needs one is marked slow by itself."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine

from fleet_server import database, schema
from tests.support import brokers
from tests.support.brokers import Broker
from tests.support.postgres import PostgresCluster
from tests.support.programs import ProgramMissing

NEEDS_A_SERVER = frozenset(
    {"postgres_cluster", "postgres_url", "mosquitto", "start_mosquitto", "nats", "start_nats"}
    | {"broker"}
)
ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if NEEDS_A_SERVER & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    # One worker takes a whole file: what takes minutes must not begin when the others have ended.
    items.sort(key=lambda item: not {"system", "browser"} & set(item.path.parent.parts))


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """One cluster for the whole run; stopped by its own pid."""
    try:
        cluster = PostgresCluster()
    except ProgramMissing as problem:
        pytest.fail(str(problem), pytrace=False)
    with cluster:
        yield cluster


@pytest.fixture(scope="session")
def _postgres_template(postgres_cluster: PostgresCluster) -> str:
    url = postgres_cluster.create_database()
    engine = database.connect(url)
    schema.migrate(engine)
    engine.dispose()
    return url.rsplit("/", 1)[1]


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "fleet.sqlite3"
    engine = database.connect(f"sqlite:///{path}")
    schema.ensure(engine)
    engine.dispose()
    return path


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh PostgreSQL database with this release's tables, as its URL."""
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    url = cluster.create_database(template=request.getfixturevalue("_postgres_template"))
    yield url
    cluster.drop_database(url)


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database with this release's tables, as its URL."""
    path = tmp_path / "fleet.sqlite3"
    shutil.copyfile(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database with this release's tables on each engine, as its URL."""
    url: str = request.getfixturevalue(
        "sqlite_url" if request.param == "sqlite" else "postgres_url"
    )
    return url


@pytest.fixture(params=ENGINES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database without tables on each engine, as its URL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    url = cluster.create_database()
    yield url
    cluster.drop_database(url)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a fresh database with this release's tables, on each engine."""
    engine = database.connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def start_mosquitto() -> Iterator[Callable[..., Broker]]:
    """`start_mosquitto({option: value})`: any number of Mosquittos, ended with the test."""
    with ExitStack() as stack:
        yield lambda *args, **kw: stack.enter_context(_brought(brokers.mosquitto, *args, **kw))


@pytest.fixture
def start_nats() -> Iterator[Callable[..., Broker]]:
    """`start_nats(config=…, port=…)`: any number of nats-servers, ended with the test."""
    with ExitStack() as stack:
        yield lambda *args, **kw: stack.enter_context(_brought(brokers.nats, *args, **kw))


@pytest.fixture
def mosquitto(start_mosquitto: Callable[..., Broker]) -> Broker:
    """A Mosquitto, plain on a free loopback port."""
    return start_mosquitto()


@pytest.fixture
def nats(start_nats: Callable[..., Broker]) -> Broker:
    """A nats-server speaking MQTT, plain on a free loopback port."""
    return start_nats()


@pytest.fixture(params=["mosquitto", "nats"])
def broker(request: pytest.FixtureRequest) -> Broker:
    """Each broker we promise to work with."""
    found: Broker = request.getfixturevalue(request.param)
    return found


def _brought(make: Callable[..., Broker], *args: object, **options: object) -> Broker:
    try:
        return make(*args, **options)
    except ProgramMissing as problem:
        pytest.fail(str(problem), pytrace=False)
