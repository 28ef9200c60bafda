"""What leaves a case as files: lists, milestones, and imports for other systems. On record before
anybody has them.
"""

import hashlib
import io
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import select

from fleet_server.cases import export_rows
from fleet_server.cases.acting import BadWords
from fleet_server.cases.contact_list import CaseContact, Filter
from fleet_server.cases.desk import CaseDesk
from fleet_server.cases.export_rows import Source
from fleet_server.cases.names import Named
from fleet_server.cases.results import Evaluation
from fleet_server.errors import NotKnown, Refused
from fleet_server.interchange import godata, sormas, table_csv, table_xlsx, tables
from fleet_server.interchange.godata import Shape
from fleet_server.interchange.records import (
    PersonRecord,
    Role,
)
from fleet_server.interchange.tables import Row, Table
from fleet_server.models import Area, Venue

KINDS: Final = ("contacts", "call-list", "milestones", "exposures", "godata", "sormas")
NAMED: Final = frozenset({"call-list", "godata", "sormas"})
"""Kinds that carry names, which are opened for them."""
SHAPES: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("contacts", "call-list", "milestones", "exposures"), ("xlsx", "csv")),
    "godata": ("json", "csv"),
    "sormas": ("csv",),
}
"""The shapes of each kind, the usual first."""
PRIVATE: Final = 0o600


class Written(NamedTuple):
    """One file, on record."""

    path: Path
    rows: int
    sha256: str


class Wanted(NamedTuple):
    """What is to be exported."""

    kind: str
    shape: str = ""
    """Empty: the kind's usual one."""
    which: Filter = Filter()
    by_commune: bool = False
    """Call lists: a file for each commune."""
    purpose: str = ""
    opening: int | None = None
    """Approved request for the names, where one is needed."""


def export(desk: CaseDesk, ref: str, wanted: Wanted, folder: Path) -> list[Written]:
    """Writes the files into `folder`, none of which may be there. Raises BadWords, NotPermitted,
    Refused.
    """
    shape = wanted.shape or SHAPES[wanted.kind][0]
    if shape not in SHAPES[wanted.kind]:
        raise BadWords(
            f"{wanted.kind}: dạng tệp là {' hay '.join(SHAPES[wanted.kind])} / expected"
            f" {' or '.join(SHAPES[wanted.kind])}, not {shape[:20]!r}"
        )
    if wanted.by_commune and wanted.kind != "call-list":
        raise BadWords(
            f"{wanted.kind}: chỉ danh sách gọi điện mới chia theo xã, phường / only call lists are"
            " written by commune"
        )
    source = _source(desk, ref, wanted)
    return [
        _write(desk, ref, folder / name, write) for name, write in _files(source, wanted, shape)
    ]


def packed(desk: CaseDesk, ref: str, wanted: Wanted) -> tuple[str, bytes]:
    """The same as one ZIP: its name and content. What carries names needs a purpose."""
    if wanted.kind in NAMED and not wanted.purpose:
        raise BadWords(
            f"purpose: {wanted.kind} có tên người, cần nêu mục đích / carries names; expected what"
            " they are for"
        )
    into = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="tram-") as folder:
        written = export(desk, ref, wanted, Path(folder))
        with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
            for each in written:
                archive.write(each.path, each.path.name)
    return f"{file_stem(ref)}-{wanted.kind}.zip", into.getvalue()


def _source(desk: CaseDesk, ref: str, wanted: Wanted) -> Source:
    case = desk.show(ref)
    contacts = desk.contacts(ref, wanted.which)
    people_of = [each.ref for each in contacts]
    if wanted.kind in ("godata", "sormas"):
        people_of = [each.ref for each in case.index] + people_of
    named: list[Named] = []
    if wanted.kind in NAMED and people_of:
        # Before anything is written: the vault may say no.
        named = desk.open_names(ref, people_of, wanted.purpose, wanted.opening)
        contacts = desk.contacts(ref, wanted.which)
    evaluation = None
    if case.evaluated is not None:
        content = desk.result(ref, case.evaluated, None).content
        evaluation = msgspec.convert(content, Evaluation)
    stands = desk.people(ref)
    with desk.engine.connect() as connection:
        areas = connection.execute(select(Area.code, Area.name)).all()
        venues = connection.execute(
            select(Venue.ref, Area.code).join(Area, Area.id == Venue.area_id)
        ).all()
    return Source(
        desk,
        case,
        evaluation,
        contacts,
        {each.ref: each for each in named},
        stands,
        export_rows.notes(desk.events(ref), stands),
        {row.code: row.name for row in areas},
        {row.ref: row.code for row in venues},
    )


_Write = Callable[[Path], int]


def _files(source: Source, wanted: Wanted, shape: str) -> Iterator[tuple[str, _Write]]:
    """Names of the files, and what writes each."""
    stem = file_stem(source.case.ref)
    kind = wanted.kind
    if kind == "godata":
        yield from _godata(source, stem, shape)
    elif kind == "sormas":
        yield from _sormas(source, stem)
    elif wanted.by_commune:
        communes: dict[str, list[CaseContact]] = {}
        for contact in source.contacts:
            communes.setdefault(contact.area or "chua-ro", []).append(contact)
        for code, there in sorted(communes.items()):
            rows: list[Row] = [export_rows.call(source, contact) for contact in there]
            yield f"{stem}-{kind}-{code}.{shape}", _table(source, tables.CALL_LIST, rows, shape)
    else:
        table, listed = export_rows.ROWS[kind](source)
        yield f"{stem}-{kind}.{shape}", _table(source, table, listed, shape)


def _table(source: Source, table: Table, rows: Sequence[Row], shape: str) -> _Write:
    zone = source.desk.zone

    def write(path: Path) -> int:
        with path.open("wb") as out:
            if shape == "xlsx":
                return table_xlsx.write(out, table, rows, zone=zone, about=source.about())
            out.writelines(table_csv.written(table, rows, zone=zone))
        return len(rows)

    return write


def _stream(rows: int, pieces: Callable[[], Iterable[bytes]]) -> _Write:
    def write(path: Path) -> int:
        with path.open("wb") as out:
            out.writelines(pieces())
        return rows

    return write


def _godata(source: Source, stem: str, given: str) -> Iterator[tuple[str, _Write]]:
    shape: Shape = "json" if given == "json" else "csv"
    zone, case = source.desk.zone, source.record
    persons = export_rows.persons(source)
    roles: tuple[tuple[Role, str], ...] = (
        ("F0", "cases"),
        ("F1", "contacts"),
        ("F2", "contacts-of-contacts"),
    )
    for role, name in roles:
        mine = [each for each in persons if each.role == role]
        if mine:

            def pieces(mine: list[PersonRecord] = mine, role: Role = role) -> Iterable[bytes]:
                return godata.persons(case, mine, role=role, zone=zone, shape=shape)

            yield f"{stem}-godata-{name}.{shape}", _stream(len(mine), pieces)
    stays, exposures = export_rows.stays(source), export_rows.exposures(source)
    yield (
        f"{stem}-godata-events.{shape}",
        _stream(len(stays), lambda: godata.events(case, stays, zone=zone, shape=shape)),
    )
    yield (
        f"{stem}-godata-relationships.{shape}",
        _stream(
            len(exposures) + len(stays),
            lambda: godata.relationships(exposures, stays, zone=zone, shape=shape),
        ),
    )


def _sormas(source: Source, stem: str) -> Iterator[tuple[str, _Write]]:
    zone, case = source.desk.zone, source.record
    area = sormas.Area(
        region=source.areas.get(case.area_code, case.area_code), communities=source.areas
    )
    first = {each.ref: each.first for each in source.contacts}
    contacts = [
        sormas.Contact(person, export_rows.seconds(first.get(person.ref)))
        for person in export_rows.persons(source)
        if person.role == "F1"
    ]
    stays = export_rows.stays(source)
    yield (
        f"{stem}-sormas-contacts.csv",
        _stream(len(contacts), lambda: sormas.contacts(case, contacts, area=area, zone=zone)),
    )
    yield (
        f"{stem}-sormas-events.csv",
        _stream(len(stays), lambda: sormas.events(case, stays, area=area, zone=zone)),
    )


def _write(desk: CaseDesk, ref: str, path: Path, write: _Write) -> Written:
    """A file that is on record before it is under its name, and readable by its owner only."""
    if path.exists():
        raise Refused(f"{path}: đã có / is there already; choose another folder")
    staged = path.with_name(f".{path.name}.part")
    try:
        staged.touch(PRIVATE)
        staged.chmod(PRIVATE)
        rows = write(staged)
        with staged.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        desk.exported(ref, path.name, rows=rows, sha256=sha256)
        staged.rename(path)
    except OSError as problem:
        raise NotKnown(f"{path.parent}: cannot write there ({problem.strerror})") from problem
    finally:
        staged.unlink(missing_ok=True)
    return Written(path, rows, sha256)


def file_stem(ref: str) -> str:
    """A case's reference as part of a file's name."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in ref)
