"""Bugs put into the running processes on purpose: each must make its scenario fail, in a column it is known for.

`python -m tests.chaos --bugs` plays them all; exit status 1 if one passes unnoticed. What can only be seen inside the
queue is in tests/contract/test_queue_bugs.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any  # what is patched keeps its own types

from tests.chaos.row import Row

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Bug:
    """What is broken, the scenario that must notice it, and where."""

    scenario: str
    columns: tuple[str, ...]  # at least one of them is not 0, or the row tells in words
    put_in: Callable[[], None]
    rounds: int = 2

    def noticed(self, row: Row) -> bool:
        """The scenario failed, and for this reason."""
        shown = bool(row.note) or any(getattr(row, column) for column in self.columns)
        return row.faults > 0 and not row.ok and shown


def environment(bug: str) -> Mapping[str, str]:
    """For the processes of a bus that is to have the bug."""
    path = (Path(__file__).parent / "injected", ROOT, *filter(None, [os.environ.get("PYTHONPATH")]))
    return {"CHAOS_BUG": bug, "PYTHONPATH": os.pathsep.join(map(str, path))}


def _blind_resend() -> None:
    """Nobody remembers that bytes may have been sent: what is in doubt is sent again."""
    from bus.journal import SqlJournal

    known = SqlJournal.work

    def work(self: Any, delivery_ids: Any) -> Any:
        found = known(self, delivery_ids)
        return tuple(
            replace(one, open_intent=False, delivery=replace(one.delivery, last_outcome=None)) for one in found
        )

    SqlJournal.work = work  # type: ignore[method-assign]  # that is the bug


def _zombie() -> None:
    """Whoever claimed something sends it, however old its lease and whoever has it by now."""
    from bus.journal import SqlJournal
    from bus.underway import Underway

    known = SqlJournal.prepare

    def prepare(self: Any, preparation: Any) -> Any:
        known(self, preparation).result()
        granted: Future[frozenset[str]] = Future()
        granted.set_result(frozenset(intent.delivery_id for intent in preparation.intents))
        return granted

    SqlJournal.prepare = prepare  # type: ignore[method-assign]  # that is the bug
    Underway.age_s = lambda self, claim, *, now: 0.0  # type: ignore[method-assign]  # that is the bug


def _no_recovery() -> None:
    """The queue is never filled from the journal."""
    from bus.feeder import Feeder

    Feeder._walk = lambda self, *, keep_lock=False: True  # type: ignore[method-assign]  # that is the bug


def _no_duplicate_key() -> None:
    """What a sender sends again after a lost answer is new each time."""
    from bus.journal import SqlJournal

    known = SqlJournal.accept

    def accept(self: Any, acceptance: Any) -> Any:
        return known(
            self, replace(acceptance, items=tuple(replace(one, idempotency_key="") for one in acceptance.items))
        )

    SqlJournal.accept = accept  # type: ignore[method-assign]  # that is the bug


def _in_flight_leaks() -> None:
    """What was in flight to an endpoint stays on its list for ever."""
    from bus.queue import library
    from tests.contract.test_queue_bugs import BUGS as IN_THE_QUEUE

    there, instead = IN_THE_QUEUE["a leaked in-flight mark"]
    known = library.library_of
    library.library_of = lambda text: known(text.replace(there, instead))


BUGS: Mapping[str, Bug] = {
    "blind-resend": Bug("kill-worker", ("duplicates", "reordered"), _blind_resend, rounds=4),
    "zombie": Bug("freeze", ("duplicates", "reordered", "overlapped"), _zombie, rounds=4),
    "no-recovery": Bug("flush-all", ("lost", "stuck"), _no_recovery),
    "no-duplicate-key": Bug("kill-door", ("duplicates", "reordered"), _no_duplicate_key, rounds=4),
    "in-flight-leaks": Bug("flush-all", ("lost", "stuck"), _in_flight_leaks),
}
