"""Plays one scenario and lets the judge decide."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bus.simulators.judge import Verdict
from tests.acceptance.running_bus import Bus
from tests.chaos.disk import CannotRun, small_disk
from tests.chaos.proxied import proxied
from tests.chaos.row import Row
from tests.chaos.scenarios import Scenario
from tests.chaos.stage import NotRecovered, Stage

_END_S = 240.0
_GIVEN_UP_S = 20.0  # after something did not come back
_DISK_MB = 48


def play(scenario: Scenario, folder: Path, *, seed: int, rounds: int, dossiers: int) -> Row:
    """`rounds` faults, `dossiers` of load before each. What breaks is told in the row."""
    began = time.monotonic()
    try:
        with _staged(scenario, folder, seed=seed) as stage:
            recoveries, note = _strike(scenario, stage, rounds=rounds, dossiers=dossiers)
            open_still = stage.finish(within_s=_GIVEN_UP_S if note else _END_S)
            found = counted(stage.bus.demo.verdict())
    except CannotRun as reason:
        return reason.row(scenario.name, seed)
    except Exception as fault:  # the other scenarios are still to be played
        note = f"{type(fault).__name__}: {fault}"[:300]
        return Row(scenario=scenario.name, seed=seed, seconds=time.monotonic() - began, note=note)
    return Row(
        scenario=scenario.name, seed=seed, faults=len(recoveries), **found, stuck=open_still, unclear=stage.unclear,
        recovery_s=max(recoveries, default=0.0), seconds=time.monotonic() - began, note=note,
    )  # fmt: skip


@contextmanager
def _staged(scenario: Scenario, folder: Path, *, seed: int) -> Iterator[Stage]:
    """A running bus in the surroundings the scenario needs."""
    with ExitStack() as stack:
        environment = dict(scenario.environment)
        if scenario.small_disk:
            stack.enter_context(small_disk(folder / "data", size_mb=_DISK_MB))
        line = stack.enter_context(proxied(seed)) if scenario.proxied else None
        if line is not None:
            environment["LIENTHONG_ENDPOINTS__CONG_DVCQG__ADDRESS"] = line.way
        bus = Bus.start(folder, **environment)
        stack.callback(bus.stop)
        if line is not None:
            line.set(to=bus.demo.addresses["portal"])
        yield Stage(bus, random.Random(f"{scenario.name}:{seed}"), line)


def counted(verdict: Verdict) -> Mapping[str, int]:
    """The judge's figures as those of a row."""
    same = ("accepted", "delivered", "lost", "duplicates", "repeats", "reordered", "overlapped")
    return {**{name: getattr(verdict, name) for name in same}, "wrong": verdict.wrong + verdict.unexpected}


def _strike(scenario: Scenario, stage: Stage, *, rounds: int, dossiers: int) -> tuple[list[float], str]:
    """Seconds of every recovery, and what broke."""
    recoveries: list[float] = []
    for number in range(rounds):
        began = time.monotonic()
        try:
            stage.push(dossiers)
            stage.until_moving()
            time.sleep(stage.dice.uniform(0.0, 0.5))
            began = time.monotonic()
            recoveries.append(scenario.strikes[number % len(scenario.strikes)](stage))
        except NotRecovered as fault:
            return [*recoveries, time.monotonic() - began], str(fault)
    return recoveries, ""
