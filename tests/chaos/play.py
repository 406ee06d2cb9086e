"""Plays one scenario and lets the judge decide."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from bus.simulators.judge import Verdict, judge
from bus.simulators.ledger import read_ledgers
from tests.chaos.disk import CannotRun
from tests.chaos.explain import UNEXPLAINED, causes
from tests.chaos.row import Row
from tests.chaos.scenarios import Scenario
from tests.chaos.stage import NotRecovered, Stage
from tests.chaos.surroundings import staged

_END_S = 240.0
_GIVEN_UP_S = 20.0  # after something did not come back
Struck = Callable[[], None]


def play(
    scenario: Scenario,
    folder: Path,
    *,
    seed: int,
    rounds: int,
    dossiers: int,
    struck: Struck = lambda: None,
    environment: Mapping[str, str] = MappingProxyType({}),
    end_s: float = _END_S,
) -> Row:
    """`rounds` faults, `dossiers` of load before each. What breaks is told in the row."""
    began = time.monotonic()
    try:
        dice = f"{scenario.name}:{seed}"
        with staged(scenario.around, folder, dice=dice, seed=seed, environment=environment) as stage:
            recoveries, note = _strike(scenario, stage, rounds=rounds, dossiers=dossiers, struck=struck)
            open_still = stage.finish(within_s=_GIVEN_UP_S if note else end_s)
            lines = read_ledgers(*sorted((folder / "ledgers").glob("*.jsonl")))
            found = {**counted(judge(lines)), **explained(causes(lines, stage.bus.journal))}
            note = note or control(scenario, stage.controls)
            keep(scenario, folder, wanted=bool(note or open_still))
    except CannotRun as reason:
        return reason.row(scenario.name, seed)
    except Exception as fault:  # the other scenarios are still to be played
        note = f"{type(fault).__name__}: {fault}"[:900]
        return Row(scenario=scenario.name, seed=seed, seconds=time.monotonic() - began, note=note)
    return Row(
        scenario=scenario.name, seed=seed, faults=len(recoveries), **found, stuck=open_still, unclear=stage.unclear,
        recovery_s=max(recoveries, default=0.0), limit_s=scenario.limit_s, seconds=time.monotonic() - began,
        note=note, forgotten=stage.controls["forgotten"],
    )  # fmt: skip


def keep(scenario: Scenario, folder: Path, *, wanted: bool) -> None:
    """What lies on a small disk goes with it: a copy for whoever looks for the cause."""
    if wanted and scenario.around.small_disk:
        shutil.copytree(folder / "data", folder / "data-kept", ignore=shutil.ignore_patterns("ballast", "*.sock"))


def counted(verdict: Verdict) -> Mapping[str, int]:
    """The judge's figures as those of a row."""
    same = ("accepted", "delivered", "lost", "duplicates", "repeats", "reordered", "overlapped")
    return {**{name: getattr(verdict, name) for name in same}, "wrong": verdict.wrong + verdict.unexpected}


def explained(why: Mapping[str, int]) -> Mapping[str, int | str]:
    """How many repeats have a cause, and which."""
    known = {cause: count for cause, count in sorted(why.items()) if cause != UNEXPLAINED}
    return {"explained": sum(known.values()), "causes": ", ".join(f"{cause} {count}" for cause, count in known.items())}


def control(scenario: Scenario, controls: Counter[str]) -> str:
    """What is wrong with what the queue's server forgot; "" = as it must be."""
    if scenario.forgets is None or scenario.forgets is (controls["forgotten"] > 0):
        return ""
    told = f"{controls['forgotten']} of {controls['acknowledged']} acknowledged writes are gone"
    return f"the power cut shows nothing: {told}" if scenario.forgets else told


def _strike(scenario: Scenario, stage: Stage, *, rounds: int, dossiers: int, struck: Struck) -> tuple[list[float], str]:
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
            struck()
        except NotRecovered as fault:
            return [*recoveries, time.monotonic() - began], str(fault)
    return recoveries, ""
