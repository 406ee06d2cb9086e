"""Whose attachments are looked at before acceptance, and what becomes of a message whose signatures are wrong."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from bus.attachments import is_hindered, refusals
from bus.pipeline import numbered
from bus.records import AcceptItem, ItemResult, ItemStatus, Judgement
from bus.records.examining import AttachmentFact, AttachmentPolicy
from schemas.message import Party
from schemas.problem import Problem, Stage, problem

log = logging.getLogger("lienthong.attachments")

_HINDERED = "LT-ATT-008"


@dataclass(frozen=True, slots=True)
class Inspection:
    """One per process. Has threads of its own: who waits for a reader holds up nobody else."""

    usual: AttachmentPolicy = AttachmentPolicy.OFF
    callers: Mapping[tuple[str, str], AttachmentPolicy] = field(default_factory=dict)  # by (system, agency)
    examine: Callable[[bytes], tuple[AttachmentFact, ...]] = lambda body: ()
    pool: ThreadPoolExecutor | None = None
    wait_s: float = 15.0  # so long a caller is kept waiting at most
    count: Callable[[Judgement], None] = lambda judgement: None

    def of(self, party: Party) -> AttachmentPolicy:
        """Of a caller."""
        return self.callers.get((party.system, party.agency), self.usual)

    async def at_the_door(self, items: tuple[AcceptItem, ...]) -> tuple[AcceptItem, ...] | Problem:
        """Those that a wrong signature refuses are looked at now; a problem: it could not be done here and now."""
        if self.pool is None or not any(each.attachments is AttachmentPolicy.REFUSE for each in items):
            return items
        work = asyncio.get_running_loop().run_in_executor(self.pool, self.look, items)
        try:
            return await asyncio.wait_for(work, self.wait_s)
        except TimeoutError:
            log.warning("attachments not examined in time items=%d", len(items))
            return problem(_HINDERED, Stage.RECEIVE, {"reason": f"> {self.wait_s:g} s"})

    def look(self, items: Sequence[AcceptItem]) -> tuple[AcceptItem, ...] | Problem:
        """The same in the caller's own thread, as long as it takes."""
        looked: list[AcceptItem] = []
        heads = [each for each in items if each.same_dossier_as < 0]
        for each in items:
            if each.attachments is not AttachmentPolicy.REFUSE:
                looked.append(each)
                continue
            found = self.examine(each.message.body)
            for fact in found:
                self.count(fact.judgement)
            if any(map(is_hindered, found)):
                return problem(_HINDERED, Stage.RECEIVE, {"reason": "–"})
            number = heads.index(each) + 1 if each in heads else 1
            unfit = tuple(numbered(one, number, len(heads)) for one in refusals(found))
            looked.append(replace(each, examined=found, unfit=unfit))
        return tuple(looked)


def unfit_of(items: Sequence[AcceptItem], results: Sequence[ItemResult]) -> tuple[Problem, ...]:
    """Why some were refused for their attachments."""
    pairs = zip(items, results, strict=True)
    return tuple(one for item, result in pairs if result.status is ItemStatus.UNFIT for one in item.unfit)
