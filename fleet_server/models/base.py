"""What all tables share."""

from typing import Annotated

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, mapped_column


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


BigInt = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both engines; SQLite numbers rows by itself only where the type says INTEGER."""

Id = Annotated[int, mapped_column(BigInt, primary_key=True)]
Ms = Annotated[int, mapped_column(BigInteger)]
Seconds = Annotated[int, mapped_column(BigInteger)]
