"""`make bench-decode [PICTURES=DIR]`: how many codes are read, by whom, and at what cost.

Three readers see the same pictures in the same run: Tram's pipeline, pyzbar alone, zxing-cpp alone.
"""

import json
import math
import multiprocessing
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench import instructions
from bench.pictures import SHARED, Picture, load, made
from bench.readers import NAMES, open_reader
from bench.variants import COUNTED, VARIANTS, Luma, variant

_readers: dict[str, Callable[[Luma], list[str]]] = {}


@dataclass(kw_only=True)
class Tally:
    """What the readers made of the pictures."""

    with_code: int = 0
    without: int = 0
    right: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By reader and variant: pictures whose text was read."""
    wrong: Counter[str] = field(default_factory=Counter)
    """By reader: texts that no picture with a code had."""
    wrong_on_empty: Counter[str] = field(default_factory=Counter)
    ms: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in NAMES})
    wrong_texts: list[str] = field(default_factory=list)

    def add(self, name: str, kind: str, picture: Picture, texts: list[str], ms: float) -> None:
        self.ms[name].append(ms)
        strange = [text for text in texts if text not in picture.texts]
        if not picture.texts:
            self.wrong_on_empty[name] += len(strange)
        else:
            self.right[name, kind] += len(strange) < len(texts)
            self.wrong[name] += len(strange)
        if strange and name == "tram":
            self.wrong_texts.append(f"{picture.name} ({kind}): {strange[0]!r:.60}")

    def counted(self, name: str) -> int:
        return sum(self.right[name, kind] for kind in COUNTED)


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="Processes.")
@click.option("--only", default="", help="Only pictures whose name contains one of these words.")
@click.option("--no-instructions", is_flag=True, help="Leave callgrind out.")
@click.option("--show-wrong", is_flag=True, help="List wrong texts of Tram's.")
def main(
    folder: Path | None, *, jobs: int, only: str, no_instructions: bool, show_wrong: bool
) -> None:
    """Compare the readers on FOLDER, which holds pictures and a manifest.json."""
    console = Console(width=120)
    pictures, where = _pictures(folder)
    words = only.split()
    pictures = [each for each in pictures if not words or any(word in each.name for word in words)]
    if not pictures:
        raise click.ClickException(f"{where}: no picture is left to read")
    tally = _tally(pictures, jobs=jobs)
    console.print(f"{where}: {tally.with_code} pictures with a code, {tally.without} without")
    console.print(_table(tally))
    console.print(_costs(tally))
    if show_wrong:
        for line in tally.wrong_texts:
            console.print(line, markup=False)
    counts: dict[str, dict[str, float]] = {}
    why_not = "not asked for" if no_instructions else instructions.available()
    if why_not:
        console.print(f"Instructions are not counted: {why_not}")
    else:
        counts = instructions.count(pictures)
        console.print(_instructions(counts))
    click.echo(json.dumps(_summary(tally, counts), ensure_ascii=False))


def _pictures(folder: Path | None) -> tuple[list[Picture], str]:
    if folder is not None:
        return load(folder), str(folder)
    if SHARED.is_dir():
        return load(SHARED), str(SHARED)
    return made(), "made-up pictures"


def _tally(pictures: list[Picture], *, jobs: int) -> Tally:
    tally = Tally(
        with_code=sum(bool(each.texts) for each in pictures),
        without=sum(not each.texts for each in pictures),
    )
    for picture, results in zip(pictures, _results(pictures, jobs), strict=True):
        for name, kind, texts, ms in results:
            tally.add(name, kind, picture, texts, ms)
    return tally


def _results(
    pictures: list[Picture], jobs: int
) -> Iterator[list[tuple[str, str, list[str], float]]]:
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from track(
            pool.imap(_read, pictures, chunksize=2),
            total=len(pictures),
            description="Reading",
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
            transient=True,
        )


def _read(picture: Picture) -> list[tuple[str, str, list[str], float]]:
    for name in NAMES:
        if name not in _readers:
            _readers[name] = open_reader(name)
    results = []
    for kind in VARIANTS:
        luma = variant(kind, picture.luma, seed=picture.name)
        for name in NAMES:
            began_s = time.perf_counter()
            texts = _readers[name](luma)
            results.append((name, kind, texts, (time.perf_counter() - began_s) * 1e3))
    return results


def _table(tally: Tally) -> Table:
    table = Table(title="Right texts")
    table.add_column("")
    for name in NAMES:
        table.add_column(name, justify="right")
    for kind in VARIANTS:
        beside = "" if kind in COUNTED else " (beside)"
        table.add_row(kind + beside, *(str(tally.right[name, kind]) for name in NAMES))
    table.add_section()
    table.add_row("the five", *(str(tally.counted(name)) for name in NAMES))
    table.add_row("tram is ahead by", "", *(f"× {_ratio(tally, name):.3f}" for name in NAMES[1:]))
    table.add_section()
    table.add_row("wrong texts, code", *(str(tally.wrong[name]) for name in NAMES))
    table.add_row("wrong texts, no code", *(str(tally.wrong_on_empty[name]) for name in NAMES))
    return table


def _costs(tally: Tally) -> Table:
    table = Table(title="Milliseconds per picture, all variants (tram: all stages at once)")
    table.add_column("")
    for name in NAMES:
        table.add_column(name, justify="right")
    table.add_row("median", *(f"{statistics.median(tally.ms[name]):.2f}" for name in NAMES))
    table.add_row("p95", *(f"{_p95(tally.ms[name]):.1f}" for name in NAMES))
    return table


def _instructions(counts: dict[str, dict[str, float]]) -> Table:
    table = Table(title="Million instructions per 640×480 frame (callgrind)")
    table.add_column("")
    table.add_column("empty", justify="right")
    table.add_column("× pyzbar", justify="right")
    table.add_column("coded", justify="right")
    labels = {
        "tram": "tram, scene stands still, 15 frames/s, all retries in turn",
        "tram without gate": "tram, gate never closed, a retry at each frame",
        "tram first look": "tram, first look alone",
    }
    for name, number in counts["empty"].items():
        coded = counts["coded"].get(name)
        table.add_row(
            labels.get(name, name),
            f"{number:.2f}",
            f"{number / counts['empty']['pyzbar']:.3f}",
            "" if coded is None else f"{coded:.2f}",
        )
    return table


def _summary(tally: Tally, counts: dict[str, dict[str, float]]) -> dict[str, Any]:
    empty = counts.get("empty", {})

    def part(name: str) -> float | None:
        return round(empty[name] / empty["pyzbar"], 4) if empty else None

    return {
        "right": {name: tally.counted(name) for name in NAMES},
        "wrong_on_empty": tally.wrong_on_empty["tram"],
        "ratio_pyzbar": round(_ratio(tally, "pyzbar"), 4),
        "ratio_zxing": round(_ratio(tally, "zxing"), 4),
        "empty_instructions_ratio": part("tram"),
        "empty_instructions_ratio_is": "a scene that stands still at 15 frames/s, gate in use",
        "empty_instructions_ratio_without_gate": part("tram without gate"),
        "empty_instructions_ratio_first_look": part("tram first look"),
        "pictures": {"with_code": tally.with_code, "without": tally.without},
        "variants": {kind: {name: tally.right[name, kind] for name in NAMES} for kind in VARIANTS},
        "wrong_with_code": {name: tally.wrong[name] for name in NAMES},
        "ms": {
            name: {"p50": round(statistics.median(ms), 2), "p95": round(_p95(ms), 2)}
            for name, ms in tally.ms.items()
        },
        "million_instructions": counts,
    }


def _ratio(tally: Tally, name: str) -> float:
    return tally.counted("tram") / max(1, tally.counted(name))


def _p95(ms: list[float]) -> float:
    return sorted(ms)[math.ceil(0.95 * len(ms)) - 1]


if __name__ == "__main__":
    main()
