"""A fleet's home directory with keys, as `fleet keys init` leaves it, and its commands."""

import datetime as dt
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fleet_server import settings
from fleet_server.cli import main
from fleet_server.fleet import keymaking
from fleet_server.settings import Settings

NOW = dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Home:
    """Commands run in it, in this process."""

    path: Path

    @property
    def settings(self) -> Settings:
        return settings.load(self.path, environ={})

    def run(self, *args: str) -> Result:
        return CliRunner().invoke(main, ["--home", str(self.path), *args])

    def ok(self, *args: str) -> str:
        """Output of a command that must succeed."""
        result = self.run(*args)
        assert result.exit_code == 0, f"{args}: {result.output}"
        return result.stdout

    def json(self, *args: str) -> Any:
        return json.loads(self.ok(*args, "--json"))

    def fails(self, *args: str, status: int = 1) -> str:
        """What a command that must fail says; never a traceback."""
        result = self.run(*args)
        assert result.exit_code == status, f"{args}: {result.exit_code} {result.output}"
        assert isinstance(result.exception, SystemExit), repr(result.exception)
        assert "Traceback" not in result.output
        return result.stderr


@pytest.fixture(scope="session")
def keys_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys made once for the whole run: copied, never changed."""
    folder = tmp_path_factory.mktemp("fleet") / "keys"
    keymaking.init(folder, broker_hosts=["localhost", "127.0.0.1"], now=NOW)
    return folder


@pytest.fixture
def home(
    keys_once: Path, _sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Home:
    """A home with keys and an empty database."""
    for name in ("TRAM_HOME", "TRAM_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "home"
    path.mkdir()
    shutil.copytree(keys_once, path / "keys")
    shutil.copyfile(_sqlite_template, path / "fleet.sqlite3")
    return Home(path)
