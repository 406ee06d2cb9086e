"""Plays one scenario and lets the judge decide."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from pathlib import Path

from bus.simulators.judge import Verdict
from tests.acceptance.running_bus import Bus
from tests.chaos.row import Row
from tests.chaos.scenarios import Scenario
from tests.chaos.stage import NotRecovered, Stage

_END_S = 240.0


def play(scenario: Scenario, folder: Path, *, seed: int, rounds: int, dossiers: int) -> Row:
    """`rounds` faults, `dossiers` of load before each."""
    began = time.monotonic()
    bus = Bus.start(folder, **scenario.environment)
    try:
        stage = Stage(bus, random.Random(f"{scenario.name}:{seed}"))  # when a fault strikes, no secret
        recoveries, note = _strike(scenario, stage, rounds=rounds, dossiers=dossiers)
        open_still = stage.finish(within_s=_END_S)
        found = counted(bus.demo.verdict())
    finally:
        bus.stop()
    return Row(
        scenario=scenario.name, seed=seed, faults=len(recoveries), **found, stuck=open_still, unclear=stage.unclear,
        recovery_s=max(recoveries, default=0.0), seconds=time.monotonic() - began, note=note,
    )  # fmt: skip


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
