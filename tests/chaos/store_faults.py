"""What is done to the stores: the queue's server and its files, the journal's server, their disks. As in `faults`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from tests.chaos.faults import Strike
from tests.chaos.own_queue import Canary
from tests.chaos.stage import Stage


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


def power_cut(stage: Stage) -> float:
    """The queue server dies and its files are cut back to what its disk had been told to keep. The canary tells how
    much of what the server had acknowledged is gone: with `everysec` something must be, with `always` nothing may."""
    queue = stage.own_queue
    assert queue is not None
    canary = Canary(queue)
    canary.start()
    time.sleep(stage.dice.uniform(1.2, 2.2))
    began = time.monotonic()
    queue.kill()
    acknowledged = canary.stop()
    queue.cut_to_last_fsync()
    queue.start()
    stage.controls["acknowledged"] += acknowledged
    stage.controls["forgotten"] += acknowledged - canary.found()
    stage.until_moving()
    return time.monotonic() - began


def away(seconds: float) -> Strike:
    """kill -9 of a queue server that nobody starts again for a while."""

    def strike(stage: Stage) -> float:
        assert stage.own_queue is not None
        stage.own_queue.kill()
        time.sleep(seconds)
        stage.own_queue.start()
        return stage.until_moving()

    return strike


def fail_over(stage: Stage) -> float:
    """kill -9 of the master that sentinels look after; counted from when another is master. The dead one comes back
    as its replica."""
    assert stage.sentinels is not None
    dead = stage.sentinels.master
    dead.kill()
    stage.sentinels.wait_for_master(other_than=dead)
    spent = stage.until_moving()
    dead.start()
    return spent


def freeze_master(stage: Stage) -> float:
    """The master hangs, another takes its place, and the old one wakes up and believes it still is master."""
    assert stage.sentinels is not None
    frozen = stage.sentinels.master
    frozen.signal(signal.SIGSTOP)
    try:
        stage.sentinels.wait_for_master(other_than=frozen)
        spent = stage.until_moving()
    finally:
        frozen.signal(signal.SIGCONT)
    return max(spent, stage.until_moving())


def fill_memory(seconds: float) -> Strike:
    """The queue server may use no more memory: it takes nothing new, what is in it must drain."""

    def strike(stage: Stage) -> float:
        with stage.redis() as server:
            server.config_set("maxmemory", int(server.info("memory")["used_memory"]) - 1)
            try:
                time.sleep(seconds)
            finally:
                server.config_set("maxmemory", 0)
        return stage.until_moving()

    return strike


def kill_database(seconds: float) -> Strike:
    """kill -9 of all PostgreSQL processes, started again after a while on what its disk has."""

    def strike(stage: Stage) -> float:
        assert stage.database is not None
        stage.database.kill()
        time.sleep(seconds)
        stage.database.start()
        began = time.monotonic()
        stage.until_taking()
        stage.until_moving()
        return time.monotonic() - began

    return strike


def restart_database(stage: Stage) -> float:
    """PostgreSQL is stopped in order, cutting all connections, and started again, as for an update."""
    assert stage.database is not None
    stage.database.stop()
    stage.database.start()
    began = time.monotonic()
    stage.until_taking()
    stage.until_moving()
    return time.monotonic() - began


def freeze_database(seconds: float) -> Strike:
    """SIGSTOP of all PostgreSQL processes: it answers nobody and refuses nobody."""

    def strike(stage: Stage) -> float:
        assert stage.database is not None
        pids = stage.database.everybody()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        return stage.until_moving()

    return strike


def fill_disk(stage: Stage) -> float:
    """The small disk is full for a while: who writes there cannot."""
    assert stage.disk is not None
    ballast = stage.disk / "ballast"
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
