"""A partner that waits to be asked, as a process, and our side of it in this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bus.clock import SystemClock
from bus.compose import Parts, load_house
from bus.compose_polls import make_polls
from bus.feeder import Feeder
from bus.journal import MemoryJournal
from bus.polling import Poll
from bus.queue.memory import MemoryQueue
from bus.records import Query
from bus.records.jobs import Ending, Job, JobResult
from bus.scheduler import Post, Scheduler
from bus.settings import load
from bus.turn import Finished, Turn

ROOT = Path(__file__).resolve().parents[3]
PARTNERS = """
[endpoints.so_may]
system = "mot_cua_rest"
agency = "H99.12"
address = "{address}"
retry = "5s;500;exp(2s..15m);<3d;?16"
[endpoints.so_may.settings]
key_header = "X-Api-Key"
{settings}
"""
ROUTES = """
[[routes]]
id = "ho_so"
kind = "ho_so"
to = [{ endpoint = "so_may_ra", operation = "DongBoHoSoMC" }]

[[routes]]
id = "tien_do"
kind = "tien_do"
to = [{ endpoint = "so_may_ra", operation = "CapNhatTienDoHoSoMC" }]
"""
HUB = """
[endpoints.truc]
system = "truc_tinh"
address = "{address}"
retry = "5s;500;exp(2s..15m);<3d;?16"
[endpoints.truc.settings]
key_header = "X-Api-Key"
{settings}
"""
OUT = """
[endpoints.so_may_ra]
system = "cong_dvcqg"
"""


@dataclass
class Partner:
    """The simulated partner."""

    process: subprocess.Popen[str]
    url: str

    def control(self, action: str, **given: object) -> Any:
        request = urllib.request.Request(f"{self.url}/_sim/{action}", json.dumps(given).encode())
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)

    def state(self) -> Any:
        with urllib.request.urlopen(f"{self.url}/_sim/state", timeout=10) as reply:
            return json.load(reply)


@dataclass
class Town:
    """Our side: a journal, a queue, the polls of one configuration."""

    parts: Parts
    partner: Partner
    steps: list[str] = field(default_factory=list)

    def poll(self, name: str = "so_may.DanhSachHoSo") -> Poll:
        return next(poll for poll in make_polls(self.parts) if poll.name == name)

    def scheduler(self, owner: str = "w1", *, lease_s: float = 60) -> Scheduler:
        post = Post(owner, self.parts.journal, self.parts.queue, self.parts.clock, lease_s, lambda: 0.0)
        return Scheduler(make_polls(self.parts), post)

    def begin(self, name: str = "so_may.DanhSachHoSo", owner: str = "w1") -> Turn:
        """The right to one run, due or not."""
        from datetime import timedelta

        from bus.records.jobs import JobAct, JobOrder

        self.parts.journal.order_job(JobOrder(name, JobAct.RUN, "thử", "thử")).result()
        now = self.parts.clock.now()
        job = self.parts.journal.begin_job(name, owner, now=now, until=now + timedelta(seconds=60)).result()
        assert job is not None
        return Turn(job.held, job.position, self.parts.journal, self.parts.clock, 60, lambda: False)

    def run(self, name: str = "so_may.DanhSachHoSo") -> Finished:
        """One run, begun and ended as the scheduler does."""
        turn = self.begin(name)
        finished = self.poll(name).run(turn)
        ending = Ending(
            turn.held, self.parts.clock.now(), finished.result, finished.text, finished.taken, finished.backlog
        )
        assert self.parts.journal.end_job(ending).result()
        return finished

    def runs(self, name: str = "so_may.DanhSachHoSo", *, most: int = 30) -> list[Finished]:
        """Runs until there is nothing more."""
        done: list[Finished] = []
        while len(done) < most:
            done.append(self.run(name))
            if done[-1].result is not JobResult.MORE:
                return done
        raise AssertionError(f"no end: {done[-1]}")

    def job(self, name: str = "so_may.DanhSachHoSo") -> Job:
        return next(job for job in self.parts.journal.jobs() if job.name == name)

    def taken(self, kind: str = "ho_so") -> list[str]:
        """The partner's codes of what was accepted, sorted."""
        found = self.parts.journal.find(Query(kind=kind, limit=5000))
        names = {one.envelope.id: one.envelope.business_ids for one in found}
        return sorted(code for ids in names.values() for _, code in ids)

    def rejected(self) -> list[Sequence[str]]:
        """Problem codes of what was kept as evidence."""
        return [one.problem_codes for one in self.parts.journal.find(Query(verdict="rejected", limit=5000))]


@pytest.fixture
def partner() -> Iterator[Callable[..., Partner]]:
    """Starts simulated partners; ends them after the test."""
    running: list[Partner] = []

    def start(*options: str, **environment: str) -> Partner:
        process = subprocess.Popen(
            [sys.executable, "-m", "bus.simulators", "lists", *options],
            stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **environment},
        )  # fmt: skip
        assert process.stdout is not None
        first = process.stdout.readline().strip()
        assert first.startswith("listening on "), first
        running.append(Partner(process, first.removeprefix("listening on ")))
        return running[-1]

    yield start
    for one in running:
        one.process.kill()
        one.process.wait(timeout=15)
        assert one.process.stdout is not None
        one.process.stdout.close()


@pytest.fixture
def town(tmp_path: Path, partner: Callable[..., Partner]) -> Callable[..., Town]:
    """A partner with our side of it."""
    made: list[Town] = []

    def build(
        *options: str, settings: Mapping[str, str] | None = None, systems: Sequence[Path] = (), partners: str = PARTNERS
    ) -> Town:
        there = partner(*options)
        folder = tmp_path / f"cau-hinh-{len(made)}"
        folder.mkdir()
        lines = "\n".join(f'"{name}" = "{value}"' for name, value in (settings or {}).items())
        text = partners.replace("{address}", there.url).replace("{settings}", lines)
        (folder / "partners.toml").write_text(text + OUT, encoding="utf-8")
        (folder / "routes.toml").write_text(ROUTES, encoding="utf-8")
        over = {"data": tmp_path / "data", "systems": tuple(systems)}
        found = load(folder, over=over)
        clock = SystemClock()
        journal, queue = MemoryJournal(clock), MemoryQueue()
        parts = Parts(found, load_house(found), journal, queue, Feeder(journal, queue), clock)  # type: ignore[arg-type]  # twins
        made.append(Town(parts, there))
        return made[-1]

    return build
