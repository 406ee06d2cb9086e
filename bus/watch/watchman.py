"""The watch of one process: looks every few seconds, judges, tells the log, and mends what it can.

It measures with its own clock what it saw itself: neither a clock that jumps nor one of another machine misleads it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bus.feeder import Feeder
from bus.ports import Clock, Journal, JournalUnavailable, Queue, QueueUnavailable
from bus.records import EndpointView, Place, Pulse, QueueStats, Survey
from bus.records.examining import Backlog
from bus.records.sealing import Unsealed
from bus.watch.liveness import Due, Facts, Limits, Rest, Seen, Verdict, blind, judge
from bus.watch.resting import IsOpen, rest_of
from bus.watch.searching import Search
from bus.watch.stuck import Stuck
from bus.watch.telling import Telling, Word

log = logging.getLogger("lienthong.watch")

_SHARE = 20  # a look that takes long is taken less often: watching costs a twentieth of a processor at most
_BLIND_LOOKS = 6  # so many looks overdue: a store hangs
_SEARCH_EVERY_LOOKS = 6
_GONE_S = 3600.0  # a worker silent for so long is not missed


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at once; None where a store was away."""

    at: datetime
    verdict: Verdict
    facts: Facts
    survey: Survey | None = None
    pulses: tuple[Pulse, ...] = ()
    stats: QueueStats | None = None
    endpoints: tuple[EndpointView, ...] = ()
    generation: int = 0  # the journal's
    unsealed: Unsealed | None = None  # entries of the chain that wait for their seal
    unexamined: Backlog | None = None  # messages whose attachments wait to be looked at
    stuck: tuple[Stuck, ...] = ()  # found by the last search, which is less often


@dataclass(slots=True)
class _Known:
    """Something watched, and since when it has been as it is."""

    is_now: object
    since_s: float


class Watchman:
    """`look` may be called by one thread only; `latest` by all."""

    def __init__(
        self, journal: Journal, queue: Queue, *, feeder: Feeder | None, clock: Clock, endpoints: Sequence[str],
        is_open: IsOpen, limits: Limits, every_s: float, search: Search | None = None,
    ) -> None:  # fmt: skip
        """`endpoints` we send to. With a feeder it mends lanes the queue has lost."""
        self._search, self._searched_s = search, float("-inf")
        self._stuck: tuple[Stuck, ...] = ()
        self._journal, self._queue, self._feeder, self._clock = journal, queue, feeder, clock
        self._endpoints, self._is_open = tuple(endpoints), is_open
        self._limits, self._every_s = limits, every_s
        self._pause_s = every_s
        self._due: dict[str, _Known] = {}
        self._busy: dict[str, _Known] = {}
        self._signs: dict[str, _Known] = {}
        self._turns: dict[str, _Known] = {}
        self._settled: Mapping[str, int] = {}  # by worker
        self._moved_s = clock.monotonic()
        self._telling = Telling()
        self._latest: Look | None = None
        self._looked_s = clock.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begins to look, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._ended.set()

    def latest(self) -> Look:
        """The last look; where the next is long overdue, that."""
        late_s = self._clock.monotonic() - self._looked_s
        look = self._latest or Look(self._clock.now(), judge(Facts(), self._limits), Facts())
        return replace(look, verdict=blind(late_s)) if late_s > _BLIND_LOOKS * self._pause_s else look

    def look(self) -> Look:
        """One look at everything."""
        now_s = self._clock.monotonic()
        survey, pulses, generation, unsealed, unexamined = self._ask_journal()
        stats, views, places = self._ask_queue(survey)
        facts = Facts(
            due=self._due_now(survey, views, places, now_s) if survey is not None else (),
            still_s=self._still_s(pulses, now_s),
            workers=self._workers(pulses, now_s),
            queue_away=stats is None,
            evicts=stats.evicts if stats is not None else "",
            journal_away=survey is None,
        )
        verdict = judge(facts, self._limits)
        look = Look(
            self._clock.now(), verdict, facts, survey, pulses, stats, tuple(views.values()), generation,
            unsealed, unexamined, self._found(facts, now_s),
        )  # fmt: skip
        self._latest, self._looked_s = look, self._clock.monotonic()
        return look

    def mend(self, look: Look) -> None:
        """Lanes that the queue should have and has not are rebuilt from the journal, and the rest is looked through."""
        if self._feeder is None or look.survey is None:
            return
        lanes = {head.delivery_id: head.lane for head in look.survey.due}
        for due in look.facts.due:
            if due.place in (Place.NOWHERE, Place.PARKED) and due.seen_s >= self._limits.lost_s:
                self._feeder.rebuild_lane(lanes[due.delivery_id])
                self._feeder.doubt()  # where one is lost there may be more

    # ---------------------------------------------------------------- inside

    def _run(self) -> None:
        while not self._ended.wait(self._pause_s):
            try:
                began_s = self._clock.monotonic()
                look = self.look()
                self._pause_s = max(self._every_s, _SHARE * (self._clock.monotonic() - began_s))
                self._tell(look.verdict)
                self.mend(look)
            except Exception:
                log.exception("the watch broke, goes on")

    def _tell(self, verdict: Verdict) -> None:
        now_s = self._clock.monotonic()
        word = self._telling.of(verdict, now_s=now_s)
        seconds = now_s - self._telling.since_s
        cause = verdict.problem
        if word is Word.OVER:
            log.info("moves again after %.0f s: %s", seconds, verdict.en)
        elif word is not Word.NOTHING and cause is not None:
            said = "" if word is Word.BEGINS else f" (for {seconds:.0f} s now)"
            log.error(
                "condition=%s code=%s%s %s / %s → %s", verdict.condition.value, cause.code, said, verdict.vi,
                verdict.en, cause.do_en,
            )  # fmt: skip

    def _found(self, facts: Facts, now_s: float) -> tuple[Stuck, ...]:
        if self._search is not None and now_s - self._searched_s >= _SEARCH_EVERY_LOOKS * self._every_s:
            self._searched_s = now_s
            try:
                resting = {due.endpoint for due in facts.due if due.rest is not Rest.NONE}
                self._stuck = self._search(self._clock.now(), resting=resting)
            except JournalUnavailable:  # the last list stands
                return self._stuck
        return self._stuck

    def _ask_journal(self) -> tuple[Survey | None, tuple[Pulse, ...], int, Unsealed | None, Backlog | None]:
        journal = self._journal
        try:
            survey = journal.survey(self._endpoints)
            waiting = journal.examinations_waiting()
            return survey, journal.pulses(), journal.generation(), journal.unsealed(0), waiting
        except JournalUnavailable:
            return None, (), 0, None, None

    def _ask_queue(
        self, survey: Survey | None
    ) -> tuple[QueueStats | None, Mapping[str, EndpointView], Mapping[str, Place]]:
        try:
            stats = self._queue.stats()
            views = {view.endpoint: view for view in self._queue.endpoints()}
            places = self._queue.places([head.lane for head in survey.due]) if survey is not None else {}
        except QueueUnavailable:
            return None, {}, {}
        return stats, views, places

    def _due_now(
        self, survey: Survey, views: Mapping[str, EndpointView], places: Mapping[str, Place], now_s: float
    ) -> tuple[Due, ...]:
        now = self._clock.now()
        stopped = self._retries_stopped(now)
        found = []
        for head in survey.due:
            view = views.get(head.endpoint)
            is_open = self._is_open(head.endpoint, now)
            rest = rest_of(head, view, now=now, is_open=is_open, retries_stopped=stopped)
            # What rests, or is another one, has not been waiting for us: its time begins anew.
            known = _watched(self._due, head.endpoint, (head.delivery_id, head.since, rest), now_s)
            in_flight = view.in_flight if view is not None else 0
            seen_s, busy_s = now_s - known.since_s, now_s - _watched(self._busy, head.endpoint, rest, now_s).since_s
            found.append(Due(head.endpoint, head.delivery_id, seen_s, rest, places.get(head.lane), in_flight, busy_s))
        for table in (self._due, self._busy):
            _forget(table, [head.endpoint for head in survey.due])
        return tuple(found)

    def _retries_stopped(self, now: datetime) -> bool:
        try:
            order = self._journal.standing().retries
        except JournalUnavailable:
            return False
        return order is not None and (order.until is None or order.until > now)

    def _still_s(self, pulses: Sequence[Pulse], now_s: float) -> float:
        """A worker that starts and dies again and again is no progress."""
        for pulse in pulses:
            if pulse.worker and pulse.settled > self._settled.get(pulse.worker, 0):
                self._moved_s = now_s
        self._settled = {pulse.worker: pulse.settled for pulse in pulses} or self._settled
        return now_s - self._moved_s

    def _workers(self, pulses: Sequence[Pulse], now_s: float) -> tuple[Seen, ...]:
        now = self._clock.now()
        seen = []
        for pulse in pulses:
            age_s = (now - pulse.at).total_seconds()
            if not pulse.worker or age_s > _GONE_S:
                continue
            known = pulse.worker in self._signs
            sign = _watched(self._signs, pulse.worker, pulse.at, now_s)
            if not known:  # at first sight its own word counts
                sign.since_s = now_s - max(0.0, age_s)
            turn = _watched(self._turns, pulse.worker, pulse.turned_at, now_s)
            seen.append(Seen(pulse.worker, now_s - sign.since_s, now_s - turn.since_s))
        for table in (self._signs, self._turns):
            _forget(table, [pulse.worker for pulse in pulses])
        return tuple(seen)


def _watched(table: dict[str, _Known], name: str, is_now: object, now_s: float) -> _Known:
    known = table.get(name)
    if known is None or known.is_now != is_now:
        known = table[name] = _Known(is_now, now_s)
    return known


def _forget(table: dict[str, _Known], keep: Sequence[str]) -> None:
    for name in table.keys() - set(keep):
        del table[name]
