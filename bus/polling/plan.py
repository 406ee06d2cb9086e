"""One poll as it is configured, and what all polls of a process use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.poll_rule import PollRule, span_s
from bus.polling.fetch import Line
from bus.polling.take import Source
from bus.ports import Clock, Journal
from bus.records import QueueRecord
from bus.routing import House


@dataclass(frozen=True, slots=True)
class Means:
    """What every poll of a process uses."""

    journal: Journal
    feed: Callable[[Sequence[QueueRecord]], None]  # after the commit
    house: House
    clock: Clock


@dataclass(frozen=True, slots=True)
class PollPlan:
    """One poll of one endpoint. Holds nothing between two runs."""

    endpoint: str
    operation: str  # the list
    rule: PollRule
    line: Line
    source: Source  # of the operation that brings the items
    means: Means
    every_s: float

    @property
    def name(self) -> str:
        """As operators know it."""
        return poll_name(self.endpoint, self.operation)


def poll_name(endpoint: str, operation: str) -> str:
    """The name of a poll's job.

    >>> poll_name("so_tu_phap", "DanhSach")
    'so_tu_phap.DanhSach'
    """
    return f"{endpoint}.{operation}"


def every_of(rule: PollRule, setting: str) -> float | None:
    """The pause between two runs: the endpoint's own setting, else the rule's; None = "off", it is not polled."""
    text = setting.strip() or rule.every
    return None if text == "off" else span_s(text)
