"""The in-memory twin of the journal: the same port, plain dictionaries, one lock. For tests and examples."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import TypeVar

from bus.clock import SystemClock
from bus.delivery import State
from bus.journal.bodies import RAW
from bus.journal.chain import breaks
from bus.journal.look import Look
from bus.journal.memory import door, reading, worker
from bus.journal.memory.deadlines import MemoryDeadlines
from bus.journal.memory.examinations import MemoryExaminations
from bus.journal.memory.jobs import MemoryJobs, free_jobs
from bus.journal.memory.keys import MemoryKeys
from bus.journal.memory.plans import Plans
from bus.journal.memory.reconciling import MemoryReconciliations
from bus.journal.memory.retention import MemoryRetention
from bus.journal.memory.seals import MemorySeals
from bus.journal.memory.seen import MemorySeen
from bus.journal.memory.store import Store
from bus.journal.memory.watching import WatchedMemory
from bus.journal.memory.worker import end_worker
from bus.journal.moments import to_us
from bus.journal.orders import KIND, SUBJECT, order_facts, standing_of
from bus.journal.reject import ANSWER
from bus.ports import Clock, JournalUnavailable
from bus.records import (
    Acceptance,
    Acknowledged,
    Acted,
    Action,
    EndpointOrder,
    Found,
    ItemResult,
    Journey,
    LaneSnapshot,
    Plan,
    PlanDraft,
    PlanItem,
    PlanItemState,
    PlanNote,
    PlanState,
    Preparation,
    Query,
    Rejection,
    Settled,
    Settlement,
    Standing,
    WorkItem,
)
from schemas.message import Message

T = TypeVar("T")


class MemoryJournal(
    MemoryJobs,
    MemoryReconciliations,
    MemoryDeadlines,
    WatchedMemory,
    MemorySeals,
    MemorySeen,
    MemoryKeys,
    MemoryRetention,
    MemoryExaminations,
):
    """The `Journal` port. Thread-safe. Futures are done when they are returned. Keeps nothing."""

    def __init__(self, clock: Clock | None = None, *, active_key: str = "") -> None:
        self._clock = clock or SystemClock()
        self._store = Store(self._clock.now, active_key)
        self._plans = Plans(self._store)
        self._lock = threading.RLock()
        self._closed = False

    def accept(self, acceptance: Acceptance) -> Future[tuple[ItemResult, ...]]:
        """See the port."""
        return self._do(lambda: door.accept(self._store, acceptance))

    def reject(self, rejection: Rejection) -> Future[None]:
        """See the port."""

        def keep() -> None:
            raw = rejection.raw
            self._store.keep(raw, verdict="rejected", party=rejection.party, role=RAW, problems=rejection.problems)
            self._store.note("reject", raw.envelope.id, {"sha256": raw.envelope.sha256})

        return self._do(keep)

    def record_ask(self, question: Message, answer: bytes, *, answer_media_type: str, party: str) -> Future[None]:
        """See the port."""

        def keep() -> None:
            kept = self._store.keep(question, verdict="asked", party=party, role=RAW)
            kept.bodies[ANSWER] = self._store.made(answer, answer_media_type)
            self._store.note("ask", question.envelope.id, {"sha256": question.envelope.sha256})

        return self._do(keep)

    def prepare(self, preparation: Preparation) -> Future[frozenset[str]]:
        """See the port."""
        return self._do(lambda: worker.prepare(self._store, preparation))

    def settle(self, settlement: Settlement) -> Future[Settled]:
        """See the port."""
        return self._do(lambda: worker.settle(self._store, settlement))

    def expire_worker(self, worker: str) -> Future[int]:
        """See the port."""

        def end() -> int:
            free_jobs(self._store, worker)
            return end_worker(self._store, worker)

        return self._do(end)

    def offer(self, endpoint: str, *, limit: int, now: datetime, until: datetime) -> Future[tuple[WorkItem, ...]]:
        """See the port."""

        def give() -> tuple[WorkItem, ...]:
            ids = worker.offer(self._store, endpoint, limit=limit, now=now, until=until)
            return reading.work(self._store, ids, now_us=to_us(now))

        return self._do(give)

    def acknowledge(self, endpoint: str, codes: Sequence[str], *, party: str, now: datetime) -> Future[Acknowledged]:
        """See the port."""
        return self._do(lambda: worker.acknowledge(self._store, endpoint, codes, party=party, now=now))

    def act(self, action: Action) -> Future[Acted]:
        """See the port."""
        return self._do(lambda: worker.act(self._store, self._plans, action))

    def record_look(self, message_id: str, role: str, *, who: str, why: str) -> Future[None]:
        """See the port."""
        return self._do(lambda: worker.look(self._store, Look(message_id, role, who, why)))

    def order(self, order: EndpointOrder) -> Future[Standing]:
        """See the port."""

        def keep() -> Standing:
            facts = order_facts(order, self._standing().revision, now_us=self._store.now_us)
            self._store.note(KIND, SUBJECT, facts)
            return self._standing()

        return self._do(keep)

    def standing(self) -> Standing:
        """See the port."""
        with self._lock:
            return self._standing()

    def _standing(self) -> Standing:
        return standing_of(entry.text for entry in self._store.entries if entry.kind == KIND)

    def make_plan(self, draft: PlanDraft) -> Future[Plan]:
        """See the port."""
        return self._do(lambda: self._plans.make(draft))

    def note_plan_item(self, note: PlanNote) -> Future[bool]:
        """See the port."""
        return self._do(lambda: self._plans.take(note))

    def end_plan(self, plan_id: str, *, who: str, why: str) -> Future[Plan | None]:
        """See the port."""
        return self._do(lambda: self._plans.end(plan_id, who=who, why=why))

    def plans(self, *, limit: int = 50, state: PlanState | None = None) -> tuple[Plan, ...]:
        """See the port."""
        with self._lock:
            return self._plans.newest(limit=limit, state=state)

    def plan(self, plan_id: str) -> Plan | None:
        """See the port."""
        with self._lock:
            found = self._plans.plans.get(plan_id)
            return None if found is None else self._plans.shown(found)

    def plan_items(
        self, plan_id: str, *, after: int = 0, limit: int = 500, state: PlanItemState | None = None
    ) -> tuple[PlanItem, ...]:
        """See the port."""
        with self._lock:
            return self._plans.some(plan_id, after=after, limit=limit, state=state)

    def new_generation(self) -> Future[int]:
        """See the port."""

        def issue() -> int:
            self._store.generation += 1
            self._store.note("generation", str(self._store.generation), {})
            return self._store.generation

        return self._do(issue)

    def generation(self) -> int:
        """See the port."""
        return self._store.generation

    def work(self, delivery_ids: Sequence[str]) -> tuple[WorkItem, ...]:
        """See the port."""
        with self._lock:
            return reading.work(self._store, delivery_ids, now_us=self._store.now_us)

    def lanes(self) -> Iterator[LaneSnapshot]:
        """See the port."""
        with self._lock:
            return iter(list(reading.lanes(self._store, self._store.now_us)))

    def lane(self, lane: str) -> LaneSnapshot | None:
        """See the port."""
        with self._lock:
            return reading.lane(self._store, lane, self._store.now_us)

    def counts(self) -> Mapping[State, int]:
        """See the port."""
        with self._lock:
            return reading.counts(self._store)

    def behind(self, delivery_ids: Sequence[str]) -> Mapping[str, int]:
        """See the port."""
        with self._lock:
            return reading.behind(self._store, delivery_ids)

    def find(self, query: Query) -> tuple[Found, ...]:
        """See the port. `limit` counts messages."""
        with self._lock:
            return reading.find(self._store, query)

    def journey(self, message_id: str) -> Journey | None:
        """See the port."""
        with self._lock:
            return reading.journey(self._store, message_id)

    def body(self, message_id: str, role: str) -> Message | None:
        """See the port."""
        with self._lock:
            return self._store.body(message_id, role)

    def dossier(self, party: str, code: str) -> str | None:
        """See the port."""
        return self._store.names.get((party, code))

    def latest(self, dossier: str, kind: str) -> Message | None:
        """See the port."""
        with self._lock:
            return reading.latest(self._store, dossier, kind)

    def verify_chain(self) -> tuple[str, ...]:
        """See the port."""
        with self._lock:
            heads = {self._store.writer: self._store.link} if self._store.entries else {}
            return tuple(breaks(self._store.entries, heads))

    def ping(self) -> None:
        """See the port."""
        if self._closed:
            raise JournalUnavailable("the journal is closed")

    def close(self) -> None:
        """See the port."""
        self._closed = True

    def _do(self, job: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        with self._lock:
            try:
                self.ping()
                future.set_result(job())
            except Exception as error:
                future.set_exception(error)
        return future
