"""Jobs have one owner at a time, and a checkpoint that moves together with what was accepted, on every journal."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bus.job_port import LeaseLost
from bus.records import ItemStatus, Rejection
from bus.records.jobs import Ending, Held, Job, JobAct, JobOrder, JobResult, PageKept, Step, Stepped
from schemas.problem import Stage, problem
from tests.contract.journal_world import START, World, acceptance, item, message, world

__all__ = ["world"]

NAME = "poll:so_a:LayHoSo"


def begin(world: World, owner: str = "w1", *, lease_s: float = 60, name: str = NAME) -> Job | None:
    now = world.clock.now()
    return world.journal.begin_job(name, owner, now=now, until=now + timedelta(seconds=lease_s)).result(20)


def held(world: World, owner: str = "w1", *, lease_s: float = 60) -> Held:
    job = begin(world, owner, lease_s=lease_s)
    assert job is not None
    return job.held


def step(world: World, by: Held, position: str | None = None, *codes: str) -> Stepped:
    made = Step(
        by, world.clock.now() + timedelta(seconds=60), position,
        tuple(acceptance(item(code, idempotency_key=code, content_sha256=code)) for code in codes),
    )  # fmt: skip
    return world.journal.step_job(made).result(20)


def end(world: World, by: Held, result: JobResult = JobResult.DONE, *, after_s: float = 30) -> bool:
    due = world.clock.now() + timedelta(seconds=after_s)
    return world.journal.end_job(Ending(by, due, result, "xong", 3, 7)).result(20)


def order(world: World, act: JobAct, **over: object) -> Job:
    made = JobOrder(NAME, act, "nguyen.an", "vì thế", **over)  # type: ignore[arg-type]  # names of its fields
    return world.journal.order_job(made).result(20)


def only(world: World) -> Job:
    (job,) = world.journal.jobs()
    return job


def test_one_owner(world: World) -> None:
    """While one has the lease nobody else gets the job; the epoch says whose turn it is."""
    first = begin(world)
    assert first is not None
    assert (first.owner, first.epoch, first.position) == ("w1", 1, "")
    assert begin(world, "w2") is None
    assert begin(world, "w2", name="another") is not None


def test_taken_over_after_the_lease(world: World) -> None:
    """An owner that is heard of no more is followed by another, who goes on from the checkpoint."""
    step(world, held(world), "p1")
    world.clock.turn(61)
    second = begin(world, "w2")
    assert second is not None
    assert (second.owner, second.epoch, second.position) == ("w2", 2, "p1")


def test_a_step_prolongs_the_lease(world: World) -> None:
    """Who goes on working keeps the job."""
    mine = held(world)
    world.clock.turn(50)
    step(world, mine)
    world.clock.turn(50)
    assert begin(world, "w2") is None


def test_a_late_owner_changes_nothing(world: World) -> None:
    """Who was frozen past its lease neither moves the checkpoint, nor accepts, nor ends the run of its successor."""
    late = held(world)
    world.clock.turn(61)
    now = held(world, "w2")
    with pytest.raises(LeaseLost):
        step(world, late, "p-late", "TN-LATE")
    assert end(world, late) is False
    assert (only(world).position, only(world).owner) == ("", "w2")
    assert world.journal.dossier("mot_cua_cmon", "TN-LATE") is None
    assert step(world, now, "p1", "TN1").results[0][0].status is ItemStatus.ACCEPTED
    assert only(world).position == "p1"


def test_a_frozen_owner_nobody_followed(world: World) -> None:
    """As long as nobody took over, an owner past its lease may go on: nothing can have been done twice."""
    mine = held(world)
    world.clock.turn(500)
    step(world, mine, "p1")
    assert only(world).position == "p1"


def test_checkpoint_and_messages_together(world: World) -> None:
    """What a step accepts is there with its checkpoint; fetched again it is known, and counted once."""
    mine = held(world)
    first = step(world, mine, "p1", "TN1", "TN2")
    again = step(world, mine, "p2", "TN2", "TN3")
    assert [part[0].status.value for part in first.results] == ["accepted", "accepted"]
    assert [part[0].status.value for part in again.results] == ["duplicate", "accepted"]
    assert (only(world).position, only(world).moves, only(world).total) == ("p2", 2, 3)
    assert len(first.results[0][0].feed) == 1


def test_rejected_items_and_pages_are_evidence(world: World) -> None:
    """What cannot be taken is kept as rejected, and the page as it came beside it, in the same transaction."""
    mine = held(world)
    bad = message("goc", b"{}")
    page = message("goc", b"GET /ho-so")
    made = Step(
        mine, world.clock.now() + timedelta(seconds=60), "p1", (),
        (Rejection(bad, (problem("LT-PIPE-002", Stage.SPLIT, {"operation": "LayHoSo"}),), "so_a"),),
        (PageKept(page, b'{"rows": []}', "application/json"),),
    )  # fmt: skip
    world.journal.step_job(made).result(20)
    journey = world.journal.journey(bad.envelope.id)
    assert journey is not None
    assert [one["code"] for one in journey.problems] == ["LT-PIPE-002"]
    kept = world.journal.body(page.envelope.id, "answer")
    assert kept is not None
    assert kept.body == b'{"rows": []}'
    assert (only(world).refused, only(world).total) == (1, 0)


def test_the_end_of_a_run(world: World) -> None:
    """A run that ended frees the job until it is due again, and says how it went."""
    assert end(world, held(world)) is True
    job = only(world)
    assert (job.result, job.text, job.taken, job.backlog, job.failures) == (JobResult.DONE, "xong", 3, 7, 0)
    assert job.lease_until is None
    assert begin(world) is None
    world.clock.turn(31)
    assert begin(world, "w2") is not None


def test_failures_in_a_row(world: World) -> None:
    """Failures are counted until a run goes well."""
    for number in (1, 2):
        end(world, held(world), JobResult.AGAIN, after_s=0)
        assert only(world).failures == number
    end(world, held(world))
    assert only(world).failures == 0


def test_refused_means_paused(world: World) -> None:
    """A partner that refuses us is not knocked at again until a person says so."""
    end(world, held(world), JobResult.REFUSED, after_s=0)
    assert only(world).paused
    assert only(world).who == "lienthong"
    assert begin(world) is None
    order(world, JobAct.RESUME)
    assert begin(world) is not None


def test_run_now(world: World) -> None:
    """A person need not wait until it is due; one order is one run."""
    end(world, held(world), after_s=3600)
    order(world, JobAct.RUN)
    mine = held(world, "w2")
    end(world, mine, after_s=3600)
    assert begin(world) is None


def test_a_clock_that_was_wrong_for_a_while_puts_nothing_off(world: World) -> None:
    """It was an hour ahead when a run ended, and is right again: nobody waits an hour for the next one. Clocks of two
    hosts that differ a little change nothing."""
    world.clock.turn(3600)
    mine = held(world)
    world.clock.turn(60)
    assert end(world, mine)
    world.clock.turn(-60)
    assert begin(world, "w2") is None
    world.clock.turn(-3540)
    again = held(world, "w2")
    assert end(world, again)
    assert begin(world) is None
    world.clock.turn(30)
    assert begin(world) is not None


def test_pause_takes_the_job_away(world: World) -> None:
    """A pause holds at once, also for a run under way; it may end by itself."""
    mine = held(world)
    order(world, JobAct.PAUSE, until=START + timedelta(hours=1))
    with pytest.raises(LeaseLost):
        step(world, mine, "p1")
    assert begin(world) is None
    order(world, JobAct.RUN)
    assert begin(world) is None
    world.clock.turn(3601)
    assert begin(world) is not None


def test_reset(world: World) -> None:
    """A reset puts another checkpoint, on record with its reason; a run under way cannot write over it."""
    mine = held(world)
    step(world, mine, "p9")
    job = order(world, JobAct.RESET, position="p2")
    assert (job.position, job.who, job.why) == ("p2", "nguyen.an", "vì thế")
    with pytest.raises(LeaseLost):
        step(world, mine, "p10")
    again = begin(world, "w2")
    assert again is not None
    assert again.position == "p2"


def test_nobody_runs_it(world: World) -> None:
    """A job that should have begun long ago and that nobody is at is late; one that is paused is not."""
    end(world, held(world), after_s=30)
    assert not only(world).is_late(world.clock.turn(60), grace_s=60)
    assert only(world).is_late(world.clock.turn(60), grace_s=60)
    begin(world)
    assert not only(world).is_late(world.clock.now(), grace_s=60)
    order(world, JobAct.PAUSE)
    assert not only(world).is_late(world.clock.turn(9999), grace_s=60)


def test_a_dead_worker_frees_its_jobs(world: World) -> None:
    """When a worker is known to be dead, others need not wait for its lease."""
    begin(world)
    world.journal.expire_worker("w2").result(20)
    assert begin(world, "w2") is None
    world.journal.expire_worker("w1").result(20)
    assert begin(world, "w2") is not None


def test_in_the_chain(world: World) -> None:
    """Steps that took something, and orders, are entries of the chain."""
    step(world, held(world), "p1", "TN1")
    order(world, JobAct.PAUSE)
    assert world.journal.verify_chain() == ()
