"""Walks every writer's chain, and compares what the entries say with what is kept."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.journal import tables as t
from bus.journal.chain import Entry, Link, breaks

_FIELDS = tuple(Entry.__dataclass_fields__)
_ENTRIES = sa.select(*(t.entries.c[name] for name in _FIELDS)).order_by(t.entries.c.writer, t.entries.c.number)
_PAGE = 1_000


def check_chains(connection: Connection) -> Iterator[str]:
    """The first break of each chain, in words."""
    heads = {row.writer: Link(row.number, row.hash) for row in connection.execute(sa.select(t.writers))}
    rows = connection.execution_options(yield_per=_PAGE).execute(_ENTRIES)
    yield from breaks((Entry(*row) for row in rows), heads)
