"""What is done with a call of the outbox: heads are handed out under a lease, and what is said of them is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.adapter import Adapter
from adapters.wire.contract import OutboxCall, OutboxItem
from bus.delivery import delivery_id
from bus.outgoing import translate_out
from bus.records import Decision, NextStep, Settlement, WorkItem
from bus.records.outbox import Spoken, Word
from schemas.problem import Problem, Stage, problem

_WORDS: Mapping[str, Word] = {
    "ack": Word.ACK, "later": Word.LATER, "refuse": Word.REFUSE, "extend": Word.EXTEND,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class HandedOut:
    """What can be handed out, and what must be parked because it cannot be said in the partner's form."""

    items: tuple[OutboxItem, ...]
    unfit: tuple[Settlement, ...]


def hand_out(adapter: Adapter, offered: tuple[WorkItem, ...], *, until: datetime) -> HandedOut:
    """Each item in the partner's form, checked against its schema: a bad one does not spoil the others."""
    items: list[OutboxItem] = []
    unfit: list[Settlement] = []
    for item in offered:
        delivery, envelope = item.delivery, item.message.envelope
        element, problems = translate_out(item, adapter, delivery.operation)
        if element is not None:
            problems = adapter.schema.check(element, stage=Stage.VALIDATE_OUT)
        if element is None or problems:
            decision = Decision(NextStep.PARK, problems[0].text_vi, problem=problems[0], counts=False)
            unfit.append(Settlement(None, b"", "", delivery.id, "", decision))
            continue
        names = tuple((party, code) for party, code in item.identities if party in _told_to(adapter))
        items.append(OutboxItem(envelope.id, delivery.operation, envelope.kind, until, names, element))
    return HandedOut(tuple(items), tuple(unfit))


def spoken(asked: OutboxCall, *, now: datetime) -> tuple[Spoken, ...]:
    """The words of a call, as the journal takes them."""
    return tuple(
        Spoken(
            delivery_id(word.id, asked.endpoint), _WORDS[word.word], word.reason,
            now + timedelta(seconds=word.after_s) if word.after_s else None,
        )
        for word in asked.words
    )  # fmt: skip


def no_such_box(endpoint: str) -> Problem:
    """There is none, or it is not the caller's: one answer for both."""
    return problem("LT-OUTBOX-001", Stage.RECEIVE, {"endpoint": endpoint})


def _told_to(adapter: Adapter) -> frozenset[str]:
    """Whose names of a dossier a partner is told: its own, and those its operations ask for."""
    wanted = {party for operation in adapter.manifest.operations.values() for party in operation.identities}
    return frozenset({adapter.party, *wanted})
