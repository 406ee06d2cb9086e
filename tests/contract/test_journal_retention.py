"""Bodies that are erased, on every journal: what goes, what stays, and what must never be touched."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bus.delivery import State
from bus.erasing import NAME, Eraser, foretell
from bus.job_port import LeaseLost
from bus.journal import open_journal
from bus.journal.vault import Vault
from bus.queue.memory import MemoryQueue
from bus.records import Acceptance, Act, Action, PlanAct, PlanDraft, PlanLine, PlannedDelivery, Rejection
from bus.records.examining import AttachmentPolicy
from bus.records.jobs import Held, JobAct, JobOrder, JobResult
from bus.records.retaining import Choice, Erasure, Fate, HoldOrder
from bus.records.sealing import FIRST, Seal
from bus.retention import RetentionRules
from bus.scheduler import Post, Scheduler
from bus.turn import Finished, Turn
from schemas.message import sha256_hex
from tests.contract.journal_world import PARKED, START, TurnedClock, World, item, message, to, world_of
from tests.contract.journal_world import world as world

DAY = 86_400.0
RULES = RetentionRules(days=30)
BODY = b"<HoSo>" + b"<Ten>Nguyen Van Thu</Ten>" * 20 + b"</HoSo>"


def seal(world: World, token: bytes = b"") -> None:
    """Everything written so far is under a seal."""
    found, last = world.journal.unsealed(10_000), world.journal.last_seal()
    if found.spans:
        number, before = (last.number + 1, last.sha256) if last else (1, FIRST)
        made = Seal(number, world.clock.now(), "0" * 64, found.spans, before, "", token)
        assert world.journal.seal(made).result(20)


def accept(
    world: World, *asked: tuple[str, str], to_one: PlannedDelivery | None = None, at: datetime = START,
    attachments: AttachmentPolicy = AttachmentPolicy.OFF,
) -> list[str]:  # fmt: skip
    """One envelope with an item for each (dossier code, kind); returns their ids."""
    world.clock.turn(0.001)
    raw = message("goc", BODY, received_at=at)
    items = []
    for code, kind in asked:
        made = message(
            kind, BODY, business_ids=(("mot_cua_cmon", code),), caused_by=raw.envelope.id, received_at=at
        )  # fmt: skip
        items.append(item(code, to_one or to(), message=made, attachments=attachments))
    results = world.journal.accept(Acceptance(raw, tuple(items), True, "mot_cua_cmon")).result(20)
    return [one.message_id for one in results]


def finished(world: World, code: str = "TN01", kind: str = "ho_so") -> str:
    """A message that was delivered; returns its id."""
    (found,) = accept(world, (code, kind))
    world.deliver(f"{found}:cong")
    return found


def run(world: World, rules: RetentionRules = RULES, *, page: int = 100) -> Finished:
    """The job, now."""
    world.journal.order_job(JobOrder(NAME, JobAct.RUN, "an", "")).result(20)
    until = world.clock.now() + timedelta(seconds=60)
    job = world.journal.begin_job(NAME, "w1", now=world.clock.now(), until=until).result(20)
    assert job is not None
    turn = Turn(job.held, job.position, world.journal, world.clock, 60.0, lambda: False)
    return Eraser(world.journal, rules, page=page).run(turn)


def fates(world: World, rules: RetentionRules = RULES) -> dict[str, Fate]:
    """What a run would do."""
    pages = foretell(world.journal, rules, now=world.clock.now())
    return {one.message_id: fate for page in pages for one, fate in page.fates}


def kept(world: World, message_id: str) -> dict[str, bool]:
    """Role → it is still there."""
    journey = world.journal.journey(message_id)
    assert journey is not None
    return {one.role: one.erased is None for one in journey.bodies}


def test_bodies_go_and_everything_else_stays(world: World) -> None:
    """A message long finished loses every body with its envelope's; digests, attempts and the chain stay."""
    one = finished(world)
    before = world.journal.journey(one)
    seal(world)
    world.clock.turn(31 * DAY)
    ended = run(world)
    after = world.journal.journey(one)
    assert before is not None
    assert after is not None
    assert (ended.result, ended.taken) == (JobResult.DONE, 2)
    assert [(b.role, b.sha256, b.size) for b in after.bodies] == [(b.role, b.sha256, b.size) for b in before.bodies]
    assert [b.erased.rule for b in after.bodies if b.erased] == ["retention.body_days = 30"] * len(before.bodies)
    assert {b.erased.at for b in after.bodies if b.erased} == {world.clock.now()}
    assert world.journal.body(one, "canonical") is None
    assert world.journal.body(before.causes[0], "raw") is None
    assert (after.attempts, after.deliveries) == (before.attempts, before.deliveries)
    assert [act["act"] for act in after.actions] == ["erase"]
    assert world.journal.verify_chain() == ()


def test_what_was_erased_is_counted_apart_and_is_under_no_key(world: World) -> None:
    """Sums by kind tell kept from erased; the count by key and rewrapping leave erased ones alone."""
    finished(world)
    seal(world)
    world.clock.turn(31 * DAY)
    run(world)
    finished(world, "TN02")
    sums = {(one.kind, one.erased): one.bodies for one in world.journal.kept_sums()}
    assert sums == {("goc", False): 1, ("goc", True): 1, ("ho_so", False): 2, ("ho_so", True): 2}
    assert sum(world.journal.bodies_by_key().values()) == 3
    assert run(world).taken == 0


def test_it_is_not_sent_again(world: World) -> None:
    """A replay of what has no content any more is refused with when and by which rule; the state stays."""
    one = finished(world)
    seal(world)
    world.clock.turn(31 * DAY)
    run(world)
    for as_then in (False, True):
        done = world.journal.act(Action(Act.REPLAY, f"{one}:cong", "an", "x", as_then=as_then)).result(20)
        assert (done.done, done.state) == (False, State.DELIVERED)
        assert "retention.body_days = 30" in done.reason


def test_the_dossier_is_known_without_its_contents(world: World) -> None:
    """What a later message needs of the dossier's first one, its envelope, is still told."""
    one = finished(world)
    dossier = world.journal.dossier("mot_cua_cmon", "TN01")
    seal(world)
    world.clock.turn(31 * DAY)
    run(world)
    assert dossier is not None
    latest = world.journal.latest(dossier, "ho_so")
    assert latest is not None
    assert (latest.envelope.id, latest.body) == (one, b"")


def _young(world: World) -> str:
    one = finished(world)
    seal(world)
    world.clock.turn(29 * DAY)
    return one


def _finished_late(world: World) -> str:
    one = f"{accept(world, ('TN01', 'ho_so'))[0]}:cong"
    world.clock.turn(31 * DAY)
    world.deliver(one)
    seal(world)
    return one.partition(":")[0]


def _open(world: World) -> str:
    one = f"{accept(world, ('TN01', 'ho_so'))[0]}:cong"
    world.deliver(one, decision=PARKED)
    seal(world)
    world.clock.turn(31 * DAY)
    return one.partition(":")[0]


def _dossier_under_way(world: World) -> str:
    one = finished(world)
    accept(world, ("TN01", "tien_do"), to_one=to(unordered=True))
    seal(world)
    world.clock.turn(31 * DAY)
    return one


def _not_examined(world: World) -> str:
    (one,) = accept(world, ("TN01", "ho_so"), attachments=AttachmentPolicy.REPORT)
    world.deliver(f"{one}:cong")
    seal(world)
    world.clock.turn(31 * DAY)
    return one


def _not_sealed(world: World) -> str:
    one = finished(world)
    world.clock.turn(31 * DAY)
    return one


def _on_hold(world: World) -> str:
    one = finished(world)
    seal(world)
    world.journal.order_hold(HoldOrder(one, True, "an", "khiếu nại")).result(20)
    world.clock.turn(31 * DAY)
    return one


def _in_a_plan(world: World) -> str:
    one = finished(world)
    seal(world)
    lines = (PlanLine(f"{one}:cong", PlanAct.REPLAY),)
    world.journal.make_plan(PlanDraft("an", "thử", "", lines)).result(20)
    world.clock.turn(31 * DAY)
    return one


CASES = {
    Fate.YOUNG: (_young, _finished_late), Fate.OPEN: (_open, _dossier_under_way, _not_examined),
    Fate.UNSEALED: (_not_sealed,), Fate.HOLD: (_on_hold,), Fate.PLANNED: (_in_a_plan,),
}  # fmt: skip


@pytest.mark.parametrize(
    ("fate", "make"), [(fate, make) for fate, makes in CASES.items() for make in makes],
    ids=lambda one: getattr(one, "__name__", str(one)),
)  # fmt: skip
def test_what_must_not_be_touched(world: World, fate: Fate, make: Callable[[World], str]) -> None:
    """Neither it nor the envelope it came in loses a body, and the reason is told."""
    one = make(world)
    journey = world.journal.journey(one)
    assert journey is not None
    told = fates(world)
    if make is _young:
        assert told == {}
    else:
        assert told[one] is told[journey.causes[0]] is fate
    assert run(world).taken == 0
    assert all(kept(world, one).values())
    assert all(kept(world, journey.causes[0]).values())


def test_the_transaction_looks_again(world: World) -> None:
    """What came in the way between choosing and erasing is left alone, and named."""
    one, other = finished(world), finished(world, "TN02")
    seal(world)
    world.clock.turn(31 * DAY)
    now = world.clock.now()
    world.journal.act(Action(Act.REPLAY, f"{one}:cong", "an", "x")).result(20)
    held = world.journal.begin_job(NAME, "w1", now=now, until=now + timedelta(60)).result(20)
    assert held is not None
    choices = tuple(Choice(each, "r", now - timedelta(days=30)) for each in (one, other))
    done = world.journal.erase(Erasure(held.held, now + timedelta(60), "p", choices, "an", False)).result(20)
    assert (done.messages, done.left) == (1, (one,))
    assert all(kept(world, one).values())
    assert [job.position for job in world.journal.jobs()] == ["p"]


def test_who_lost_the_job_erases_nothing(world: World) -> None:
    """An older epoch changes nothing, not even the checkpoint."""
    one = finished(world)
    seal(world)
    world.clock.turn(31 * DAY)
    now = world.clock.now()
    held = world.journal.begin_job(NAME, "w1", now=now, until=now + timedelta(60)).result(20)
    assert held is not None
    old = Held(NAME, "w1", held.epoch - 1)
    choice = Choice(one, "r", now - timedelta(days=30))
    with pytest.raises(LeaseLost):
        world.journal.erase(Erasure(old, now, "p", (choice,), "an", False)).result(20)
    assert all(kept(world, one).values())
    assert [job.position for job in world.journal.jobs()] == [""]


def test_a_hold_keeps_the_kin_and_is_on_record(world: World) -> None:
    """The mark on a message keeps what it was made from; taken away, the rule holds; both stand on record."""
    one = finished(world)
    seal(world)
    assert world.journal.order_hold(HoldOrder(one, True, "an", "khiếu nại")).result(20)
    assert not world.journal.order_hold(HoldOrder(one, True, "bình", "cũng thế")).result(20)
    assert [(each.message_id, each.who) for each in world.journal.holds()] == [(one, "an")]
    world.clock.turn(31 * DAY)
    assert set(fates(world).values()) == {Fate.HOLD}
    assert world.journal.order_hold(HoldOrder(one, False, "an", "xong")).result(20)
    journey = world.journal.journey(one)
    assert journey is not None
    assert [act["act"] for act in journey.actions] == ["hold", "unhold"]
    assert run(world).taken == 2
    with pytest.raises(LookupError):
        world.journal.order_hold(HoldOrder("0" * 32, True, "an", "x")).result(20)


def test_days_by_kind_and_the_longest_for_an_envelope(world: World) -> None:
    """A kind's own days go before the others'; bytes as they came stay as long as anything made from them."""
    first, second = accept(world, ("TN01", "tien_do"), ("TN02", "ho_so"))
    for each in (first, second):
        world.deliver(f"{each}:cong")
    seal(world)
    world.clock.turn(61 * DAY)
    rules = RetentionRules(days=0, kinds={"tien_do": 40, "ho_so": 90})
    journey = world.journal.journey(first)
    assert journey is not None
    assert fates(world, rules) == {first: Fate.ERASE, second: Fate.YOUNG, journey.causes[0]: Fate.YOUNG}
    assert set(fates(world, replace(rules, kinds={"tien_do": 40})).values()) == {Fate.ERASE, Fate.KEEP}


def test_a_time_stamp_is_waited_for_where_there_are_authorities(world: World) -> None:
    """Where time-stamps are asked for, a bare seal is not enough."""
    finished(world)
    seal(world)
    finished(world, "TN02")
    seal(world, b"token")
    world.clock.turn(31 * DAY)
    told = fates(world, replace(RULES, stamped=True))
    assert sorted(told.values()) == [Fate.ERASE, Fate.ERASE, Fate.UNSEALED, Fate.UNSEALED]


def test_rejected_ones_go_too(world: World) -> None:
    """What was refused at the door is finished when it came; taken again it is told as gone."""
    raw = message("goc", BODY)
    world.journal.reject(Rejection(raw, (), "mot_cua_cmon")).result(20)
    seal(world)
    world.clock.turn(31 * DAY)
    assert run(world).taken == 1
    assert kept(world, raw.envelope.id) == {"raw": False}
    journey = world.journal.journey(raw.envelope.id)
    assert journey is not None
    assert (journey.envelope.sha256, journey.bodies[0].sha256) == (sha256_hex(BODY), sha256_hex(BODY))


def test_it_goes_on_where_it_was_stopped_and_does_not_look_twice(world: World) -> None:
    """Pages of one message each; stopped after one it goes on; the next round begins behind what is settled."""
    for number in range(3):
        finished(world, f"TN0{number}")
    seal(world)
    world.clock.turn(31 * DAY)
    now = world.clock.now()
    job = world.journal.begin_job(NAME, "w1", now=now, until=now + timedelta(60)).result(20)
    assert job is not None
    pages: list[int] = []
    turn = Turn(job.held, job.position, world.journal, world.clock, 60.0, lambda: bool(pages))
    eraser = Eraser(world.journal, RULES, page=1, tell=lambda looked: pages.append(len(looked.fates)))
    assert (eraser.run(turn).result, pages) == (JobResult.MORE, [1])
    assert run(world, page=2).taken == 5
    position = next(job.position for job in world.journal.jobs())
    assert '"low": ""' not in position


def test_a_body_that_is_gone_without_a_word_is_named(tmp_path: Path) -> None:
    """Whoever marks a body as erased by hand, or another digest under the mark, is found by the chain's audit."""
    with world_of("sqlite", tmp_path) as world:
        one, other = finished(world), finished(world, "TN02")
        seal(world)
        world.clock.turn(31 * DAY)
        world.journal.order_hold(HoldOrder(other, True, "an", "x")).result(20)
        run(world)
        assert world.path is not None
        with closing(sqlite3.connect(world.path)) as raw, raw:
            raw.execute("UPDATE bodies SET coding = 'erased:1:x', data = x'' WHERE message_id = ?", (other,))
            raw.execute("UPDATE bodies SET sha256 = ? WHERE message_id = ?", ("f" * 64, one))
        found = world.journal.verify_chain()
        assert {id for line in found for id in (one, other) if id in line} == {one, other}
        assert all("gone unsaid" in line for line in found)


def test_with_a_locked_body_its_key_goes_too(tmp_path: Path) -> None:
    """Neither bytes nor wrapped data key are left in the row; rewrapping leaves the mark alone."""
    clock, path = TurnedClock(), tmp_path / "journal.sqlite"
    keys = {"k1": bytes(range(32)), "k2": bytes(32)}
    journal = open_journal(f"sqlite:///{path}", clock=clock, vault=Vault(keys, "k1"))
    world = World("sqlite", journal, clock, path)
    one = finished(world)
    seal(world)
    clock.turn(31 * DAY)
    run(world)
    assert journal.bodies_by_key() == {"": 0, "k1": 0}
    journal.close()
    journal = open_journal(f"sqlite:///{path}", clock=clock, vault=Vault(keys, "k2"))
    assert journal.rewrap("", 100).result(20).count == 0
    assert journal.verify_chain() == ()
    journal.close()
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute("SELECT coding, length(data) FROM bodies WHERE message_id = ?", (one,)).fetchall()
    assert {(coding.split(":")[0], size) for coding, size in rows} == {("erased", 0)}
    assert not any("aesgcm" in coding for coding, _ in rows)


def test_a_worker_runs_it_once_a_day(tmp_path: Path) -> None:
    """Under its lease, like any other job; how it went is on record; nothing is erased where no days are set."""
    with world_of("memory", tmp_path) as world:
        one = finished(world)
        seal(world)
        post = Post("w1", world.journal, MemoryQueue(), world.clock, 60.0, lambda: 0.0)
        idle, busy = (Scheduler((Eraser(world.journal, rules),), post) for rules in (RetentionRules(), RULES))
        world.clock.turn(31 * DAY)
        assert [begun.result(20) for begun in idle.look()] == [None]
        assert all(kept(world, one).values())
        assert busy.look() == ()
        world.clock.turn(DAY + 1)
        assert [begun.result(20) for begun in busy.look()] == [None]
        assert not any(kept(world, one).values())
        job = next(job for job in world.journal.jobs() if job.name == NAME)
        assert (job.result, job.taken, job.lease_until) == (JobResult.DONE, 2, None)
