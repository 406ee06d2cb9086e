"""Reading a request's body: in chunks, bounded in size and time, never unpacked."""

from __future__ import annotations

import asyncio
import io

from starlette.requests import ClientDisconnect, Request

from schemas.problem import Problem, Stage, problem

_PLAIN = ("", "identity")


async def read_body(request: Request, *, limit_bytes: int, seconds: float) -> bytes | Problem:
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
                taken.write(chunk)
    except TimeoutError:
        return problem("LT-DOOR-004", Stage.RECEIVE, {"seconds": f"{seconds:g}"})
    except ClientDisconnect:
        return problem("LT-DOOR-008", Stage.RECEIVE)
    return taken.getvalue()
