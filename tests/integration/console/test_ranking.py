"""What is parked comes by how many wait behind it, then by age: on the console and on the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.journal import open_journal
from bus.outcome import Outcome
from bus.web.console.asked import Asked
from bus.web.console.listing import read_listing
from bus.web.console.message_page import read_message
from tests.integration.cli.running import run
from tests.integration.console.populated import PARK, Populated


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Populated]:
    """The oldest holds up nobody, the next one two, the newest one one."""
    opened = Populated(open_journal(f"sqlite:///{tmp_path / 'journal.sqlite'}"), tmp_path)
    for name, behind in (("none", 0), ("two", 2), ("one", 1), ("none too", 0)):
        code = f"TN01-2026-{len(opened.messages):04}"
        opened.messages[name] = opened.accept(code)
        opened.attempt(f"{opened.messages[name]}:cong_dvcqg", Outcome.REJECTED, PARK)
        for _ in range(behind):
            opened.accept(code, kind="tien_do")
    yield opened
    opened.journal.close()


ORDER = ["two", "one", "none", "none too"]


def test_the_console_ranks_what_is_parked(made: Populated) -> None:
    """Most first, then the oldest; the number stands in each line and on the delivery's own page."""
    rows = read_listing(made.journal, Asked(state="parked"), {}).rows
    assert [row.link.rpartition("/")[2] for row in rows] == [made.messages[name] for name in ORDER]
    assert [row.behind for row in rows] == ["2", "1", "", ""]
    page = read_message(made.journal, made.messages["two"], "", {})
    assert page is not None
    assert page.deliveries[0].behind == "2"


def test_all_others_are_newest_first(made: Populated) -> None:
    """The ranking is for what waits for a person."""
    rows = read_listing(made.journal, Asked(), {}).rows
    ids = [row.link.rpartition("/")[2] for row in rows]
    assert ids == sorted(ids, reverse=True)


def test_find_ranks_what_is_parked(made: Populated) -> None:
    """The same order, also where only a few are asked for; the number is in the line, and `show` says it."""
    env = {**os.environ, "LIENTHONG_DATA": str(made.folder)}
    lines = run("find", "--state", "parked", "--limit", "3", "--json", env=env).lines()
    assert [(one["id"], one["behind"]) for one in lines] == [
        (made.messages[name], many) for name, many in zip(ORDER, (2, 1, 0), strict=False)
    ]
    shown = run("show", made.messages["two"], env=env)
    assert "2 đang chờ phía sau / waiting behind it" in shown.out
    assert "lần 1: gửi / attempt 1: sent" in shown.out
    told = run("show", made.messages["two"], "--json", env=env).json()
    assert (told["deliveries"][0]["behind"], told["attempts"][0]["asked"]) == (2, False)
