"""Carries a reconciliation out for the command: wired here, with a bar, ended in order by Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from adapters.wire.registry import render
from bus.cli import out
from bus.clock import SystemClock
from bus.compose import QUEUE_S, load_house, make_lines, open_queue
from bus.ports import GenerationLost, Journal, Queue, QueueUnavailable
from bus.reconciling.asking import Asker
from bus.reconciling.gate import Gate, Pace
from bus.reconciling.resting import Resting
from bus.reconciling.run import Reconciler, Tools
from bus.reconciling.tally import differences
from bus.records import EndpointView, Reconciliation

if TYPE_CHECKING:
    from bus.settings import Settings


@dataclass(frozen=True, slots=True)
class Manner:
    """How hard a partner may be asked."""

    per_second: float
    patience_s: float
    threads: int


@contextmanager
def reconciler(settings: Settings, journal: Journal, manner: Manner) -> Iterator[tuple[Reconciler, Progress]]:
    """A reconciler with its bar, while the block runs. Ctrl-C and SIGTERM end it between two dossiers."""
    house, clock, stop = load_house(settings), SystemClock(), threading.Event()
    lines = make_lines(settings, house)
    queue = open_queue(settings, patience_s=QUEUE_S)
    resting = Resting(lines, journal.standing, lambda: _views(queue, journal), clock)

    @cache
    def gate(endpoint: str) -> Gate:
        pace = Pace(_per_second(settings, endpoint, manner), manner.patience_s)
        return Gate(endpoint, pace, resting=resting.why, monotonic=clock.monotonic, stop=stop)

    for name in lines:
        gate(name)
    bar = _bar()
    task = bar.add_task("đối soát / reconciling", total=None)

    def show(run: Reconciliation) -> None:
        described = f"đối soát / reconciling · {differences(run.counts)} khác nhau"
        bar.update(task, completed=run.done, total=max(run.total, run.done), description=described)

    tools = Tools(journal, house, Asker(lines, render, clock), gate, clock, stop, manner.threads)
    before = [(number, signal.signal(number, lambda *_: stop.set())) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        with bar:
            yield Reconciler(tools, on_progress=show), bar
    finally:
        for number, handler in before:
            signal.signal(number, handler)
        queue.close()


def _per_second(settings: Settings, endpoint: str, manner: Manner) -> float:
    """Never faster than the endpoint may be sent to: what is delivered meanwhile has the same right."""
    from bus.rates import read_rate

    text = settings.endpoints[endpoint].rate if endpoint in settings.endpoints else ""
    if not text:
        return manner.per_second
    rate = read_rate(text)
    return min(manner.per_second, rate.count / rate.span_s)


def _views(queue: Queue, journal: Journal) -> Mapping[str, EndpointView]:
    with suppress(GenerationLost, QueueUnavailable):
        queue.adopt(journal.generation())
        return {view.endpoint: view for view in queue.endpoints()}
    return {}


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(), console=out.error, transient=True, disable=not out.error.is_terminal,
    )  # fmt: skip
