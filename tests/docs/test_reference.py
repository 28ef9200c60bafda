"""The reference names every setting, command and topic there is, as the code has them."""

import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest

import fleet_server.cli
import kiosk.cli
from fleet_server.auth.permissions import Permission, Role
from fleet_server.settings import Settings
from kiosk.config import SECTIONS
from kiosk.config_table import rules
from wire import topics

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
WRITTEN: dict[str, Any] = runpy.run_path(str(ROOT / "docs" / "write.py"))["WRITTEN"]


@pytest.mark.slow
def test_the_reference_is_what_make_docs_writes(tmp_path: Path) -> None:
    # In a process of its own: click keeps what other tests made of its commands.
    subprocess.run([sys.executable, ROOT / "docs" / "write.py", tmp_path], check=True, cwd=ROOT)
    written = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert set(written) == set(WRITTEN)
    for name, text in written.items():
        assert (REFERENCE / name).read_text("utf-8") == text, f"{name}: run `make docs`"


def test_every_setting_of_a_kiosk_has_a_line_that_says_what_it_is_for() -> None:
    lines = (REFERENCE / "kiosk-settings.md").read_text("utf-8").splitlines()
    for name, section in SECTIONS.items():
        for key in rules(section):
            line = next((each for each in lines if each.startswith(f"| `{name}.{key}` |")), "")
            assert line, f"{name}.{key} is not documented"
            assert line.rsplit("|", 2)[1].strip(), f"{name}.{key}: a docstring is missing"


def test_every_setting_of_the_server_has_a_line() -> None:
    text = (REFERENCE / "settings.md").read_text("utf-8")
    for key in server_settings(Settings, ""):
        assert f"| `{key}` |" in text, f"{key} is not documented"


def test_every_permission_and_every_role_has_a_line_that_says_what_it_is_for() -> None:
    lines = (REFERENCE / "permissions.md").read_text("utf-8").splitlines()
    for each in [*Permission, *Role]:
        line = next((line for line in lines if line.startswith(f"| `{each}` |")), "")
        assert all(cell.strip() for cell in line.strip("|").split("|")), f"{each}: {line!r}"
        assert line, f"{each} is not documented"


def test_every_topic_has_a_heading() -> None:
    text = (REFERENCE / "topics.md").read_text("utf-8")
    for channel in topics.FROM_KIOSK + topics.TO_KIOSK:
        assert f"## `{topics.PREFIX}/{{kiosk}}/{channel}`" in text
    assert f"## `{topics.SERVER_STATE}`" in text


@pytest.mark.parametrize(
    ("program", "main"), [("kiosk", kiosk.cli.main), ("fleet", fleet_server.cli.main)]
)
def test_every_command_has_a_heading_and_says_what_it_does(
    program: str, main: click.Command
) -> None:
    text = (REFERENCE / "commands.md").read_text("utf-8")
    for path, command in commands(main, program):
        assert f"# `{path}`\n" in text, f"{path} is not documented"
        assert command.help, f"{path}: a docstring is missing"


def server_settings(struct: type[msgspec.Struct], prefix: str) -> Iterator[str]:
    for field in msgspec.structs.fields(struct):
        if isinstance(field.default, msgspec.Struct):
            yield from server_settings(type(field.default), f"{prefix}{field.encode_name}.")
        elif field.encode_name != "home":
            yield prefix + field.encode_name


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None, f"{path} {name} is listed and not there"
            yield from commands(below, f"{path} {name}")
