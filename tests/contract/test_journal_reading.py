"""Lanes, lists, journeys and the chain, on both journals."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bus.delivery import Pattern, State
from bus.outcome import Outcome
from bus.records import Act, Action, LaneDelivery, Query, Rejection
from schemas.problem import Stage, problem
from tests.contract.journal_world import PARKED, START, World, acceptance, item, message, to, wait, world

__all__ = ["world"]


def test_lanes_are_what_the_feeder_needs(world: World) -> None:
    """Every open push delivery is in exactly one snapshot, in sequence; nothing else is."""
    first, second = world.delivery(), world.delivery()
    parked = world.delivery(code="P")
    world.deliver(parked, decision=PARKED, outcome=Outcome.REJECTED)
    world.deliver(world.delivery(code="D"), "1.2")
    world.delivery(to("don_vi", pattern=Pattern.PULL), code="F")
    lanes = {one.lane: one for one in world.journal.lanes()}
    lane = world.work(first).delivery.lane
    assert lanes[lane].deliveries == (
        LaneDelivery(first, 1, None, parked=False, held=False),
        LaneDelivery(second, 1, None, parked=False, held=False),
    )
    assert lanes[world.work(parked).delivery.lane].deliveries == (
        LaneDelivery(parked, 1, None, parked=True, held=False, tried=True),
    )
    assert len(lanes) == 2
    assert world.journal.lane(lane) == lanes[lane]
    assert lanes[lane].endpoint == "cong"


def test_lane_with_nothing_open(world: World) -> None:
    """A finished, fetched or unknown lane has no snapshot."""
    delivery = world.delivery()
    world.deliver(delivery)
    pull = world.delivery(to("don_vi", pattern=Pattern.PULL), code="F")
    names = (world.work(delivery).delivery.lane, world.work(pull).delivery.lane, "unknown@cong")
    assert [world.journal.lane(name) for name in names] == [None, None, None]


def test_head_under_a_live_intent_is_not_fed_early(world: World) -> None:
    """A rebuild leaves a head alone until the lease of its last intent ends: its worker may still be sending."""
    delivery = world.delivery()
    world.grant(delivery, "1.1", lease_s=60)
    lane = world.journal.lane(world.work(delivery).delivery.lane)
    assert lane is not None
    assert lane.deliveries[0].not_before == world.clock.now() + timedelta(seconds=60)


def test_waiting_head_says_when(world: World) -> None:
    """A rebuild keeps the time of the next try."""
    delivery = world.delivery()
    decision = wait(world, 40)
    world.deliver(delivery, outcome=Outcome.UNAVAILABLE, decision=decision)
    lane = world.journal.lane(world.work(delivery).delivery.lane)
    assert lane is not None
    assert lane.deliveries[0].not_before == decision.next_at


def test_held_one_is_marked(world: World) -> None:
    """The feeder stops at what is held behind another lane."""
    message_id = world.accept(item("TN01", to("a"), to("b", after_endpoint="a")))[0].message_id
    lane = world.journal.lane(world.work(f"{message_id}:b").delivery.lane)
    assert lane is not None
    assert [one.held for one in lane.deliveries] == [True]


def test_more_lanes_than_a_page(world: World) -> None:
    """A rebuild walks all lanes, however many pages they fill."""
    items = [item(f"TN{number:04}") for number in range(450)]
    world.accept(*items)
    lanes = [one.lane for one in world.journal.lanes()]
    assert len(set(lanes)) == len(lanes) == 450


def test_find_by_code_and_by_id(world: World) -> None:
    """A dossier is found by any of its codes, a message by its id; a beginning is enough."""
    first = world.accept(item("TN01-2026"))[0]
    second = world.accept(item("TN02-2026"))[0]
    world.deliver(f"{second.message_id}:cong", learned=(("cong", "G22.99"),))

    def found(text: str) -> list[str]:
        return [one.envelope.id for one in world.journal.find(Query(text=text))]

    assert found("TN01") == found(first.message_id) == found(first.message_id[:-1]) == [first.message_id]
    assert found("G22") == found(second.dossier) == [second.message_id]
    assert found("TN0") == [second.message_id, first.message_id]
    assert found("tn01") == found("%") == []


def test_find_what_was_refused_by_its_code(world: World) -> None:
    """Also a message that never had a dossier is found by the code it gave."""
    raw = message("goc", b"<bad/>", business_ids=(("mot_cua_cmon", 'TN"_%9'),))
    world.journal.reject(Rejection(raw, (problem("LT-JRN-002", Stage.ACCEPT),), "")).result()
    assert [one.envelope.id for one in world.journal.find(Query(text='TN"_%'))] == [raw.envelope.id]
    assert world.journal.find(Query(text="%9")) == ()


def test_find_by_state(world: World) -> None:
    """Derived states can be looked for like stored ones."""
    head, behind = world.delivery(), world.delivery()
    sending, delivered = world.delivery(code="S"), world.delivery(code="D")
    world.grant(sending, "1.1")
    world.deliver(delivered, "1.2")
    found = {
        state: [one.delivery.id for one in world.journal.find(Query(state=state)) if one.delivery] for state in State
    }
    assert {state: ids for state, ids in found.items() if ids} == {
        State.READY: [head],
        State.HELD: [behind],
        State.SENDING: [sending],
        State.DELIVERED: [delivered],
    }


def test_find_by_the_rest(world: World) -> None:
    """Endpoint, kind, problem and time narrow the list."""
    first = world.accept(item("A", to("x"), to("y"), message=message("ho_so")))[0].message_id
    late = message("tien_do", received_at=START + timedelta(days=1))
    second = world.accept(item("B", to("x"), message=late))[0].message_id
    world.deliver(f"{second}:x", decision=PARKED, outcome=Outcome.REJECTED)

    def found(query: Query) -> list[str]:
        return [one.delivery.id if one.delivery else "" for one in world.journal.find(query)]

    assert found(Query(endpoint="y")) == [f"{first}:y"]
    assert found(Query(endpoint="x")) == [f"{second}:x", f"{first}:x"]
    assert found(Query(kind="tien_do")) == [f"{second}:x"]
    assert found(Query(problem_code="LT-JRN-004")) == [f"{second}:x"]
    assert found(Query(since=START + timedelta(hours=1))) == [f"{second}:x"]
    assert found(Query(state=State.PARKED, endpoint="y")) == []


def test_find_page_by_page(world: World) -> None:
    """Pages follow one another without gap or overlap, and never split a message."""
    ids = [world.accept(item(f"TN{number}", to("a"), to("b")))[0].message_id for number in range(5)]
    seen: list[str] = []
    before = ""
    while page := world.journal.find(Query(limit=2, before=before)):
        seen += [one.delivery.id for one in page if one.delivery]
        before = page[-1].envelope.id
    assert seen == [f"{one}:{endpoint}" for one in reversed(ids) for endpoint in "ab"]


def test_message_without_deliveries_is_listed(world: World) -> None:
    """No silent end: a message routed nowhere is seen."""
    result = world.accept(replace(item("A"), deliveries=()))[0]
    assert [(one.envelope.id, one.delivery) for one in world.journal.find(Query())] == [(result.message_id, None)]


def test_journey_tells_all(world: World) -> None:
    """One message's whole story: causes, bodies, tries, names, what came of it."""
    asked = acceptance(item("TN01"))
    raw = asked.raw.envelope.id
    asked = replace(asked, items=(replace(asked.items[0], message=message(caused_by=raw)),))
    result = world.journal.accept(asked).result()[0]
    delivery = f"{result.message_id}:cong"
    world.content(delivery, b"{}", "sig")
    world.deliver(delivery, "1.1", outcome=Outcome.UNAVAILABLE, decision=wait(world, 1))
    world.deliver(delivery, "1.2", learned=(("cong", "P1"),))
    journey = world.journal.journey(result.message_id)
    assert journey is not None
    assert (journey.verdict, journey.causes, journey.caused) == ("accepted", (raw,), ())
    assert [one.role for one in journey.bodies] == [
        "canonical", "content@cong", "reply:1@cong", "reply:2@cong", "signature@cong",
    ]  # fmt: skip
    assert [(one.number, one.outcome) for one in journey.attempts] == [
        (1, Outcome.UNAVAILABLE), (2, Outcome.ACCEPTED),
    ]  # fmt: skip
    assert set(journey.identities) == {("mot_cua_cmon", "TN01"), ("cong", "P1")}
    assert [one.state for one in journey.deliveries] == [State.DELIVERED]
    above = world.journal.journey(raw)
    assert above is not None
    assert above.caused == (result.message_id,)


def test_journey_shows_why_it_is_parked(world: World) -> None:
    """A parked delivery's problem stands in the journey with its texts."""
    delivery = world.delivery()
    world.deliver(delivery, decision=PARKED, outcome=Outcome.REJECTED)
    journey = world.journal.journey(world.work(delivery).delivery.message_id)
    assert journey is not None
    assert PARKED.problem is not None
    assert journey.problems == (PARKED.problem.as_json(),)


def test_bodies_by_role(world: World) -> None:
    """A body is read by its full role, or by its short one where one endpoint has it."""
    delivery = world.delivery()
    world.content(delivery, b"{}" * 500)
    message_id = world.work(delivery).delivery.message_id
    for role in ("content", "content@cong"):
        body = world.journal.body(message_id, role)
        assert body is not None
        assert (body.body, body.media_type) == (b"{}" * 500, "application/json")
    assert world.journal.body(message_id, "signature") is None
    assert world.journal.body("unknown", "canonical") is None


def test_envelope_comes_back_whole(world: World) -> None:
    """What was accepted is read back as it was, but for the order key that acceptance gives."""
    sent = message(
        body="<HoSo>Nguyễn</HoSo>".encode(), receiver=item().message.envelope.sender, correlation="c", caused_by="x",
        profile="p", facts={"ma_tthc": "9.999001"}, received_at=START + timedelta(microseconds=7),
    )  # fmt: skip
    result = world.accept(item("TN01", message=sent))[0]
    back = world.journal.body(result.message_id, "canonical")
    assert back is not None
    assert back == replace(sent, envelope=replace(sent.envelope, order_key=result.dossier))


def test_latest_of_a_dossier(world: World) -> None:
    """The newest accepted message of a kind is what a question is answered from."""
    world.accept(item("TN01", message=message("tien_do", b"<1/>")))
    result = world.accept(item("TN01", message=message("tien_do", b"<2/>")))[0]
    latest = world.journal.latest(result.dossier, "tien_do")
    assert latest is not None
    assert latest.body == b"<2/>"
    assert world.journal.latest(result.dossier, "ket_qua") is None


def test_generations_go_up(world: World) -> None:
    """Every generation number is new, also when two are asked for at once."""
    assert world.journal.generation() == 0
    futures = [world.journal.new_generation() for _ in range(3)]
    assert [future.result() for future in futures] == [1, 2, 3]
    assert world.journal.generation() == 3


def test_chain_is_whole_after_everything(world: World) -> None:
    """Whatever was done, the chain of entries is whole."""
    assert world.journal.verify_chain() == ()
    delivery = world.delivery()
    world.content(delivery, b"{}")
    world.deliver(delivery, decision=PARKED, outcome=Outcome.REJECTED)
    world.journal.act(Action(Act.CANCEL, delivery, "an", "vì")).result()
    world.journal.reject(Rejection(message("goc"), (), "")).result()
    world.journal.ping()
    assert world.journal.verify_chain() == ()


def test_find_by_verdict(world: World) -> None:
    """What was refused can be listed alone, and what was taken can."""
    taken = world.delivery(code="V").split(":")[0]
    raw = message("goc", b"<bad/>", business_ids=(("mot_cua_cmon", "V2"),))
    world.journal.reject(Rejection(raw, (problem("LT-JRN-002", Stage.ACCEPT),), "")).result()
    assert [one.envelope.id for one in world.journal.find(Query(verdict="rejected"))] == [raw.envelope.id]
    assert [one.envelope.id for one in world.journal.find(Query(verdict="accepted"))] == [taken]
    assert world.journal.find(Query(verdict="asked")) == ()


def test_how_many_wait_behind_one(world: World) -> None:
    """Those later in its lane count, those held until it is delivered count, those that are finished do not."""
    message_id = world.accept(item("TN01", to("a"), to("b", after_endpoint="a")))[0].message_id
    later = [world.delivery(to("a")) for _ in range(2)]
    alone = world.delivery(to("a"), code="TN02")
    behind = world.journal.behind([f"{message_id}:a", later[0], later[1], alone, "unknown"])
    assert behind == {f"{message_id}:a": 3, later[0]: 1}
    world.deliver(f"{message_id}:a")
    assert world.journal.behind([f"{message_id}:a", later[0]]) == {later[0]: 1}  # who is through holds up nobody
