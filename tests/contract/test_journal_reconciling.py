"""What reconciliation reads of the journal, and its runs on record: the same on every journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bus.delivery import State
from bus.outcome import Outcome
from bus.records import Difference, Finding, Listed, Progress, Reconciliation, Repair, Scope
from schemas.message import Party
from tests.contract.journal_world import PARKED, START, World, item, message, to, world

__all__ = ["world"]

DAY = timedelta(days=1)
SPAN = Scope(START, START + DAY)
RUN = Reconciliation("r1", "nguyen.an", START, SPAN, total=2, step=1)


def accepted(world: World, code: str, *, after_s: float = 0, kind: str = "ho_so", sender: str = "H99.12") -> str:
    """A message of the dossier `code`, received so much later. Returns the dossier."""
    fresh = message(
        kind, received_at=START + timedelta(seconds=after_s), business_ids=(("mot_cua_cmon", code),),
        sender=Party(sender, "Đơn vị mẫu", "mot_cua_cmon"),
    )  # fmt: skip
    return world.accept(item(code, message=fresh))[0].dossier


def listed(world: World, scope: Scope = SPAN, after: Listed | None = None, limit: int = 10) -> list[str]:
    return [one.dossier for one in world.journal.listed(scope, after, limit=limit)]


def test_dossiers_in_order_once(world: World) -> None:
    """A dossier is listed once, at its first message of the span, whatever follows; the span's end is outside."""
    late = accepted(world, "L", after_s=50)
    first = accepted(world, "F", after_s=10)
    accepted(world, "F", after_s=60, kind="tien_do")
    before = accepted(world, "B", after_s=-10)
    accepted(world, "B", after_s=20, kind="tien_do")
    accepted(world, "E", after_s=86_400)
    assert listed(world) == [first, before, late]
    assert world.journal.count_dossiers(SPAN) == 3


def test_page_by_page(world: World) -> None:
    """Pages follow each other without gap or repeat, also among messages of one moment."""
    all_of_them = {accepted(world, f"P{number}") for number in range(5)}
    seen: list[str] = []
    after = None
    while page := world.journal.listed(SPAN, after, limit=2):
        seen += [one.dossier for one in page]
        after = page[-1]
    assert len(seen) == 5
    assert set(seen) == all_of_them


def test_narrowed_by_agency(world: World) -> None:
    """An agency means itself and the units below it, never one whose code only begins alike."""
    own, unit = accepted(world, "A", after_s=1, sender="H99.1"), accepted(world, "B", after_s=2, sender="H99.1.4")
    accepted(world, "C", sender="H99.12")
    scope = replace(SPAN, agency="H99.1")
    assert listed(world, scope) == [own, unit]
    assert world.journal.count_dossiers(scope) == 2


def test_one_dossier_whatever_the_span(world: World) -> None:
    """Asked for by name, the span does not matter."""
    old = accepted(world, "O", after_s=-86_400)
    accepted(world, "N")
    scope = replace(SPAN, dossier=old)
    assert listed(world, scope) == [old]
    assert world.journal.count_dossiers(scope) == 1


def test_refused_messages_are_no_dossiers(world: World) -> None:
    """What was not taken is not compared."""
    world.accept(replace(item("X"), dossier=replace(item("X").dossier, may_create=False)))
    assert listed(world) == []


def test_holding(world: World) -> None:
    """Names, messages in time order, deliveries in lane order, each with what is known of it."""
    taken = world.delivery(code="H")
    world.deliver(taken)
    doubtful = world.delivery(code="H", message=message("tien_do", business_ids=(("mot_cua_cmon", "H"),)))
    world.grant(doubtful, "1.2")
    parked = world.delivery(to("don_vi"), code="H")
    world.deliver(parked, "1.3", decision=PARKED, outcome=Outcome.REJECTED)
    dossier = world.work(taken).message.envelope.order_key
    (holding,) = world.journal.holdings([dossier])
    assert holding.identities == (("mot_cua_cmon", "H"),)
    assert [one.kind for one in holding.messages] == ["ho_so", "tien_do", "ho_so"]
    assert [(one.delivery.id, one.taken, one.doubtful) for one in holding.deliveries] == [
        (taken, True, False), (doubtful, False, True), (parked, False, False),
    ]  # fmt: skip
    assert [one.delivery.state for one in holding.deliveries] == [State.DELIVERED, State.SENDING, State.PARKED]
    assert [one.envelope.id for one in holding.deliveries] == [one.id for one in holding.messages]


def test_holdings_in_the_order_asked(world: World) -> None:
    """One each, unknown ones empty."""
    one, two = accepted(world, "1"), accepted(world, "2")
    found = world.journal.holdings([two, "unknown", one])
    assert [(each.dossier, len(each.deliveries)) for each in found] == [(two, 1), ("unknown", 0), (one, 1)]


FOUND = Finding(
    number=1, dossier="d1", endpoint="cong", difference=Difference.BEHIND, code="H99-0001", own_code="TN01",
    ours="4", theirs="2", reason="Cổng chậm hơn", who="operator", detail={"NgayHenTra": "a ≠ b"}, proof="c" * 64,
    asked_at=START + timedelta(microseconds=7), repairs=(Repair("replay", "m:cong"),),
)  # fmt: skip


def record(world: World, run: Reconciliation, *findings: Finding) -> bool:
    return world.journal.record_reconciliation(run, findings).result(20)


def test_run_is_kept_as_given(world: World) -> None:
    """Everything of a run and its findings comes back."""
    step = replace(
        RUN, done=1, after=Listed("d1", START, "m1"), counts={"cong": {"status-behind": 1}},
        scope=Scope(START, START + DAY, "cong", "H99", "d1"),
    )  # fmt: skip
    assert record(world, step, FOUND)
    assert world.journal.reconciliation("r1") == step
    assert world.journal.findings("r1", (0, ""), limit=10) == (FOUND,)
    assert world.journal.reconciliation("r2") is None


def test_each_step_once(world: World) -> None:
    """Two processes never go on with one run: the second finds its step taken, and nothing of it is kept."""
    assert record(world, RUN)
    assert record(world, replace(RUN, step=2, done=1), FOUND)
    assert not record(world, replace(RUN, step=2, done=5), replace(FOUND, number=5))
    assert not record(world, RUN)
    kept = world.journal.reconciliation("r1")
    assert kept is not None
    assert (kept.step, kept.done) == (2, 1)
    assert world.journal.findings("r1", (0, ""), limit=10) == (FOUND,)


def test_findings_by_page_and_kind(world: World) -> None:
    """In order of dossier and endpoint, page by page; what is equal says nothing; a second look replaces the first."""
    other = replace(FOUND, endpoint="don_vi", difference=Difference.NOT_ANSWERED)
    third = replace(FOUND, number=3)
    assert record(world, RUN, third, other, FOUND, replace(FOUND, number=2, difference=Difference.EQUAL))
    assert world.journal.findings("r1", (0, ""), limit=2) == (FOUND, other)
    assert world.journal.findings("r1", (1, "don_vi"), limit=2) == (third,)
    assert world.journal.findings("r1", (0, ""), limit=9, difference=Difference.NOT_ANSWERED) == (other,)
    assert record(world, replace(RUN, step=2), replace(other, difference=Difference.EQUAL))
    assert world.journal.findings("r1", (0, ""), limit=9) == (FOUND, third)


def test_runs_newest_first(world: World) -> None:
    """As many as asked."""
    for number in range(3):
        assert record(world, replace(RUN, id=f"r{number}", started_at=START + timedelta(hours=number)))
    assert [one.id for one in world.journal.reconciliations(limit=2)] == ["r2", "r1"]


def test_beginning_and_end_in_the_chain(world: World) -> None:
    """Who compared what, and what came of it, can be proved later."""
    record(world, RUN)
    record(world, replace(RUN, step=2, done=1))
    record(world, replace(RUN, step=3, done=2, progress=Progress.DONE))
    assert world.journal.verify_chain() == ()
