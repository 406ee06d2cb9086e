"""What a person does, and what a partner fetches, on both journals."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bus.delivery import Pattern, State, Unclear
from bus.outcome import Outcome
from bus.records import Act, Acted, Action, Decision, Derived, NextStep, Settlement
from tests.contract.journal_world import PARKED, World, acceptance, item, settlement, to, wait, world

__all__ = ["world"]


def act(world: World, what: Act, delivery: str, *, why: str = "đã sửa", as_then: bool = False) -> Acted:
    """One act of an operator."""
    return world.journal.act(Action(what, delivery, "nguyen.an", why, as_then)).result(20)


def park(world: World, delivery: str, **over: object) -> None:
    """Parks it after an attempt."""
    world.deliver(delivery, decision=PARKED, outcome=Outcome.REJECTED, **over)


def test_release_makes_ready(world: World) -> None:
    """A parked or waiting delivery is ready at once, with the content it has; the lane is to be rebuilt."""
    parked, waiting = world.delivery(code="A"), world.delivery(code="B")
    world.content(parked, b"{1}")
    park(world, parked)
    world.deliver(waiting, outcome=Outcome.UNAVAILABLE, decision=wait(world, 900))
    for delivery in (parked, waiting):
        done = act(world, Act.RELEASE, delivery)
        seen = world.work(delivery).delivery
        assert (done.done, done.state, done.rebuild_lane) == (True, State.READY, seen.lane)
        assert (seen.state, seen.next_at, seen.problem_code, seen.asked_by) == (State.READY, None, "", "nguyen.an")
    content = world.work(parked).content
    assert content is not None
    assert content.body == b"{1}"


def test_release_of_what_does_not_rest(world: World) -> None:
    """There is nothing to release in a ready, held, delivered or sending one; the reason says so."""
    ready, behind = world.delivery(), world.delivery()
    sending, delivered = world.delivery(code="S"), world.delivery(code="D")
    held = world.accept(item("H", to("x"), to("y", after_endpoint="x")))[0].message_id + ":y"
    world.grant(sending, "1.1")
    world.deliver(delivered)
    for delivery in (ready, behind, sending, delivered, held):
        before = world.state(delivery)
        refused = act(world, Act.RELEASE, delivery)
        assert (refused.done, refused.state, refused.rebuild_lane) == (False, before, "")
        assert refused.reason


def test_replay_makes_the_content_anew(world: World) -> None:
    """A replay keeps the ids and drops the content, which stays as evidence under another name."""
    delivery = world.delivery()
    world.content(delivery, b"{1}", "sig1")
    park(world, delivery)
    assert act(world, Act.REPLAY, delivery).done
    assert world.work(delivery).content is None
    world.content(delivery, b"{2}")
    journey = world.journal.journey(world.work(delivery).delivery.message_id)
    assert journey is not None
    roles = {one.role for one in journey.bodies}
    assert {"content@cong", "content#1@cong", "signature#1@cong"} <= roles
    old = world.journal.body(journey.envelope.id, "content#1@cong")
    assert old is not None
    assert old.body == b"{1}"


def test_replay_as_then(world: World) -> None:
    """A replay "as then" sends the very same bytes."""
    delivery = world.delivery()
    world.content(delivery, b"{1}")
    world.deliver(delivery)
    assert act(world, Act.REPLAY, delivery, as_then=True).state is State.READY
    content = world.work(delivery).content
    assert content is not None
    assert content.body == b"{1}"


def test_replay_stays_in_its_place(world: World) -> None:
    """A replayed message goes before those still open behind it, never to the end of the lane."""
    first, second = world.delivery(), world.delivery()
    world.deliver(first)
    assert act(world, Act.REPLAY, first).done
    assert world.work(second).delivery.held_behind == first
    snapshot = world.journal.lane(world.work(first).delivery.lane)
    assert snapshot is not None
    assert [one.delivery_id for one in snapshot.deliveries] == [first, second]


def test_replay_never_reorders(world: World) -> None:
    """A message is not replayed past a later one that was delivered; from its end forward a lane can be."""
    first, second = world.delivery(), world.delivery()
    world.deliver(first, "1.1")
    world.deliver(second, "1.2")
    refused = act(world, Act.REPLAY, first)
    assert (refused.done, refused.state) == (False, State.DELIVERED)
    assert "thứ tự" in refused.reason
    assert act(world, Act.REPLAY, second).done
    assert act(world, Act.REPLAY, first).done
    assert world.work(second).delivery.held_behind == first


def test_replay_while_a_later_one_is_on_its_way(world: World) -> None:
    """A message is not replayed while a later one of its lane may be at the partner already."""
    first, second = world.delivery(), world.delivery()
    world.deliver(first, "1.1")
    world.grant(second, "1.2", lease_s=10)
    assert not act(world, Act.REPLAY, first).done
    world.clock.turn(11)
    assert not act(world, Act.REPLAY, first).done
    world.settle(settlement(second, 1, "1.2", outcome=Outcome.UNAVAILABLE, decision=wait(world, 5)))
    assert act(world, Act.REPLAY, first).done


def test_replay_of_what_was_taken_is_an_update(world: World) -> None:
    """The partner had it before: the worker knows."""
    delivery = world.delivery()
    world.deliver(delivery)
    act(world, Act.REPLAY, delivery)
    assert world.work(delivery).known_there


def test_cancel_frees_the_lane(world: World) -> None:
    """A cancelled delivery says by whom and why, and the next of its lane goes on."""
    first, second = world.delivery(), world.delivery()
    park(world, first)
    done = act(world, Act.CANCEL, first, why="gửi nhầm")
    seen = world.work(first).delivery
    assert (done.done, seen.state, seen.reason) == (True, State.CANCELLED, "nguyen.an: gửi nhầm")
    assert done.rebuild_lane == seen.lane
    assert world.work(second).is_head


def test_cancel_needs_a_reason(world: World) -> None:
    """Nothing ends without a reason."""
    delivery = world.delivery()
    refused = act(world, Act.CANCEL, delivery, why="  ")
    assert (refused.done, refused.state) == (False, State.READY)


def test_cancel_of_what_is_being_sent_or_done(world: World) -> None:
    """What is on the line, or done, cannot be called back."""
    sending, delivered = world.delivery(code="S"), world.delivery(code="D")
    world.grant(sending, "1.1")
    world.deliver(delivered)
    assert [act(world, Act.CANCEL, one).done for one in (sending, delivered)] == [False, False]


def test_cancel_leaves_nothing_waiting_for_ever(world: World) -> None:
    """What was held behind a cancelled one in an ordered route is parked: a person decides."""
    message_id = world.accept(item("TN01", to("a"), to("b", after_endpoint="a")))[0].message_id
    act(world, Act.CANCEL, f"{message_id}:a")
    seen = world.work(f"{message_id}:b").delivery
    assert (seen.state, seen.problem_code) == (State.PARKED, "LT-JRN-003")
    assert act(world, Act.RELEASE, f"{message_id}:b").state is State.READY


def test_stale_worker_cannot_undo_an_act(world: World) -> None:
    """After a person's act the token of the last try is worth nothing."""
    delivery = world.delivery()
    world.grant(delivery, "1.1", lease_s=10)
    world.clock.turn(11)
    act(world, Act.CANCEL, delivery)
    assert not world.settle(settlement(delivery, 1, "1.1")).applied
    assert world.state(delivery) is State.CANCELLED


@pytest.mark.parametrize(("unclear", "doubt"), [(Unclear.PARK, False), (Unclear.ASK, True)])
def test_doubt_after_release(world: World, unclear: Unclear, doubt: bool) -> None:
    """Where only a person can tell, the release tells; where the partner can be asked, it still is."""
    delivery = world.delivery(to(unclear=unclear))
    world.grant(delivery, "1.1", lease_s=10)
    world.clock.turn(11)
    world.settle(Settlement(None, b"", "", delivery, "1.2", PARKED))
    act(world, Act.RELEASE, delivery)
    assert world.work(delivery).open_intent is doubt


def test_acts_are_on_record(world: World) -> None:
    """Who did what and why is part of the journey, also where it was refused."""
    delivery = world.delivery()
    act(world, Act.RELEASE, delivery, why="thử")
    park(world, delivery)
    act(world, Act.RELEASE, delivery, why="đã sửa")
    journey = world.journal.journey(world.work(delivery).delivery.message_id)
    assert journey is not None
    assert [(one["act"], one["who"], one["why"], one["done"]) for one in journey.actions] == [
        ("release", "nguyen.an", "thử", False),
        ("release", "nguyen.an", "đã sửa", True),
    ]


# ---------------------------------------------------------------- pull


def pull(world: World, code: str) -> str:
    """A delivery that a department fetches."""
    return world.delivery(to("don_vi", pattern=Pattern.PULL), code=code)


def fetch(world: World, *, limit: int = 10, seconds: float = 300) -> list[str]:
    """One request of the department."""
    now = world.clock.now()
    offered = world.journal.offer("don_vi", limit=limit, now=now, until=now + timedelta(seconds=seconds))
    return [one.delivery.id for one in offered.result(20)]


def acknowledge(world: World, *codes: str) -> tuple[str, ...]:
    """What the department says it has."""
    done = world.journal.acknowledge("don_vi", codes, party="mot_cua_cmon", now=world.clock.now())
    return done.result(20).codes


def test_heads_are_offered_oldest_first(world: World) -> None:
    """A department is given the head of each lane, oldest first, and no more than it asks for."""
    first, _, other, third = pull(world, "A"), pull(world, "A"), pull(world, "B"), pull(world, "C")
    assert fetch(world, limit=0) == []
    assert fetch(world, limit=2) == [first, other]
    assert fetch(world) == [third]


def test_unacknowledged_is_offered_again(world: World) -> None:
    """What is not acknowledged in time is offered again."""
    delivery = pull(world, "A")
    assert fetch(world, seconds=300) == [delivery]
    assert fetch(world) == []
    world.clock.turn(301)
    assert fetch(world) == [delivery]


def test_replay_offers_again_at_once(world: World) -> None:
    """Offered while the clock was a day ahead, the answer lost: a person need not wait for tomorrow."""
    world.clock.turn(86_400)
    delivery = pull(world, "A")
    assert fetch(world) == [delivery]
    world.clock.turn(-86_400)
    assert fetch(world) == []
    assert act(world, Act.REPLAY, delivery).done
    assert fetch(world) == [delivery]


def test_offer_brings_the_message(world: World) -> None:
    """An offer carries what is to be said, as a worker would get it."""
    pull(world, "A")
    now = world.clock.now()
    item_offered = world.journal.offer("don_vi", limit=1, now=now, until=now + timedelta(seconds=9)).result()[0]
    assert item_offered.message.body == b"<HoSo/>"
    assert item_offered.is_head


def test_acknowledged_is_delivered(world: World) -> None:
    """An acknowledgement delivers the offered head; then the next of its lane is offered."""
    first, second = pull(world, "A"), pull(world, "A")
    fetch(world)
    assert acknowledge(world, "A", "unknown") == ("A",)
    assert world.state(first) is State.DELIVERED
    assert fetch(world) == [second]
    journey = world.journal.journey(world.work(first).delivery.message_id)
    assert journey is not None
    assert [(one.by, one.outcome) for one in journey.attempts] == [("mot_cua_cmon", Outcome.ACCEPTED)]


def test_acknowledged_again(world: World) -> None:
    """A repeated acknowledgement is confirmed and touches nothing that was not offered."""
    pull(world, "A")
    fetch(world)
    acknowledge(world, "A")
    later = pull(world, "A")
    assert acknowledge(world, "A") == ("A",)
    assert world.state(later) is State.READY


def test_acknowledged_before_it_was_offered(world: World) -> None:
    """Nobody can have what was never given out."""
    delivery = pull(world, "A")
    assert acknowledge(world, "A") == ()
    assert world.state(delivery) is State.READY


def test_parked_is_not_offered(world: World) -> None:
    """What cannot be said in the partner's form is parked, keeps its lane, and is offered after release."""
    delivery = pull(world, "A")
    fetch(world)
    world.settle(Settlement(None, b"", "", delivery, "", PARKED))
    world.clock.turn(301)
    assert fetch(world) == []
    released = act(world, Act.RELEASE, delivery)
    assert (released.done, released.rebuild_lane) == (True, "")
    assert fetch(world) == [delivery]


def test_offers_wait_for_their_time(world: World) -> None:
    """A delivery planned for later is not offered before."""
    at = world.clock.now() + timedelta(seconds=60)
    delivery = world.delivery(to("don_vi", pattern=Pattern.PULL, not_before=at), code="A")
    assert fetch(world) == []
    world.clock.turn(61)
    assert fetch(world) == [delivery]


def test_acknowledgement_frees_what_was_behind(world: World) -> None:
    """An ordered route goes on when the partner has fetched, and the queue is told of it."""
    first = to("don_vi", pattern=Pattern.PULL)
    message_id = world.accept(item("A", first, to("b", after_endpoint="don_vi")))[0].message_id
    fetch(world)
    done = world.journal.acknowledge("don_vi", ["A"], party="mot_cua_cmon", now=world.clock.now()).result(20)
    assert [(one.delivery_id, one.predecessor) for one in done.feed] == [(f"{message_id}:b", "")]
    assert world.state(f"{message_id}:b") is State.READY


def test_unclear_by_hand(world: World) -> None:
    """An unclear one that a person replays is asked about first: its last outcome is not forgotten."""
    delivery = world.delivery()
    ask = Decision(NextStep.ASK, "hỏi", next_at=world.clock.now())
    world.deliver(delivery, outcome=Outcome.UNCLEAR, decision=ask)
    assert act(world, Act.REPLAY, delivery, as_then=True).done
    assert world.work(delivery).delivery.last_outcome is Outcome.UNCLEAR


def test_a_look_is_on_record(world: World) -> None:
    """Who was shown a body uncovered stands among the message's actions and in the chain; the delivery is untouched."""
    delivery = world.delivery()
    message = delivery.partition(":")[0]
    before = world.work(delivery).delivery
    world.journal.record_look(message, "canonical", who="nguyen.an", why="đối chiếu").result(20)
    journey = world.journal.journey(message)
    assert journey is not None
    (look,) = journey.actions
    assert (look["act"], look["who"], look["why"], look["reason"]) == ("look", "nguyen.an", "đối chiếu", "canonical")
    assert world.work(delivery).delivery == before
    assert world.journal.verify_chain() == ()


def test_a_look_at_nothing_is_not_recorded(world: World) -> None:
    """An unknown message is named as such."""
    with pytest.raises(LookupError):
        world.journal.record_look("0" * 32, "raw", who="nguyen.an", why="thử").result(20)


# ---------------------------------------------------------------- settled on the partner's own word


def test_settle_what_the_partner_says_it_has(world: World) -> None:
    """A parked delivery ends as delivered with who and why, nothing is sent, and what waited behind it goes on."""
    message_id = world.accept(item("TN01", to("a"), to("b", after_endpoint="a")))[0].message_id
    first, second = f"{message_id}:a", f"{message_id}:b"
    world.deliver(first, decision=PARKED, outcome=Outcome.UNCLEAR)
    later = world.delivery(to("a"), code="TN01")
    done = act(world, Act.SETTLE, first, why="đối soát, lời đáp sha256 abc")
    seen = world.work(first)
    assert (done.done, seen.delivery.state) == (True, State.DELIVERED)
    assert seen.delivery.reason == "nguyen.an: đối soát, lời đáp sha256 abc"
    assert (seen.open_intent, seen.known_there) == (False, True)
    assert [record.delivery_id for record in done.feed] == [second]
    assert done.rebuild_lane == seen.delivery.lane
    assert world.work(later).is_head
    journey = world.journal.journey(message_id)
    assert journey is not None
    assert [one["act"] for one in journey.actions] == ["settle"]
    assert world.journal.verify_chain() == ()


def test_settle_brings_the_partners_name_of_the_dossier(world: World) -> None:
    """What follows may need the name that the lost answer would have told; a name that is another's stays there."""
    first, other = world.delivery(to("a"), code="TN01"), world.delivery(to("a"), code="TN02")
    for one in (first, other):
        world.deliver(one, decision=PARKED, outcome=Outcome.UNCLEAR)
        action = Action(Act.SETTLE, one, "nguyen.an", "số của bên nhận", learned=(("a", "A-1"),))
        assert world.journal.act(action).result(20).done
    assert ("a", "A-1") in world.work(first).identities
    assert ("a", "A-1") not in world.work(other).identities
    assert world.journal.verify_chain() == ()


def test_settle_accepts_what_follows_in_the_same_transaction(world: World) -> None:
    """As after an answer that says so; where it may not be settled nothing is born."""
    parked, final = world.delivery(to("a"), code="TN01"), world.delivery(to("a"), code="TN02")
    world.deliver(parked, decision=PARKED, outcome=Outcome.UNCLEAR)
    world.deliver(final, "1.2")
    for one, times in ((parked, 1), (final, 0)):
        born = Derived(acceptance(item("TN01", to("b"))))
        done = world.journal.act(Action(Act.SETTLE, one, "nguyen.an", "đối soát", derived=(born,))).result(20)
        assert done.done is bool(times)
        assert [record.endpoint for record in done.feed] == ["b"] * times
        assert [world.state(record.delivery_id) for record in done.feed] == [State.READY] * times
    assert world.journal.verify_chain() == ()


def test_settle_only_what_rests_in_doubt(world: World) -> None:
    """What is ready, being sent, final, or without a proof is not settled by a person."""
    ready, sending, final, parked = (world.delivery(code=code) for code in ("R", "S", "F", "P"))
    world.grant(sending, "1.1")
    world.deliver(final, "1.2")
    world.deliver(parked, "1.3", decision=PARKED, outcome=Outcome.UNCLEAR)
    refused = [act(world, Act.SETTLE, one) for one in (ready, sending, final)]
    assert [one.done for one in refused] == [False, False, False]
    assert all(one.reason for one in refused)
    assert not act(world, Act.SETTLE, parked, why=" ").done


def test_deny_sends_again_without_asking(world: World) -> None:
    """The partner itself says that it has nothing: the doubt is gone, the same content is sent again, same id; who
    said so is on record."""
    for code, decision in (("P", PARKED), ("U", Decision(NextStep.ASK, "không rõ", next_at=world.clock.now()))):
        delivery = world.delivery(to(unclear=Unclear.ASK), code=code)
        world.content(delivery, b"<sent/>")
        world.deliver(delivery, decision=decision, outcome=Outcome.UNCLEAR)
        assert not act(world, Act.DENY, delivery, why=" ").done
        done = act(world, Act.DENY, delivery, why="bên nhận tra sổ: không có")
        seen = world.work(delivery)
        assert (done.done, seen.delivery.state, seen.open_intent) == (True, State.READY, False)
        assert seen.delivery.last_outcome is Outcome.UNAVAILABLE
        assert (seen.content and seen.content.body, done.rebuild_lane) == (b"<sent/>", seen.delivery.lane)
    assert world.journal.verify_chain() == ()


def test_deny_only_what_rests_in_doubt(world: World) -> None:
    """What is ready, being sent or final is not touched by anybody's word."""
    ready, sending, final = (world.delivery(code=code) for code in ("R", "S", "F"))
    world.grant(sending, "1.1")
    world.deliver(final, "1.2")
    assert [act(world, Act.DENY, one).done for one in (ready, sending, final)] == [False, False, False]


def test_an_act_bound_to_what_was_seen(world: World) -> None:
    """Whatever happened to a delivery since a person decided makes it another matter; its lane and the clock do not."""
    delivery = world.delivery()
    world.deliver(delivery, decision=PARKED, outcome=Outcome.REJECTED)
    seen = world.work(delivery).delivery.mark
    world.delivery()  # another one behind it
    world.clock.turn(3600)
    assert world.work(delivery).delivery.mark == seen
    act(world, Act.RELEASE, delivery)
    world.deliver(delivery, "1.2", decision=PARKED, outcome=Outcome.REJECTED)
    refused = world.journal.act(Action(Act.SETTLE, delivery, "an", "công văn 12", seen=seen)).result(20)
    assert (refused.done, refused.state) == (False, State.PARKED)
    assert "Đã đổi" in refused.reason
    now = world.work(delivery).delivery.mark
    assert world.journal.act(Action(Act.SETTLE, delivery, "an", "công văn 12", seen=now)).result(20).done


def test_a_question_that_stays_unanswered_changes_nothing(world: World) -> None:
    """The bus goes on asking about what is unclear; a person's word about it holds all the same, until it is clear."""
    asks = Decision(NextStep.ASK, "không rõ", next_at=world.clock.now())
    delivery = world.delivery()
    world.deliver(delivery, decision=asks, outcome=Outcome.UNCLEAR)
    seen = world.work(delivery).delivery.mark
    world.deliver(delivery, "1.2", decision=asks, outcome=Outcome.UNCLEAR)
    assert world.work(delivery).delivery.mark == seen
    world.deliver(delivery, "1.3", decision=PARKED, outcome=Outcome.UNCLEAR)
    assert not world.journal.act(Action(Act.SETTLE, delivery, "an", "công văn 12", seen=seen)).result(20).done
