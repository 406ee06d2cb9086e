"""The scenarios: which faults, in which turn, in which surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.chaos import faults
from tests.chaos.faults import Strike

LEASE_S = 8.0
TIMEOUT_S = 3.0  # of one attempt; the settings want a lease at least twice as long
_QUICK = {
    "LIENTHONG_WORKER__PROCESSES": "2",
    "LIENTHONG_QUEUE__LEASE_S": f"{LEASE_S:g}",
    "LIENTHONG_ENDPOINTS__CONG_DVCQG__TIMEOUT_S": f"{TIMEOUT_S:g}",
    "LIENTHONG_ENDPOINTS__GPLX_DLMS__TIMEOUT_S": f"{TIMEOUT_S:g}",
    "LIENTHONG_ENDPOINTS__MOT_CUA_CMON__TIMEOUT_S": f"{TIMEOUT_S:g}",
}
_OVER_A_LEASE = LEASE_S + 2


@dataclass(frozen=True, slots=True)
class Scenario:
    """Faults that strike one after another, in turn, while dossiers come in."""

    name: str
    strikes: tuple[Strike, ...]
    rounds: int  # how many faults in the long form
    proxied: bool = False  # the bus reaches the portal through the faulty proxy
    small_disk: bool = False  # the data folder is on a disk that can be filled
    environment: Mapping[str, str] = field(default_factory=lambda: _QUICK)


SCENARIOS: Mapping[str, Scenario] = {
    one.name: one
    for one in (
        Scenario(
            "short",  # one of each that is quick; also a test
            (
                faults.kill_worker(1),
                faults.flush_all,
                faults.kill_queue,
                faults.bad_line("half-open", seconds=3, rate=0.3),
                faults.kill_door,
            ),
            5,
            proxied=True,
        ),
        Scenario("kill-door", (faults.kill_door,), 8),
        Scenario("kill-worker", (faults.kill_worker(1), faults.kill_worker(2), faults.kill_both_workers), 9),
        Scenario("kill-queue", (faults.kill_queue,), 8),
        Scenario("kill-up", (faults.kill_up,), 4),
        Scenario(
            "freeze",
            (
                faults.freeze("worker-1", seconds=_OVER_A_LEASE),
                faults.freeze("queue", seconds=5),
                faults.freeze("worker-2", seconds=_OVER_A_LEASE),
                faults.freeze("door", seconds=5),
            ),
            6,
        ),
        Scenario("flush-all", (faults.flush_all,), 10),
        Scenario("queue-files-cut", (faults.cut_queue_files(20), faults.cut_queue_files(5_000)), 6),
        Scenario(
            "bad-line",
            (
                faults.bad_line("delay", seconds=6, delay_ms=600),
                faults.bad_line("reset", seconds=3, rate=0.3),
                faults.bad_line("half-open", seconds=5, rate=0.3),
                faults.bad_line("drop", seconds=5, rate=0.3),
                faults.bad_line("cut", seconds=3, rate=0.3),
                faults.bad_line("refuse", seconds=4),
                faults.bad_line("drop", seconds=5),
                faults.bad_line("delay", seconds=6, delay_ms=4_000),
            ),
            8,
            proxied=True,
        ),
        Scenario("full-disk", (faults.fill_disk,), 3, small_disk=True),
        Scenario("queue-files-rubbish", (faults.spoil_queue_files,), 3),
    )
}
