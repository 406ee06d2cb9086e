"""What the chain's entries say of one delivery and of what was done about a message: pure, for rows to be held against.

A delivery's state is the last one told: its entries are put in the order of their times, those of one writer in the
order of their numbers. Where several processes wrote of one delivery within `SKEW_US` their clocks do not say who was
last, and the last word of each counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any  # facts of an entry are JSON

from bus.delivery import State
from bus.journal import deadlines, look, parking
from bus.records import Act, NextStep
from bus.records.outbox import Fate

SKEW_US = 60_000_000
ORPHAN = "LT-JRN-003"  # parked as what it waited for was cancelled: said by the entry of that one
_BORN = frozenset((State.READY.value, State.WAITING.value))
_LET_GO = frozenset((Act.RELEASE.value, Act.REPLAY.value, Act.DENY.value))
_ENDS = {Act.CANCEL.value: State.CANCELLED.value, Act.SETTLE.value: State.DELIVERED.value}

Facts = Mapping[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True)
class Told:
    """One entry about a message or a delivery of it."""

    writer: str
    number: int
    kind: str
    subject: str
    at_us: int
    facts: Facts

    @property
    def place(self) -> str:
        """As faults name it."""
        return f"{self.writer}:{self.number}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What entries say a delivery is."""

    states: frozenset[str]  # any of these
    code: str | None = ""  # of its problem; None = not told


_FIRST = Standing(_BORN)


def standings(entries: Sequence[Told]) -> frozenset[Standing]:
    """What a delivery can be after these. Two or more only where clocks leave it open."""
    found, by_writer = _FIRST, dict[str, tuple[int, Standing]]()
    for at_us, one in _in_order(entries):
        after = _after(found, one)
        if after is not found:
            by_writer[one.writer] = (at_us, after)
        found = after
    newest = max((at_us for at_us, _ in by_writer.values()), default=0)
    return frozenset((found, *(said for at_us, said in by_writer.values() if newest - at_us < SKEW_US)))


def agrees(standing: Standing, state: str, code: str) -> bool:
    """Whether a row of this state and problem is what entries say."""
    if code == ORPHAN and state == State.PARKED.value:
        return standing.states <= _BORN or state in standing.states
    return state in standing.states and standing.code in (None, code)


def _in_order(entries: Iterable[Told]) -> list[tuple[int, Told]]:
    """Those of one writer never change places, even where its clock was set back."""
    latest: dict[str, int] = {}
    timed: list[tuple[int, Told]] = []
    for one in sorted(entries, key=lambda each: (each.writer, each.number)):
        latest[one.writer] = max(one.at_us, latest.get(one.writer, 0))
        timed.append((latest[one.writer], one))
    return sorted(timed, key=lambda each: each[0])


def _after(before: Standing, entry: Told) -> Standing:
    facts, kind = entry.facts, entry.kind
    if kind == "settle" and facts.get("applied"):
        parks = facts.get("step") == NextStep.PARK.value
        attempt = facts.get("attempt") or {}
        code = (facts.get("problem") or attempt.get("problem_code", "")) if parks else ""
        stays = not parks and facts.get("state") == State.PARKED.value  # stands aside: nothing was decided
        return Standing(frozenset((str(facts.get("state")),)), None if stays else str(code))
    if kind == "acknowledge":
        return Standing(frozenset((State.DELIVERED.value,)))
    if kind == parking.SUPERSEDE:
        return Standing(frozenset((State.CANCELLED.value,)))
    if kind == "act" and facts.get("done"):
        act = str(facts.get("act"))
        if act in _LET_GO:
            return Standing(frozenset((State.READY.value,)))
        return Standing(frozenset((_ENDS[act],))) if act in _ENDS else before
    if kind in ("intent", "offer") and before.states & _BORN:
        return Standing(frozenset((State.READY.value,)), None if before.code is None else "")
    return before


# ---------------------------------------------------------------- attempts and intents


def fetched_of(entry: Told) -> tuple[str, str] | None:
    """By whom and with which outcome, of an attempt that is a fetching partner's word; None = the entry is none."""
    if entry.kind == "acknowledge":
        return str(entry.facts.get("by")), "accepted"
    if entry.kind == "return":
        returned = entry.facts.get("fate") == Fate.RETURNED.value
        return str(entry.facts.get("by")), "unavailable" if returned else "rejected"
    return None


# ---------------------------------------------------------------- acts

Deed = tuple[str, str, str, str, int, int, str, int]  # delivery, act, who, why, as_then, done, reason, at_us


def deed_told(entry: Told) -> Deed | None:
    """What was done about a message, as its entry says; what it does not say is left empty. None = nothing of that."""
    facts, of, at_us = entry.facts, entry.subject, entry.at_us
    who, why = str(facts.get("who", "")), str(facts.get("why", ""))
    match entry.kind:
        case "act":
            done, as_then = int(facts.get("done", 0)), int(facts.get("as_then", 0))
            return of, str(facts.get("act")), who, why, as_then, done, "", at_us
        case look.ACT:
            return "", look.ACT, who, why, 0, 1, str(facts.get("role", "")), at_us
        case "erase":
            return "", "erase", who, str(facts.get("rule", "")), 0, 1, str(len(facts.get("roles", ())) or ""), at_us
        case "hold":
            return "", "hold" if facts.get("hold") else "unhold", who, why, 0, 1, "", at_us
        case parking.SUPERSEDE:
            return of, parking.SUPERSEDE, parking.WHO, str(facts.get("by", "")), 0, 1, "", at_us
        case deadlines.ACT if "since_us" in facts:
            return of, deadlines.ACT, deadlines.WHO, "", 0, 1, str(facts.get("problem", "")), at_us
    return None


def deed_kept(row: Mapping[str, Any]) -> Deed:  # Any: columns
    """The row of an act, as far as an entry tells it."""
    act, why, reason = str(row["act"]), str(row["why"]), str(row["reason"])
    if act in set(Act):
        reason = ""
    elif act == parking.SUPERSEDE:
        why = why.rpartition(" ")[2]
    elif act == deadlines.ACT:
        why = ""
    return (
        str(row["delivery_id"]), act, str(row["who"]), why, int(row["as_then"]), int(row["done"]), reason,
        int(row["at_us"]),
    )  # fmt: skip


def deeds_apart(told: Iterable[Deed], kept: Iterable[Deed]) -> tuple[list[Deed], list[Deed]]:
    """Those told and not kept, and those kept and not told."""
    said, there = Counter(told), Counter(kept)
    return sorted((said - there).elements()), sorted((there - said).elements())
