"""Does it move? Due work that nobody moves is a fault; nothing due, or only for partners that rest, is none. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bus.records import Place
from schemas.problem import Problem, Stage, problem


class Rest(StrEnum):
    """Why an endpoint is not sent to now, though there is something for it."""

    NONE = ""
    PAUSED = "paused"  # a person said so
    BREAKER = "breaker"  # it did not answer
    HOURS = "hours"  # outside its hours
    RATE = "rate"  # so many a minute, and they are spent
    RETRIES = "retries"  # a person stopped all retries


class Condition(StrEnum):
    """What is seen."""

    IDLE = "idle"  # nothing is due
    MOVING = "moving"
    RESTING = "resting"  # everything due is for partners that rest
    NO_WORKER = "no-worker"
    SILENT = "silent"  # workers that were there say nothing: frozen, or cut off
    WEDGED = "wedged"  # workers are there and settle nothing
    LOST = "lost"  # the queue does not have what the journal says is due
    ENDPOINT = "endpoint"  # one endpoint is not served, others are
    QUEUE_AWAY = "queue-away"
    JOURNAL_AWAY = "journal-away"
    EVICTS = "evicts"  # all goes well, and the queue's server would throw keys away when it is full
    BLIND = "blind"  # a store does not even say no


CODES = {
    Condition.NO_WORKER: "LT-WCH-001",
    Condition.SILENT: "LT-WCH-002",
    Condition.WEDGED: "LT-WCH-003",
    Condition.LOST: "LT-WCH-004",
    Condition.ENDPOINT: "LT-WCH-005",
    Condition.QUEUE_AWAY: "LT-WCH-006",
    Condition.JOURNAL_AWAY: "LT-WCH-007",
    Condition.BLIND: "LT-WCH-008",
    Condition.EVICTS: "LT-WCH-018",
}
_RESTS = {
    Rest.PAUSED: ("tạm dừng", "paused"),
    Rest.BREAKER: ("không trả lời", "not answering"),
    Rest.HOURS: ("ngoài giờ", "outside its hours"),
    Rest.RATE: ("hết mức cho phép", "rate spent"),
    Rest.RETRIES: ("đã dừng mọi lần thử lại", "retries stopped"),
}
_SHOWN = 3  # endpoints or lanes named in a sentence


@dataclass(frozen=True, slots=True)
class Due:
    """The head that has been due longest at one endpoint."""

    endpoint: str
    delivery_id: str
    seen_s: float  # for so long it was seen to be this one, due, and in this state
    rest: Rest = Rest.NONE
    place: Place | None = None  # of its lane; None = the queue is away
    in_flight: int = 0  # lanes of the endpoint
    busy_s: float = 0.0  # for so long something was due there, whatever it was, and it did not rest


@dataclass(frozen=True, slots=True)
class Seen:
    """One worker."""

    name: str
    silent_s: float  # since it last gave a sign
    still_s: float  # since its loop last went round


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is looked at."""

    due: tuple[Due, ...] = ()  # at most one per endpoint
    still_s: float = 0.0  # since anything was settled, or since the watch began
    workers: tuple[Seen, ...] = ()  # that gave a sign within the hour
    queue_away: bool = False
    evicts: str = ""  # the policy by which the queue's server throws keys away; "" = it does not
    journal_away: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """When it is too long."""

    still_s: float = 60.0  # something due and nothing settled
    silent_s: float = 20.0  # no sign of a worker
    lost_s: float = 30.0  # due in the journal, unknown to the queue
    endpoint_s: float = 300.0  # one endpoint not served while others are


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of it."""

    condition: Condition
    vi: str
    en: str
    problem: Problem | None = None  # what is wrong, and what to do

    @property
    def healthy(self) -> bool:
        """Nobody has to do anything."""
        return self.problem is None


def judge(facts: Facts, limits: Limits) -> Verdict:
    """The verdict: the first of these that holds, from the one that explains most."""
    if facts.journal_away:
        return _wrong(Condition.JOURNAL_AWAY)
    if lost := [one for one in facts.due if _is_lost(one, limits)]:
        return _wrong(Condition.LOST, deliveries=_names(one.delivery_id for one in lost), many=len(lost))
    free = [one for one in facts.due if one.rest is Rest.NONE]
    if not free:
        return _well(facts)
    longest = max(max(one.seen_s, one.busy_s) for one in free)
    if longest >= limits.still_s and facts.queue_away:
        return _wrong(Condition.QUEUE_AWAY, seconds=f"{longest:.0f}", many=len(free))
    if longest >= limits.still_s and facts.still_s >= limits.still_s:
        return _still(facts, limits, seconds=min(longest, facts.still_s))
    alone = [one for one in free if _is_alone(one, limits)]
    if alone:
        return _wrong(Condition.ENDPOINT, endpoints=_names(one.endpoint for one in alone), many=len(alone))
    return _well(facts)


def _well(facts: Facts) -> Verdict:
    """Nothing stands still. What would make trouble when memory runs short is told all the same."""
    if facts.evicts:
        return _wrong(Condition.EVICTS, policy=facts.evicts)
    if not facts.due:
        return _right(Condition.IDLE, "không có gì tới hạn", "nothing is due")
    many = len([one for one in facts.due if one.rest is Rest.NONE])
    if not many:
        return _resting(facts)
    return _right(Condition.MOVING, f"{many} điểm nối có việc tới hạn, đang chạy", f"{many} endpoints served")


def blind(late_s: float) -> Verdict:
    """Nothing could be looked at for so long."""
    return _wrong(Condition.BLIND, seconds=f"{late_s:.0f}")


def _is_lost(due: Due, limits: Limits) -> bool:
    """Where the queue has it parked and the journal does not, it will not come up by itself either."""
    return due.place in (Place.NOWHERE, Place.PARKED) and due.seen_s >= limits.lost_s


def _is_alone(due: Due, limits: Limits) -> bool:
    """Nobody is at this endpoint, though it might be sent to and there is something ready."""
    return due.seen_s >= limits.endpoint_s and not due.in_flight and due.place is not Place.LEASED


def _still(facts: Facts, limits: Limits, *, seconds: float) -> Verdict:
    many = len([one for one in facts.due if one.rest is Rest.NONE])
    values: dict[str, object] = {"seconds": f"{seconds:.0f}", "many": many}
    awake = [one for one in facts.workers if one.silent_s < limits.silent_s]
    if awake:
        names = _names(one.name for one in awake)
        return _wrong(Condition.WEDGED, **values, workers=names)
    if facts.workers:
        silent = min(one.silent_s for one in facts.workers)
        return _wrong(Condition.SILENT, **values, workers=_names(w.name for w in facts.workers), silent=f"{silent:.0f}")
    return _wrong(Condition.NO_WORKER, **values)


def _resting(facts: Facts) -> Verdict:
    said = sorted(facts.due, key=lambda one: one.endpoint)
    vi = _names(f"{one.endpoint} ({_RESTS[one.rest][0]})" for one in said)
    en = _names(f"{one.endpoint} ({_RESTS[one.rest][1]})" for one in said)
    return _right(Condition.RESTING, f"mọi việc tới hạn đều chờ nơi nhận: {vi}", f"all that is due waits for: {en}")


def _names(names: Iterable[str]) -> str:
    found = list(names)
    more = f" … (+{len(found) - _SHOWN})" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _right(condition: Condition, vi: str, en: str) -> Verdict:
    return Verdict(condition, vi, en)


def _wrong(condition: Condition, **values: object) -> Verdict:
    found = problem(CODES[condition], Stage.DELIVER, values)
    return Verdict(condition, found.text_vi, found.text_en, found)
