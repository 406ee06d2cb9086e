"""Decisions after an attempt are values of pure code."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bus.delivery import Delivery, Pattern, State, Unclear
from bus.notation import read_notation
from bus.outcome import AttemptResult, Outcome
from bus.records import NextStep
from bus.retry import Tried, decide, unclear_after_crash
from bus.windows import read_windows

NOW = datetime(2026, 7, 6, 1, 0, tzinfo=UTC)
POLICY = read_notation("10s;3;exp(2s..10s);<1h;?2")


def tried(
    outcome: Outcome, *, used: int = 0, unclear: Unclear = Unclear.PARK, again: bool = False,
    after: float | None = None, before: Outcome | None = None, nobody: bool = False,
) -> Tried:  # fmt: skip
    delivery = Delivery(
        id="m:e", message_id="m", endpoint="e", operation="Op", pattern=Pattern.PUSH, lane="d@e", lane_seq=1,
        state=State.READY, reason="", problem_code="", attempts_used=used, manual_used=0, crashes=0, created_at=NOW,
        next_at=None, held_behind="", last_outcome=before,
    )  # fmt: skip
    result = AttemptResult(
        outcome=outcome, status=200, code="-1", text="", sent=True, request_sha256="", request_size=0, reply=b"",
        reply_media_type="", peer="", duration_ms=1, retry_after_s=after,
    )  # fmt: skip
    return Tried(delivery, result, unclear, again, nobody)


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.DUPLICATE])
def test_taken_is_done(outcome: Outcome) -> None:
    """What the receiver took or already had is delivered."""
    assert decide(tried(outcome), POLICY, now=NOW, chance=0.5).step is NextStep.DONE


def test_existing_dossier_is_sent_again_as_update_without_counting() -> None:
    """“đã tồn tại” on a create leads to an update at once, and uses up no attempt."""
    decision = decide(tried(Outcome.DUPLICATE, again=True), POLICY, now=NOW, chance=0.5)
    assert (decision.step, decision.next_at, decision.counts) == (NextStep.WAIT, NOW, False)


def test_rejected_content_parks_with_a_problem() -> None:
    """A refusal of the content is never retried: a person must act."""
    decision = decide(tried(Outcome.REJECTED), POLICY, now=NOW, chance=0.5)
    assert decision.step is NextStep.PARK
    assert decision.problem is not None
    assert decision.problem.code == "LT-DLV-001"


@pytest.mark.parametrize(("used", "pause"), [(0, 1.0), (1, 2.0)])
def test_pauses_grow_with_full_jitter(used: int, pause: float) -> None:
    """The pause doubles with each failure and is spread by chance."""
    decision = decide(tried(Outcome.UNAVAILABLE, used=used), POLICY, now=NOW, chance=0.5)
    assert decision.next_at == NOW + timedelta(seconds=pause)


def test_last_attempt_parks() -> None:
    """When the attempts are used up the delivery is parked, never dropped."""
    decision = decide(tried(Outcome.UNAVAILABLE, used=2), POLICY, now=NOW, chance=0.5)
    assert decision.step is NextStep.PARK
    assert decision.problem is not None
    assert decision.problem.code == "LT-DLV-002"


def test_retry_after_is_honoured_up_to_the_deadline() -> None:
    """A receiver that asks for time gets it, beyond our longest pause too; the last try is at the deadline."""
    end = NOW + timedelta(hours=1)
    for asked, at in ((5, NOW + timedelta(seconds=5)), (1800, NOW + timedelta(minutes=30)), (10**9, end)):
        assert decide(tried(Outcome.THROTTLED, after=asked), POLICY, now=NOW, chance=0.0).next_at == at


def test_past_the_deadline_it_is_an_event_of_its_own() -> None:
    """Not one more pause, and not the same as tries used up: the problem says since when and how often."""
    late = decide(tried(Outcome.UNAVAILABLE), POLICY, now=NOW + timedelta(hours=1), chance=0.5)
    assert late.problem is not None
    assert (late.step, late.expired, late.problem.code) == (NextStep.PARK, True, "LT-EXP-001")
    assert "1h" in late.reason
    assert "08:00 06/07/2026" in late.reason


def test_past_the_deadline_an_unclear_one_says_that_it_is_unclear() -> None:
    """Releasing it blindly could make a duplicate."""
    asked = tried(Outcome.UNCLEAR, unclear=Unclear.ASK, before=Outcome.UNCLEAR)
    late = decide(asked, POLICY, now=NOW + timedelta(hours=1), chance=0.5)
    assert late.problem is not None
    assert (late.step, late.expired, late.problem.code) == (NextStep.PARK, True, "LT-EXP-002")


def test_a_release_begins_a_fresh_budget() -> None:
    """Tries and time used before it count no more."""
    late = NOW + timedelta(hours=5)
    worn = tried(Outcome.UNAVAILABLE, used=7)
    fresh = replace(worn, delivery=replace(worn.delivery, used_before=7, since_at=late))
    assert decide(worn, POLICY, now=late, chance=0.5).step is NextStep.PARK
    decision = decide(fresh, POLICY, now=late, chance=0.5)
    assert (decision.step, "lần 1/3" in decision.reason) == (NextStep.WAIT, True)


def test_a_try_that_a_person_asked_for_uses_up_none_of_the_automatic_ones() -> None:
    """And the reason names the person."""
    last = tried(Outcome.UNAVAILABLE, used=2)
    asked = replace(last, delivery=replace(last.delivery, asked_by="cb.an"))
    decision = decide(asked, POLICY, now=NOW, chance=0.5)
    assert (decision.step, "cb.an" in decision.reason) == (NextStep.WAIT, True)


def test_the_next_try_is_made_when_the_receiver_is_open() -> None:
    """NOW is Monday 08:00 in Viet Nam; what would be tried at noon waits for 13:00, and a deadline that falls into
    the night moves to the morning: there is always a last try."""
    hours = replace(POLICY, windows=read_windows("T2-T6 07:30-11:30,13:00-17:00"), deadline=timedelta(hours=11))
    noon = tried(Outcome.THROTTLED, after=4 * 3600)
    assert decide(noon, hours, now=NOW, chance=0.0).next_at == NOW + timedelta(hours=5)
    night = tried(Outcome.THROTTLED, after=24 * 3600)
    assert decide(night, hours, now=NOW, chance=0.0).next_at == NOW + timedelta(hours=23, minutes=30)


def test_local_fault_never_counts() -> None:
    """A fault of ours uses up nothing."""
    decision = decide(tried(Outcome.LOCAL_FAULT, used=2), POLICY, now=NOW, chance=0.5)
    assert (decision.step, decision.counts) == (NextStep.WAIT, False)


@pytest.mark.parametrize("outcome", [Outcome.UNCLEAR, Outcome.BAD_REPLY])
def test_unclear_parks_where_repeating_is_not_safe(outcome: Outcome) -> None:
    """No blind re-send of what carries no id."""
    assert decide(tried(outcome), POLICY, now=NOW, chance=0.5).step is NextStep.PARK


def test_unclear_asks_a_bounded_number_of_times() -> None:
    """Where asking is possible the head stays head, asks, and parks in the end."""
    assert decide(tried(Outcome.UNCLEAR, unclear=Unclear.ASK), POLICY, now=NOW, chance=0.5).step is NextStep.ASK
    again = tried(Outcome.UNCLEAR, used=1, unclear=Unclear.ASK, before=Outcome.UNCLEAR)
    last = decide(again, POLICY, now=NOW, chance=0.5)
    assert last.problem is not None
    assert (last.step, last.problem.code) == (NextStep.PARK, "LT-DLV-004")


def test_the_first_doubt_is_always_asked_about() -> None:
    """Earlier failures that were surely nothing taken must not use up the resolver's tries."""
    first = tried(Outcome.UNCLEAR, used=1, unclear=Unclear.ASK, before=Outcome.UNAVAILABLE)
    assert decide(first, POLICY, now=NOW, chance=0.5).step is NextStep.ASK


def test_a_receiver_that_is_away_cannot_be_asked_and_is_waited_for() -> None:
    """An outage that began with one doubtful attempt is no longer outage for it than for the others."""
    away = tried(Outcome.UNCLEAR, used=1, unclear=Unclear.ASK, before=Outcome.UNCLEAR, nobody=True)
    assert decide(away, POLICY, now=NOW, chance=0.5).step is NextStep.ASK
    over = tried(Outcome.UNCLEAR, used=2, unclear=Unclear.ASK, before=Outcome.UNCLEAR, nobody=True)
    assert decide(over, POLICY, now=NOW, chance=0.5).step is NextStep.PARK


def test_an_unclear_delivery_waits_as_long_as_the_receiver_asks() -> None:
    """Retry-After counts for the next question too."""
    asked = tried(Outcome.UNCLEAR, unclear=Unclear.ASK, after=7)
    assert decide(asked, POLICY, now=NOW, chance=0.0).next_at == NOW + timedelta(seconds=7)


def test_intent_without_result_is_not_sent_again_blindly() -> None:
    """A crash after the send parks where repeating is not safe, and goes to the resolver where it can be asked."""
    delivery = tried(Outcome.UNCLEAR).delivery
    parked = unclear_after_crash(delivery, Unclear.PARK)
    assert parked is not None
    assert parked.step is NextStep.PARK
    assert unclear_after_crash(delivery, Unclear.ASK) is None
