"""The journal: the record of everything accepted, done and decided."""

from __future__ import annotations

from bus.journal.memory import MemoryJournal
from bus.journal.open import open_journal
from bus.journal.sql import SqlJournal

__all__ = ["MemoryJournal", "SqlJournal", "open_journal"]
