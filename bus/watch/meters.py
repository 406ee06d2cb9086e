"""Counters of one process, flat: "name|label|label" → number. No ids, no codes of dossiers, no persons. Thread-safe."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping

from bus.delivery import Attempt
from bus.records import Judgement
from bus.retry import EXPIRIES

SEP = "|"
ATTEMPTS, ATTEMPT_S, ATTEMPT_SUM = "attempts", "attempt_s", "attempt_sum"
EXPIRED = "expired"
SIGNED = "signed"
EXAMINED = "examined"
KEY_ENDS = "key_ends"  # seconds since 1970; no count: the same in every process
STATUS, AWAY = "status_answers", "responders_away"  # AWAY is no count: as it stands now
COMMIT_S, COMMIT_SUM = "commit_s", "commit_sum"
ACCEPTED, REJECTED, CALLS = "accepted", "rejected", "calls"
# Upper ends of the spans that durations are counted in, seconds; beyond the last one: "inf".
ATTEMPT_ENDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
COMMIT_ENDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
BEYOND = "inf"


class Meters:
    """What happened in this process since it started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: Counter[str] = Counter()

    def attempted(self, endpoint: str, attempt: Attempt | None) -> None:
        """A settlement was recorded; without an attempt nothing was sent."""
        if attempt is None:
            return
        if attempt.problem_code in EXPIRIES:
            self.expired(endpoint)
        seconds = attempt.duration_ms / 1000
        self._add(
            {
                key(ATTEMPTS, endpoint, attempt.outcome.value): 1,
                key(ATTEMPT_S, endpoint, span(seconds, ATTEMPT_ENDS)): 1,
                key(ATTEMPT_SUM, endpoint): seconds,
            }
        )

    def expired(self, endpoint: str) -> None:
        """A deadline passed."""
        self._add({key(EXPIRED, endpoint): 1})

    def signed(self, key_id: str) -> None:
        """A key of ours was used."""
        self._add({key(SIGNED, key_id): 1})

    def answered(self, store: str, result: str, away: int) -> None:
        """A responder was asked for a store; how many of that store's give no answer now."""
        self._add({key(STATUS, store, result): 1})
        with self._lock:
            self._numbers[key(AWAY, store)] = away

    def examined(self, judgement: Judgement) -> None:
        """The signatures in an attachment were looked at."""
        self._add({key(EXAMINED, judgement.value): 1})

    def key_ends(self, key_id: str, at_s: float) -> None:
        """When a key of ours stops to sign. Told by whoever has the keys: doors do not."""
        with self._lock:
            self._numbers[key(KEY_ENDS, key_id)] = at_s  # type: ignore[assignment]  # floats as well

    def committed(self, seconds: float) -> None:
        """The journal wrote a transaction."""
        self._add({key(COMMIT_S, span(seconds, COMMIT_ENDS)): 1, COMMIT_SUM: seconds})

    def called(self, system: str, answer: str, codes: Iterable[str]) -> None:
        """A call at a door was answered; `codes` of the problems it was told."""
        self._add({key(CALLS, system, answer): 1, **{key(REJECTED, system, code): 1 for code in codes}})

    def numbers(self) -> Mapping[str, float]:
        """All of them now."""
        with self._lock:
            return dict(self._numbers)

    def _add(self, more: Mapping[str, float]) -> None:
        with self._lock:
            for name, many in more.items():
                self._numbers[name] += many  # type: ignore[assignment]  # floats as well


def key(*parts: str) -> str:
    """The name of a number."""
    return SEP.join(part.replace(SEP, "_") for part in parts)


def span(seconds: float, ends: tuple[float, ...]) -> str:
    """Which one a duration falls in, by its upper end."""
    at = bisect_left(ends, seconds)
    return str(ends[at]) if at < len(ends) else BEYOND


def together(many: Iterable[Mapping[str, float]]) -> Mapping[str, float]:
    """Several processes' numbers added up."""
    sums: dict[str, float] = {}
    for numbers in many:
        for name, number in numbers.items():
            sums[name] = sums.get(name, 0) + number
    return sums
