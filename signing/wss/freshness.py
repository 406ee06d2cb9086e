"""Whether a message is of now, and is seen for the first time."""

from __future__ import annotations

import heapq
import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Protocol

from lxml import etree

from schemas.problem import Refused, Stage, problem
from signing.policy import Policy
from signing.wss.names import wsu

# XML dateTime in UTC, as every toolkit writes it; an offset would be a second way to say the same.
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)


class Replays(Protocol):
    """What was seen before. Thread-safe."""

    def first(self, mark: str, *, until: datetime, now: datetime) -> bool:
        """True if this mark was not seen yet; it is kept at least until then."""


class MemoryReplays:
    """For one process. Holds at most `limit` marks; when full of unexpired ones it says no rather than forget."""

    def __init__(self, *, limit: int = 200_000) -> None:
        self._limit = limit
        self._seen: dict[str, datetime] = {}
        self._ends: list[tuple[datetime, str]] = []
        self._lock = threading.Lock()

    def first(self, mark: str, *, until: datetime, now: datetime) -> bool:
        """See `Replays`."""
        with self._lock:
            while self._ends and self._ends[0][0] < now:
                self._seen.pop(heapq.heappop(self._ends)[1], None)
            if mark in self._seen or len(self._seen) >= self._limit:
                return False
            self._seen[mark] = until
            heapq.heappush(self._ends, (until, mark))
            return True


def moment_of(text: str | None) -> datetime | None:
    """Aware UTC; None = not of the one form we take.

    >>> moment_of("2026-07-06T01:02:03.5Z")
    datetime.datetime(2026, 7, 6, 1, 2, 3, 500000, tzinfo=datetime.timezone.utc)
    >>> moment_of("2026-07-06T01:02:03+07:00") is None
    True
    """
    match = _MOMENT.fullmatch((text or "").strip(" \t\r\n"))
    if match is None:
        return None
    try:
        whole = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    except ValueError:
        return None
    return whole + timedelta(microseconds=int((match[2] or "0").ljust(6, "0")[:6]))


def good_until(timestamp: etree._Element, policy: Policy, *, now: datetime, stage: Stage) -> datetime:
    """Checks a Timestamp against the clock. Returns until when the message could be sent again and be taken.

    Raises:
        Refused: not of the one form, of the future, too old, or good for too long (LT-WSS-010 … 012).
    """
    names = [str(child.tag) for child in timestamp]
    if names not in ([wsu("Created"), wsu("Expires")], [wsu("Created")]) or any(len(child) for child in timestamp):
        raise Refused((problem("LT-WSS-010", stage, {"found": ", ".join(names[:4]) or "–"}),))
    created = moment_of(timestamp[0].text)
    expires = moment_of(timestamp[1].text) if len(timestamp) > 1 else None
    if created is None or (len(timestamp) > 1 and expires is None):
        raise Refused((problem("LT-WSS-010", stage, {"found": ascii(timestamp[0].text or "")[:40]}),))
    return within(created, expires, policy, now=now, stage=stage)


def within(created: datetime, expires: datetime | None, policy: Policy, *, now: datetime, stage: Stage) -> datetime:
    """The same for two moments at hand."""
    skew, lifetime = timedelta(seconds=policy.skew_s), timedelta(seconds=policy.lifetime_s)
    # Nothing is added to a moment of the future: it may be the last one there is.
    end = created if created > now + skew else created + lifetime
    end = min(expires, end) if expires is not None else end
    if created > now + skew or end < created:
        raise _untimely("LT-WSS-011", created, now, stage=stage)
    if end + skew < now:
        raise _untimely("LT-WSS-012", created, now, stage=stage)
    return end + skew


def _untimely(code: str, created: datetime, now: datetime, *, stage: Stage) -> Refused:
    values = {"created": f"{created:%H:%M:%S}", "now": f"{now.astimezone(UTC):%H:%M:%S}"}
    return Refused((problem(code, stage, values),))
