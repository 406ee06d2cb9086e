"""A journal of before there were sums is counted once when it is brought up to date."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config

from bus.delivery import State
from bus.journal import migrate, open_journal
from bus.journal.dialect import open_engines
from tests.contract.journal_world import acceptance, item


def test_old_deliveries_are_in_the_sums(tmp_path: Path) -> None:
    """Accepted = the sum of states from the first look on, and the chain stays whole."""
    url = f"sqlite:///{tmp_path / 'j.sqlite'}"
    engines = open_engines(url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with engines.writer.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engines.dispose()
    with closing(sqlite3.connect(tmp_path / "j.sqlite")) as raw:
        columns = [row[1] for row in raw.execute("PRAGMA table_info(deliveries)")]
        for number, (state, opened) in enumerate([("ready", 1), ("delivered", 0), ("delivered", 0)]):
            values = {"id": f"m{number}:cong", "state": state, "open": opened, "lane": f"d{number}@cong"}
            row = [values.get(name, 0 if name.endswith(("_us", "_seq", "used")) else "") for name in columns]
            raw.execute(f"INSERT INTO deliveries VALUES ({','.join('?' * len(row))})", row)
        raw.commit()
    journal = open_journal(url)
    found = journal.survey(())
    assert (found.accepted, found.open_rows, found.difference) == (3, 1, 0)
    journal.accept(acceptance(item("TN01"))).result(20)
    found = journal.survey(())
    assert (found.accepted, found.states[State.READY], found.states[State.DELIVERED]) == (4, 2, 2)
    assert journal.verify_chain() == ()
    journal.close()
