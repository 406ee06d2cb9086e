"""The worker with real parts: what the partner, the network and the machine do to it, and what comes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from bus.clock import SystemClock
from bus.delivery import State, Unclear
from bus.feeder import Feeder
from bus.journal import SqlJournal
from bus.outcome import Outcome
from bus.ports import JournalRefuses, JournalUnavailable
from bus.queue import EmbeddedServer, RedisQueue
from bus.records import Act, Action, EndpointOrder, Preparation, Settled, Settlement
from bus.replay import carry_out
from tests.integration.worker.bench import (
    DROP,
    LEASE_S,
    PATIENT,
    Partner,
    accept,
    delivery,
    fresh_queue,
    make_tools,
    make_worker,
    queue_server,
    until,
    until_state,
    working,
)

ROOT = Path(__file__).parents[3]


def outcomes(journal: SqlJournal, delivery_id: str) -> list[Outcome]:
    journey = journal.journey(delivery_id.partition(":")[0])
    assert journey is not None
    return [attempt.outcome for attempt in journey.attempts]


def order(journal: SqlJournal, ids: list[str]) -> list[int]:
    """Which delivery each attempt was of, in the order in which they were begun."""
    begun = []
    for number, each in enumerate(ids):
        journey = journal.journey(each.partition(":")[0])
        assert journey is not None
        begun += [(attempt.started_at, number) for attempt in journey.attempts]
    return [number for _, number in sorted(begun)]


# ---------------------------------------------------------------- the partner


def test_what_the_partner_takes_is_delivered_once(journal: SqlJournal, queue: RedisQueue, there: Partner) -> None:
    """Every dossier, each once."""
    ids = accept(journal, *(f"D{n}" for n in range(8)))
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, ids, State.DELIVERED)
    assert sorted(there.codes()) == sorted(f"D{n}" for n in range(8))


def test_a_partner_that_is_busy_is_tried_again(journal: SqlJournal, queue: RedisQueue, there: Partner) -> None:
    """503 is surely nothing taken: the same content, until it is."""
    there.script = lambda code, before: (503, "") if before < 2 else (200, "1")
    (one,) = accept(journal, "D1")
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, [one], State.DELIVERED)
    assert outcomes(journal, one) == [Outcome.UNAVAILABLE, Outcome.UNAVAILABLE, Outcome.ACCEPTED]


def test_a_partner_that_stays_away_parks_the_delivery(journal: SqlJournal, queue: RedisQueue, there: Partner) -> None:
    """After the allowed attempts, with the reason; no silent end and no endless one."""
    there.script = lambda code, before: (503, "")
    (one,) = accept(journal, "D1")
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, [one], State.PARKED)
    assert (delivery(journal, one).problem_code, len(there.visits)) == ("LT-DLV-002", 4)


def test_a_refused_content_parks_and_release_sends_it_again(
    journal: SqlJournal, queue: RedisQueue, there: Partner
) -> None:
    """A person mended it at the partner's: the lane goes on from where it stood."""
    there.script = lambda code, before: (200, "Không có hồ sơ này") if before < 1 else (200, "1")
    one, two = accept(journal, "D1", "D1")
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, [one], State.PARKED)
        assert delivery(journal, two).state is State.HELD
        act = Action(Act.RELEASE, one, "người trực", "đã sửa ở bên nhận")
        assert carry_out(act, journal, Feeder(journal, queue)).done
        until_state(journal, [one, two], State.DELIVERED)
    assert order(journal, [one, two]) == [0, 0, 1]


def test_order_is_kept_while_the_head_is_tried_again(journal: SqlJournal, queue: RedisQueue, there: Partner) -> None:
    """Other dossiers pass by; the same dossier does not."""
    there.script = lambda code, before: (503, "") if code == "D1" and before < 2 else (200, "1")
    mine = accept(journal, "D1", "D1", "D1")
    (other,) = accept(journal, "D2")
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, [*mine, other], State.DELIVERED)
    assert order(journal, mine) == [0, 0, 0, 1, 2]
    assert there.codes().index("D2") < 3


@pytest.mark.parametrize("way", ["cut", "silent"])
def test_an_unclear_result_parks_where_repeating_is_not_safe(
    way: str, journal: SqlJournal, queue: RedisQueue, there: Partner
) -> None:
    """Bytes were sent and no answer came: not sent again, and nothing of the dossier passes it."""
    hold = threading.Event()

    def script(code: str, before: int) -> tuple[int, str]:
        if way == "silent":
            hold.wait(3)
        return (DROP, "")

    there.script = script
    one, two = accept(journal, "D1", "D1")
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, [one], State.PARKED)
        hold.set()
        time.sleep(0.2)
        assert delivery(journal, two).state is State.HELD
    assert (outcomes(journal, one), len(there.visits)) == ([Outcome.UNCLEAR], 1)
    assert delivery(journal, one).problem_code == "LT-DLV-003"


def test_an_unclear_result_is_repeated_where_that_is_safe(
    journal: SqlJournal, queue: RedisQueue, there: Partner
) -> None:
    """The same content again, at the head of its lane."""
    there.script = lambda code, before: (DROP, "") if before < 1 else (200, "1")
    ids = accept(journal, "D1", "D1", unclear=Unclear.REPEAT)
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, ids, State.DELIVERED)
    assert outcomes(journal, ids[0]) == [Outcome.UNCLEAR, Outcome.ACCEPTED]
    assert order(journal, ids) == [0, 0, 1]


def test_nowhere_to_send_is_said_and_not_waited_for(journal: SqlJournal, queue: RedisQueue) -> None:
    """An endpoint that the configuration has lost parks what is for it, instead of a silent circle."""
    (one,) = accept(journal, "D1")
    tools = make_tools("http://127.0.0.1:1/")
    tools.lines.pop("e")  # type: ignore[attr-defined]  # a plain dict here
    with working(make_worker(journal, queue, tools)):
        until_state(journal, [one], State.PARKED)
    assert delivery(journal, one).problem_code == "LT-DLV-010"


# ---------------------------------------------------------------- workers and leases


def test_two_workers_never_overlap_in_a_lane(journal: SqlJournal, queue: RedisQueue, there: Partner) -> None:
    """They share the work; a dossier has one attempt at a time, in order."""
    there.script = lambda code, before: (time.sleep(0.01), (200, "1"))[1]
    lanes = {code: accept(journal, *[code] * 6) for code in ("D1", "D2", "D3")}
    second = RedisQueue(queue_server().url, in_flight=32)
    workers = [make_worker(journal, q, make_tools(there.address), name=n) for q, n in ((queue, "w1"), (second, "w2"))]
    with working(*workers):
        until_state(journal, [each for ids in lanes.values() for each in ids], State.DELIVERED)
    second.close()
    for code, ids in lanes.items():
        assert order(journal, ids) == [0, 1, 2, 3, 4, 5]
        own = Partner(visits=[visit for visit in there.visits if visit.code == code])
        assert (len(own.visits), own.overlaps()) == (6, 0)


class Jumping(SystemClock):
    """A machine that was suspended: time has gone on without the process."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        """See the clock."""
        return super().monotonic() + self.ahead_s


def test_a_worker_that_was_frozen_past_its_lease_does_not_send(
    journal: SqlJournal, queue: RedisQueue, there: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its intent and its bytes it looks at the clock: the lane may be another's by now."""
    clock, real = Jumping(), journal.prepare
    seen: list[int] = []

    def frozen(preparation: Any) -> Any:  # Any: as the journal's
        granted = real(preparation)
        granted.result(5)
        if clock.ahead_s == 0:
            seen.append(len(there.visits))
            clock.ahead_s = LEASE_S
        return granted

    monkeypatch.setattr(journal, "prepare", frozen)
    (one,) = accept(journal, "D1")
    with working(make_worker(journal, queue, make_tools(there.address, clock=clock))):
        until_state(journal, [one], State.DELIVERED)
    assert seen == [0]
    assert outcomes(journal, one) == [Outcome.LOCAL_FAULT, Outcome.ACCEPTED]
    assert (len(there.visits), delivery(journal, one).attempts_used) == (1, 1)


@contextmanager
def process(journal_file: Path, address: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of its own."""
    command = [sys.executable, "-m", "tests.integration.worker.child", f"sqlite:///{journal_file}", queue_server().url,
               address, "frozen"]  # fmt: skip
    child = subprocess.Popen(command, cwd=ROOT)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def test_a_stopped_worker_changes_nothing_when_it_wakes_up(
    journal: SqlJournal, queue: RedisQueue, there: Partner, tmp_path: Path
) -> None:
    """SIGSTOP in the middle of an attempt: another worker takes the lane over when the lease is out, and what the
    first one says afterwards is a fact on record, not a decision."""
    answer = threading.Event()
    there.script = lambda code, before: (answer.wait(10), (200, "1"))[1] if before == 0 else (200, "1")
    one, two = accept(journal, "D1", "D1", unclear=Unclear.REPEAT)
    with process(tmp_path / "journal.sqlite", there.address) as child:
        until(lambda: there.visits, 20)
        os.kill(child.pid, signal.SIGSTOP)
        with working(make_worker(journal, queue, make_tools(there.address))):
            until_state(journal, [one, two], State.DELIVERED)
        before = delivery(journal, one)
        answer.set()
        os.kill(child.pid, signal.SIGCONT)
        until(lambda: len(outcomes(journal, one)) == 2)
        assert delivery(journal, one) == before
    assert len(there.visits) == 3


def test_stopping_finishes_what_is_under_way_and_begins_nothing(
    journal: SqlJournal, queue: RedisQueue, there: Partner
) -> None:
    """Nothing half-done: what was sent is settled, what was not is free for the next worker at once."""
    there.script = lambda code, before: (time.sleep(0.3), (200, "1"))[1]
    ids = accept(journal, "D1", "D1", "D1", "D1")
    worker = make_worker(journal, queue, make_tools(there.address))
    with working(worker):
        until(lambda: there.visits)
        worker.stop()
    assert delivery(journal, ids[0]).state is State.DELIVERED
    assert len(there.visits) <= 2
    assert all(delivery(journal, each).state in (State.DELIVERED, State.READY, State.HELD) for each in ids)
    there.script = lambda code, before: (200, "1")
    with working(make_worker(journal, queue, make_tools(there.address), name="w2")):
        until_state(journal, ids, State.DELIVERED)
    assert (order(journal, ids), len(there.visits)) == ([0, 1, 2, 3], 4)


@pytest.mark.parametrize("waiting", [0, 4])
def test_who_waits_long_makes_room(waiting: int, journal: SqlJournal, queue: RedisQueue, there: Partner) -> None:
    """All threads wait for answers that do not come: with places to wait in, the others are delivered meanwhile."""
    hold = threading.Event()
    there.script = lambda code, before: (hold.wait(7) if code.startswith("S") else None, (200, "1"))[1]
    slow = accept(journal, "S1", "S2")
    tools = make_tools(there.address, policies=PATIENT)
    with working(make_worker(journal, queue, tools, threads=2, waiting=waiting, lease_s=20.0)):
        until(lambda: len(there.visits) == 2)
        quick = accept(journal, "D1", "D2", "D3")
        until(lambda: _healed(journal, queue))
        if waiting:
            until_state(journal, quick, State.DELIVERED, 5)
            assert {delivery(journal, each).state for each in slow} == {State.SENDING}
        else:
            time.sleep(0.5)
            assert {delivery(journal, each).state for each in quick} == {State.READY}
        hold.set()
        until_state(journal, [*slow, *quick], State.DELIVERED)


def test_what_took_a_worker_with_it_is_prepared_alone(
    journal: SqlJournal, queue: RedisQueue, there: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two were in the hands of a worker that died: while one is prepared the other is not claimed, so that it is not
    counted guilty again of what the first one does."""
    ids = accept(journal, "D1", "D2")
    until(lambda: _healed(journal, queue))
    assert len(queue.claim("w0", settles=(), limit=2, lease_s=60)) == 2
    assert queue.expire_worker("w0") == 2
    hold, seen, real = threading.Event(), [], journal.prepare

    def prepare(preparation: Preparation) -> Future[frozenset[str]]:
        seen.append(preparation.intents[0].delivery_id)
        hold.wait(5)
        return real(preparation)

    monkeypatch.setattr(journal, "prepare", prepare)
    with working(make_worker(journal, queue, make_tools(there.address), lease_s=20.0)):
        until(lambda: seen)
        time.sleep(0.5)
        assert len(seen) == 1
        hold.set()
        until_state(journal, ids, State.DELIVERED)
    assert sorted(seen) == sorted(ids)


def test_where_all_wait_no_more_is_begun_for_the_silent(journal: SqlJournal, queue: RedisQueue, there: Partner) -> None:
    """Threads and places to wait in are bounded: the silent receiver gets no more of them, and loses nothing."""
    hold = threading.Event()
    there.script = lambda code, before: (hold.wait(7), (200, "1"))[1]
    ids = accept(journal, *(f"S{n}" for n in range(6)))
    tools = make_tools(there.address, policies=PATIENT)
    with working(make_worker(journal, queue, tools, threads=2, waiting=1, lease_s=20.0)):
        until(lambda: len(there.visits) == 2)
        time.sleep(1.0)
        assert len(there.visits) == 2
        hold.set()
        until_state(journal, ids, State.DELIVERED)
    assert sorted(there.codes()) == [f"S{n}" for n in range(6)]


# ---------------------------------------------------------------- the stores


class Settles:
    """What the journal answers to settlements, before it is asked itself."""

    def __init__(self, journal: SqlJournal, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real = journal.settle
        self.faults: list[Exception] = []
        self.asked = 0
        monkeypatch.setattr(journal, "settle", self)

    def __call__(self, settlement: Settlement) -> Future[Settled]:
        self.asked += 1
        if not self.faults:
            return self._real(settlement)
        failed: Future[Settled] = Future()
        failed.set_exception(self.faults.pop(0))
        return failed


def test_a_settlement_waits_for_the_journal(
    journal: SqlJournal, queue: RedisQueue, there: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The partner has it, the journal is away: nothing is sent again, and the queue hears of it last."""
    monkeypatch.setattr("bus.settling._PAUSE_S", 0.2)
    settles = Settles(journal, monkeypatch)
    settles.faults = [JournalUnavailable("away"), JournalUnavailable("away")]
    ids = accept(journal, "D1", "D1")
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, ids, State.DELIVERED)
    assert (len(there.visits), settles.asked) == (2, 4)


def test_a_result_waits_for_the_journal_while_the_worker_ends(
    journal: SqlJournal, queue: RedisQueue, there: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked to stop while the partner answers and the journal is away: what it said is recorded all the same."""
    monkeypatch.setattr("bus.settling._PAUSE_S", 0.2)
    worker = make_worker(journal, queue, make_tools(there.address))
    there.script = lambda code, before: (worker.stop(), (200, "1"))[1]
    settles = Settles(journal, monkeypatch)
    settles.faults = [JournalUnavailable("away")] * 4
    (one,) = accept(journal, "D1")
    with working(worker):
        until(lambda: not settles.faults)
    assert delivery(journal, one).state is State.DELIVERED


def test_a_result_that_could_not_be_recorded_until_the_end_is_said_and_comes_back_as_a_doubt(
    journal: SqlJournal, queue: RedisQueue, there: Partner,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """The end is not put off for ever; which answer was lost is in the log, and nobody sends it again blindly."""
    monkeypatch.setattr("bus.settling._PAUSE_S", 0.1)
    worker = make_worker(journal, queue, make_tools(there.address), drain_s=0.5)
    there.script = lambda code, before: (worker.stop(), (200, "1"))[1]
    settles = Settles(journal, monkeypatch)
    settles.faults = [JournalUnavailable("away")] * 1000
    (one,) = accept(journal, "D1")
    with working(worker):
        until(lambda: there.visits)
    assert f"result not recorded delivery={one} attempt=1 outcome=accepted" in caplog.text
    assert delivery(journal, one).state is State.SENDING
    settles.faults = []
    with working(make_worker(journal, queue, make_tools(there.address), name="w2")):
        until_state(journal, [one], State.PARKED)
    assert (delivery(journal, one).problem_code, len(there.visits)) == ("LT-DLV-003", 1)


def test_not_even_the_fact_is_given_up_while_the_journal_is_away(
    journal: SqlJournal, queue: RedisQueue, there: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused for its own sake, then the journal goes: what is left of the result waits as the whole did."""
    monkeypatch.setattr("bus.settling._PAUSE_S", 0.05)
    faults: list[Exception] = [JournalRefuses("this one")] * 3
    Settles(journal, monkeypatch).faults = [*faults, JournalUnavailable("away"), JournalUnavailable("away")]
    (one,) = accept(journal, "D1")
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, [one], State.PARKED)
    assert (delivery(journal, one).problem_code, outcomes(journal, one)) == ("LT-DLV-011", [Outcome.ACCEPTED])


def test_a_full_disk_parks_nothing(
    journal: SqlJournal, queue: RedisQueue, there: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is nearly full takes the small and refuses the large: the result is kept until there is room."""
    monkeypatch.setattr("bus.settling._PAUSE_S", 0.05)
    Settles(journal, monkeypatch).faults = [JournalUnavailable("database or disk is full")] * 10
    ids = accept(journal, "D1")
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, ids, State.DELIVERED)
    assert len(there.visits) == 1


@pytest.mark.parametrize(
    "faults",
    [[KeyError("broken")], [JournalRefuses("this one")] * 3, [JournalUnavailable("full")] * 5],
    ids=["breaks", "refuses", "does not"],
)
def test_a_settlement_that_cannot_be_written_keeps_its_fact_and_goes_to_a_person(
    faults: list[Exception], journal: SqlJournal, queue: RedisQueue, there: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No thread dies silently with the lane in its hand, and none circles for ever."""
    monkeypatch.setattr("bus.settling._PAUSE_S", 0.05)
    monkeypatch.setattr("bus.settling._DOUBTS", 5)
    Settles(journal, monkeypatch).faults = faults
    (one,) = accept(journal, "D1")
    (other,) = accept(journal, "D2")
    with working(make_worker(journal, queue, make_tools(there.address), threads=1)):
        until_state(journal, [one], State.PARKED)
        until_state(journal, [other], State.DELIVERED)
    assert (delivery(journal, one).problem_code, outcomes(journal, one)) == ("LT-DLV-011", [Outcome.ACCEPTED])


def test_a_settlement_that_is_lost_lets_the_lane_go(
    journal: SqlJournal, queue: RedisQueue, there: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If not even the fact can be written the lease runs out, and the doubt is what the next worker sees."""
    Settles(journal, monkeypatch).faults = [KeyError("broken"), KeyError("broken")]
    (one,) = accept(journal, "D1")
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, [one], State.PARKED)
    assert (delivery(journal, one).problem_code, len(there.visits)) == ("LT-DLV-003", 1)


def test_one_message_our_program_cannot_bear_does_not_take_the_others_with_it(
    journal: SqlJournal, queue: RedisQueue, there: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left to a person; the batch goes on, and so does the worker."""
    bad, *good = accept(journal, "D1", "D2", "D3")
    real = journal.work

    def work(ids: list[str]) -> Any:  # Any: as the journal's
        if bad in ids and sys._getframe(1).f_code.co_name == "look_up":
            raise ValueError("cannot be read")
        return real(ids)

    monkeypatch.setattr(journal, "work", work)
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, good, State.DELIVERED)
        until_state(journal, [bad], State.PARKED)
    assert delivery(journal, bad).problem_code == "LT-DLV-008"
    assert sorted(there.codes()) == ["D2", "D3"]


def test_a_fault_of_ours_after_the_bytes_left_is_a_doubt_not_a_denial(
    journal: SqlJournal, queue: RedisQueue, there: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever releases it must know that the partner may have it."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bus.deliver.classify", broken)
    (one,) = accept(journal, "D1")
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, [one], State.PARKED)
    assert (outcomes(journal, one), delivery(journal, one).problem_code) == ([Outcome.UNCLEAR], "LT-DLV-008")


def test_an_emptied_queue_is_filled_again(journal: SqlJournal, queue: RedisQueue, there: Partner) -> None:
    """The queue is only an index."""
    first = accept(journal, "D1")
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, first, State.DELIVERED)
        fresh_queue().close()
        later = accept(journal, "D1", "D2")
        Feeder(journal, queue).heal()
        until_state(journal, later, State.DELIVERED)
    assert sorted(there.codes()) == ["D1", "D1", "D2"]


def test_a_queue_server_that_dies_is_waited_for(journal: SqlJournal, there: Partner, tmp_path: Path) -> None:
    """kill -9 of the server: it comes back, and the same worker goes on."""
    server = EmbeddedServer(tmp_path / "q")
    server.start()
    try:
        queue = fresh_queue(server)
        first = accept(journal, "D1")
        with working(make_worker(journal, queue, make_tools(there.address))):
            until_state(journal, first, State.DELIVERED)
            os.kill(server.pid or 0, signal.SIGKILL)
            later = accept(journal, "D1", "D2")
            until(lambda: _healed(journal, queue), 10)
            until_state(journal, later, State.DELIVERED, 15)
        queue.close()
    finally:
        server.stop()
    assert len(there.visits) == 3


def _healed(journal: SqlJournal, queue: RedisQueue) -> bool:
    feeder = Feeder(journal, queue)
    feeder.doubt()
    return feeder.heal()


def test_what_a_dead_process_did_not_tell_the_queue_is_found_at_the_next_start(
    journal: SqlJournal, queue: RedisQueue, there: Partner
) -> None:
    """Committed, never fed: the worker that starts next compares at once, not at the next sweep."""
    warm = accept(journal, "D1")
    with working(make_worker(journal, queue, make_tools(there.address))):
        until_state(journal, warm, State.DELIVERED)
    lost = accept(journal, "D2")
    with working(make_worker(journal, queue, make_tools(there.address), name="w2")):
        until_state(journal, lost, State.DELIVERED, 5)
    assert there.codes() == ["D1", "D2"]


# ---------------------------------------------------------------- what a person orders


def ordered(journal: SqlJournal, *, paused: bool) -> None:
    journal.order(EndpointOrder("e", "nguyen.an", "bảo trì", paused=paused)).result(10)


def test_a_pause_is_obeyed_within_two_seconds(journal: SqlJournal, queue: RedisQueue, there: Partner) -> None:
    """By every worker, also if only the journal was told, and again after the queue was emptied."""
    second = RedisQueue(queue_server().url, in_flight=32)
    with working(
        make_worker(journal, queue, make_tools(there.address)),
        make_worker(journal, second, make_tools(there.address), name="w2"),
    ):
        until_state(journal, accept(journal, "D1"), State.DELIVERED)
        ordered(journal, paused=True)
        time.sleep(2)
        raw = redis.Redis.from_url(queue_server().url)
        raw.flushall()
        raw.close()
        ids = accept(journal, *(f"D{n}" for n in range(2, 12)))
        feeder = Feeder(journal, queue)
        feeder.doubt()
        until(feeder.heal)
        until(lambda: queue.stats().queued == len(ids))
        time.sleep(1.5)
        assert there.codes() == ["D1"]
        assert {delivery(journal, one).state for one in ids} == {State.READY}
        assert {delivery(journal, one).attempts_used for one in ids} == {0}
        ordered(journal, paused=False)
        began = time.monotonic()
        until_state(journal, ids[:1], State.DELIVERED)
        assert time.monotonic() - began < 2 + 1
        until_state(journal, ids, State.DELIVERED)
    second.close()
