"""Whether an endpoint rests, and why: pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from bus.records import DueHead, EndpointView
from bus.watch.liveness import Rest

IsOpen = Callable[[str, datetime], bool]  # endpoint, moment → within its hours


_PROBE_LATE = timedelta(seconds=30)


def rest_of(head: DueHead, view: EndpointView | None, *, now: datetime, is_open: bool, retries_stopped: bool) -> Rest:
    """Why nothing is sent to the endpoint of this head; what a person ordered comes first."""
    if view is not None and view.paused:
        return Rest.PAUSED
    if retries_stopped and head.tried:
        return Rest.RETRIES
    if not is_open:
        return Rest.HOURS
    return Rest.BREAKER if view is not None and _is_let_alone(view, now) else Rest.NONE


def _is_let_alone(view: EndpointView, now: datetime) -> bool:
    """An open breaker whose probe is overdue, or a probe that nobody carries out, is no rest: nobody is working."""
    if view.state == "open":
        return view.until is None or view.until + _PROBE_LATE > now
    return view.state == "half" and view.in_flight > 0
