"""The tables of reconciliation. A run is kept as a whole, so they carry no month."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, literal_column

from bus.journal.tables import messages, metadata

_Code = String().with_variant(String(collation="C"), "postgresql")


def _code(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, _Code, primary_key=key, nullable=False)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _number(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, Integer, primary_key=key, nullable=False, autoincrement=False)


def _us(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


_HAS_DOSSIER = messages.c.order_key != literal_column("''")
Index(
    "messages_by_time", messages.c.received_us, messages.c.id, sqlite_where=_HAS_DOSSIER,
    postgresql_where=_HAS_DOSSIER,
)  # fmt: skip

reconciliations = Table(
    "reconciliations",
    metadata,
    _code("id", key=True),
    _text("who"),
    _us("at_us"),
    _us("since_us"),
    _us("until_us"),
    _code("endpoint"),
    _text("agency"),
    _code("dossier"),
    _number("total"),
    _text("progress"),
    _number("step"),  # grows by one with each record: two processes never go on with one run
    _number("done"),
    _code("after_dossier"),  # the last one compared; "" = none yet
    _us("after_us", nullable=True),
    _code("after_message"),
    _text("counts"),  # JSON {endpoint: {difference: how many}}
)

findings = Table(
    "findings",
    metadata,
    _code("reconciliation", key=True),
    _number("number", key=True),  # of the dossier in its reconciliation
    _code("endpoint", key=True),
    _code("dossier"),
    _text("difference"),
    _text("data"),  # JSON, the rest
)
