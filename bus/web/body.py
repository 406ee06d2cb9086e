"""Reading a request's body: in chunks, bounded in size, time and in what all callers hold together; never unpacked."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from bus.web.memory import GivingBack
from schemas.problem import Problem, Stage, problem

_PLAIN = ("", "identity")
_SMALL = 64 * 1024  # so much of a body always finds room: a crowd of large ones does not shut the small ones out


@dataclass(slots=True)
class Seat:
    """What one request holds of the room."""

    room: Room
    held: int = 0

    def hold(self, size: int) -> bool:
        """Room for a body of so many bytes, or False."""
        more = max(0, size - _SMALL) - self.held
        if more > self.room.left:
            return False
        if more > 0:
            self.room.left -= more
            self.held += more
        return True


class Room:
    """The bytes of large bodies a process holds at once, unfinished or being worked on. Event loop only."""

    def __init__(self, size: int, *, released: Callable[[int], None] | None = None) -> None:
        self.left = size
        self._released = released or GivingBack().released  # told how much each request held

    @contextmanager
    def seat(self) -> Iterator[Seat]:
        """For one request, until it has been answered."""
        seat = Seat(self)
        try:
            yield seat
        finally:
            self.left += seat.held
            self._released(seat.held)


async def read_body(request: Request, seat: Seat, *, limit_bytes: int, seconds: float) -> bytes | Problem:
    """The body, or why it was not read to its end. What was announced as too large is not read at all."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in _PLAIN:
        return problem("LT-DOOR-003", Stage.RECEIVE, {"encoding": encoding})
    announced = request.headers.get("content-length", "")
    too_large = problem("LT-DOOR-002", Stage.RECEIVE, {"limit": limit_bytes})
    if announced.isdigit() and int(announced) > limit_bytes:
        return too_large
    taken = io.BytesIO()  # hands over its bytes without a second copy
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                if taken.tell() + len(chunk) > limit_bytes:
                    return too_large
                if not seat.hold(taken.tell() + len(chunk)):
                    return problem("LT-DOOR-009", Stage.RECEIVE)
                taken.write(chunk)
    except TimeoutError:
        return problem("LT-DOOR-004", Stage.RECEIVE, {"seconds": f"{seconds:g}"})
    except ClientDisconnect:
        return problem("LT-DOOR-008", Stage.RECEIVE)
    return taken.getvalue()
