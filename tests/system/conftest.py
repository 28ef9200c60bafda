"""A PostgreSQL cluster that may be killed: not the one the other tests share."""

from collections.abc import Iterator

import pytest

from tests.support.postgres import PostgresCluster


@pytest.fixture
def postgres() -> Iterator[PostgresCluster]:
    with PostgresCluster() as cluster:
        yield cluster
