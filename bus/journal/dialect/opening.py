"""Which server an address means."""

from __future__ import annotations

import sqlalchemy as sa

from bus.journal.dialect import postgresql, sqlite
from bus.journal.dialect.server import Engines


def open_engines(url: str) -> Engines:
    """Engines for a journal's address. Nothing is connected yet; the folder of an SQLite file is made if missing.

    Raises:
        ValueError: not an address of a server that can hold a journal.
    """
    address = sa.make_url(url)
    name = address.get_backend_name()
    if name == "sqlite":
        return sqlite.open_engines(address)
    if name == "postgresql":
        return postgresql.open_engines(address)
    raise ValueError(f"the journal's address must begin with sqlite: or postgresql+psycopg:, not {name}:")
