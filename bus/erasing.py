"""The job that erases bodies whose time is over. Pages are small, each one transaction with its checkpoint: stopped
anywhere it goes on from there, and of two that believe they have the job one changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bus.ports import Journal
from bus.records.jobs import JobResult
from bus.records.retaining import Candidate, Choice, Erased, Erasure, Fate
from bus.retention import RetentionRules, fate_of
from bus.turn import Finished, Turn

NAME = "retention"
_EVERY_S = 24 * 3600.0
_PAGE = 100  # messages
_WAIT_S = 60.0
_SETTLED = (Fate.ERASE, Fate.KEEP)  # need not be looked at again before the rules change

Told = Callable[["Looked"], None]


@dataclass(frozen=True, slots=True)
class Looked:
    """One page: what is to become of it, and what became of it."""

    fates: tuple[tuple[Candidate, Fate], ...]
    erased: Erased | None = None  # None: only looked at


@dataclass(frozen=True, slots=True)
class Place:
    """The checkpoint. `low`: everything up to there is settled; `after`: how far this round has come."""

    rules: str
    low: str = ""
    after: str = ""
    whole: bool = True  # everything between was settled too

    @classmethod
    def read(cls, text: str, rules: RetentionRules) -> Place:
        """Other rules begin anew."""
        mark = hashlib.sha256(rules.text.encode()).hexdigest()[:16]
        told = json.loads(text) if text else {}
        if told.get("rules") != mark:
            return cls(mark)
        return cls(**told)

    @property
    def text(self) -> str:
        """As it is kept."""
        return json.dumps({"rules": self.rules, "low": self.low, "after": self.after, "whole": self.whole})

    @property
    def from_here(self) -> str:
        """Behind which message to go on."""
        return self.after or self.low

    def past(self, fates: Iterable[tuple[str, bool]]) -> Place:
        """Behind these messages; whether each is settled."""
        low, whole, after = self.low, self.whole, self.after
        for message_id, settled in fates:
            whole = whole and settled
            low, after = message_id if whole else low, message_id
        return replace(self, low=low, whole=whole, after=after)

    def at_the_end(self) -> Place:
        """The next round begins behind what is settled."""
        return replace(self, after="", whole=True)


@dataclass(frozen=True, slots=True)
class Eraser:
    """A job."""

    journal: Journal
    rules: RetentionRules
    who: str = "lienthong"
    tell: Told = lambda looked: None  # after each page
    page: int = _PAGE

    @property
    def name(self) -> str:
        """As operators know it."""
        return NAME

    @property
    def endpoint(self) -> str:
        """Nobody's."""
        return ""

    @property
    def every_s(self) -> float:
        """Pause between two runs."""
        return _EVERY_S

    def run(self, turn: Turn) -> Finished:
        """One round, from the checkpoint."""
        if not self.rules.shortest:
            return Finished(JobResult.DONE, "Không đặt hạn xoá nội dung", 0, 0)
        place, messages, bodies = Place.read(turn.position, self.rules), 0, 0
        while not turn.stopping():
            turn.keep()
            now = turn.clock.now()
            found = self.journal.candidates(after=place.from_here, before=_cutoff(self.rules, now), limit=self.page)
            if not found:
                turn.step(position=place.at_the_end().text)
                self.journal.scour()
                return Finished(JobResult.DONE, f"Đã xoá {bodies} nội dung của {messages} thông điệp", messages, 0)
            looked, place = self._page(turn, place, found, now=now)
            if looked.erased is not None:
                messages, bodies = messages + looked.erased.messages, bodies + looked.erased.bodies
            self.tell(looked)
        return Finished(JobResult.MORE, "", messages)

    def _page(self, turn: Turn, place: Place, found: tuple[Candidate, ...], *, now: datetime) -> tuple[Looked, Place]:
        fates, choices = decide(found, self.rules, now=now)
        beyond = place.past((one.message_id, fate in _SETTLED) for one, fate in fates)
        until = turn.clock.now() + timedelta(seconds=turn.lease_s)
        erasure = Erasure(turn.held, until, beyond.text, choices, self.who, self.rules.stamped)
        erased = self.journal.erase(erasure).result(_WAIT_S)
        if erased.left:  # those are looked at again; the checkpoint tells so with the next page
            left = frozenset(erased.left)
            beyond = place.past(
                (one.message_id, fate in _SETTLED and one.message_id not in left) for one, fate in fates
            )
        return Looked(fates, erased), beyond


def decide(
    found: Iterable[Candidate], rules: RetentionRules, *, now: datetime
) -> tuple[tuple[tuple[Candidate, Fate], ...], tuple[Choice, ...]]:
    """What becomes of each, and what is chosen."""
    fates: list[tuple[Candidate, Fate]] = []
    choices: list[Choice] = []
    for one in found:
        fate, choice = fate_of(one, rules, now=now)
        fates.append((one, fate))
        if choice is not None:
            choices.append(choice)
    return tuple(fates), tuple(choices)


def foretell(journal: Journal, rules: RetentionRules, *, now: datetime, page: int = _PAGE) -> Iterator[Looked]:
    """What a run would do now, page by page; nothing is changed."""
    after = ""
    while found := journal.candidates(after=after, before=_cutoff(rules, now), limit=page):
        yield Looked(decide(found, rules, now=now)[0])
        after = found[-1].message_id


def _cutoff(rules: RetentionRules, now: datetime) -> datetime:
    """What came later than this cannot be due by any rule."""
    return now - timedelta(days=rules.shortest)
