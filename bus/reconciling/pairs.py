"""The two sides of one comparison as plain values: what we hold of a dossier at an endpoint, what they say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from adapters.adapter import Adapter
from bus.days import day_of
from bus.delivery import State
from bus.records import Difference, HeldDelivery, Holding, Repair

ARRIVAL = "ho_so"  # the kind that brings a dossier to a partner
_STATUS, _ORIGIN = "trang_thai", "nguon"  # facts of an envelope


@dataclass(frozen=True, slots=True)
class Step:
    """One delivery of the dossier to the endpoint, in lane order."""

    delivery_id: str
    kind: str
    status: str  # of the dossier after it; "" = it tells none
    shown: frozenset[str]  # how the partner may show that status
    state: State
    taken: bool  # the partner had it at least once
    doubtful: bool  # bytes were sent and nobody knows what became of them
    message_id: str = ""

    @property
    def open(self) -> bool:
        """Something is still to be done."""
        return not self.state.final

    @property
    def resting(self) -> bool:
        """Nothing more happens to it before somebody says something."""
        return self.open and (self.state is State.PARKED or self.doubtful)


@dataclass(frozen=True, slots=True)
class Ours:
    """What the journal says of one dossier at one endpoint."""

    endpoint: str
    code: str  # the dossier's name there; "" = it has none
    steps: tuple[Step, ...]
    born_there: bool = False
    status_from_them: bool = False
    question: str = ""  # the kind we ask for the status by, in the queue; "" = none
    told: tuple[str, ...] = ()  # statuses that came from them, in time order
    content: Mapping[str, str] = field(default_factory=dict)  # of what was taken last, by canonical path


class Answer(StrEnum):
    """What became of the question."""

    FOUND = "found"
    ABSENT = "absent"
    SILENT = "silent"  # no usable answer
    NOBODY = "nobody"  # there is nobody to ask, or no name to ask by


@dataclass(frozen=True, slots=True)
class Theirs:
    """What they say."""

    answer: Answer
    status: str = ""  # "" = they do not say
    content: Mapping[str, str] = field(default_factory=dict)  # by canonical path
    why: str = ""  # SILENT, NOBODY: Vietnamese, for the operator
    proof: str = ""  # SHA-256 of the reply
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comparing came to."""

    difference: Difference
    reason: str = ""
    who: str = "nobody"  # operator | partner | department | nobody
    ours: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()


def ours_of(holding: Holding, endpoint: str, adapter: Adapter) -> Ours:
    """Our side. The adapter is the endpoint's."""
    rule = adapter.manifest.look_up
    here = sorted((one for one in holding.deliveries if one.delivery.endpoint == endpoint), key=_place)
    party = _party(adapter)
    told = (
        one.facts.get(_STATUS, "")
        for one in holding.messages
        if one.sender.system == adapter.id and one.kind != ARRIVAL
    )
    return Ours(
        endpoint=endpoint,
        code=dict(holding.identities).get(party, ""),
        steps=tuple(_step(one, adapter) for one in here),
        born_there=any(one.facts.get(_ORIGIN) == adapter.party for one in holding.messages if one.kind == ARRIVAL),
        status_from_them=rule is not None and rule.status_from == "them",
        question=adapter.manifest.operations[rule.operation].kind if rule is not None else "",
        told=tuple(status for status in told if status),
    )


def asked_endpoints(holding: Holding, wanted: str = "") -> tuple[str, ...]:
    """Where the dossier is, by its deliveries; narrowed to one where that is wanted."""
    names = dict.fromkeys(one.delivery.endpoint for one in holding.deliveries)
    return tuple(name for name in sorted(names) if wanted in ("", name))


def _party(adapter: Adapter) -> str:
    """Whose name of the dossier the question needs."""
    rule = adapter.manifest.look_up
    asked = adapter.manifest.operations[rule.operation].identities if rule is not None else ()
    return asked[0] if asked else adapter.party


def _place(one: HeldDelivery) -> tuple[str, int]:
    """Lane order; lanes of their own (questions) by the message, which is by time."""
    return one.envelope.id, one.delivery.lane_seq


def _step(one: HeldDelivery, adapter: Adapter) -> Step:
    delivery, envelope = one.delivery, one.envelope
    status = envelope.facts.get(_STATUS, "")
    sending = delivery.state is State.SENDING
    last = delivery.last_outcome
    doubt = one.doubtful or delivery.state is State.UNCLEAR or (last is not None and last.unclear)
    return Step(
        delivery_id=delivery.id, kind=envelope.kind, status=status,
        shown=frozenset(_shown(status, one, adapter)) if status else frozenset(), state=delivery.state,
        taken=one.taken, doubtful=doubt and not sending and not delivery.state.final, message_id=envelope.id,
    )  # fmt: skip


def _shown(status: str, one: HeldDelivery, adapter: Adapter) -> Iterable[str]:
    """The status itself, and the code that a partner may keep in its place."""
    yield status
    rule = adapter.manifest.look_up
    where = rule.shown_by.get(one.delivery.operation, "") if rule is not None else ""
    table, _, column = where.partition("/")
    if table and (found := adapter.tables.column(table, status, column, on=day_of(one.envelope))):
        yield found
