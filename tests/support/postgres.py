"""A real PostgreSQL cluster of the tests' own."""

import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path

import psycopg

from tests.support.programs import Server, find, free_port, unprivileged

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "128MB",
    "max_connections": "60",
    "max_wal_size": "512MB",
    "jit": "off",
}
"""fsync and synchronous_commit stay on: a receipt promises what they promise."""


class PostgresCluster:
    """`with PostgresCluster() as cluster:`; databases by `create_database`."""

    def __init__(self) -> None:
        self.port = free_port()
        # Not pytest's folder: its parents are closed to the user PostgreSQL runs as.
        self.folder = Path(tempfile.mkdtemp(prefix="tram-pg-"))
        user = unprivileged(prefer="postgres")
        if user:
            shutil.chown(self.folder, user["user"], user["group"])  # type: ignore[call-overload]
        data = self.folder / "data"
        places = "/usr/lib/postgresql/*/bin"
        subprocess.run(  # type: ignore[call-overload]
            [
                *(str(find("initdb", places)), "-D", str(data), "-U", "tram", "-A", "trust"),
                *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            cwd=self.folder,
            **user,
        )
        options = [f"-c{key}={value}" for key, value in SETTINGS.items()]
        self.server = Server(
            [
                *(str(find("postgres", places)), "-D", str(data), "-p", str(self.port)),
                *("-k", str(self.folder), *options),
            ],
            port=self.port,
            log=self.folder / "log",
            cwd=self.folder,
            **user,
        )

    def __enter__(self) -> "PostgresCluster":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.end(signal.SIGINT)
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Starts it, after `kill` too, and waits until it takes connections."""
        self.server.start()
        while True:
            try:
                psycopg.connect(self.dsn("postgres")).close()
            except psycopg.OperationalError as problem:
                if "starting up" not in str(problem) and "recovery" not in str(problem):
                    raise
            else:
                return

    def kill(self) -> None:
        """SIGKILL to the postmaster: its children follow, and the next start recovers."""
        self.server.kill()

    def dsn(self, name: str) -> str:
        return f"postgresql://tram@127.0.0.1:{self.port}/{name}"

    def create_database(self, *, template: str = "template0") -> str:
        """A new database, as its URL."""
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
        return self.dsn(name)

    def drop_database(self, url: str) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {url.rsplit('/', 1)[1]} WITH (FORCE)")
