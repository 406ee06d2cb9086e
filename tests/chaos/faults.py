"""What is done to the bus's processes, lines and clock. Each strikes once and returns the seconds from then (for what
lasts: from its end) until the bus does its work again, the part that was hit included."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from tests.chaos.stage import Stage

Strike = Callable[[Stage], float]


def kill_door(stage: Stage) -> float:
    """kill -9 while partners call; over when another door has taken something."""
    began = time.monotonic()
    stage.until_back("door", stage.kill("door"))
    stage.until_taking()
    return time.monotonic() - began


def kill_worker(number: int) -> Strike:
    """kill -9 while it sends."""

    def strike(stage: Stage) -> float:
        began = time.monotonic()
        stage.until_back(f"worker-{number}", stage.kill(f"worker-{number}"))
        stage.until_moving()
        return time.monotonic() - began

    return strike


def kill_both_workers(stage: Stage) -> float:
    """Nobody delivers for a moment."""
    began = time.monotonic()
    were = {role: stage.kill(role) for role in ("worker-1", "worker-2")}
    for role, was in were.items():
        stage.until_back(role, was)
    stage.until_moving()
    return time.monotonic() - began


def kill_queue(stage: Stage) -> float:
    """kill -9 of the queue's server; its files stay."""
    began = time.monotonic()
    stage.until_back("queue", stage.kill("queue"))
    stage.until_moving()
    return time.monotonic() - began


def kill_up(stage: Stage) -> float:
    """kill -9 of the supervisor; whoever watches it (systemd, here we) starts it again."""
    began = time.monotonic()
    stage.kill("up")
    stage.bus.demo.start_bus()
    stage.until_moving()
    return time.monotonic() - began


def repartition(partitions: int) -> Strike:
    """kill -9 of the supervisor; what is started again has the queue in another number of partitions."""

    def strike(stage: Stage) -> float:
        stage.bus.demo.environment["LIENTHONG_QUEUE__PARTITIONS"] = str(partitions)
        return kill_up(stage)

    return strike


def freeze(role: str, *, seconds: float) -> Strike:
    """SIGSTOP, longer than a lease, then SIGCONT: a zombie wakes up and believes it still holds what it held."""

    def strike(stage: Stage) -> float:
        pid = stage.pid(role)
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)
        return stage.until_moving()

    return strike


def freeze_both_workers(seconds: float) -> Strike:
    """Nobody delivers for longer than a lease, then two zombies wake up and each believes it still holds its lanes."""

    def strike(stage: Stage) -> float:
        pids = [stage.pid(role) for role in ("worker-1", "worker-2")]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        return stage.until_moving()

    return strike


def turn_clock(seconds: int) -> Strike:
    """The wall clock of the bus and its queue's server is set: forward, back, or right again (0)."""

    def strike(stage: Stage) -> float:
        assert stage.clock is not None
        stage.clock.turn(seconds)
        return stage.until_moving()

    return strike


def bad_line(fault: str, *, seconds: float, to: str = "portal", rate: float = 1.0, delay_ms: float = 0.0) -> Strike:
    """The line to the portal, to the queue or to the journal is bad for a while."""

    def strike(stage: Stage) -> float:
        stage.line(fault=fault, rate=rate, delay_ms=delay_ms)
        try:
            time.sleep(seconds)
        finally:
            stage.line(fault="none")
        return stage.until_portal_takes() if to == "portal" else stage.until_moving()

    return strike
