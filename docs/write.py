"""Writes the documents that are made from code: `make docs`. tests/docs holds them together."""

from pathlib import Path
from typing import Any

import yaml

from wire import asyncapi

REFERENCE = Path(__file__).resolve().parent / "reference"
_NOTE = "# Made from the code in wire/ by `make docs`. Change that, not this.\n"


def asyncapi_yaml() -> str:
    """The text of docs/reference/asyncapi.yaml."""

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    text: str = yaml.dump(
        asyncapi.document(), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return _NOTE + text


def main() -> None:
    (REFERENCE / "asyncapi.yaml").write_text(asyncapi_yaml(), "utf-8")


if __name__ == "__main__":
    main()
