"""One reconciliation: dossier after dossier, asked by a few threads, recorded in order; a kill loses nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from bus.ports import Clock, Journal
from bus.reconciling.asking import Asker
from bus.reconciling.compare import compare
from bus.reconciling.contents import content_of
from bus.reconciling.gate import Gate, PatienceEnded, Stopped
from bus.reconciling.pairs import ARRIVAL, Answer, Ours, Theirs, asked_endpoints, ours_of
from bus.reconciling.tally import counted, total, worth_a_row
from bus.records import Difference, Finding, Holding, Listed, Progress, Reconciliation, Repair, Scope
from bus.routing import House
from schemas.message import new_id
from schemas.xmldoc import parse

PAGE = 64
_AGAIN = 2  # a question that got no answer from a partner that is there is asked once more
FROM = "from:"  # counted under this and the system's name: who sent the dossier, and cannot be asked


class TakenOver(Exception):
    """Another process goes on with this run."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a run needs, wired once."""

    journal: Journal
    house: House
    asker: Asker
    gates: Callable[[str], Gate]
    clock: Clock
    stop: threading.Event
    threads: int = 4


class Reconciler:
    """Runs reconciliations of one journal."""

    def __init__(self, tools: Tools, *, on_progress: Callable[[Reconciliation], None]) -> None:
        self._tools, self._on_progress = tools, on_progress

    def begin(self, scope: Scope, *, who: str) -> Reconciliation:
        """A new run, on record before the first question."""
        run = Reconciliation(
            new_id(), who, self._tools.clock.now(), scope, total=self._tools.journal.count_dossiers(scope), step=1
        )
        self._tools.journal.record_reconciliation(run, ()).result()
        return run

    def go_on(self, run: Reconciliation) -> Reconciliation:
        """Compares what is left, then asks again what got no answer. Returns the run as far as it has come.

        Raises:
            PatienceEnded, Stopped: broken off; everything up to there is on record.
            TakenOver: another process goes on with it.
        """
        with ThreadPoolExecutor(self._tools.threads, thread_name_prefix="ask") as pool:
            again = run.progress is Progress.INCOMPLETE
            while page := self._tools.journal.listed(run.scope, run.after, limit=PAGE):
                run = self._page(run, page, pool)
            if again:
                run = self._silent_ones(run)
            left = total(run.counts, Difference.NOT_ANSWERED)
            progress = Progress.INCOMPLETE if left else Progress.DONE
            return self._record(replace(run, progress=progress), ())

    def _page(self, run: Reconciliation, page: tuple[Listed, ...], pool: ThreadPoolExecutor) -> Reconciliation:
        holdings = self._tools.journal.holdings([one.dossier for one in page])
        numbered = list(enumerate(holdings, start=run.done + 1))
        futures = [pool.submit(self._dossier, holding, number, run.scope) for number, holding in numbered]
        try:
            for listed, holding, future in zip(page, holdings, futures, strict=True):
                run = self._took(run, listed, holding, future)
        except (PatienceEnded, Stopped):
            self._tools.stop.set()  # what is under way ends, nothing new is asked
            raise
        finally:
            for future in futures:
                future.cancel()
        return run

    def _took(
        self, run: Reconciliation, listed: Listed, holding: Holding, future: Future[list[Finding]]
    ) -> Reconciliation:
        findings = future.result()
        counts = counted(run.counts, findings)
        for system in sorted({one.sender.system for one in holding.messages} - {one.endpoint for one in findings}):
            if self._is_silent_source(system):
                source = Finding(0, holding.dossier, f"{FROM}{system}", Difference.NOT_ASKABLE)
                counts = counted(counts, [source])
        rows = tuple(found for found in findings if worth_a_row(found))
        run = self._record(replace(run, done=run.done + 1, after=listed, counts=counts), rows)
        self._on_progress(run)
        return run

    def _record(self, run: Reconciliation, findings: tuple[Finding, ...]) -> Reconciliation:
        run = replace(run, step=run.step + 1)
        if not self._tools.journal.record_reconciliation(run, findings).result():
            raise TakenOver(run.id)
        return run

    def _is_silent_source(self, system: str) -> bool:
        adapter = self._tools.house.adapters.get(system)
        return adapter is not None and adapter.manifest.look_up is None

    def _silent_ones(self, run: Reconciliation) -> Reconciliation:
        """Those that got no answer are asked again; the new finding takes the place of the old one."""
        for old in list(self._unanswered(run)):
            (holding,) = self._tools.journal.holdings([old.dossier])
            new = self._pair(holding, old.number, old.endpoint)
            counts = counted(counted(run.counts, [old], by=-1), [new])
            row = new if worth_a_row(new) else replace(new, difference=Difference.EQUAL)
            run = self._record(replace(run, counts=counts), (row,))
            self._on_progress(run)
        return run

    def _unanswered(self, run: Reconciliation) -> Iterator[Finding]:
        after = (0, "")
        while page := self._tools.journal.findings(run.id, after, limit=500, difference=Difference.NOT_ANSWERED):
            yield from page
            after = (page[-1].number, page[-1].endpoint)

    # ---------------------------------------------------------------- one dossier, in a thread of its own

    def _dossier(self, holding: Holding, number: int, scope: Scope) -> list[Finding]:
        return [self._pair(holding, number, endpoint) for endpoint in asked_endpoints(holding, scope.endpoint)]

    def _pair(self, holding: Holding, number: int, endpoint: str) -> Finding:
        """Where they differ it is looked at twice: what was delivered in between is no difference."""
        found, steps = self._look(holding, number, endpoint)
        if found.difference in (Difference.EQUAL, Difference.NOT_ASKABLE, Difference.NOT_ANSWERED):
            return found
        (fresh,) = self._tools.journal.holdings([holding.dossier])
        if self._ours(fresh, endpoint).steps == steps:
            return found
        return self._look(fresh, number, endpoint)[0]

    def _look(self, holding: Holding, number: int, endpoint: str) -> tuple[Finding, object]:
        ours = self._ours(holding, endpoint)
        theirs = self._ask(ours, holding)
        if theirs.content:
            ours = replace(ours, content=self._content(ours))
        verdict = compare(ours, theirs)
        own = next((code for party, code in holding.identities if code != ours.code), "")
        found = Finding(
            number=number, dossier=holding.dossier, endpoint=endpoint, difference=verdict.difference, code=ours.code,
            own_code=own, ours=verdict.ours, theirs=theirs.status, reason=verdict.reason, who=verdict.who,
            detail=verdict.detail, proof=theirs.proof, asked_at=theirs.asked_at,
            repairs=_marked(verdict.repairs, holding),
        )  # fmt: skip
        return found, ours.steps

    def _ours(self, holding: Holding, endpoint: str) -> Ours:
        system = self._tools.house.routes.endpoints.get(endpoint)
        adapter = self._tools.house.adapters.get(system.system) if system is not None else None
        if adapter is None:  # an endpoint of another time, no longer in the settings
            return Ours(endpoint, "", ())
        return ours_of(holding, endpoint, adapter)

    def _ask(self, ours: Ours, holding: Holding) -> Theirs:
        if why := self._tools.asker.nobody(ours):
            return Theirs(Answer.NOBODY, why=why)
        gate, tries = self._tools.gates(ours.endpoint), 0
        while True:
            gate.enter()
            asked = self._tools.asker.ask(ours, holding.identities)
            away = gate.tell(well=asked.well is not False)
            tries += not away
            if asked.theirs.answer is not Answer.SILENT or tries >= _AGAIN or asked.well is None:
                return asked.theirs

    def _content(self, ours: Ours) -> Mapping[str, str]:
        """Of the dossier as the partner took it last. A body that is erased says nothing."""
        taken = next((step for step in reversed(ours.steps) if step.taken and step.kind == ARRIVAL), None)
        body = self._tools.journal.body(taken.message_id, "canonical") if taken is not None else None
        return content_of(parse(body.body)) if body is not None and body.body else {}


def _marked(repairs: tuple[Repair, ...], holding: Holding) -> tuple[Repair, ...]:
    """Bound to the deliveries as they were compared: what happens to one before the repair makes it another matter."""
    marks = {one.delivery.id: one.delivery.mark for one in holding.deliveries}
    return tuple(replace(one, seen=marks.get(one.delivery_id, "")) for one in repairs)
