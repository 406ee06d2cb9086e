"""The life of a delivery as one table: pure. Whatever changes a delivery asks here; docs/en/lifecycle.md draws it.

A state is named as readers see it. What follows from the clock or from the lane (a lease runs out, an earlier one
comes or goes) is written nowhere, and stands in the table all the same: nothing else is ever seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from bus.delivery import State
from bus.records import NextStep


class Event(StrEnum):
    """What may happen to a delivery."""

    ACCEPT = "accept"  # it is on disk
    INTEND = "intend"  # a worker's intent is on disk: bytes may leave
    LAPSE = "lapse"  # the lease ran out, or its worker is known to be dead
    TAKEN = "taken"  # the partner has it
    WAIT = "wait"  # surely not taken, or its receiver is closed: again later
    DOUBT = "doubt"  # bytes sent, no usable answer
    PARK = "park"  # only a person can decide
    SUPERSEDE = "supersede"  # a newer one of its kind tells all that it tells
    FREE = "free"  # what it waited for in another lane is delivered
    ORPHAN = "orphan"  # what it waited for in another lane was cancelled
    OFFER = "offer"  # handed to a partner that fetches
    ACKNOWLEDGE = "acknowledge"  # that partner says it has it
    RELEASE = "release"  # a person
    REPLAY = "replay"  # a person
    CANCEL = "cancel"  # a person
    SETTLE = "settle"  # a person, on the partner's own word
    DENY = "deny"  # a person, on the partner's own word that it has nothing
    ADVANCE = "advance"  # the one before it in its lane has gone
    OVERTAKEN = "overtaken"  # an earlier one of its lane is to be sent again first


S = State
_RESULT = (S.SENDING, S.READY, S.UNCLEAR, S.PARKED)  # ready, parked: the result of a lease that ran out comes late

TABLE: Mapping[Event, Mapping[State | None, tuple[State, ...]]] = MappingProxyType(
    {
        Event.ACCEPT: {None: (S.READY, S.WAITING, S.HELD)},
        Event.INTEND: {
            S.READY: (S.SENDING,), S.WAITING: (S.SENDING,), S.SENDING: (S.SENDING,), S.UNCLEAR: (S.UNCLEAR,),
        },
        Event.LAPSE: {S.SENDING: (S.READY,), S.UNCLEAR: (S.UNCLEAR,), S.READY: (S.READY,), S.PARKED: (S.PARKED,)},
        Event.TAKEN: dict.fromkeys(_RESULT, (S.DELIVERED,)),
        Event.WAIT: dict.fromkeys((*_RESULT, S.WAITING), (S.WAITING,)),  # waiting: due, but the receiver is closed
        Event.DOUBT: dict.fromkeys(_RESULT, (S.UNCLEAR,)),
        Event.PARK: {**dict.fromkeys((*_RESULT, S.WAITING), (S.PARKED,)), S.HELD: (S.HELD,)},
        Event.SUPERSEDE: {S.PARKED: (S.CANCELLED,)},
        Event.FREE: {S.HELD: (S.READY, S.WAITING, S.PARKED)},
        Event.ORPHAN: {S.HELD: (S.PARKED,)},
        Event.OFFER: {S.READY: (S.READY,), S.WAITING: (S.READY,)},
        Event.ACKNOWLEDGE: {S.READY: (S.DELIVERED,)},
        Event.RELEASE: dict.fromkeys((S.PARKED, S.WAITING), (S.READY,)),
        Event.REPLAY: dict.fromkeys(
            (S.READY, S.WAITING, S.UNCLEAR, S.PARKED, S.DELIVERED, S.CANCELLED), (S.READY,)
        ),
        Event.CANCEL: dict.fromkeys((S.READY, S.WAITING, S.HELD, S.UNCLEAR, S.PARKED), (S.CANCELLED,)),
        Event.SETTLE: dict.fromkeys((S.UNCLEAR, S.PARKED, S.HELD), (S.DELIVERED,)),  # held: parked, behind another
        Event.DENY: dict.fromkeys((S.UNCLEAR, S.PARKED), (S.READY,)),
        Event.ADVANCE: {S.HELD: (S.READY, S.WAITING, S.PARKED)},
        Event.OVERTAKEN: dict.fromkeys((S.READY, S.WAITING, S.PARKED), (S.HELD,)),
    }
)  # fmt: skip

# What the decision after an attempt means here: the event, and the state it leads to.
AFTER_ATTEMPT: Mapping[NextStep, tuple[Event, State]] = MappingProxyType(
    {
        NextStep.DONE: (Event.TAKEN, State.DELIVERED),
        NextStep.WAIT: (Event.WAIT, State.WAITING),
        NextStep.ASK: (Event.DOUBT, State.UNCLEAR),
        NextStep.PARK: (Event.PARK, State.PARKED),
    }
)


class Impossible(Exception):
    """A transition that the table does not know: our own program is broken, so nothing of it is written."""


def allowed(before: State | None, event: Event, after: State) -> bool:
    """Whether the table knows it."""
    return after in TABLE[event].get(before, ())


def pass_from(before: State | None, event: Event, after: State) -> None:
    """Goes on if the table knows it.

    Raises:
        Impossible: it does not.
    """
    if not allowed(before, event, after):
        raise Impossible(f"{before.value if before else 'new'} --{event.value}--> {after.value}")


def pairs() -> frozenset[tuple[State | None, State]]:
    """Every change of state that may ever be seen."""
    return frozenset(
        (before, after)
        for changes in TABLE.values()
        for before, afters in changes.items()
        for after in afters
        if before is not after
    )
