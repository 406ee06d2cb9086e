"""How a delivery changes: pure. Rows in, rows out; both journals carry out what is decided here.

Every change goes through the table in bus/lifecycle.py: what it does not know is never written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bus.delivery import AfterParking, Attempt, State, Unclear, delivery_id
from bus.journal.delivery_row import ASIDE, ENDED, IN_LANE, DeliveryRow, is_live
from bus.journal.moments import maybe_us, to_us
from bus.journal.problem_text import problem_text, problem_texts
from bus.lifecycle import AFTER_ATTEMPT, Event, pass_from
from bus.outcome import Outcome
from bus.records import Act, Action, Decision, Intent, NextStep, PlannedDelivery, Settlement
from schemas.message import Envelope
from schemas.problem import Stage, problem

_CALM = (State.READY.value, State.WAITING.value)
# From the one that needs most to the one that needs nothing: what a duplicate is told of the first copy.
_PROGRESS = (
    State.PARKED, State.HELD, State.WAITING, State.READY, State.UNCLEAR, State.SENDING, State.CANCELLED,
    State.DELIVERED,
)  # fmt: skip


def _named(row: DeliveryRow, *, live: bool) -> State:
    """What the row alone says of its state: without its lane, and without a clock (`live` = its lease runs)."""
    if row.open == ENDED:
        return State(row.state)
    if row.held_behind:
        return State.HELD
    return State.SENDING if live and row.state in _CALM else State(row.state)


def _moved(before: DeliveryRow | None, event: Event, after: DeliveryRow, *, live: bool = False) -> DeliveryRow:
    """The row after, if the table knows the way."""
    now = _named(after, live=event is Event.INTEND)
    pass_from(None if before is None else _named(before, live=live), event, now)
    return after


def lane_of(dossier: str, message_id: str, planned: PlannedDelivery) -> str:
    """The unit of order: the dossier at an endpoint; a lane of its own for what changes nothing there."""
    return f"{message_id if planned.unordered else dossier}@{planned.endpoint}"


def least_advanced(states: Iterable[State]) -> State | None:
    """The state that says most about what is still to be done; None = no deliveries."""
    return min(states, key=_PROGRESS.index, default=None)


def planned_row(
    envelope: Envelope, planned: PlannedDelivery, siblings: frozenset[str], *, month: str, lane_seq: int, now_us: int,
    is_head: bool = False,
) -> DeliveryRow:  # fmt: skip
    """A new delivery. `siblings` = endpoints of the same message; `envelope.order_key` = the dossier. Its deadline
    counts from when it can be sent: at once, if nothing stands before it."""
    later = planned.not_before is not None and to_us(planned.not_before) > now_us
    held = planned.after_endpoint in siblings
    row = DeliveryRow(
        id=delivery_id(envelope.id, planned.endpoint), month=month, message_id=envelope.id, dossier=envelope.order_key,
        endpoint=planned.endpoint, operation=planned.operation, pattern=planned.pattern.value,
        unclear=planned.unclear.value, priority=planned.priority,
        lane=lane_of(envelope.order_key, envelope.id, planned), lane_seq=lane_seq, open=IN_LANE,
        state=(State.WAITING if later else State.READY).value,
        reason=(planned.reason or "Hẹn giờ gửi") if later else "", problem_code="",
        problem="", attempts_used=0, manual_used=0, crashes=0, created_us=now_us,
        next_us=maybe_us(planned.not_before) if later else None,
        held_behind=delivery_id(envelope.id, planned.after_endpoint) if held else "", offered_us=None, token="",
        lease_us=None, last_number=0, doubts="", replays=0, taken=0, last_outcome="",
        after_parking=planned.after_parking.value, replaces=planned.replaces,
        since_us=(maybe_us(planned.not_before) if later else now_us) if is_head and not held else None,
    )  # fmt: skip
    return _moved(None, Event.ACCEPT, row)


# ---------------------------------------------------------------- the worker


def may_grant(row: DeliveryRow, intent: Intent, *, is_head: bool, now_us: int) -> bool:
    """Whether bytes may be sent under this intent."""
    if not row.in_lane or row.state == State.PARKED.value or row.held_behind or not is_head or not row.is_push:
        return False
    if intent.number == row.last_number and intent.token == row.token and row.lease_us is not None:
        return True  # said again: the first answer was lost
    return intent.number > row.last_number and not is_live(row, now_us=now_us)


def begun(row: DeliveryRow, *, now_us: int) -> DeliveryRow:
    """It can be sent since now at the latest: its deadline counts."""
    return replace(row, since_us=now_us if row.since_us is None else row.since_us)


def granted(row: DeliveryRow, intent: Intent, *, now_us: int) -> DeliveryRow:
    """The delivery under its new intent. An unclear one stays unclear; a wait is over."""
    again = intent.number == row.last_number
    crashed = not again and row.lease_us is not None
    waits = row.state == State.WAITING.value
    after = replace(
        row, token=intent.token, lease_us=to_us(intent.lease_until), last_number=intent.number,
        doubts=row.doubts if again else _with(row.doubts, intent.number), crashes=row.crashes + crashed,
        state=State.READY.value if waits else row.state, next_us=None if waits else row.next_us,
        reason="" if waits else row.reason, since_us=begun(row, now_us=now_us).since_us,
    )  # fmt: skip
    return _moved(row, Event.INTEND, after, live=again)


def expired(row: DeliveryRow, *, now_us: int) -> DeliveryRow:
    """The delivery after its worker died: its intent has no result and is live no more."""
    return _moved(row, Event.LAPSE, replace(row, lease_us=now_us), live=True)


def recorded(row: DeliveryRow, attempt: Attempt, *, token_holds: bool) -> DeliveryRow:
    """The delivery after the fact of an attempt, before anything is decided.

    A late result under a lost token takes the doubt away only if it says that nothing was taken: otherwise the
    present worker must still ask.
    """
    harmless = not attempt.outcome.settles and not attempt.outcome.unclear
    doubts = _without(row.doubts, attempt.number) if token_holds or harmless else row.doubts
    ended = attempt.number == row.last_number
    return replace(
        row, doubts=doubts, lease_us=None if ended else row.lease_us, last_number=max(row.last_number, attempt.number)
    )


def may_settle(row: DeliveryRow, settlement: Settlement, *, now_us: int) -> bool:
    """Whether a settlement may change the delivery. One without an attempt needs no intent of its own, but nobody
    else may be sending, and it brings nothing back that was left to a person."""
    holds = settlement.token == row.token
    if settlement.attempt is None and settlement.decision.expired_since is not None:
        fresh = row.since_us == to_us(settlement.decision.expired_since)  # released meanwhile: nothing has expired
        return bool(row.open) and fresh and row.state != State.PARKED.value and not is_live(row, now_us=now_us)
    if settlement.attempt is None:
        parked = row.state == State.PARKED.value and settlement.decision.step is not NextStep.PARK
        return bool(row.open) and not parked and (holds or not is_live(row, now_us=now_us))
    return bool(row.open) and holds and row.token != ""


def decided(row: DeliveryRow, settlement: Settlement) -> DeliveryRow:
    """The delivery after a settlement that may change it. One that stands aside can only be delivered: a late result
    that says anything else does not bring it back into its lane."""
    decision, attempt = settlement.decision, settlement.attempt
    done, parks = decision.step is NextStep.DONE, decision.step is NextStep.PARK
    counts = attempt is not None and decision.counts
    asked = attempt is not None and attempt.by != "worker"
    counted = replace(
        row, attempts_used=row.attempts_used + (counts and not asked), manual_used=row.manual_used + (counts and asked),
        asked_by="" if counts and asked else row.asked_by,
        taken=1 if done or (attempt is not None and attempt.outcome.settles) else row.taken,
        last_outcome=_last_outcome(row, attempt),
    )  # fmt: skip
    if row.open == ASIDE and not done and not parks:
        return counted
    event, state = AFTER_ATTEMPT[decision.step]
    after = replace(
        counted, state=state.value, open=ENDED if done else row.open, reason=decision.reason,
        next_us=None if done or parks else maybe_us(decision.next_at), offered_us=None,
        problem_code=_code_of(decision, attempt), problem=problem_text(decision.problem if parks else None),
        more_problems=problem_texts(decision.others if parks else ()), held_behind="" if done else row.held_behind,
    )  # fmt: skip
    return _moved(row, event, after, live=is_sending(row))


def is_sending(row: DeliveryRow) -> bool:
    """An intent was granted and has no result yet, whatever its lease."""
    return row.lease_us is not None


def stands_aside(row: DeliveryRow) -> DeliveryRow:
    """A parked one whose route lets the others pass: it leaves its lane, and stays what it is."""
    return replace(row, open=ASIDE) if row.after_parking == AfterParking.SKIP.value else row


def goes_on(row: DeliveryRow, state: State) -> bool:
    """Whether its lane goes on after an attempt that left it in this state, though it was not delivered."""
    aside = state is State.PARKED and row.after_parking == AfterParking.SKIP.value
    return aside or state is State.CANCELLED


def superseded(row: DeliveryRow, *, by: str) -> DeliveryRow:
    """A parked one of which a newer one tells all that it tells."""
    after = replace(_ended(row), state=State.CANCELLED.value, reason=f"Đã có bản mới hơn: {by}")
    return _moved(row, Event.SUPERSEDE, after)


def _code_of(decision: Decision, attempt: Attempt | None) -> str:
    if decision.step is not NextStep.PARK:
        return ""
    return decision.problem.code if decision.problem else attempt.problem_code if attempt else ""


def _last_outcome(row: DeliveryRow, attempt: Attempt | None) -> str:
    """A local fault tells nothing about the partner: it must not hide that the last answer was unclear."""
    if attempt is None or (attempt.outcome is Outcome.LOCAL_FAULT and row.last_outcome):
        return row.last_outcome
    return attempt.outcome.value


def _with(doubts: str, number: int) -> str:
    return f"{doubts},{number}" if doubts else str(number)


def _without(doubts: str, number: int) -> str:
    return ",".join(one for one in doubts.split(",") if one != str(number))


# ---------------------------------------------------------------- what waits behind, what is fetched


def freed(row: DeliveryRow) -> DeliveryRow:
    """What it waited for in another lane is delivered."""
    return _moved(row, Event.FREE, replace(row, held_behind=""))


def orphaned(row: DeliveryRow, *, who: str) -> DeliveryRow:
    """What it waited for was cancelled: a person decides whether it still makes sense."""
    cause = problem("LT-JRN-003", Stage.DELIVER, {"delivery": row.held_behind, "who": who})
    after = replace(
        row, held_behind="", state=State.PARKED.value, reason=cause.text_vi, problem_code=cause.code,
        problem=problem_text(cause), more_problems="", next_us=None,
    )  # fmt: skip
    return _moved(row, Event.ORPHAN, after)


def may_offer(row: DeliveryRow, *, now_us: int) -> bool:
    """A head of a pull lane that may be handed out now."""
    if not row.in_lane or row.held_behind or row.state == State.PARKED.value or row.is_push:
        return False
    on_offer = row.offered_us is not None and row.offered_us > now_us
    return not on_offer and (row.next_us is None or row.next_us <= now_us)


def offered(row: DeliveryRow, *, until_us: int) -> DeliveryRow:
    """On offer until then."""
    after = replace(
        row, offered_us=until_us, state=State.READY.value, next_us=None, reason="Đã đưa cho bên nhận, chờ xác nhận"
    )
    return _moved(row, Event.OFFER, after)


def acknowledged(row: DeliveryRow) -> DeliveryRow:
    """The partner says it has it."""
    after = replace(
        row, state=State.DELIVERED.value, open=ENDED, taken=1, offered_us=None, next_us=None, lease_us=None,
        last_number=row.last_number + 1, last_outcome=Outcome.ACCEPTED.value, reason="Bên nhận đã xác nhận",
        problem_code="", problem="", more_problems="",
    )  # fmt: skip
    return _moved(row, Event.ACKNOWLEDGE, after)


# ---------------------------------------------------------------- operators


_LETS_GO = {Act.RELEASE: Event.RELEASE, Act.REPLAY: Event.REPLAY, Act.DENY: Event.DENY}


def let_go(row: DeliveryRow, action: Action, *, now_us: int) -> DeliveryRow:
    """Ready now, by a person's will. A doubt that only a person can settle is settled by this, and so is any by the
    partner's own word; one that the partner can be asked about stays, so that it is asked first. The next try is
    the person's; after it begins a fresh budget of automatic tries and of time."""
    denied = action.act is Act.DENY
    asks = row.unclear == Unclear.ASK.value and not denied
    unclear = row.last_outcome and Outcome(row.last_outcome).unclear
    after = replace(
        row, state=State.READY.value, open=IN_LANE, reason="", next_us=None, problem_code="", problem="",
        more_problems="", token="", lease_us=None, offered_us=None, asked_by=action.who,
        used_before=row.attempts_used, since_us=now_us if row.in_lane else None,
        doubts=row.doubts if asks else "", replays=row.replays + (action.act is Act.REPLAY),
        last_outcome=Outcome.UNAVAILABLE.value if denied and unclear else row.last_outcome,
    )  # fmt: skip
    return _moved(row, _LETS_GO[action.act], after)


def cancelled(row: DeliveryRow, *, who: str, why: str) -> DeliveryRow:
    """Never to be sent; says by whom and why."""
    return _moved(row, Event.CANCEL, replace(_ended(row), state=State.CANCELLED.value, reason=f"{who}: {why}"))


def settled(row: DeliveryRow, *, who: str, why: str) -> DeliveryRow:
    """The partner says that it has it; by whom that was recorded, and why."""
    after = replace(
        _ended(row), state=State.DELIVERED.value, taken=1, doubts="", last_outcome=Outcome.DUPLICATE.value,
        reason=f"{who}: {why}",
    )  # fmt: skip
    return _moved(row, Event.SETTLE, after)


def _ended(row: DeliveryRow) -> DeliveryRow:
    return replace(
        row, open=ENDED, next_us=None, problem_code="", problem="", more_problems="", token="", lease_us=None,
        offered_us=None, held_behind="",
    )  # fmt: skip
