"""Does it move, and what is stuck: the word of the door, which has watched for a while, and a search of our own."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any  # JSON

from bus.compose import make_search
from bus.doctor.finding import Finding, good, note, of_problem
from bus.doctor.stores import opened
from bus.ports import JournalUnavailable
from bus.settings import Settings
from schemas.problem import Problem, Stage, catalogue

_PATIENCE_S = 3.0
_SUBJECT = "tiến triển / progress"


def look_at_moving(settings: Settings, *, running: bool) -> Iterator[Finding]:
    """Liveness as the door sees it; and what has been in one state for too long."""
    said = _ask(settings) if running else None
    if said is not None:
        yield _verdict(said)
    yield from _stuck(settings)


def _verdict(said: dict[str, Any]) -> Finding:
    vi, en, code = str(said.get("vi", "")), str(said.get("en", "")), str(said.get("code", ""))
    text = catalogue().get(code)
    if text is None:
        resting = said.get("condition") == "resting"
        return note("watch", _SUBJECT, vi, en) if resting else good("watch", _SUBJECT, vi or "chạy", en or "runs")
    found = Problem(
        code, Stage.CONFIGURE, vi, en, str(said["do_vi"]), str(said["do_en"]), text.owner, text.retryable
    )  # fmt: skip
    return of_problem("watch", _SUBJECT, found)


def _stuck(settings: Settings) -> Iterator[Finding]:
    with opened(settings) as journal:
        if journal is None:
            return
        try:
            found = make_search(settings, journal)(datetime.now(UTC))
        except JournalUnavailable:  # told where the journal is looked at
            return
    if not found:
        yield good("watch", "việc kẹt / stuck", "không có", "none")
        return
    many = ", ".join(f"{reason} {n}" for reason, n in sorted(Counter(one.reason.value for one in found).items()))
    yield note("watch", "việc kẹt / stuck", f"{many}: `lienthong stuck`", f"{many}: `lienthong stuck`")


def _ask(settings: Settings) -> dict[str, Any] | None:
    """The door's own word; None = it does not answer, which is told where the door is looked at."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.door.host, settings.door.host)  # noqa: S104 - compared
    connection = http.client.HTTPConnection(host, settings.door.port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/health")
        said = json.loads(connection.getresponse().read(65_536))
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return said if isinstance(said, dict) else None
