"""Seals the journal's chain again and again: a run of entries under one Merkle root, signed, and stamped where an
authority of time is asked. Never silently unstamped: while no authority answers, entries wait, and that is a number.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from bus.evidence.authorities import Authorities
from bus.ports import Clock, Journal
from bus.records.jobs import JobResult
from bus.records.sealing import FIRST, Seal, Unsealed
from bus.turn import Finished, Turn
from schemas.problem import Refused
from signing.stamp.batch import BatchRules, Stamping, alarm
from signing.stamp.merkle import tree

log = logging.getLogger("lienthong.sealing")

NAME = "seal"
_WAIT_S = 30.0


@dataclass(slots=True)
class Sealer:
    """A job. What it does next after a failure is in `stamping`; who takes over begins anew, which costs one try."""

    journal: Journal
    clock: Clock
    sign: Callable[[bytes], str]  # detached JWS over these bytes
    authorities: Authorities | None
    rules: BatchRules
    stamping: Stamping = field(default_factory=Stamping)
    _told: int = 0

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
        return self.rules.every.total_seconds()

    def run(self, turn: Turn) -> Finished:
        """Seals what waits, batch after batch; a full one is followed at once."""
        sealed = 0
        while not turn.stopping():
            turn.keep()
            found = self.journal.unsealed(self.stamping.take(self.rules))
            if not found.spans:
                self._tell(found)
                return Finished(JobResult.DONE, f"Đã niêm phong {sealed} bản ghi", sealed, 0)
            try:
                count = self._seal(found)
            except Refused as refused:
                self._failed(found, refused)
                return Finished(JobResult.AGAIN, refused.problems[0].text_vi, sealed, found.waiting, self._pause_s())
            sealed += count
            self._tell(found)
            if found.waiting <= count:
                return Finished(JobResult.DONE, f"Đã niêm phong {sealed} bản ghi", sealed, 0)
        return Finished(JobResult.MORE, "", sealed)

    def _seal(self, found: Unsealed) -> int:
        """How many entries a new seal covers; 0 = somebody else was quicker."""
        last = self.journal.last_seal()
        root, _ = tree([bytes.fromhex(each) for each in found.hashes])
        draft = Seal(
            number=last.number + 1 if last is not None else 1,
            at=self.clock.now(),
            root=root.hex(),
            spans=found.spans,
            previous=last.sha256 if last is not None else FIRST,
        )
        token, authority = b"", ""
        if self.authorities is not None:
            stamped = self.authorities.stamp(draft.text, at=self.stamping.authority)
            token, authority = stamped.token, stamped.authority
        seal = Seal(
            draft.number, draft.at, draft.root, draft.spans, draft.previous, self.sign(draft.text), token, authority
        )
        kept = self.journal.seal(seal).result(_WAIT_S)
        count = len(found.hashes) if kept else 0
        self.stamping = self.stamping.went_well(self.rules, stamped=count, now=self.clock.now())
        return count

    def _failed(self, found: Unsealed, refused: Refused) -> None:
        many = len(self.authorities.addresses) if self.authorities is not None else 1
        self.stamping = self.stamping.went_wrong(self.rules, authorities=many, now=self.clock.now())
        log.warning("no time-stamp entries=%d code=%s", found.waiting, refused.problems[0].code)
        self._tell(found)

    def _pause_s(self) -> float:
        next_at = self.stamping.next_at
        return max(1.0, (next_at - self.clock.now()).total_seconds()) if next_at is not None else self.every_s

    def _tell(self, found: Unsealed) -> None:
        """A person is called as the grace runs out; once at each quarter."""
        step = alarm(found.oldest, self.rules, now=self.clock.now())
        if step > self._told:
            log.error("entries wait for their time-stamp: %d %% of the grace is over, %d wait", step, found.waiting)
        self._told = step


def rules_of(*, every_s: float, batch: int, grace_s: float) -> BatchRules:
    """From the settings' numbers."""
    every = timedelta(seconds=every_s)
    return BatchRules(every=every, most=batch, probe_every=every, grace=timedelta(seconds=grace_s))
