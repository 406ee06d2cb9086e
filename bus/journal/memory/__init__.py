"""The in-memory twin of the journal."""

from __future__ import annotations

from bus.journal.memory.journal import MemoryJournal

__all__ = ["MemoryJournal"]
