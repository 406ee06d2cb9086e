"""After an attempt: the fact is recorded, always; the delivery changes where the token still holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from bus.delivery import State
from bus.journal import tables as t
from bus.journal.accept import Parcel, accept_many
from bus.journal.attempt_row import attempt_values, feed_of
from bus.journal.bodies import Packed, pack, reply_role
from bus.journal.burden import Touch, touched_by
from bus.journal.deadlines import record_expiry
from bus.journal.delivery_row import DeliveryRow, derived_state
from bus.journal.derive import heads
from bus.journal.facts import attempt_fact
from bus.journal.free import free_behind, waited_for
from bus.journal.message_row import body_values
from bus.journal.parking import rest
from bus.journal.transitions import decided, goes_on, may_settle, recorded
from bus.journal.unit import Unit
from bus.journal.vault import OPEN, Vault
from bus.records import NextStep, QueueRecord, Settled, Settlement

_a = t.attempts.c
_MADE = sa.select(_a.delivery_id, _a.number, _a.token, _a.applied, _a.state_after, _a.feed).where(
    _a.delivery_id.in_(sa.bindparam("many", expanding=True))
)
_i = t.identities.c
_OWNERS = sa.select(_i.party, _i.code, _i.dossier).where(_i.code.in_(sa.bindparam("many", expanding=True)))


@dataclass(frozen=True, slots=True)
class Closing:
    """A settlement with its bodies packed."""

    settlement: Settlement
    reply: Packed | None
    derived: tuple[Parcel, ...]

    @classmethod
    def of(cls, settlement: Settlement, vault: Vault = OPEN) -> Closing:
        """Packs the reply and what is derived, outside the writer thread."""
        reply = _packed_reply(settlement, vault) if settlement.reply else None
        return cls(settlement, reply, tuple(Parcel.of(derived.acceptance, vault) for derived in settlement.derived))

    def size_bytes(self) -> int:
        """Of its bodies as they are kept."""
        return len(self.reply.data if self.reply else b"") + sum(parcel.size_bytes() for parcel in self.derived)

    def touch(self) -> Touch:
        """Its delivery's dossier, and those of what is derived."""
        born = touched_by(parcel.acceptance for parcel in self.derived)
        return replace(born, deliveries=(self.settlement.delivery_id,))


def _packed_reply(settlement: Settlement, vault: Vault) -> Packed:
    message_id, _, endpoint = settlement.delivery_id.partition(":")
    role = reply_role(endpoint, settlement.attempt.number if settlement.attempt else 0)
    return pack(settlement.reply, settlement.reply_media_type, of=message_id, role=role, vault=vault)


@dataclass(frozen=True, slots=True)
class _Made:
    """An attempt already recorded, and what its settlement answered."""

    token: str
    answer: Settled


@dataclass(frozen=True, slots=True)
class _Run:
    """What is read once for a whole run."""

    made: dict[tuple[str, int], _Made]
    waited_for: frozenset[str]  # deliveries that something in another lane is held behind
    owners: dict[tuple[str, str], str]  # (party, code) → dossier, of the names that are told


def settle_many(unit: Unit, closings: Sequence[Closing]) -> list[Settled]:
    """A run of settlements, in order.

    Raises:
        LookupError: a delivery is unknown: settled in another journal than it was claimed from.
    """
    ids = sorted({closing.settlement.delivery_id for closing in closings})
    rows = unit.deliveries(ids)
    learned = sorted({code for closing in closings for _, code in closing.settlement.learned if code})
    run = _Run(
        made={
            (row["delivery_id"], row["number"]): _made(row, rows[row["delivery_id"]])
            for row in unit.read(_MADE, {"many": ids})
        },
        waited_for=waited_for(unit, ids),
        owners=owners_of(unit, learned),
    )
    return [_settle(unit, closing, run) for closing in closings]


def _settle(unit: Unit, closing: Closing, run: _Run) -> Settled:
    settlement, attempt = closing.settlement, closing.settlement.attempt
    row = unit.deliveries([settlement.delivery_id]).get(settlement.delivery_id)
    if row is None:
        raise LookupError(f"no delivery {settlement.delivery_id} in this journal")
    before = run.made.get((row.id, attempt.number)) if attempt else None
    if before is not None and attempt is not None:
        return before.answer if before.token == attempt.token else Settled(False, before.answer.state)
    holds = may_settle(row, settlement, now_us=unit.now_us)
    # The queue was told that the lane rests: it must hear the late result by a rebuild, its token is void there.
    told = holds and (attempt is None or row.state != State.PARKED.value)
    after = recorded(row, attempt, token_holds=holds) if attempt else row
    if holds:
        after = decided(after, settlement)
    unit.put(after)
    feed = _consequences(unit, closing, after, run) if holds else ()
    if holds and settlement.decision.step is NextStep.PARK:
        after, more = rest(unit, after)
        feed += more
    state = State(after.state) if holds else _shown(unit, after)
    if attempt is not None:
        unit.insert(t.attempts, attempt_values(attempt, month=row.month, applied=told, state=state, feed=feed))
        if closing.reply is not None:
            role = reply_role(row.endpoint, attempt.number)
            unit.insert(t.bodies, body_values(row.message_id, role, closing.reply, month=row.month))
    unit.entry("settle", row.id, _facts(closing, applied=holds, state=state))
    if holds and settlement.decision.expired:
        record_expiry(unit, after, settlement.decision)
    answer = Settled(told, state, feed, goes_on(after, state) and told)
    if attempt is not None:  # said a second time it gets the same answer
        run.made[row.id, attempt.number] = _Made(attempt.token, answer)
    return answer


def _consequences(unit: Unit, closing: Closing, row: DeliveryRow, run: _Run) -> tuple[QueueRecord, ...]:
    feed: list[QueueRecord] = []
    for name in closing.settlement.learned:
        learn(unit, row, name, run.owners)
    if closing.settlement.decision.step is NextStep.DONE and row.id in run.waited_for:
        feed += free_behind(unit, [row.id]).get(row.id, ())
    if closing.derived:
        unit.flush()
        for results in accept_many(unit, closing.derived):
            feed += [record for result in results for record in result.feed]
    return tuple(feed)


def learn(unit: Unit, row: DeliveryRow, name: tuple[str, str], owners: dict[tuple[str, str], str]) -> None:
    """A name the partner told us. If another dossier bears it, the old one keeps it and the clash is on record."""
    party, code = name
    owner = owners.get(name)
    if not code or owner == row.dossier:
        return
    if owner is None:
        owners[name] = row.dossier
        values: dict[str, object] = {"party": party, "code": code, "dossier": row.dossier, "at_us": unit.now_us}
        unit.insert(t.identities, values)
    kind = "learn" if owner is None else "name-clash"
    unit.entry(kind, row.id, {"party": party, "dossier": row.dossier, "owner": owner or row.dossier})


def owners_of(unit: Unit, codes: list[str]) -> dict[tuple[str, str], str]:
    """Whose dossier bears one of these codes, by (party, code)."""
    rows = unit.read(_OWNERS, {"many": codes}) if codes else ()
    return {(row["party"], row["code"]): row["dossier"] for row in rows}


def _made(row: sa.RowMapping, delivery: DeliveryRow) -> _Made:
    applied, state = bool(row["applied"]), State(row["state_after"])
    answer = Settled(applied, state, feed_of(row["feed"]), goes_on(delivery, state) and applied)
    return _Made(row["token"], answer)


def _shown(unit: Unit, row: DeliveryRow) -> State:
    unit.flush()
    first = heads(unit.connection, [row.lane]).get(row.lane, row.id)
    return derived_state(row, ahead="" if first == row.id else first, now_us=unit.now_us)


def _facts(closing: Closing, *, applied: bool, state: State) -> dict[str, object]:
    attempt = closing.settlement.attempt
    cause = closing.settlement.decision.problem
    return {
        "attempt": attempt_fact(attempt) if attempt else None,
        "applied": applied,
        "step": closing.settlement.decision.step.value,
        "state": state.value,
        "problem": cause.code if cause else "",
        "token": closing.settlement.token,
        "derived": [parcel.acceptance.raw.envelope.id for parcel in closing.derived],
    }
