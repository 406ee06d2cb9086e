"""What is done to the bus. Each strikes once and returns the seconds from then (for what lasts: from its end) until
the bus does its work again, the part that was hit included."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

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


def flush_all(stage: Stage) -> float:
    """FLUSHALL: the queue forgets everything."""
    with stage.redis() as server:
        server.flushall()
    return stage.until_moving()


def cut_queue_files(tail_bytes: int) -> Strike:
    """The queue server dies and the end of its append-only file is gone, in the middle of a command or more."""

    def strike(stage: Stage) -> float:
        return _with_other_files(stage, lambda aof, size: aof.truncate(max(0, size - tail_bytes)))

    return strike


def spoil_queue_files(stage: Stage) -> float:
    """The queue server dies and the end of its append-only file is rubbish."""

    def rubbish(aof: BinaryIO, size: int) -> None:
        aof.seek(max(0, size - 200))
        aof.write(b"\x00\xff*3\r\n$garbage" * 40)

    return _with_other_files(stage, rubbish)


def _with_other_files(stage: Stage, change: Callable[[BinaryIO, int], object]) -> float:
    began = time.monotonic()
    was = stage.kill("queue")
    for file in (stage.data / "queue" / "appendonlydir").glob("*.incr.aof"):
        with file.open("r+b") as aof:
            change(aof, file.stat().st_size)
    stage.until_back("queue", was)
    stage.until_moving()
    return time.monotonic() - began


def bad_line(fault: str, *, seconds: float, rate: float = 1.0, delay_ms: float = 0.0) -> Strike:
    """The line to the portal is bad for a while."""

    def strike(stage: Stage) -> float:
        stage.line(fault=fault, rate=rate, delay_ms=delay_ms)
        try:
            time.sleep(seconds)
        finally:
            stage.line(fault="none")
        return stage.until_portal_takes()

    return strike


def fill_disk(stage: Stage) -> float:
    """The data folder's disk is full for a while: journal, queue and logs cannot write."""
    ballast = stage.data / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1_000_000, 4096, 1):
            with suppress(OSError):
                while file.write(b"x" * size) == size:
                    pass
    try:
        time.sleep(6)
    finally:
        ballast.unlink()
    began = time.monotonic()
    stage.until_taking()
    stage.until_moving()
    return time.monotonic() - began
