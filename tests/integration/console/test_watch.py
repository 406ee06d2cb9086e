"""The console's first page says whether it moves; the page of what is stuck says who must do what."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bus.watch.liveness import Due, Facts, Limits, Rest, judge
from bus.watch.stuck import Reason, Stuck
from bus.watch.watchman import Look
from bus.web.app import DoorDeps, make_app
from bus.web.callers import Callers
from bus.web.console import ConsoleDeps, console_router
from bus.web.run import listening, make_server
from schemas.problem import Stage, problem
from tests.integration.console.populated import ENDPOINTS, Populated, Site, _Nobody

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
WELL = Look(NOW, judge(Facts(), Limits()), Facts())
WRONG = replace(WELL, verdict=judge(Facts(journal_away=True), Limits()))
RESTS = replace(WELL, verdict=judge(Facts((Due("cong_dvcqg", "m:e", 9.0, Rest.PAUSED),)), Limits()))
CAUSE = problem("LT-WCH-014", Stage.DELIVER, {"age": "2 d 1 h", "reason": "Sai ngày <b>"})
STUCK = Stuck(Reason.PARKED, NOW, "a" * 32, f"{'a' * 32}:cong_dvcqg", "cong_dvcqg", 7, CAUSE, "lienthong show aaaa")


@contextmanager
def watched(world: Populated, look: Look) -> Iterator[Site]:
    """The application with a watch that saw this."""
    router = console_router(ConsoleDeps(world.journal, ENDPOINTS, ENDPOINTS, watch=lambda: look))
    app = make_app(DoorDeps({}, _Nobody(), keys=Callers((), kinds={}), address="", routers=(router,)))
    sock = listening("127.0.0.1", 0)
    server = make_server(app)
    thread = threading.Thread(target=lambda: server.run(sockets=[sock]), daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    try:
        yield Site(sock.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.mark.parametrize(
    ("look", "wanted", "unwanted"),
    [(WRONG, "LT-WCH-007", "Mọi thứ chạy"), (RESTS, "tạm dừng", "LT-WCH"), (WELL, "<h1>", "callout waiting")],
)
def test_first_page_says_whether_it_moves(world: Populated, look: Look, wanted: str, unwanted: str) -> None:
    """An alarm with what to do; a quiet word where only receivers rest; nothing where all is well."""
    with watched(world, look) as site:
        page = site.get("/console").text
    assert wanted in page
    assert unwanted not in page


def test_what_is_stuck(world: Populated) -> None:
    """Counted on the first page, listed with reason, person, command; what partners wrote is escaped."""
    with watched(world, replace(WELL, stuck=(STUCK,))) as site:
        assert 'href="/console/stuck"' in site.get("/console").text
        page = site.get("/console/stuck").text
    assert "lienthong show aaaa" in page
    assert "Người vận hành" in page
    assert "7 đang chờ phía sau" in page
    assert "Sai ngày &lt;b&gt;" in page
    with watched(world, WELL) as site:
        assert "Không có việc nào kẹt" in site.get("/console/stuck").text
