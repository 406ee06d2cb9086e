"""What partners that fetch say of single items. Decided in one place for all journals, written by each in its own way.

An acknowledgement is true whenever it comes: also after the offer ran out, as long as the item is still at the head of
its lane and was handed out. Said again it gets the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bus.delivery import Attempt, State
from bus.journal import tables as t
from bus.journal.attempt_row import attempt_values
from bus.journal.burden import Touch
from bus.journal.delivery_row import DeliveryRow
from bus.journal.derive import heads
from bus.journal.free import free_behind
from bus.journal.moments import to_us
from bus.journal.offer import acknowledgement
from bus.journal.settle import Closing, settle_many
from bus.journal.transitions import acknowledged, offered
from bus.journal.unit import Unit
from bus.outcome import Outcome
from bus.records import Decision, NextStep, QueueRecord, Settlement
from bus.records.outbox import Fate, Heard, Spoken, Word
from schemas.problem import Stage, problem

_RETURNS = 20  # so often an item may be given back; then a person looks at it


@dataclass(frozen=True, slots=True)
class Speech:
    """One request of a partner that fetches."""

    endpoint: str
    spoken: tuple[Spoken, ...]
    party: str
    now: datetime

    def size_bytes(self) -> int:
        """No bodies."""
        return 0

    def touch(self) -> Touch:
        """The deliveries it names."""
        return Touch(deliveries=tuple(one.delivery_id for one in self.spoken))


def judge(row: DeliveryRow | None, endpoint: str, word: Word, *, is_head: bool) -> Fate:
    """What becomes of an item. Pure."""
    if row is None or row.is_push or row.endpoint != endpoint:
        return Fate.UNKNOWN
    if row.state == State.DELIVERED.value:
        return Fate.ALREADY
    if row.state == State.CANCELLED.value:
        return Fate.CLOSED
    if row.state == State.PARKED.value and word is Word.REFUSE:
        return Fate.PARKED
    if row.state != State.READY.value or row.offered_us is None or row.held_behind or not is_head:
        return Fate.NOT_OFFERED
    if word is Word.LATER:
        return Fate.PARKED if row.last_number + 1 >= _RETURNS else Fate.RETURNED
    return {Word.ACK: Fate.ACKNOWLEDGED, Word.REFUSE: Fate.PARKED}.get(word, Fate.EXTENDED)


def decision_of(spoken: Spoken, fate: Fate, row: DeliveryRow) -> Decision:
    """What the journal records for an item that was given back."""
    said = spoken.reason or "–"
    if fate is Fate.RETURNED:
        return Decision(NextStep.WAIT, f"Bên nhận trả lại: {said}", next_at=spoken.until, counts=False)
    often = spoken.word is Word.LATER
    values = {"endpoint": row.endpoint, "reason": said, "times": row.last_number + 1}
    cause = problem("LT-OUTBOX-003" if often else "LT-OUTBOX-002", Stage.DELIVER, values)
    return Decision(NextStep.PARK, cause.text_vi, problem=cause, counts=False)


def return_fact(row: DeliveryRow, spoken: Spoken, fate: Fate, *, party: str, now: datetime) -> Attempt:
    """The fact that a partner gave an item back, in the form of an attempt."""
    outcome = Outcome.UNAVAILABLE if fate is Fate.RETURNED else Outcome.REJECTED
    fact = acknowledgement(replace(row, last_number=row.last_number + 1), party, now)
    return replace(fact, outcome=outcome, text=spoken.reason)


def hear_many(unit: Unit, speeches: Sequence[Speech]) -> list[Heard]:
    """A run of requests, in order."""
    return [_hear(unit, speech) for speech in speeches]


def _hear(unit: Unit, speech: Speech) -> Heard:
    fates: list[Fate] = []
    feed: list[QueueRecord] = []
    for spoken in speech.spoken:
        unit.flush()
        row = unit.deliveries([spoken.delivery_id]).get(spoken.delivery_id)
        is_head = row is not None and heads(unit.connection, [row.lane]).get(row.lane) == row.id
        fate = judge(row, speech.endpoint, spoken.word, is_head=is_head)
        if row is not None:
            feed += _carry_out(unit, row, spoken, fate, speech)
        fates.append(fate)
    return Heard(tuple(fates), tuple(feed))


def _carry_out(unit: Unit, row: DeliveryRow, spoken: Spoken, fate: Fate, speech: Speech) -> tuple[QueueRecord, ...]:
    if fate is Fate.ACKNOWLEDGED:
        after = acknowledged(row)
        unit.put(after)
        fact = acknowledgement(after, speech.party, speech.now)
        unit.insert(t.attempts, attempt_values(fact, month=row.month, applied=True, state=State.DELIVERED, feed=()))
        unit.entry("acknowledge", row.id, {"number": fact.number, "by": speech.party})
        return free_behind(unit, [row.id]).get(row.id, ())
    if fate is Fate.EXTENDED and spoken.until is not None:
        unit.put(offered(row, until_us=to_us(spoken.until)))
        unit.entry("offer", row.id, {"until_us": to_us(spoken.until)})
    if fate is Fate.RETURNED or (fate is Fate.PARKED and row.state == State.READY.value):
        return _give_back(unit, row, spoken, fate, speech)
    return ()


def _give_back(unit: Unit, row: DeliveryRow, spoken: Spoken, fate: Fate, speech: Speech) -> tuple[QueueRecord, ...]:
    settlement = Settlement(None, b"", "", row.id, row.token, decision_of(spoken, fate, row))
    settled = settle_many(unit, [Closing.of(settlement)])[0]
    fact = return_fact(row, spoken, fate, party=speech.party, now=speech.now)
    unit.put(replace(unit.deliveries([row.id])[row.id], last_number=fact.number, last_outcome=fact.outcome.value))
    unit.insert(t.attempts, attempt_values(fact, month=row.month, applied=True, state=settled.state, feed=()))
    unit.entry("return", row.id, {"number": fact.number, "by": speech.party, "fate": fate.value})
    return settled.feed
