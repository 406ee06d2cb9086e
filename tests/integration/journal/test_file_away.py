"""SQLite's files are moved or removed under a running journal: nothing is accepted into the void."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.journal import SqlJournal, open_journal
from bus.ports import JournalUnavailable
from bus.records import ItemStatus
from tests.contract.journal_world import acceptance, item


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the journal is."""
    made = tmp_path / "data"
    made.mkdir()
    return made


@pytest.fixture
def journal(folder: Path) -> Iterator[SqlJournal]:
    """With one message."""
    made = open_journal(f"sqlite:///{folder / 'journal.sqlite'}")
    assert accepted(made, "TN01")
    yield made
    made.close()


def accepted(journal: SqlJournal, code: str) -> bool:
    """One more message."""
    return journal.accept(acceptance(item(code))).result(20)[0].status is ItemStatus.ACCEPTED


@pytest.mark.parametrize("taken", ["", "journal.sqlite", "journal.sqlite-wal"])
def test_moved_away_and_back(journal: SqlJournal, folder: Path, taken: str) -> None:
    """The folder, the file, or its log is gone: refused at once; back where it was, it goes on with everything."""
    place = folder / taken if taken else folder
    aside = folder.parent / "aside"
    place.rename(aside)
    with pytest.raises(JournalUnavailable, match="moved or removed"):
        accepted(journal, "TN02")
    with pytest.raises(JournalUnavailable):
        journal.ping()
    aside.rename(place)
    assert accepted(journal, "TN03")
    assert sum(journal.counts().values()) == 2
    assert journal.verify_chain() == ()


def test_another_file_in_its_place(journal: SqlJournal, folder: Path) -> None:
    """Somebody restores a copy over a running journal: nothing is written to the old one any more."""
    copy = folder.parent / "copy.sqlite"
    copy.write_bytes((folder / "journal.sqlite").read_bytes())
    copy.replace(folder / "journal.sqlite")
    with pytest.raises(JournalUnavailable, match="moved or removed"):
        accepted(journal, "TN02")
