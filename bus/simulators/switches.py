"""The switches of a simulator: how badly it behaves. Changed while running by POST /_sim/set."""

from __future__ import annotations

import difflib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of one call. At most one of them strikes a call."""

    NORMAL = "normal"
    ERROR = "error"  # HTTP 503, nothing taken
    BUSINESS = "business"  # the partner's own "no", nothing taken
    HTML = "html"  # an HTML page with HTTP 200, nothing taken
    DROP = "drop"  # taken, then the connection is closed without a reply
    BAD_CODE = "bad-code"  # taken, but the reply's code is missing or not a number


# What acts in a simulator that only calls others: it waits, hangs up before the answer, sends twice.
SENDER_SWITCHES = ("latency_ms", "jitter_ms", "drop_after_commit", "duplicate")


def _switch(default: float, text: str) -> float:
    value: float = field(default=default, metadata={"help": text})
    return value


@dataclass(frozen=True, slots=True)
class Switches:
    """Rates are between 0 and 1, drawn once a call; delays are milliseconds."""

    latency_ms: float = _switch(0.0, "wait so long before every reply")
    jitter_ms: float = _switch(0.0, "plus a random wait up to this")
    error_rate: float = _switch(0.0, "answer HTTP 503 and take nothing")
    business_error_rate: float = _switch(0.0, "refuse in the partner's own words and take nothing")
    drop_after_commit: float = _switch(
        0.0, "take the message, then close the connection without a reply; as a sender: hang up, then send again"
    )
    duplicate: float = _switch(0.0, "send our own calls twice")
    html_rate: float = _switch(0.0, "answer an HTML page with HTTP 200 and take nothing")
    bad_code_rate: float = _switch(0.0, "take the message, answer with a code that is missing or not a number")

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
                raise ValueError(f"{one.name} must be a number, 0 or more")
            if not one.name.endswith("_ms") and value > 1:
                raise ValueError(f"{one.name} is a rate: between 0 and 1")

    def changed(self, changes: Mapping[str, object], *, only: Sequence[str] = ()) -> Switches:
        """The switches with changes; with `only` the others count as unknown.

        Raises:
            ValueError: an unknown name (the nearest is proposed) or a value out of range.
        """
        known = list(only) or [one.name for one in fields(self)]
        for name in changes:
            if name not in known:
                raise ValueError(unknown_name(name, known))
        return replace(self, **dict(changes))  # type: ignore[arg-type]  # checked in __post_init__


@dataclass(frozen=True, slots=True)
class Draw:
    """What was drawn for one call."""

    fate: Fate
    delay_s: float
    twice: bool
    odd: bool  # a coin for the kind of bad code


class Dice:
    """Draws by seed and call number, so that the same calls in the same order meet the same fate."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def draw(self, number: int, switches: Switches) -> Draw:
        """The draw of call `number`. The order of the rates is fixed; one random number decides among them."""
        source = random.Random(f"{self._seed}:{number}")  # noqa: S311  # a simulator's dice, no secret
        point, jitter, twice, odd = (source.random() for _ in range(4))
        return Draw(
            fate=_fate(point, switches),
            delay_s=(switches.latency_ms + jitter * switches.jitter_ms) / 1000,
            twice=twice < switches.duplicate,
            odd=odd < 0.5,
        )


def _fate(point: float, switches: Switches) -> Fate:
    edge = 0.0
    for fate, rate in (
        (Fate.ERROR, switches.error_rate),
        (Fate.BUSINESS, switches.business_error_rate),
        (Fate.HTML, switches.html_rate),
        (Fate.DROP, switches.drop_after_commit),
        (Fate.BAD_CODE, switches.bad_code_rate),
    ):
        edge += rate
        if point < edge:
            return fate
    return Fate.NORMAL


def unknown_name(name: str, known: list[str]) -> str:
    """A sentence that names the nearest known switch."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"unknown switch {name!r}" + (f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(known)}")
