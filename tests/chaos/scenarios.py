"""The scenarios: which faults, in which turn, in which surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from tests.chaos import faults, store_faults
from tests.chaos.faults import Strike
from tests.chaos.surroundings import LEASE_S, Surroundings

_OVER_A_LEASE = LEASE_S + 2
_HOUR = 3600
_NO_RACE_S = 60.0  # the short form runs beside other tests: how quick is the long form's business
_PLAIN = Surroundings()


@dataclass(frozen=True, slots=True)
class Scenario:
    """Faults that strike one after another, in turn, while dossiers come in."""

    name: str
    strikes: tuple[Strike, ...]
    rounds: int  # how many faults in the long form
    around: Surroundings = _PLAIN
    limit_s: float = 15.0  # work must go on so long after the blow; what lasts: after its end
    forgets: bool | None = None  # what the queue's server acknowledged: True = some must be gone, False = none may


_PRIVATE = (
    Scenario("kill-door", (faults.kill_door,), 6),
    Scenario("kill-worker", (faults.kill_worker(1), faults.kill_worker(2), faults.kill_both_workers), 6),
    Scenario("kill-queue", (faults.kill_queue,), 6),
    Scenario("kill-up", (faults.kill_up,), 3, limit_s=40.0),  # the old door first answers what is under way
    Scenario("repartition", tuple(faults.repartition(many) for many in (4, 8, 1)), 3, limit_s=40.0),
    Scenario(
        "freeze",
        (
            faults.freeze("worker-1", seconds=_OVER_A_LEASE),
            faults.freeze("queue", seconds=5),
            faults.freeze("door", seconds=5),
            faults.freeze_both_workers(seconds=_OVER_A_LEASE),
            faults.freeze("worker-2", seconds=_OVER_A_LEASE),
        ),
        5,
    ),
    Scenario("flush-all", (store_faults.flush_all,), 8, limit_s=10.0),
    Scenario("queue-files-cut", (store_faults.cut_queue_files(20), store_faults.cut_queue_files(5_000)), 4),
    Scenario("queue-files-rubbish", (store_faults.spoil_queue_files,), 3, limit_s=20.0),  # it dies twice before
    Scenario(
        "clock",
        tuple(faults.turn_clock(turn * _HOUR) for turn in (3, 0, -3, 0, 26, 0)),
        6,
        Surroundings(clock=True),
    ),
    Scenario("full-disk", (store_faults.fill_disk,), 3, Surroundings(small_disk="data")),
    Scenario("full-disk-queue", (store_faults.fill_disk,), 3, Surroundings(small_disk="queue")),
    Scenario("full-disk-journal", (store_faults.fill_disk,), 3, Surroundings(small_disk="data", own_queue="always")),
)


def _bad_lines(to: str, *, slow_s: float) -> tuple[Strike, ...]:
    bad = partial(faults.bad_line, to=to)
    return (
        bad("delay", seconds=6, delay_ms=slow_s * 200),
        bad("reset", seconds=3, rate=0.3),
        bad("half-open", seconds=5, rate=0.3),
        bad("drop", seconds=5, rate=0.3),
        bad("cut", seconds=3, rate=0.3),
        bad("refuse", seconds=4),
        bad("drop", seconds=5),
        bad("delay", seconds=6, delay_ms=slow_s * 1_300),
    )


_LINES = (
    Scenario("bad-line", _bad_lines("portal", slow_s=3.0), 8, Surroundings(line="portal")),
    Scenario("bad-line-queue", _bad_lines("queue", slow_s=0.5), 8, Surroundings(line="queue", own_queue="always")),
    Scenario("bad-line-journal", _bad_lines("journal", slow_s=0.5), 8, Surroundings(line="journal", database=True)),
)

_OWN_QUEUE = (
    Scenario("queue-away", (store_faults.away(2), store_faults.away(12)), 4, Surroundings(own_queue="always"), 10.0),
    Scenario(
        "fail-over",
        (store_faults.fail_over, store_faults.freeze_master),
        4,
        Surroundings(sentinels=True),
        limit_s=15.0,  # whoever asked the frozen one waits ten seconds for its answer
    ),
    Scenario("queue-memory", (store_faults.fill_memory(6),), 3, Surroundings(own_queue="always"), 10.0),
    Scenario(
        "power-cut", (store_faults.power_cut,), 4, Surroundings(own_queue="always", watched=True), forgets=False
    ),
    Scenario(
        "power-cut-everysec", (store_faults.power_cut,), 5, Surroundings(own_queue="everysec", watched=True),
        forgets=True,
    ),
)  # fmt: skip

_DATABASE = (
    Scenario(
        "postgresql",
        (store_faults.kill_database(0), store_faults.freeze_database(6), store_faults.kill_database(4),
         store_faults.restart_database),
        8,
        Surroundings(database=True),
    ),
    Scenario(
        "postgresql-and-us",
        (faults.kill_door, faults.kill_worker(1), store_faults.flush_all, faults.kill_both_workers,
         faults.freeze("worker-2", seconds=_OVER_A_LEASE), faults.kill_queue),
        12,
        Surroundings(database=True),
    ),
)  # fmt: skip

LONG: Mapping[str, Scenario] = {one.name: one for one in (*_PRIVATE, *_LINES, *_OWN_QUEUE, *_DATABASE)}
SHORT: Mapping[str, Scenario] = {
    one.name: one
    for one in (
        Scenario(
            "short",
            (faults.kill_worker(1), store_faults.flush_all, faults.kill_queue,
             faults.bad_line("half-open", seconds=3, rate=0.3), faults.kill_door),
            5,
            Surroundings(line="portal"),
            limit_s=_NO_RACE_S,
        ),
        Scenario(
            "short-postgresql",
            (store_faults.kill_database(0), faults.kill_both_workers, store_faults.power_cut),
            3,
            Surroundings(database=True, own_queue="everysec", watched=True),
            limit_s=_NO_RACE_S,
        ),
    )
}  # fmt: skip
SCENARIOS: Mapping[str, Scenario] = {**LONG, **SHORT}
