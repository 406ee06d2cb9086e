"""Erasing bodies in memory: the same rules over dictionaries."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from threading import RLock
from typing import TypeVar

from bus.job_port import LeaseLost
from bus.journal.delivery_row import ENDED
from bus.journal.kin import AFTERWARDS, About, Surroundings, Written, candidates_of
from bus.journal.memory.plans import Plans
from bus.journal.memory.store import Body, Store
from bus.journal.moments import from_us, to_us
from bus.journal.retention import erase_facts, hold_facts
from bus.records import PlanItemState
from bus.records.retaining import Candidate, Choice, Erased, ErasedMark, Erasure, Hold, HoldOrder, KeptSum
from bus.retention import in_the_way

T = TypeVar("T")


class MemoryRetention:
    """Mixed into the in-memory journal. It looks at everything, always."""

    _store: Store
    _plans: Plans
    _lock: RLock

    @abstractmethod
    def _do(self, job: Callable[[], T]) -> Future[T]:
        """Under the lock."""

    def candidates(self, *, after: str, before: datetime, limit: int) -> tuple[Candidate, ...]:
        """See the port."""
        with self._lock:
            ids = [
                one
                for one, kept in sorted(self._store.messages.items())
                if one > after and kept.envelope.received_at < before and _kept_bodies(self._store, one)
            ]
            return tuple(self._candidates(ids[:limit]))

    def erase(self, erasure: Erasure) -> Future[Erased]:
        """See the port."""
        return self._do(lambda: self._erase_page(erasure))

    def order_hold(self, order: HoldOrder) -> Future[bool]:
        """See the port."""
        return self._do(lambda: _hold(self._store, order))

    def holds(self) -> tuple[Hold, ...]:
        """See the port."""
        with self._lock:
            return tuple(sorted(self._store.holds.values(), key=lambda one: (one.at, one.message_id)))

    def kept_sums(self) -> tuple[KeptSum, ...]:
        """See the port."""
        sums: dict[tuple[str, bool], tuple[int, int]] = {}
        with self._lock:
            for kept in self._store.messages.values():
                for body in kept.bodies.values():
                    key = (kept.envelope.kind, body.erased is not None)
                    count, size = sums.get(key, (0, 0))
                    sums[key] = (count + 1, size + body.size)
        return tuple(KeptSum(*key, *found) for key, found in sorted(sums.items()))

    def count_before(self, before: datetime) -> int:
        """See the port."""
        with self._lock:
            return sum(kept.envelope.received_at < before for kept in self._store.messages.values())

    def scour(self) -> bool:
        """See the port."""
        return True

    def _candidates(self, ids: Iterable[str]) -> Iterable[Candidate]:
        sizes: dict[str, tuple[int, int]] = {}
        for one in ids:
            if bodies := _kept_bodies(self._store, one):
                sizes[one] = (len(bodies), sum(body.size for body in bodies.values()))
        open_items = (item for item in self._plans.items.values() if item.state is PlanItemState.OPEN)
        planned = frozenset(item.subject for item in open_items)
        return candidates_of(_surroundings(self._store, planned), sizes)

    def _erase_page(self, erasure: Erasure) -> Erased:
        store = self._store
        job = store.jobs.get(erasure.held.name)
        if job is None or job.held != erasure.held:
            raise LeaseLost(erasure.held.name)
        moved = replace(job, lease_until=erasure.until, position=erasure.position, moves=job.moves + 1)
        store.jobs[job.name] = moved
        found = {one.message_id: one for one in self._candidates(one.message_id for one in erasure.choices)}
        messages = bodies = size = 0
        left: list[str] = []
        for choice in erasure.choices:
            one = found.get(choice.message_id)
            if one is None:
                continue
            if in_the_way(one, stamped=erasure.stamped) or one.finished_at > choice.finished_before:
                left.append(choice.message_id)
                continue
            _erase(store, choice, who=erasure.who)
            messages, bodies, size = messages + 1, bodies + one.bodies, size + one.size_bytes
        return Erased(messages, bodies, size, tuple(left))


def _kept_bodies(store: Store, message_id: str) -> dict[str, Body]:
    return {role: body for role, body in store.messages[message_id].bodies.items() if body.erased is None}


def _surroundings(store: Store, planned: frozenset[str]) -> Surroundings:
    around = Surroundings(planned=planned, marked=frozenset(store.holds), written=_written(store))
    for message_id, kept in store.messages.items():
        head = kept.envelope
        around.messages[message_id] = About(head.kind, head.order_key, head.caused_by, to_us(head.received_at))
    busy: set[str] = set()
    for row in store.deliveries.values():
        around.ended.setdefault(row.message_id, {})[row.id] = row.open == ENDED
        if row.open != ENDED:
            busy.add(row.dossier)
    around.busy = frozenset(busy)
    around.unexamined = frozenset(one for one, waits in store.examinations.items() if not waits.done)
    return around


def _written(store: Store) -> Mapping[str, list[Written]]:
    through = store.seals[-1].spans[-1].last if store.seals else 0
    bare = {n for s in store.seals if not s.token for span in s.spans for n in range(span.first, span.last + 1)}
    found: dict[str, list[Written]] = {}
    for entry in store.entries:
        if entry.kind not in AFTERWARDS:
            sealed = entry.number <= through
            one = Written(entry.at_us, sealed, stamped=sealed and entry.number not in bare)
            found.setdefault(entry.subject, []).append(one)
    return found


def _erase(store: Store, choice: Choice, *, who: str) -> None:
    bodies = store.messages[choice.message_id].bodies
    mark = ErasedMark(from_us(store.now_us), choice.rule)
    roles = sorted(_kept_bodies(store, choice.message_id))
    for role in roles:
        one = bodies[role]
        bodies[role] = Body(b"", one.media_type, one.profile, erased=mark, was=(one.sha256, one.size))
    _note_act(store, choice.message_id, "erase", who=who, why=choice.rule, reason=str(len(roles)))
    store.note("erase", choice.message_id, erase_facts(choice, roles, who=who))


def _hold(store: Store, order: HoldOrder) -> bool:
    if order.message_id not in store.messages:
        raise LookupError(f"no message {order.message_id} in this journal")
    if (order.message_id in store.holds) is order.hold:
        return False
    if order.hold:
        store.holds[order.message_id] = Hold(order.message_id, from_us(store.now_us), order.who, order.why)
    else:
        del store.holds[order.message_id]
    _note_act(store, order.message_id, "hold" if order.hold else "unhold", who=order.who, why=order.why)
    store.note("hold", order.message_id, hold_facts(order))
    return True


def _note_act(store: Store, message_id: str, act: str, *, who: str, why: str, reason: str = "") -> None:
    store.actions.append(
        {
            "act": act, "delivery": "", "message": message_id, "who": who, "why": why, "as_then": False,
            "done": True, "reason": reason, "at": from_us(store.now_us).isoformat(),
        }
    )  # fmt: skip
