"""Many rows at once, each engine by its own quick way.

SQLite: executemany. PostgreSQL: COPY, through a temporary table where rows may be there already;
arrays in place of long lists of parameters, which the driver is slow to read. A few rows go the
plain way on both.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import psycopg
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    LargeBinary,
    Table,
    TableClause,
    any_,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy import column as light_column
from sqlalchemy import table as light_table

from fleet_server import database

FEW: Final = 20
"""Below this many rows, plain statements are as quick."""

Rows = Sequence[Mapping[str, Any]]
"""All with the same keys, in the same order."""


def add(connection: Connection, table: Table, rows: Rows) -> None:
    """Inserts rows that are not there yet."""
    if not rows:
        return
    if len(rows) < FEW:
        connection.execute(insert(table), list(rows))
    elif connection.dialect.name == "sqlite":
        names = ", ".join(f'"{column}"' for column in rows[0])
        marks = ", ".join("?" * len(rows[0]))
        # The driver takes all values as they are: to look at each takes as long as to insert it.
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) VALUES ({marks})",  # noqa: S608  our own names
            [tuple(row.values()) for row in rows],
        )
    else:
        _copy(connection, table.name, rows)


def add_new(
    connection: Connection,
    table: Table,
    rows: Rows,
    *,
    key: Sequence[str],
    returning: Sequence[str],
) -> list[tuple[Any, ...]]:
    """Inserts those whose unique `key` is not there yet; only these come back, in any order."""
    if not rows:
        return []
    columns = [table.c[name] for name in returning]
    statement = database.insert(connection, table)
    if _plainly(connection, rows):
        new = statement.on_conflict_do_nothing(index_elements=key)
        return [tuple(row) for row in connection.execute(new.returning(*columns), list(rows))]
    stage = _stage(connection, table, rows)
    names = list(rows[0])
    new = statement.from_select(names, select(*(stage.c[name] for name in names)))
    new = new.on_conflict_do_nothing(index_elements=key)
    made = [tuple(row) for row in connection.execute(new.returning(*columns))]
    connection.execute(delete(stage))
    return made


def add_or_touch(connection: Connection, table: Table, rows: Rows, *, key: str) -> None:
    """Inserts rows; those whose `key` is there already stay as they are, but are held by this
    transaction as if it had changed them."""
    if not rows:
        return
    statement = database.insert(connection, table)
    held = {key: table.c[key]}
    if _plainly(connection, rows):
        connection.execute(
            statement.on_conflict_do_update(index_elements=[key], set_=held), list(rows)
        )
        return
    stage = _stage(connection, table, rows)
    names = list(rows[0])
    new = statement.from_select(
        names, select(*(stage.c[name] for name in names)).order_by(stage.c[key])
    )
    connection.execute(new.on_conflict_do_update(index_elements=[key], set_=held))
    connection.execute(delete(stage))


def set_column(
    connection: Connection, table: Table, column: str, values: Mapping[int, int | None]
) -> None:
    """Sets one integer column of many rows, by their id."""
    rows = [{"which": which, "value": value} for which, value in sorted(values.items())]
    if not rows:
        return
    if _plainly(connection, rows):
        connection.execute(
            update(table)
            .where(table.c.id == bindparam("which"))
            .values({column: bindparam("value")}),
            rows,
        )
        return
    given = (
        func.unnest(
            _array([row["which"] for row in rows], BigInteger()),
            _array([row["value"] for row in rows], BigInteger()),
        )
        .table_valued("which", "value")
        .render_derived(name="given")
    )
    connection.execute(
        update(table).where(table.c.id == given.c.which).values({column: given.c.value})
    )


def among(
    connection: Connection, column: ColumnElement[Any], values: Sequence[Any]
) -> ColumnElement[bool]:
    """`column IN values`, however many there are on PostgreSQL, some thousands on SQLite."""
    if connection.dialect.name == "sqlite":
        return column.in_(values)
    kind = LargeBinary() if isinstance(column.type, LargeBinary) else BigInteger()
    return column == any_(_array(values, kind))


def _array(values: Sequence[Any], kind: BigInteger | LargeBinary) -> ColumnElement[Any]:
    return bindparam(None, list(values), type_=ARRAY(kind), unique=True)


def _plainly(connection: Connection, rows: Rows) -> bool:
    return connection.dialect.name == "sqlite" or len(rows) < FEW


def _stage(connection: Connection, table: Table, rows: Rows) -> TableClause:
    """A temporary table of this connection that holds `rows`."""
    names = list(rows[0])
    name = f"incoming_{table.name}"
    columns = ", ".join(f'"{column}"' for column in names)
    shape = f"SELECT {columns} FROM {table.name} WITH NO DATA"  # noqa: S608  our own names
    connection.execute(
        text(f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ON COMMIT DELETE ROWS AS {shape}")
    )
    _copy(connection, name, rows)
    return light_table(name, *(light_column(each, table.c[each].type) for each in names))


def copy(
    connection: Connection, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """PostgreSQL: COPY into the table `name`."""
    if not rows:
        return
    listed = ", ".join(f'"{column}"' for column in columns)
    statement = f"COPY {name} ({listed}) FROM STDIN"
    raw = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with (
        database.driver_errors(statement),
        raw.cursor() as cursor,
        cursor.copy(statement) as copying,
    ):
        for row in rows:
            copying.write_row(row)


def _copy(connection: Connection, name: str, rows: Rows) -> None:
    copy(connection, name, list(rows[0]), [tuple(row.values()) for row in rows])
