"""Intents, settlements and what follows from them, on both journals."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bus.delivery import Pattern, State, Unclear
from bus.outcome import Outcome
from bus.records import (
    Act,
    Action,
    Content,
    Decision,
    Derived,
    DossierRef,
    Intent,
    ItemStatus,
    NextStep,
    Preparation,
    Settlement,
)
from tests.contract.journal_world import (
    DONE,
    PARKED,
    World,
    acceptance,
    item,
    message,
    settlement,
    to,
    wait,
    world,
)

__all__ = ["world"]


def test_worker_gets_all_it_needs(world: World) -> None:
    """One read gives the canonical bytes, the names, what was taken before and whether it is the head."""
    first, second = world.delivery(), world.delivery(to(operation="CapNhatTienDo"))
    before = world.journal.work([second, "unknown:cong", first])
    assert [(one.delivery.id, one.is_head) for one in before] == [(second, False), (first, True)]
    assert before[1].message.body == b"<HoSo/>"
    assert before[1].message.envelope.order_key
    assert before[1].identities == (("mot_cua_cmon", "TN01"),)
    assert (before[1].content, before[1].next_attempt, before[1].open_intent) == (None, 1, False)
    world.deliver(first, learned=(("cong", "P1"),))
    after = world.work(second)
    assert (after.is_head, after.known_there, after.taken_there) == (True, False, frozenset({"DongBoHoSoMC"}))
    assert dict(after.identities) == {"mot_cua_cmon": "TN01", "cong": "P1"}


def test_known_there_tells_of_an_earlier_one(world: World) -> None:
    """The second sending of the same operation for a dossier is known to be an update."""
    first, second = world.delivery(), world.delivery()
    assert not world.work(second).known_there
    world.deliver(first)
    assert world.work(second).known_there


def test_first_content_counts(world: World) -> None:
    """A content is made once: every retry sends those bytes, whoever made others later."""
    delivery = world.delivery()
    world.content(delivery, b"{1}", "sig")
    world.content(delivery, b"{2}")
    kept = world.work(delivery).content
    assert kept is not None
    assert (kept.body, kept.signature, kept.media_type, kept.profile) == (b"{1}", "sig", "application/json", "p1")


def test_the_chain_names_the_key_that_signed(world: World) -> None:
    """Whose signature it was stands on record, sealed with the rest; unsigned content names none."""
    signed, bare = world.delivery(), world.delivery(to("cong_hai"))
    for delivery, key_id in ((signed, "bus-2026"), (bare, "")):
        made = Content(b"{1}", "application/json", "sig" if key_id else "", "p1", key_id)
        world.journal.prepare(Preparation(((delivery, made),), ())).result(20)
    texts = [entry.text for entry in world.journal.entries_of([signed, bare]) if entry.kind == "content"]
    assert len(texts) == 2
    assert ['"key_id":"bus-2026"' in text.replace('": ', '":') for text in texts] == [True, False]
    assert "key_id" not in texts[1]


def test_intent_makes_it_sending(world: World) -> None:
    """A granted intent is a lease: the delivery is sending until its lease ends or its result comes."""
    delivery = world.delivery()
    assert world.grant(delivery, "1.1", lease_s=60)
    assert world.state(delivery) is State.SENDING
    world.clock.turn(61)
    assert world.state(delivery) is State.READY


def test_intent_of_another_worker_is_refused_while_one_lives(world: World) -> None:
    """Two workers are never both allowed to send."""
    delivery = world.delivery()
    assert world.grant(delivery, "1.1", lease_s=60)
    assert not world.grant(delivery, "1.2", number=2)
    world.clock.turn(61)
    assert world.grant(delivery, "1.2", number=2)


def test_intent_said_twice_is_granted_twice(world: World) -> None:
    """A lost answer is asked for again under the same token and number."""
    delivery = world.delivery()
    assert world.grant(delivery, "1.1", number=1)
    assert world.grant(delivery, "1.1", number=1)


def test_intent_with_an_old_number_is_refused(world: World) -> None:
    """A worker that looked before somebody else's attempt must look again."""
    delivery = world.delivery()
    world.grant(delivery, "1.1", lease_s=10, number=1)
    world.clock.turn(11)
    assert not world.grant(delivery, "1.2", number=1)


def test_only_the_head_may_be_sent(world: World) -> None:
    """Nothing overtakes: an intent for a later one of the lane is refused until the first is done."""
    first, second = world.delivery(), world.delivery()
    assert not world.grant(second, "1.1")
    world.deliver(first, "1.2")
    assert world.grant(second, "1.3")


def test_intent_for_what_must_not_be_sent(world: World) -> None:
    """Parked, cancelled, delivered, held or fetched: no intent."""
    parked, cancelled, delivered = (world.delivery(code=code) for code in ("A", "B", "C"))
    held = world.accept(item("D", to("x"), to("y", after_endpoint="x")))[0].message_id + ":y"
    pull = world.delivery(to("don_vi", pattern=Pattern.PULL), code="E")
    world.deliver(parked, decision=PARKED, outcome=Outcome.REJECTED)
    world.journal.act(Action(Act.CANCEL, cancelled, "an", "nhầm")).result()
    world.deliver(delivered)
    ids = [parked, cancelled, delivered, held, pull, "unknown:cong"]
    until = world.clock.now() + timedelta(seconds=60)
    intents = tuple(Intent(one, 5, "9.9", "w", until) for one in ids)
    assert world.journal.prepare(Preparation((), intents)).result() == frozenset()


def test_crash_leaves_a_doubt(world: World) -> None:
    """An intent without a result says that bytes may be out there, until that attempt is recorded."""
    delivery = world.delivery()
    world.grant(delivery, "1.1", lease_s=10)
    assert world.work(delivery).open_intent
    world.clock.turn(11)
    world.grant(delivery, "1.2", lease_s=10)
    item_now = world.work(delivery)
    assert (item_now.open_intent, item_now.next_attempt, item_now.delivery.crashes) == (True, 3, 1)
    world.settle(settlement(delivery, 2, "1.2", outcome=Outcome.UNAVAILABLE, decision=wait(world, 5)))
    assert world.work(delivery).open_intent
    world.settle(settlement(delivery, 1, "1.1", outcome=Outcome.UNAVAILABLE, decision=wait(world, 5)))
    assert not world.work(delivery).open_intent


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.UNCLEAR])
def test_late_result_does_not_take_the_doubt_away(world: World, outcome: Outcome) -> None:
    """A result under a lost token that may mean "taken" leaves the doubt: the present worker must ask first."""
    delivery = world.delivery()
    world.grant(delivery, "1.1", lease_s=10)
    world.clock.turn(11)
    world.grant(delivery, "1.2", lease_s=10)
    assert not world.settle(settlement(delivery, 1, "1.1", outcome=outcome)).applied
    world.settle(settlement(delivery, 2, "1.2", outcome=Outcome.UNAVAILABLE, decision=wait(world, 5)))
    assert world.work(delivery).open_intent


@pytest.mark.parametrize(
    ("outcome", "step", "state"),
    [
        (Outcome.ACCEPTED, NextStep.DONE, State.DELIVERED),
        (Outcome.UNAVAILABLE, NextStep.WAIT, State.WAITING),
        (Outcome.UNCLEAR, NextStep.ASK, State.UNCLEAR),
        (Outcome.REJECTED, NextStep.PARK, State.PARKED),
    ],
)
def test_decision_becomes_the_state(world: World, outcome: Outcome, step: NextStep, state: State) -> None:
    """Each decision has its state, its reason and its time."""
    delivery = world.delivery()
    at = world.clock.now() + timedelta(seconds=30) if step in (NextStep.WAIT, NextStep.ASK) else None
    cause = PARKED.problem if step is NextStep.PARK else None
    settled = world.deliver(delivery, outcome=outcome, decision=Decision(step, "vì", next_at=at, problem=cause))
    seen = world.work(delivery).delivery
    assert (settled.applied, settled.state, seen.state) == (True, state, state)
    assert (seen.reason, seen.next_at, seen.last_outcome) == ("vì", at, outcome)
    assert seen.problem_code == ("LT-JRN-004" if cause else "")
    assert seen.attempts_used == 1


def test_attempt_that_does_not_count(world: World) -> None:
    """What is our own fault uses nothing up, and does not hide that the last answer was unclear."""
    delivery = world.delivery()
    ask = Decision(NextStep.ASK, "hỏi lại", next_at=world.clock.now())
    world.deliver(delivery, outcome=Outcome.UNCLEAR, decision=ask)
    world.deliver(delivery, "1.2", outcome=Outcome.LOCAL_FAULT, decision=replace(wait(world, 0), counts=False))
    seen = world.work(delivery).delivery
    assert (seen.attempts_used, seen.last_outcome) == (1, Outcome.UNCLEAR)


def test_settlement_under_a_lost_token_changes_nothing(world: World) -> None:
    """A worker that lost its lease can record a fact, and change nothing."""
    delivery = world.delivery()
    world.grant(delivery, "1.1", lease_s=10)
    world.clock.turn(11)
    world.grant(delivery, "1.2", lease_s=60)
    settled = world.settle(settlement(delivery, 1, "1.1"))
    assert (settled.applied, settled.state) == (False, State.SENDING)
    journey = world.journal.journey(world.work(delivery).delivery.message_id)
    assert journey is not None
    assert [one.number for one in journey.attempts] == [1]


def test_late_result_of_what_was_parked_meanwhile(world: World) -> None:
    """It counts, and whoever tells the queue hears that the lane there must be rebuilt: it rests for nothing."""
    delivery = world.delivery()
    world.grant(delivery, "1.1", lease_s=10)
    world.clock.turn(11)
    assert world.settle(Settlement(None, b"", "", delivery, "1.2", PARKED)).state is State.PARKED
    late = world.settle(settlement(delivery, 1, "1.1"))
    assert (late.applied, late.state) == (False, State.DELIVERED)


def test_settlement_said_twice(world: World) -> None:
    """The same settlement again changes nothing and gets the same answer."""
    ordered = world.accept(item("TN01", to("a"), to("b", after_endpoint="a")))[0]
    delivery = f"{ordered.message_id}:a"
    world.grant(delivery, "1.1")
    told = settlement(delivery, 1, "1.1")
    first, again = world.settle(told), world.settle(told)
    assert first == again
    assert [record.delivery_id for record in again.feed] == [f"{ordered.message_id}:b"]
    assert world.work(delivery).delivery.attempts_used == 1


def test_two_settlements_said_at_once(world: World) -> None:
    """The same settlement twice in one batch is one attempt."""
    delivery = world.delivery()
    world.grant(delivery, "1.1")
    told = settlement(delivery, 1, "1.1")
    both = [world.journal.settle(told), world.journal.settle(told)]
    assert both[0].result() == both[1].result()
    assert world.work(delivery).delivery.attempts_used == 1


def test_parked_without_an_attempt(world: World) -> None:
    """What cannot be translated is parked without a try, and without using one up."""
    delivery = world.delivery()
    settled = world.settle(Settlement(None, b"", "", delivery, "1.1", PARKED))
    seen = world.work(delivery).delivery
    assert (settled.applied, seen.state, seen.attempts_used) == (True, State.PARKED, 0)
    assert not world.settle(Settlement(None, b"", "", world_done(world), "1.1", PARKED)).applied


def world_done(world: World) -> str:
    """A delivery that is delivered."""
    delivery = world.delivery(code="TN99")
    world.deliver(delivery)
    return delivery


def test_parked_head_keeps_its_lane(world: World) -> None:
    """Nothing passes a parked head; other dossiers pass by."""
    first, second, other = world.delivery(), world.delivery(), world.delivery(code="TN02")
    world.deliver(first, decision=PARKED, outcome=Outcome.REJECTED)
    seen = world.work(second).delivery
    assert (seen.state, seen.held_behind) == (State.HELD, first)
    assert world.grant(other, "1.2")


def test_waiting_one_is_ready_when_its_turn_comes(world: World) -> None:
    """An intent ends the wait; if the worker then dies, the delivery is ready, not waiting in the past."""
    delivery = world.delivery()
    world.deliver(delivery, outcome=Outcome.UNAVAILABLE, decision=wait(world, 30))
    world.clock.turn(30)
    world.grant(delivery, "1.2", lease_s=10)
    assert world.state(delivery) is State.SENDING
    world.clock.turn(11)
    seen = world.work(delivery).delivery
    assert (seen.state, seen.next_at) == (State.READY, None)


def test_unclear_one_stays_unclear_while_it_is_asked_about(world: World) -> None:
    """An intent for an unclear head does not make it look like a fresh one."""
    delivery = world.delivery()
    world.deliver(delivery, outcome=Outcome.UNCLEAR, decision=Decision(NextStep.ASK, "hỏi", next_at=world.clock.now()))
    world.grant(delivery, "1.2")
    assert world.state(delivery) is State.UNCLEAR


def test_learned_names(world: World) -> None:
    """What a partner calls the dossier is learned; a name that belongs to another dossier stays there."""
    first, second = world.delivery(code="TN01"), world.delivery(code="TN02")
    owner = world.work(first).message.envelope.order_key
    world.deliver(first, learned=(("cong", "P1"), ("cong", "")))
    world.deliver(second, learned=(("cong", "P1"),))
    assert world.journal.dossier("cong", "P1") == owner
    assert world.journal.dossier("cong", "") is None
    assert world.state(second) is State.DELIVERED


def test_derived_messages_are_accepted_with_the_settlement(world: World) -> None:
    """A status read from a reply is accepted in the same commit, and told to the queue."""
    delivery = world.delivery()
    dossier = world.work(delivery).message.envelope.order_key
    step = message("tien_do", b"<TienDo/>")
    born = item("", message=step, dossier=DossierRef((), may_create=False, known=dossier), deliveries=(to("khac"),))
    settled = world.deliver(delivery, derived=(Derived(acceptance(born)),))
    assert [record.delivery_id for record in settled.feed] == [f"{step.envelope.id}:khac"]
    latest = world.journal.latest(dossier, "tien_do")
    assert latest is not None
    assert latest.body == b"<TienDo/>"


def test_derived_are_not_born_under_a_lost_token(world: World) -> None:
    """A result that changes nothing bears nothing."""
    delivery = world.delivery()
    step = message("tien_do", b"<TienDo/>")
    born = item("", message=step, dossier=DossierRef((("x", "y"),), may_create=True))
    late = settlement(delivery, 1, "9.9", derived=(Derived(acceptance(born)),))
    assert not world.settle(late).applied
    assert world.journal.journey(step.envelope.id) is None


def test_taken_but_parked_is_known_there(world: World) -> None:
    """What the partner took counts as taken even where what should follow could not be made."""
    delivery = world.delivery()
    world.deliver(delivery, decision=PARKED, outcome=Outcome.ACCEPTED)
    seen = world.work(delivery)
    assert (seen.delivery.state, seen.known_there) == (State.PARKED, True)


def test_settling_what_is_not_there(world: World) -> None:
    """A settlement for another journal's delivery is an error of the program, and spoils nothing else."""
    good = world.delivery()
    world.grant(good, "1.1")
    futures = [
        world.journal.settle(settlement("unknown:cong", 1, "1.1")),
        world.journal.settle(settlement(good, 1, "1.1")),
    ]
    with pytest.raises(LookupError):
        futures[0].result()
    assert futures[1].result().applied


def test_unclear_kind_is_kept(world: World) -> None:
    """What to do when nobody knows is fixed at acceptance."""
    assert world.work(world.delivery(to(unclear=Unclear.PARK))).unclear is Unclear.PARK


def test_accepting_goes_on_while_settling(world: World) -> None:
    """Work of all kinds that waits together is answered each for itself."""
    ids = [world.delivery(code=f"TN{number:02}") for number in range(8)]
    for number, delivery in enumerate(ids):
        world.grant(delivery, f"1.{number}")
    futures = []
    for number, delivery in enumerate(ids):
        futures.append(world.journal.settle(settlement(delivery, 1, f"1.{number}", decision=DONE)))
        futures.append(world.journal.accept(acceptance(item(f"TN{number:02}"))))
    answers = [future.result(20) for future in futures]
    assert all(one.applied for one in answers[::2])
    assert all(one[0].status is ItemStatus.ACCEPTED for one in answers[1::2])
    assert world.journal.counts()[State.DELIVERED] == 8
