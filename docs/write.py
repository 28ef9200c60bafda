"""Writes the references that are made from code: `make docs`. tests/docs holds them together.

`write.py [FOLDER]` writes them elsewhere, to compare.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click
import msgspec
import yaml

from fleet_server import settings as fleet_settings
from fleet_server.auth.permissions import (
    GRANTS,
    SECOND_FACTOR_ROLES,
    VENUE_ROLES,
    Permission,
    Role,
)
from kiosk import config as kiosk_config
from kiosk.config_table import rules
from wire import asyncapi, topics

REFERENCE: Final = Path(__file__).resolve().parent / "reference"
_MADE: Final = "Made from the code by `make docs`: change that, not this."
_WIDTH: Final = 90


def asyncapi_yaml() -> str:
    """The contract as AsyncAPI 3."""

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    text: str = yaml.dump(
        asyncapi.document(), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return f"# {_MADE}\n{text}"


def topics_md() -> str:
    """Every topic with direction, delivery and message."""
    lines = [
        f"<!-- {_MADE} -->",
        "# Topics",
        "",
        "JSON over MQTT 3.1.1 or later; binary fields in base64. Messages field by field stand in",
        "[asyncapi.yaml](asyncapi.yaml). `{kiosk}` is the kiosk's id: 1 to 48 of a-z, 0-9 and "
        "inner hyphens,",
        f"none of {', '.join(sorted(topics.RESERVED_IDS))}.",
        "",
    ]
    for channel in asyncapi.CHANNELS:
        way = "kiosk → server" if channel.from_kiosk else "server → kiosk"
        kept = "retained" if channel.retained else "not retained"
        lines += [
            f"## `{channel.topic}`",
            "",
            f"{way}, QoS {channel.qos}, {kept}, `{channel.message.__name__}`. {channel.says}",
            "",
        ]
    return _text(lines)


def kiosk_settings_md() -> str:
    """Every setting of kiosk.toml."""
    lines = [
        f"<!-- {_MADE} -->",
        "# Settings of a kiosk",
        "",
        "`kiosk.toml`, in the bundle that `fleet kiosk create` writes. Relative paths count from",
        "the file's folder. A wrong value stops the program (exit status 2) with the key, the file "
        "and what was expected.",
        "",
    ]
    for name, section in kiosk_config.SECTIONS.items():
        lines += [f"## [{name}]", "", _sentence(section), ""]
        lines += ["| Key | Default | Expected | |", "|---|---|---|---|"]
        says = asyncapi.field_docs(section)
        for key, (rule, default) in rules(section).items():
            shown = "required" if rule.required else f"`{_toml(default)}`"
            if not rule.required and default is None:
                shown = "absent"
            lines.append(_row(f"`{name}.{key}`", shown, rule.expected, says.get(key, "")))
        lines.append("")
    return _text(lines)


def settings_md() -> str:
    """Every setting of the fleet server."""
    lines = [
        f"<!-- {_MADE} -->",
        "# Settings of the fleet server",
        "",
        "`<home>/fleet.toml`; every key may be left out. The home directory is `--home`, else "
        "`TRAM_HOME`, else",
        "`$XDG_DATA_HOME/tram` or `~/.local/share/tram`. `TRAM_DATABASE_URL` in the environment "
        "wins over `database_url`.",
        "",
        "| Key | Default | |",
        "|---|---|---|",
        *_struct_rows(fleet_settings.Settings, ""),
    ]
    return _text(lines)


def commands_md() -> str:
    """What every command says about itself."""
    lines = [
        f"<!-- {_MADE} -->",
        "# Commands",
        "",
        "Both programs lie in `.venv/bin`. Exit status: 0 done, 1 not possible, 2 wrong usage or "
        "settings.",
        "",
    ]
    for program, module in (("kiosk", "kiosk.cli"), ("fleet", "fleet_server.cli")):
        command: click.Command = importlib.import_module(module).main
        for path, context in _contexts(command, program, None):
            level = "#" * min(2 + path.count(" "), 4)
            lines += [f"{level} `{path}`", "", "```text", context.get_help(), "```", ""]
    return _text(lines)


def permissions_md() -> str:
    """What can be permitted, and to whom."""
    says = asyncapi.field_docs(Permission)
    lines = [
        f"<!-- {_MADE} -->",
        "# Permissions",
        "",
        "Every page and every operation of the API needs one of these; what is not granted is "
        "denied.",
        "",
        "| Permission | | Roles |",
        "|---|---|---|",
    ]
    for each in Permission:
        roles = ", ".join(f"`{role}`" for role in Role if each in GRANTS[role])
        lines.append(_row(f"`{each}`", says[each.name], roles))
    lines += [
        "",
        "## Roles",
        "",
        "| Role | Works for | Second factor |",
        "|---|---|---|",
    ]
    for role in Role:
        where = "one or several venues" if role in VENUE_ROLES else "everywhere, or one area"
        factor = "required" if role in SECOND_FACTOR_ROLES else "by choice"
        lines.append(_row(f"`{role}`", where, factor))
    lines.append("")
    return _text(lines)


WRITTEN: Final[dict[str, Callable[[], str]]] = {
    "asyncapi.yaml": asyncapi_yaml,
    "topics.md": topics_md,
    "kiosk-settings.md": kiosk_settings_md,
    "settings.md": settings_md,
    "commands.md": commands_md,
    "permissions.md": permissions_md,
}


def _contexts(
    command: click.Command, name: str, parent: click.Context | None
) -> Iterator[tuple[str, click.Context]]:
    """A command and all below it, each with its full path."""
    context = click.Context(
        command, info_name=name, parent=parent, terminal_width=_WIDTH, max_content_width=_WIDTH
    )
    yield context.command_path, context
    if isinstance(command, click.Group):
        for below in sorted(command.list_commands(context)):
            found = command.get_command(context, below)
            if found is not None and not found.hidden:
                yield from _contexts(found, below, context)


def _struct_rows(struct: type[msgspec.Struct], prefix: str) -> Iterator[str]:
    says = asyncapi.field_docs(struct)
    sections = []
    for field in msgspec.structs.fields(struct):
        if isinstance(field.default, msgspec.Struct):
            sections.append((type(field.default), f"{prefix}{field.name}."))
        elif prefix + field.name != "home":
            default = f"`{_toml(_default(field))}`"
            yield _row(f"`{prefix}{field.encode_name}`", default, says.get(field.name, ""))
    for section, name in sections:
        yield from _struct_rows(section, name)


def _default(field: msgspec.structs.FieldInfo) -> object:
    made = field.default_factory
    return field.default if made is msgspec.NODEFAULT else made()


def _sentence(section: type) -> str:
    """A section's docstring without its name in front: `[camera]: where …` → `Where …`."""
    said = " ".join((section.__doc__ or "").split()).partition(": ")[2]
    return said[:1].upper() + said[1:]


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str | Path) else str(value)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _text(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in "\n".join(lines).splitlines()).rstrip() + "\n"


def main(folder: Path) -> None:
    for name, make in WRITTEN.items():
        (folder / name).write_text(make(), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else REFERENCE)
