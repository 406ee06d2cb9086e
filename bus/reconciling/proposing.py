"""The repairs that findings propose, as the lines of a plan. Pure. Nothing is done by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bus.records import Finding, PlanAct, PlanLine, Repair

MOST = 20_000  # lines of one plan; what is beyond it is found again by the next reconciliation

_ACTS = {
    ("replay", True): PlanAct.REPLAY_AS_THEN, ("replay", False): PlanAct.REPLAY,
    ("release", True): PlanAct.RELEASE, ("settle", True): PlanAct.SETTLE,
}  # fmt: skip


def lines_of(findings: Iterable[Finding]) -> Iterator[PlanLine]:
    """Dossier after dossier. Within one the last delivery comes first: a message is only replayed while nothing
    behind it counts as delivered, and the lane is sent from its head all the same."""
    for found in findings:
        for repair in reversed(found.repairs):
            yield PlanLine(repair.delivery_id, act_of(repair), note_of(found), repair.seen)


def act_of(repair: Repair) -> PlanAct:
    """As plans call it."""
    return _ACTS[repair.act, repair.as_then]


def note_of(found: Finding) -> str:
    """Why this one; where somebody answered, with the proof."""
    proof = f" · lời đáp sha256 {found.proof}" if found.proof else ""
    return f"Đối soát {found.difference.value}: {found.reason}{proof}"
