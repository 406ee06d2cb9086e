"""Jobs are run by one process at a time, begun in time, left alone where nobody should knock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bus.job_port import LeaseLost
from bus.journal import MemoryJournal
from bus.queue.memory import MemoryQueue
from bus.records import EndpointOrder
from bus.records.jobs import Job as Kept
from bus.records.jobs import JobAct, JobOrder, JobResult
from bus.scheduler import Post, Scheduler
from bus.turn import Finished, Turn, pause_after
from tests.contract.journal_world import TurnedClock
from tests.integration.polling.conftest import Town


@dataclass
class Chore:
    """A job that does what the test wants."""

    name: str = "viec"
    endpoint: str = "so_may"
    every_s: float = 30.0
    runs: list[Turn] = field(default_factory=list)
    does: Callable[[Turn], Finished] = lambda turn: Finished(JobResult.DONE, "xong", taken=2, backlog=5)

    def run(self, turn: Turn) -> Finished:
        """See Job."""
        self.runs.append(turn)
        return self.does(turn)


class Office:
    """A journal, a clock to turn, and schedulers over them."""

    def __init__(self) -> None:
        self.clock = TurnedClock()
        self.journal = MemoryJournal(self.clock)
        self.queue = MemoryQueue()

    def scheduler(self, *jobs: Chore, owner: str = "w1", lease_s: float = 60.0) -> Scheduler:
        return Scheduler(jobs, Post(owner, self.journal, self.queue, self.clock, lease_s, lambda: 0.0))

    def job(self) -> Kept:
        return self.journal.jobs()[0]


def look(scheduler: Scheduler) -> int:
    """One look; how many runs began, all of them ended."""
    begun = scheduler.look()
    for one in begun:
        one.result(20)
    return len(begun)


@pytest.fixture
def office() -> Office:
    return Office()


def test_again_and_again(office: Office) -> None:
    """A job runs at once, then after its pause; how it went is on record."""
    chore = Chore()
    scheduler = office.scheduler(chore)
    assert (look(scheduler), look(scheduler)) == (1, 0)
    job = office.job()
    assert (job.result, job.text, job.taken, job.backlog, job.owner) == (JobResult.DONE, "xong", 2, 5, "w1")
    office.clock.turn(31)
    assert look(scheduler) == 1
    assert len(chore.runs) == 2


def test_one_at_a_time(office: Office) -> None:
    """While one process runs a job another does not, and not the same one twice either."""
    going, go_on = threading.Event(), threading.Event()

    def slow(turn: Turn) -> Finished:
        going.set()
        assert go_on.wait(20)
        return Finished(JobResult.DONE)

    first = office.scheduler(Chore(does=slow))
    second = office.scheduler(other := Chore(), owner="w2")
    begun = first.look()
    assert going.wait(20)
    assert (look(first), look(second), other.runs) == (0, 0, [])
    go_on.set()
    begun[0].result(20)


def test_taken_over(office: Office) -> None:
    """An owner that is heard of no more is followed when its lease ends; when it comes back it changes nothing."""
    late: list[Turn] = []
    frozen = threading.Event()
    told: list[BaseException | None] = []

    def freezes(turn: Turn) -> Finished:
        late.append(turn)
        assert frozen.wait(20)
        try:
            turn.step(position="muộn")
        except LeaseLost as lost:
            told.append(lost)
            raise
        return Finished(JobResult.DONE)

    begun = office.scheduler(Chore(does=freezes)).look()
    while not late:
        threading.Event().wait(0.01)
    second = office.scheduler(Chore(), owner="w2")
    assert look(second) == 0
    office.clock.turn(61)
    assert look(second) == 1
    frozen.set()
    begun[0].result(20)
    assert len(told) == 1
    assert (office.job().position, office.job().owner, office.job().result) == ("", "w2", JobResult.DONE)


def test_after_failures_later_and_later(office: Office) -> None:
    """Failures make the pause longer, never longer than a quarter of an hour where the usual one is shorter."""
    scheduler = office.scheduler(Chore(does=lambda turn: Finished(JobResult.AGAIN, "hỏng")))
    pauses: list[float] = []
    for _ in range(8):
        assert look(scheduler) == 1
        due = office.job().due
        assert due is not None
        pauses.append((due - office.clock.now()).total_seconds())
        office.clock.turn(pauses[-1] + 1)
    assert pauses == sorted(pauses)
    assert pauses[0] >= 30
    assert pauses[-1] <= 900
    assert office.job().failures == 8
    assert pause_after(50, 86_400.0, chance=0.5) == 86_400.0


def test_the_partner_says_when(office: Office) -> None:
    """A partner that asks to be left alone for a time is."""
    scheduler = office.scheduler(Chore(does=lambda turn: Finished(JobResult.AGAIN, "bận", pause_s=7200.0)))
    look(scheduler)
    assert office.job().due == office.clock.now() + timedelta(seconds=7200)


def test_more_follows_at_once(office: Office) -> None:
    """Where there is more, the next run does not wait."""
    scheduler = office.scheduler(Chore(does=lambda turn: Finished(JobResult.MORE)))
    assert (look(scheduler), look(scheduler)) == (1, 1)


def test_a_broken_job_is_tried_again(office: Office) -> None:
    """A fault of our own program is on record with its code, and does not end the scheduler."""

    def breaks(turn: Turn) -> Finished:
        raise ValueError("hỏng")

    scheduler = office.scheduler(Chore(does=breaks))
    look(scheduler)
    assert office.job().result is JobResult.AGAIN
    assert "LT-JOB-001" in office.job().text
    office.clock.turn(2000)
    assert look(scheduler) == 1


def test_a_paused_endpoint_is_let_alone(office: Office) -> None:
    """While a person has paused the endpoint nothing is fetched from it, either."""
    scheduler = office.scheduler(chore := Chore())
    office.journal.order(EndpointOrder("so_may", "an", "bảo trì", paused=True)).result()
    assert look(scheduler) == 0
    office.journal.order(EndpointOrder("so_may", "an", "xong")).result()
    assert look(scheduler) == 1
    assert len(chore.runs) == 1


def test_a_person_orders(office: Office) -> None:
    """Run now, pause and resume act on the next look."""
    scheduler = office.scheduler(Chore())
    look(scheduler)
    office.journal.order_job(JobOrder("viec", JobAct.RUN, "an", "thử")).result()
    assert look(scheduler) == 1
    office.journal.order_job(JobOrder("viec", JobAct.PAUSE, "an", "thử")).result()
    office.clock.turn(100)
    assert look(scheduler) == 0
    office.journal.order_job(JobOrder("viec", JobAct.RESUME, "an", "thử")).result()
    assert look(scheduler) == 1


def test_many_that_hang_leave_room(office: Office) -> None:
    """Runs at once are bounded; what finds no room waits for the next look."""
    go_on = threading.Event()

    def hangs(turn: Turn) -> Finished:
        go_on.wait(20)
        return Finished(JobResult.DONE)

    chores = [Chore(name=f"viec-{number}", does=hangs) for number in range(12)]
    scheduler = office.scheduler(*chores)
    begun = scheduler.look()
    assert len(begun) == 8
    go_on.set()
    for one in begun:
        one.result(20)
    assert look(scheduler) == 4


def test_stopped_in_the_middle(town: Callable[..., Town]) -> None:
    """A process that is asked to end finishes the page it is at; another goes on from there."""
    here = town(
        "--dossiers", "60", "--latency-ms", "100", settings={"DanhSachHoSo.page": "5", "DanhSachBuoc.every": "off"}
    )
    scheduler = here.scheduler()
    scheduler.start()
    while not here.parts.journal.jobs() or here.job().total < 10:
        threading.Event().wait(0.02)
    scheduler.stop()
    assert (here.job().result, here.job().lease_until) == (JobResult.MORE, None)
    assert here.job().total < 60
    second = here.scheduler("w2")
    second.start()
    while here.job().total < 60:
        threading.Event().wait(0.02)
    second.stop()
    assert here.taken() == sorted(here.partner.state()["codes"])
