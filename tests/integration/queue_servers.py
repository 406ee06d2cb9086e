"""Real queue servers of several processes: a master with replicas and sentinels, and a cluster of three masters.

with Sentinels(tmp_path) as servers:
    queue = RedisQueue(servers.url)
    servers.master.kill()  # -9; a replica is promoted within some seconds
    servers.wait_for_master()
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from bus.queue.binaries import choose

SERVICE = "lienthong"
_PATIENCE_S = 30.0
_DOWN_AFTER_MS = 1000


def free_port() -> int:
    """Of this machine, free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: object, seconds: float = _PATIENCE_S, *, why: str = "it never came true") -> None:
    """Waits for a call to answer something true; a server that does not answer yet is no answer."""
    assert callable(what)
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(redis.RedisError, OSError):
            if what():
                return
        assert time.monotonic() < end, why
        time.sleep(0.05)


def _end_with_us() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: also when the tests are killed


class Node:
    """One server process in a folder of its own, on a free port. `start` after `kill` is the same server again."""

    def __init__(self, folder: Path, *options: str, sentinel: bool = False) -> None:
        self.folder = folder
        self.port = free_port()
        self._options = options
        self._sentinel = sentinel
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process
        return self._process.pid

    def start(self, *more: str) -> Node:
        """Runs it; returns when it answers."""
        file = self.folder / "server.conf"
        if not file.exists():
            common = (f"port {self.port}", "bind 127.0.0.1", f"dir {self.folder.absolute()}", 'save ""')
            file.write_text("\n".join((*common, *self._options)) + "\n")
        command = [str(choose({}).path), str(file), *(["--sentinel"] if self._sentinel else []), *more]
        with (self.folder / "server.log").open("ab") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, preexec_fn=_end_with_us
            )
        with self.client() as client:
            until(client.ping, why=f"{self.folder.name} does not start, see its log")
        return self

    def client(self) -> redis.Redis:
        """A plain one."""
        return redis.Redis(port=self.port, decode_responses=True, socket_timeout=5)

    def kill(self) -> None:
        """kill -9."""
        self.signal(signal.SIGKILL)
        assert self._process
        self._process.wait()
        self._process = None

    def signal(self, number: int) -> None:
        """SIGSTOP, SIGCONT, …"""
        os.kill(self.pid, number)

    @property
    def runs(self) -> bool:
        """It was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """For good."""
        if self.runs:
            self.kill()


class Servers:
    """Several, ended together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nodes: list[Node] = []

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def start(self) -> None:
        """All of them; returns when they have found each other."""
        raise AssertionError("each kind starts its own")

    def stop(self) -> None:
        """All of them."""
        for node in self.nodes:
            node.stop()

    def run(self, name: str, *options: str, sentinel: bool = False) -> Node:
        """One more."""
        node = Node(self.folder / name, *options, sentinel=sentinel)
        self.nodes.append(node)
        return node.start()

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


_KEPT = ("appendonly yes", "appendfsync always", "repl-diskless-sync-delay 0", "repl-diskless-sync yes")


class Sentinels(Servers):
    """One master, two replicas, three sentinels."""

    def __init__(self, folder: Path, *options: str, replicas: int = 2) -> None:
        super().__init__(folder)
        self._options = options
        self._many = replicas
        self.servers: list[Node] = []
        self.sentinels: list[Node] = []

    def start(self) -> None:
        """As the base says."""
        first, replicas = self.run("server-0", *_KEPT, *self._options), self._many
        of = f"replicaof 127.0.0.1 {first.port}"
        others = [self.run(f"server-{n}", *_KEPT, *self._options, of) for n in range(1, replicas + 1)]
        self.servers = [first, *others]
        with first.client() as client:
            until(lambda: client.info("replication").get("connected_slaves") == replicas)
            until(lambda: all(self._synced(one) for one in self.servers[1:]))
        self.sentinels = [
            self.run(
                f"sentinel-{number}",
                f"sentinel monitor {SERVICE} 127.0.0.1 {first.port} 2",
                f"sentinel down-after-milliseconds {SERVICE} {_DOWN_AFTER_MS}",
                f"sentinel failover-timeout {SERVICE} 4000",
                f"sentinel parallel-syncs {SERVICE} 2",
                sentinel=True,
            )
            for number in range(3)
        ]
        for sentinel in self.sentinels:
            with sentinel.client() as client:
                until(lambda: self._knows(client, replicas), why="the sentinels do not find each other")

    @property
    def url(self) -> str:
        """As it stands in `queue.redis_url`."""
        places = ",".join(f"127.0.0.1:{one.port}" for one in self.sentinels)
        return f"redis+sentinel://{places}/{SERVICE}?db=0"

    @property
    def master(self) -> Node:
        """As most sentinels say."""
        ports = []
        for sentinel in self.sentinels:
            with sentinel.client() as client, contextlib.suppress(redis.RedisError):
                ports.append(int(client.sentinel_get_master_addr_by_name(SERVICE)[1]))
        port = max(set(ports), key=ports.count)
        return next(one for one in self.servers if one.port == port)

    @property
    def replicas(self) -> list[Node]:
        """All but the master."""
        master = self.master
        return [one for one in self.servers if one is not master]

    def wait_for_master(self, *, other_than: Node) -> Node:
        """A replica that was promoted, and takes writes."""

        def promoted() -> bool:
            if self.master is other_than:
                return False
            with self.master.client() as client:
                return client.info("replication")["role"] == "master"

        until(promoted, why="nobody was promoted")
        return self.master

    @contextlib.contextmanager
    def cut_off(self) -> Iterator[None]:
        """While the block runs no replica hears of the master's writes. Kill the master inside, and they are lost."""
        master, replicas = self.master, self.replicas
        for one in replicas:
            one.signal(signal.SIGSTOP)
        with master.client() as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "replica")
        try:
            yield
        finally:
            for one in replicas:
                one.signal(signal.SIGCONT)

    @staticmethod
    def _synced(node: Node) -> bool:
        with node.client() as client:
            return bool(client.info("replication").get("master_link_status") == "up")

    @staticmethod
    def _knows(client: redis.Redis, replicas: int) -> bool:
        state = client.sentinel_master(SERVICE)
        return bool(state["num-slaves"] == replicas and state["num-other-sentinels"] == 2)


class Cluster(Servers):
    """Three masters that share the keys; with `replicas` each has one."""

    def __init__(self, folder: Path, *, replicas: bool = False) -> None:
        super().__init__(folder)
        self._many = 6 if replicas else 3
        self.masters: list[Node] = []

    def start(self) -> None:
        """As the base says."""
        options = ("cluster-enabled yes", "cluster-node-timeout 1500", "cluster-require-full-coverage no")
        for number in range(self._many):
            self.run(f"node-{number}", *_KEPT, *options, f"cluster-port {free_port()}")
        self.masters = self.nodes[:3]
        for number, node in enumerate(self.masters):
            with node.client() as client:
                first, last = 16384 * number // 3, 16384 * (number + 1) // 3 - 1
                client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
                client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        with self.nodes[0].client() as client:
            for node in self.nodes[1:]:
                with node.client() as other:
                    bus_port = other.config_get("cluster-port")["cluster-port"]
                client.execute_command("CLUSTER MEET", "127.0.0.1", node.port, bus_port)
        until(lambda: all(self._whole(node) for node in self.nodes), why="the cluster does not come together")
        for master, replica in zip(self.masters, self.nodes[3:], strict=False):
            with master.client() as client, replica.client() as other:
                other.execute_command("CLUSTER REPLICATE", client.execute_command("CLUSTER MYID"))
        until(lambda: all(self._up(node) for node in self.nodes[3:]), why="the replicas do not come up")

    @property
    def url(self) -> str:
        """As it stands in `queue.redis_url`."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def _whole(self, node: Node) -> bool:
        with node.client() as client:
            state = client.cluster("info")
            return state["cluster_state"] == "ok" and state["cluster_known_nodes"] == str(len(self.nodes))

    @staticmethod
    def _up(node: Node) -> bool:
        with node.client() as client:
            return bool(client.info("replication").get("master_link_status") == "up")
