"""Examinations of attachments in memory."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TypeVar

from bus.journal.examinations import KIND, examination_facts
from bus.journal.memory.store import Store
from bus.records import AcceptItem
from bus.records.examining import (
    AttachmentFact,
    AttachmentPolicy,
    Backlog,
    Examination,
    Waiting,
    worst_of,
)

T = TypeVar("T")


def put_down(store: Store, message_id: str, item: AcceptItem) -> None:
    """With the message."""
    if item.attachments is AttachmentPolicy.OFF:
        return
    store.examinations[message_id] = Examination(item.attachments, False, None, store.now())
    if item.examined is not None:
        _keep(store, message_id, item.examined)


def put_down_refused(store: Store, message_id: str, items: Sequence[AcceptItem]) -> None:
    """With the bytes as they came."""
    if items:
        store.examinations[message_id] = Examination(items[0].attachments, False, None, store.now())
        _keep(store, message_id, tuple(each for item in items for each in item.examined or ()))


def _keep(store: Store, message_id: str, found: tuple[AttachmentFact, ...]) -> bool:
    waits = store.examinations.get(message_id)
    if waits is None or waits.done:
        return False
    worst = worst_of(tuple(each.judgement for each in found))
    store.examinations[message_id] = replace(waits, done=True, worst=worst, at=store.now(), attachments=found)
    store.note(KIND, message_id, examination_facts(waits.policy, found))
    return True


class MemoryExaminations:
    """Mixed into the in-memory journal."""

    _store: Store

    @abstractmethod
    def _do(self, job: Callable[[], T]) -> Future[T]:
        """Under the lock."""

    def take_examinations(self, limit: int) -> Future[tuple[Waiting, ...]]:
        """See the port."""

        def take() -> tuple[Waiting, ...]:
            times = self._store.examined_times
            waiting = [(times.get(one, 0), one) for one, each in self._store.examinations.items() if not each.done]
            taken = [one for _, one in sorted(waiting)[:limit]]
            times.update({one: times.get(one, 0) + 1 for one in taken})
            found = self._store.examinations
            return tuple(Waiting(one, found[one].policy, times[one], found[one].since) for one in taken)

        return self._do(take)

    def record_examination(self, message_id: str, found: Sequence[AttachmentFact]) -> Future[bool]:
        """See the port."""
        return self._do(lambda: _keep(self._store, message_id, tuple(found)))

    def examinations_waiting(self) -> Backlog:
        """See the port."""
        waiting = [each.since for each in self._store.examinations.values() if not each.done]
        return Backlog(len(waiting), min(waiting, default=None))
