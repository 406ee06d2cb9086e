"""The console's addresses: guarded, GET only, rendered in threads of its own so that doors never wait for a reader."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bus.delivery import Delivery
from bus.ports import Journal, JournalUnavailable
from bus.watch.watchman import Look as Seen
from bus.web.console.asked import asked_of, is_id
from bus.web.console.guard import HEADERS, is_allowed
from bus.web.console.listing import read_listing
from bus.web.console.message_page import read_message
from bus.web.console.render import STYLE, Look, render
from bus.web.console.watch_view import WatchView, stuck_rows, watch_view

log = logging.getLogger("lienthong.console")

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_FORBIDDEN = (
    "Bàn điều hành chỉ mở từ trình duyệt trên chính máy chủ này (http://127.0.0.1 hoặc http://localhost).\n"
    "The console opens only in a browser on this very machine.\n"
)


@dataclass(frozen=True, slots=True)
class ConsoleDeps:
    """What the console reads."""

    journal: Journal
    endpoints: Mapping[str, str]  # id -> name for people
    systems: Mapping[str, str]  # id -> name for people
    watch: Callable[[], Seen] | None = None  # the last look of the watch; None = nobody watches
    explain: Callable[[Delivery], Delivery] = lambda delivery: delivery  # with what the settings say of its endpoint


def console_router(deps: ConsoleDeps) -> APIRouter:
    """Everything under /console."""
    console = _Console(deps)
    router = APIRouter()
    router.add_route("/console", console.answer, methods=_METHODS, include_in_schema=False)
    router.add_route("/console/{path:path}", console.answer, methods=_METHODS, include_in_schema=False)
    return router


class _Console:
    """One per process."""

    def __init__(self, deps: ConsoleDeps) -> None:
        self._deps = deps
        self._names = {**deps.systems, **deps.endpoints}
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="console")

    async def answer(self, request: Request) -> Response:
        """One request. Nothing on these pages changes anything."""
        if not is_allowed(request):
            return PlainTextResponse(_FORBIDDEN, status_code=403, headers=dict(HEADERS))
        if request.method not in ("GET", "HEAD"):
            return PlainTextResponse("GET\n", status_code=405, headers={**HEADERS, "allow": "GET, HEAD"})
        look, status = await asyncio.get_running_loop().run_in_executor(self._threads, self._safely, request)
        return Response(look.body, status_code=status, media_type=look.media_type, headers={**HEADERS, **look.headers})

    def _safely(self, request: Request) -> tuple[Look, int]:
        try:
            return self._page(request)
        except JournalUnavailable:
            return render("away.html"), 503
        except Exception as error:  # the error's own words may quote a message: only kind and place are told
            log.error("console %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            return render("broken.html"), 500

    def _page(self, request: Request) -> tuple[Look, int]:
        steps = [step for step in request.path_params.get("path", "").split("/") if step]
        if not steps:
            return self._list(request)
        if steps == ["stuck"] and self._deps.watch is not None:
            return render("stuck.html", rows=stuck_rows(self._deps.watch(), self._names)), 200
        if steps == [STYLE.name]:
            return STYLE.look, 200
        if len(steps) == 2 and steps[0] == "message" and is_id(steps[1]):
            return self._message(request, steps[1])
        return render("missing.html"), 404

    def _list(self, request: Request) -> tuple[Look, int]:
        asked = asked_of(request.query_params, endpoints=self._deps.endpoints)
        page = read_listing(self._deps.journal, asked, self._names, explain=self._deps.explain)
        look = render("list.html", asked=asked, page=page, endpoints=self._deps.endpoints, watch=self._watch())
        return look, 400 if asked.unknown else 200

    def _watch(self) -> WatchView | None:
        return watch_view(self._deps.watch()) if self._deps.watch is not None else None

    def _message(self, request: Request, message_id: str) -> tuple[Look, int]:
        role = request.query_params.get("body", "")
        page = read_message(self._deps.journal, message_id, role, self._names, explain=self._deps.explain)
        if page is None:
            return render("missing.html"), 404
        refresh = request.query_params.get("refresh") == "10"
        return render("message.html", page=page, refresh=refresh), 200
