"""Alive and ready: what a supervisor and a load balancer ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must work. `run` raises when it does not; it may block."""

    name: str
    run: Callable[[], None]
    needed: bool = True  # False: told, but the door goes on taking messages without it


async def live(request: Request) -> Response:
    """The process answers: nothing else is asked."""
    return JSONResponse({"live": True})


class Readiness:
    """Runs the checks. In threads of its own: a check that hangs must not use up those that read messages."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = tuple(checks)
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="health")

    async def answer(self, request: Request) -> Response:
        """200 when every needed check passes, else 503; reasons are named either way, without addresses or secrets."""
        reasons = await asyncio.gather(*(self._reason(check) for check in self._checks))
        failed = {check.name: reason for check, reason in zip(self._checks, reasons, strict=True) if reason}
        ready = not any(check.needed and check.name in failed for check in self._checks)
        return JSONResponse({"ready": ready, "reasons": failed}, status_code=200 if ready else 503)

    async def _reason(self, check: Check) -> str:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await asyncio.get_running_loop().run_in_executor(self._threads, check.run)
        except TimeoutError:
            return f"no answer within {_PATIENCE_S:g} s"
        except Exception as error:  # a check's failure is its answer
            return type(error).__name__
        return ""
