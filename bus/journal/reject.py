"""Evidence of what was not taken, and of questions answered without the queue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bus.journal import tables as t
from bus.journal.bodies import RAW, Packed, pack, pack_message
from bus.journal.burden import Touch
from bus.journal.message_row import body_values, message_values
from bus.journal.moments import month_of
from bus.journal.unit import Unit
from bus.journal.vault import Vault
from bus.records import Rejection
from schemas.message import Message
from schemas.problem import Problem

ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rejection with its body packed."""

    rejection: Rejection
    body: Packed

    def size_bytes(self) -> int:
        """Of its body as it is kept."""
        return len(self.body.data)

    def touch(self) -> Touch:
        """Nothing that others know."""
        return Touch()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its answer, packed."""

    question: Message
    body: Packed
    answer: Packed
    party: str

    def size_bytes(self) -> int:
        """Of its bodies as they are kept."""
        return len(self.body.data) + len(self.answer.data)

    def touch(self) -> Touch:
        """Nothing that others know."""
        return Touch()


def asked_of(question: Message, answer: bytes, media_type: str, party: str, vault: Vault) -> Asked:
    """Packs both, outside the writer thread."""
    answered = pack(answer, media_type, of=question.envelope.id, role=ANSWER, vault=vault)
    return Asked(question, pack_message(question, RAW, vault), answered, party)


def reject_many(unit: Unit, refusals: Sequence[Refusal]) -> list[None]:
    """Keeps refused messages."""
    for refusal in refusals:
        _reject(unit, refusal)
    return [None] * len(refusals)


def _reject(unit: Unit, refusal: Refusal) -> None:
    rejection = refusal.rejection
    _keep(unit, rejection.raw, refusal.body, verdict="rejected", party=rejection.party)
    envelope = rejection.raw.envelope
    write_problems(unit, envelope.id, rejection.problems, month=month_of(envelope.received_at))
    facts = {
        "party": rejection.party, "sha256": envelope.sha256, "body_sha256": refusal.body.sha256,
        "problems": [cause.code for cause in rejection.problems],
    }  # fmt: skip
    unit.entry("reject", envelope.id, facts)


def ask_many(unit: Unit, asked: Sequence[Asked]) -> list[None]:
    """Keeps questions with their answers."""
    for one in asked:
        _ask(unit, one)
    return [None] * len(asked)


def _ask(unit: Unit, asked: Asked) -> None:
    envelope = asked.question.envelope
    month = month_of(envelope.received_at)
    _keep(unit, asked.question, asked.body, verdict="asked", party=asked.party)
    unit.insert(t.bodies, body_values(envelope.id, ANSWER, asked.answer, month=month))
    facts = {
        "party": asked.party, "sha256": envelope.sha256, "body_sha256": asked.body.sha256,
        "answer_sha256": asked.answer.sha256,
    }  # fmt: skip
    unit.entry("ask", envelope.id, facts)


def _keep(unit: Unit, message: Message, body: Packed, *, verdict: str, party: str) -> None:
    envelope = message.envelope
    month = month_of(envelope.received_at)
    values = message_values(envelope, month=month, verdict=verdict, party=party, media_type=message.media_type)
    unit.insert(t.messages, values)
    unit.insert(t.bodies, body_values(envelope.id, RAW, body, month=month))


def write_problems(unit: Unit, message_id: str, problems: Sequence[Problem], *, month: str) -> None:
    """What was wrong with a message, in order."""
    for number, cause in enumerate(problems, start=1):
        data = json.dumps(cause.as_json(), ensure_ascii=False, separators=(",", ":"))
        row: dict[str, object] = {"message_id": message_id, "number": number, "month": month}
        unit.insert(t.problems, {**row, "code": cause.code, "data": data})
