"""Killed at any instruction: nothing is half-accepted, nothing that was answered is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from bus.journal import open_journal
from bus.records import ItemStatus
from tests.contract.journal_server import migrated, server
from tests.contract.journal_world import START, acceptance, item, numbered, to

ROOT = Path(__file__).parents[3]
TABLES = {
    "messages": 3, "bodies": 3, "dossiers": 2, "identities": 3, "counters": 1, "lanes": 3, "idempotency": 2,
    "deliveries": 3, "entries": 1, "writers": 1,
}  # fmt: skip
FEWEST_STEPS = 15  # statements of the transaction: fewer would mean the steps were not found


def rows_of(url: str) -> dict[str, int]:
    """How much each table holds."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in TABLES}
    engine.dispose()
    return rows


@pytest.mark.slow
def test_kill_at_every_step(tmp_path: Path) -> None:
    """At every statement, at the commit and right after it: all of it or nothing of it; a repeat is then right."""
    empty = tmp_path / "empty.sqlite"
    open_journal(f"sqlite:///{empty}").close()
    kill_at_every_step(str(empty), str(tmp_path))


@pytest.mark.slow
@pytest.mark.foreign("postgresql")
def test_kill_at_every_step_on_postgresql() -> None:
    """The same, where the server goes on living and must undo what its client left."""
    with server().database(migrated(START)) as name:
        kill_at_every_step(server().url(name), "")


def kill_at_every_step(empty: str, folder: str) -> None:
    """Accepts once a step, and looks at what was left."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.journal.kill_at_step", empty, folder],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    steps = [line.split() for line in done.stdout.splitlines()]
    assert len(steps) > FEWEST_STEPS
    seen = []
    for url, answer in steps:
        rows = rows_of(url)
        assert rows in (TABLES, dict.fromkeys(TABLES, 0)), f"half-accepted: {url}"
        seen.append(bool(rows["messages"]))
        assert seen[-1] or answer == "-"
        assert repeat(url) == (ItemStatus.DUPLICATE if seen[-1] else ItemStatus.ACCEPTED)
    assert (seen[0], seen[-2], seen[-1], steps[-1][1]) == (False, True, True, "answered")


def repeat(url: str) -> ItemStatus:
    """The caller comes again, as it does when it got no answer."""
    first = item("TN01", to("a"), to("b", after_endpoint="a"), idempotency_key="k", identities=(numbered("cong"),))
    journal = open_journal(url)
    try:
        statuses = {one.status for one in journal.accept(acceptance(first, item("TN02", idempotency_key="l"))).result()}
        assert journal.verify_chain() == ()
        assert sum(journal.counts().values()) == TABLES["deliveries"]
        (status,) = statuses
        return status
    finally:
        journal.close()
