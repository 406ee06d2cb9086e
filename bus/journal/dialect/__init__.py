"""Database servers: engines, and all that is peculiar to one of them. Nobody else knows which one it is."""

from __future__ import annotations

from bus.journal.dialect.opening import open_engines
from bus.journal.dialect.server import Engines, Server, UnsafeJournal, savepoint

__all__ = ["Engines", "Server", "UnsafeJournal", "open_engines", "savepoint"]
