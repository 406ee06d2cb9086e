"""Alive, ready, healthy: what a supervisor, a load balancer and an operator ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bus.watch.liveness import CODES, Condition, Verdict
from schemas.problem import Problem, Stage, problem

_PATIENCE_S = 2.0
_NEEDED = {"journal": "LT-WCH-007"}  # what is said where this check fails


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
        failed = await self.reasons()
        ready = not self.needed(failed)
        return JSONResponse({"ready": ready, "reasons": failed}, status_code=200 if ready else 503)

    async def reasons(self) -> Mapping[str, str]:
        """Checks that did not pass, and why."""
        reasons = await asyncio.gather(*(self._reason(check) for check in self._checks))
        return {check.name: reason for check, reason in zip(self._checks, reasons, strict=True) if reason}

    def needed(self, failed: Mapping[str, str]) -> tuple[str, ...]:
        """Those of them without which no message can be taken."""
        return tuple(check.name for check in self._checks if check.needed and check.name in failed)

    async def _reason(self, check: Check) -> str:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await asyncio.get_running_loop().run_in_executor(self._threads, check.run)
        except TimeoutError:
            return f"no answer within {_PATIENCE_S:g} s"
        except Exception as error:  # a check's failure is its answer
            return type(error).__name__
        return ""


class Health:
    """Everything together, in words: may messages be taken, and do they move?"""

    def __init__(self, readiness: Readiness, verdict: Callable[[], Verdict] | None) -> None:
        self._readiness, self._verdict = readiness, verdict

    async def answer(self, request: Request) -> Response:
        """200 when nobody has to do anything, else 503 with what is wrong and what to do, in both languages."""
        failed = await self._readiness.reasons()
        needed = self._readiness.needed(failed)
        verdict = self._verdict() if self._verdict is not None else None
        cause = verdict.problem if verdict is not None else None
        condition = verdict.condition.value if verdict is not None else ""
        if needed and (code := _NEEDED.get(needed[0])):
            cause, condition = problem(code, Stage.RECEIVE), Condition.JOURNAL_AWAY.value
        elif cause is None and "queue" in failed:  # nothing is due yet; what comes would wait
            cause = problem(CODES[Condition.QUEUE_AWAY], Stage.RECEIVE, {"seconds": f"{_PATIENCE_S:g}", "many": 0})
            condition = Condition.QUEUE_AWAY.value
        healthy = not needed and cause is None
        said: dict[str, object] = {
            "healthy": healthy,
            "ready": not needed,
            "condition": condition,
            "reasons": failed,
            **_words(cause, verdict),
        }
        return JSONResponse(said, status_code=200 if healthy else 503, headers={"cache-control": "no-store"})


def _words(cause: Problem | None, verdict: Verdict | None) -> dict[str, str]:
    if cause is not None:
        return {
            "code": cause.code, "vi": cause.text_vi, "en": cause.text_en, "do_vi": cause.do_vi, "do_en": cause.do_en,
        }  # fmt: skip
    return {"vi": verdict.vi, "en": verdict.en} if verdict is not None else {}
