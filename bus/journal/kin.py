"""What stands in the way of erasing a message's bodies, from what is known of it and its kin: pure, for both journals.

Kin: what a message was made from, upward, and what was made from it, downward; not what was made beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bus.journal.moments import from_us
from bus.records.retaining import Candidate

# Said of a message after its end: they prove nothing of its way, and need not be sealed before its bodies go.
AFTERWARDS = ("erase", "hold")
RAW_KIND = "goc"  # bytes as they came


@dataclass(frozen=True, slots=True)
class About:
    """One message."""

    kind: str
    order_key: str
    caused_by: str
    received_us: int


@dataclass(frozen=True, slots=True)
class Written:
    """One entry about a message or delivery."""

    at_us: int
    sealed: bool
    stamped: bool


@dataclass(slots=True)
class Surroundings:
    """What was read of some messages and all their kin."""

    messages: dict[str, About] = field(default_factory=dict)
    ended: dict[str, dict[str, bool]] = field(default_factory=dict)  # message → delivery → nothing happens any more
    busy: frozenset[str] = frozenset()  # dossiers with an open delivery
    unexamined: frozenset[str] = frozenset()  # messages whose attachments wait to be looked at
    planned: frozenset[str] = frozenset()  # messages and deliveries in open plans
    marked: frozenset[str] = frozenset()
    written: Mapping[str, Sequence[Written]] = field(default_factory=dict)  # by message or delivery

    def children(self) -> dict[str, list[str]]:
        """What was made from each."""
        found: dict[str, list[str]] = {}
        for message_id, about in self.messages.items():
            found.setdefault(about.caused_by, []).append(message_id)
        return found

    def subjects(self) -> list[str]:
        """What entries and plans may name."""
        return [*self.messages, *(one for each in self.ended.values() for one in each)]

    def dossiers(self) -> list[str]:
        """Of all of them."""
        return sorted({about.order_key for about in self.messages.values()} - {""})


def candidates_of(around: Surroundings, bodies: Mapping[str, tuple[int, int]]) -> Iterator[Candidate]:
    """One for each message of `bodies` (message → how many, bytes), in that order."""
    children = around.children()
    for message_id, (count, size) in bodies.items():
        above, below = list(_up(around, message_id)), list(_down(children, message_id))
        yield _candidate(around, message_id, (*above, message_id, *below), count=count, size=size)


def _candidate(around: Surroundings, message_id: str, kin: tuple[str, ...], *, count: int, size: int) -> Candidate:
    about = around.messages[message_id]
    deliveries = {delivery: ended for one in kin for delivery, ended in around.ended.get(one, {}).items()}
    entries = [entry for one in (*kin, *deliveries) for entry in around.written.get(one, ())]
    ends = [entry.at_us for one in deliveries for entry in around.written.get(one, ())]
    made = tuple(sorted({around.messages[one].kind for one in kin[kin.index(message_id) + 1 :]}))
    return Candidate(
        message_id=message_id, kind=about.kind, kinds=made if about.kind == RAW_KIND and made else (about.kind,),
        finished_at=from_us(max([around.messages[one].received_us for one in kin] + ends)),
        bodies=count, size_bytes=size,
        is_open=not all(deliveries.values())
        or any(around.messages[one].order_key in around.busy for one in kin)
        or not around.unexamined.isdisjoint(kin),
        is_planned=not around.planned.isdisjoint((*kin, *deliveries)),
        is_marked=not around.marked.isdisjoint(kin),
        is_sealed=bool(entries) and all(entry.sealed for entry in entries),
        is_stamped=bool(entries) and all(entry.stamped for entry in entries),
    )  # fmt: skip


def _up(around: Surroundings, message_id: str) -> Iterator[str]:
    seen = {message_id}
    cause = around.messages[message_id].caused_by
    while cause in around.messages and cause not in seen:
        seen.add(cause)
        yield cause
        cause = around.messages[cause].caused_by


def _down(children: Mapping[str, list[str]], message_id: str) -> Iterator[str]:
    seen, waiting = {message_id}, list(children.get(message_id, ()))
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            yield one
            waiting += children.get(one, ())
