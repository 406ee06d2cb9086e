"""The queue under faults, on a real server: killed, emptied, full, cut off, its functions gone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from bus.feeder import Feeder
from bus.ports import GenerationLost, Queue, QueueUnavailable
from bus.queue import EmbeddedServer, RedisQueue
from bus.queue.address import Address
from bus.queue.library import library, library_of
from bus.queue.opening import Rules, open_partitions
from bus.records import QueueStep
from tests.contract.queue_world import SEPARATOR, name, record, settle
from tests.integration.queue_load import Load, LoadJournal


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A private server for one test."""
    started = EmbeddedServer(tmp_path / "queue")
    started.start()
    yield started
    started.stop()


@pytest.fixture
def raw(server: EmbeddedServer) -> Iterator[redis.Redis]:
    """A plain client."""
    client = redis.Redis.from_url(server.url, decode_responses=True)
    yield client
    client.close()


@pytest.fixture
def queue(server: EmbeddedServer) -> Iterator[RedisQueue]:
    """Generation 1."""
    made = RedisQueue(server.url)
    made.start_generation(1)
    yield made
    made.close()


def opened(server: EmbeddedServer, partitions: int) -> Queue:
    """Another process's view."""
    return open_partitions(Address(server.url), Rules(partitions=partitions), separator=SEPARATOR)


@pytest.mark.parametrize("partitions", [1, 3])
def test_server_killed_under_load(server: EmbeddedServer, partitions: int) -> None:
    """kill -9 of the server, again and again, under load: nothing lost, nothing reordered, nothing overlapped."""
    with Load(lambda: opened(server, partitions)).running() as journal:
        for _ in range(3):
            journal.takes(40)
            pid = server.pid
            os.kill(pid, signal.SIGKILL)
            while server.pid in (0, pid):
                time.sleep(0.01)
        journal.takes(40)


@pytest.mark.parametrize("partitions", [1, 3])
def test_emptied_under_load(server: EmbeddedServer, raw: redis.Redis, partitions: int) -> None:
    """FLUSHALL under load: rebuilt from the journal while work goes on; nothing lost, reordered, overlapped."""
    with Load(lambda: opened(server, partitions)).running() as journal:
        for _ in range(3):
            journal.takes(40)
            for _ in range(2):  # the second one falls into the rebuild
                before = journal.generation()
                raw.flushall()
                end = time.monotonic() + 2  # it may fall between a new generation's number and its beginning
                while journal.generation() == before and time.monotonic() < end:
                    time.sleep(0.001)
    assert journal.generation() >= 4


@pytest.mark.parametrize("partitions", [1, 3])
def test_overwritten_under_load(server: EmbeddedServer, raw: redis.Redis, partitions: int) -> None:
    """Somebody writes rubbish over every key, generation and locks included: rebuilt as if it had been wiped."""
    with Load(lambda: opened(server, partitions)).running() as journal:
        for kind in ("text", "list"):
            journal.takes(40)
            before = journal.generation()
            with raw.pipeline() as at_once:
                for key in raw.scan_iter():
                    at_once.delete(key)
                    if kind == "text":
                        at_once.set(key, "x")
                    else:
                        at_once.rpush(key, "x")
                at_once.execute()
            end = time.monotonic() + 20
            while journal.generation() == before:
                assert time.monotonic() < end, kind
                time.sleep(0.01)
        journal.takes(40)


@pytest.mark.parametrize(
    "key", ["m", "act", "own", "lease", "delay", "seq", "fence", "turn", "eps", "r:E1", "i:E1", "ep:E1", "bell", "l:*"]
)
def test_one_kind_overwritten_under_load(server: EmbeddedServer, raw: redis.Redis, key: str) -> None:
    """Somebody writes rubbish over some of the keys and leaves the generation whole: noticed, rebuilt, in order."""
    with Load(lambda: RedisQueue(server.url)).running() as journal:
        journal.takes(40)
        before, end = journal.generation(), time.monotonic() + 20
        while journal.generation() == before:
            assert time.monotonic() < end, key
            with raw.pipeline() as at_once:
                for found in raw.keys(f"lt:{{0}}:{key}") or [f"lt:{{0}}:{key}"]:
                    at_once.delete(found)
                    if key in ("m", "own", "ep:E1"):
                        at_once.set(found, "x")
                    else:
                        at_once.hset(found, "x", "x")
                at_once.execute()
            time.sleep(0.05)


def test_restored_under_load(server: EmbeddedServer, raw: redis.Redis) -> None:
    """Each key is put back as it was a while ago, in all partitions: noticed by the counters, rebuilt, in order."""
    with Load(lambda: opened(server, 3)).running() as journal:
        journal.takes(40)
        old = {key: raw.dump(key) for key in raw.keys("lt:*")}
        journal.gives(40)
        before = journal.generation()
        with raw.pipeline() as at_once:
            at_once.flushall()
            for key, value in old.items():
                if value is not None:
                    at_once.restore(key, 0, value, replace=True)
            at_once.execute()
        end = time.monotonic() + 20
        while journal.generation() == before:
            assert time.monotonic() < end
            time.sleep(0.01)
        journal.takes(40)


@pytest.mark.parametrize("partitions", [1, 3])
def test_who_only_looks_notices_a_loss_too(server: EmbeddedServer, raw: redis.Redis, partitions: int) -> None:
    """Whoever claimed last died with its master: a door that never claims knows what the counter was."""
    worker, door = opened(server, partitions), opened(server, partitions)
    worker.start_generation(1)
    door.adopt(1)
    worker.enqueue([record(n, after=n - 1 or None) for n in range(1, 4)])
    old = {key: raw.dump(key) for key in raw.keys("lt:*")}
    assert len(worker.claim("w1", settles=[], limit=1, lease_s=60)) == 1
    assert door.generation() == 1
    for key, value in old.items():
        raw.restore(key, 0, value, replace=True)
    raw.delete(*(f"lt:{{{n}}}:fence" for n in range(partitions)))
    assert door.generation() == 0
    worker.close()
    door.close()


def test_other_number_of_partitions(server: EmbeddedServer, raw: redis.Redis) -> None:
    """Another number of partitions is another generation; nothing of the partitions that are no more is left."""
    journal = LoadJournal()
    for n in range(8):
        journal.accept(f"D1|E{n}")
    for partitions in (1, 4, 2, 1):
        queue = opened(server, partitions)
        assert queue.generation() in (0, journal.generation())
        feeder = Feeder(journal, queue)  # type: ignore[arg-type]  # only what it needs
        before = journal.generation()
        assert feeder.heal()
        assert (journal.generation(), queue.stats().queued) == (before + 1, 8)
        lanes = {key.split(":")[1] for key in raw.keys("lt:*:l:*")}
        assert lanes <= {f"{{{n}}}" for n in range(partitions)}
        queue.close()


def test_not_ours_is_no_reason_to_stop(raw: redis.Redis, queue: RedisQueue) -> None:
    """A key of another type is said to be a lost generation, not a fault of the program; it is mended once."""
    queue.enqueue([record(1)])
    raw.delete("lt:{0}:act")
    raw.set("lt:{0}:act", "x")
    with pytest.raises(GenerationLost):
        queue.claim("w1", settles=[], limit=1, lease_s=60)
    assert queue.generation() == 0
    queue.start_generation(2)
    assert queue.generation() == 2
    assert queue.claim("w1", settles=[], limit=1, lease_s=60) == ()


def test_load_without_faults(server: EmbeddedServer) -> None:
    """Without a fault nobody is ever handed a delivery that another may be sending."""
    with Load(lambda: RedisQueue(server.url)).running() as journal:
        time.sleep(1)
    assert journal.refused_intents == 0
    assert journal.generation() == 1


def test_returns_by_itself(server: EmbeddedServer, queue: RedisQueue) -> None:
    """While the server is away every call says so; when it is back the same client goes on, with what it had."""
    queue.enqueue([record(1)])
    os.kill(server.pid, signal.SIGKILL)
    until, refused = time.monotonic() + 10, 0
    while time.monotonic() < until:
        try:
            claims = queue.claim("w1", settles=[], limit=1, lease_s=60)
            break
        except QueueUnavailable:
            refused += 1
    assert [c.delivery_id for c in claims] == [name(1)]


def test_returns_when_its_socket_was_tidied_away(server: EmbeddedServer, queue: RedisQueue) -> None:
    """A cleaner of old files removes the socket: who is connected notices nothing, but nobody new would get in."""
    Path(server.url.removeprefix("unix://")).unlink()
    late = RedisQueue(server.url)
    end = time.monotonic() + 15
    while True:
        try:
            late.ping()
            break
        except QueueUnavailable:
            assert time.monotonic() < end
            time.sleep(0.1)
    late.close()
    queue.ping()


def test_always_on_disk(server: EmbeddedServer, queue: RedisQueue) -> None:
    """What was acknowledged is there after kill -9, with the leases and the fencing counter."""
    queue.enqueue([record(n, after=n - 1 or None) for n in range(1, 50)])
    (first,) = queue.claim("w1", settles=[], limit=1, lease_s=60)
    before, pid = queue.stats(), server.pid
    os.kill(pid, signal.SIGKILL)
    while server.pid in (0, pid):
        time.sleep(0.01)
    again = RedisQueue(server.url)
    again.adopt(1)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            assert again.stats() == before
            break
        except QueueUnavailable:
            time.sleep(0.02)
    (second,) = again.claim("w1", settles=[settle(first)], limit=1, lease_s=60)
    assert (second.delivery_id, second.token) == (name(2), "1.2")
    again.close()


def test_functions_gone(raw: redis.Redis, queue: RedisQueue) -> None:
    """When the server has lost the functions they are loaded again, and the call is carried out."""
    raw.function_flush("SYNC")
    assert queue.enqueue([record(1)]) == frozenset()
    raw.function_flush("SYNC")
    assert queue.stats().queued == 1


def test_versions_side_by_side(server: EmbeddedServer, raw: redis.Redis, queue: RedisQueue) -> None:
    """Workers of two versions use one server at the same time, each with functions of its own."""
    newer = RedisQueue(server.url, functions=library_of(library().text + "\n-- newer"))
    newer.adopt(1)
    queue.enqueue([record(1), record(2, after=1)])
    (first,) = newer.claim("w2", settles=[], limit=1, lease_s=60)
    (second,) = queue.claim("w1", settles=[settle(first)], limit=1, lease_s=60)
    assert second.delivery_id == name(2)
    assert len(raw.function_list()) == 2
    newer.close()


def test_full_server_drains(raw: redis.Redis, queue: RedisQueue) -> None:
    """A full server takes nothing new and says so; everything in it can still be claimed, prolonged and settled."""
    queue.enqueue([record(1, lane=f"D{n}|E1") for n in range(50)])
    raw.config_set("maxmemory", "1mb")
    with pytest.raises(QueueUnavailable):
        queue.enqueue([record(1, lane="D99|E1")])
    claims = queue.claim("w1", settles=[], limit=16, lease_s=60)
    settled = 0
    while claims:
        assert len(queue.extend(claims, lease_s=60)) == len(claims)
        settled += len(claims)
        claims = queue.claim("w1", settles=[settle(c) for c in claims], limit=16, lease_s=60)
    assert settled == 50


def test_fed_when_room_again(raw: redis.Redis, queue: RedisQueue) -> None:
    """What a full server refused stays owed, and is fed as soon as there is room."""
    journal = LoadJournal()
    feeder = Feeder(journal, queue)  # type: ignore[arg-type]  # only what it needs
    while not (feeder.heal() and queue.whole()):
        time.sleep(0.01)
    raw.config_set("maxmemory", "1mb")
    feeder.feed([journal.accept("D1|E1")])
    feeder.heal()
    assert queue.claim("w1", settles=[], limit=1, lease_s=60) == ()
    raw.config_set("maxmemory", "0")
    assert feeder.heal()
    assert len(queue.claim("w1", settles=[], limit=1, lease_s=60)) == 1


_PAUSED = """
import sys
from bus.queue import RedisQueue
from bus.records import QueueSettle, QueueStep
queue = RedisQueue(sys.argv[1]); queue.adopt(1)
(c,) = queue.claim("paused", settles=[], limit=1, lease_s=0.3)
print("claimed", flush=True)
sys.stdin.readline()
for step in QueueStep:
    queue.claim("paused", settles=[QueueSettle(c.delivery_id, c.lane, c.endpoint, c.token, step)], limit=0, lease_s=1)
print("held", len(queue.extend([c], lease_s=60)), flush=True)
"""


def test_paused_worker(server: EmbeddedServer, queue: RedisQueue) -> None:
    """A worker stopped past its lease and woken again changes nothing."""
    queue.enqueue([record(1), record(2, after=1)])
    with subprocess.Popen(
        [sys.executable, "-c", _PAUSED, server.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as paused:
        assert paused.stdin
        assert paused.stdout
        assert paused.stdout.readline() == "claimed\n"
        paused.send_signal(signal.SIGSTOP)
        time.sleep(0.4)
        (taken,) = queue.claim("w1", settles=[], limit=1, lease_s=60)
        assert (taken.delivery_id, taken.crashes) == (name(1), 1)
        paused.send_signal(signal.SIGCONT)
        paused.stdin.write("go\n")
        paused.stdin.flush()
        assert paused.stdout.readline() == "held 0\n"
    assert (queue.stats().queued, queue.stats().leased) == (2, 1)
    (second,) = queue.claim("w1", settles=[settle(taken)], limit=1, lease_s=60)
    assert second.delivery_id == name(2)


class Cutter:
    """A relay in front of the server's socket: swallows the next reply and cuts the line, when told to."""

    def __init__(self, folder: Path, target: str) -> None:
        self.path = folder / "cut.sock"
        self.cut = threading.Event()
        self.cuts = 0
        self._target = target.removeprefix("unix://")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(near,), daemon=True).start()

    def _relay(self, near: socket.socket) -> None:
        with near, socket.socket(socket.AF_UNIX) as far:
            far.connect(self._target)
            while data := near.recv(1 << 20):
                far.sendall(data)
                reply = far.recv(1 << 20)
                if self.cut.is_set():
                    self.cut.clear()
                    self.cuts += 1
                    return
                near.sendall(reply)

    def close(self) -> None:
        self._listener.close()


def test_reply_cut(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A command whose reply is lost is repeated by the client, and changes nothing twice: not one lease is lost."""
    cutter = Cutter(Path(os.path.relpath(tmp_path_factory.mktemp("c"))), server.url)
    queue = RedisQueue(f"unix://{cutter.path.absolute()}")
    queue.start_generation(1)
    queue.stats()
    cutter.cut.set()
    assert queue.enqueue([record(1, lane=f"D{n}|E1") for n in range(6)]) == frozenset()
    assert queue.stats().queued == 6
    cutter.cut.set()
    claims = queue.claim("w1", settles=[], limit=3, lease_s=60)
    assert [c.lane for c in claims] == ["D0|E1", "D1|E1", "D2|E1"]
    assert queue.stats().leased == 3
    cutter.cut.set()
    claims = queue.claim("w1", settles=[settle(c) for c in claims], limit=3, lease_s=60)
    assert [c.lane for c in claims] == ["D3|E1", "D4|E1", "D5|E1"]
    cutter.cut.set()
    queue.claim("w1", settles=[settle(claims[0], QueueStep.PARK)], limit=0, lease_s=60)
    assert (queue.stats().queued, queue.stats().leased, queue.stats().parked) == (3, 2, 1)
    assert cutter.cuts == 4
    queue.close()
    cutter.close()
