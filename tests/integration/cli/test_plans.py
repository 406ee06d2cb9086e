"""Many acts at once on the command line: first shown, then kept as a plan, carried out, gone on with. No bus runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.journal import open_journal
from bus.outcome import Outcome
from bus.ports import Journal
from bus.records import PlanAct, PlanDraft, PlanLine
from tests.integration.cli.running import run
from tests.integration.console.populated import PARK, Populated

WORDS = ("--why", "đã sửa bảng mã", "--who", "truc.ban")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A configuration that belongs to this test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIENTHONG_")}
    return {**kept, "LIENTHONG_DATA": str(tmp_path)}


@pytest.fixture
def made(tmp_path: Path, env: dict[str, str]) -> Iterator[Populated]:
    """Three parked deliveries, the first with two behind it; one refused message of unknown make."""
    opened = Populated(open_journal(f"sqlite:///{tmp_path / 'journal.sqlite'}"), tmp_path)
    for number in (1, 2, 3):
        opened.messages[f"p{number}"] = opened.accept(f"TN01-2026-000{number}")
        opened.attempt(f"{opened.messages[f'p{number}']}:cong_dvcqg", Outcome.REJECTED, PARK)
    opened.accept("TN01-2026-0001", kind="tien_do")
    opened.accept("TN01-2026-0001", kind="ket_qua")
    opened.messages["refused"] = opened.refuse("TN01-2026-0010")
    yield opened
    opened.journal.close()


def parked(made: Populated) -> list[str]:
    """Their ids, the oldest first."""
    return [f"{made.messages[name]}:cong_dvcqg" for name in ("p1", "p2", "p3")]


def test_a_list_that_is_cut_says_so_also_in_a_pipe(made: Populated, env: dict[str, str]) -> None:
    """Whoever counts what is parked must not take the first page for all of it."""
    assert made.messages
    cut = run("find", "--state", "parked", "--limit", "2", env=env)
    assert (len(cut.out.splitlines()), "còn 1 dòng nữa" in cut.err) == (3, True), cut.err
    assert "nữa" not in run("find", "--state", "parked", env=env).err
    assert "--before" in run("find", "--limit", "2", env=env).err


def test_a_dry_run_says_how_many_which_and_what_then(made: Populated, env: dict[str, str]) -> None:
    """Nothing is done and nothing kept; the number that waits behind is told."""
    asked = ("release", "--problem", "LT-DLV-001", *WORDS, "--dry-run")
    ran = run(*asked, env=env)
    assert ran.code == 0
    assert "3 × thả ra / release" in ran.out
    assert "2 lượt giao đang chờ phía sau" in ran.out
    assert all(one in ran.out for one in parked(made))
    told = run(*asked, "--json", env=env).json()
    assert (told["count"], told["behind"], told["subjects"]) == (3, 2, parked(made))
    assert made.journal.plans() == ()


def test_without_a_yes_nothing_is_done(made: Populated, env: dict[str, str]) -> None:
    """Where nobody can be asked, the plan is shown and the exit code says that it was not done."""
    ran = run("release", "--endpoint", "cong_dvcqg", *WORDS, env=env)
    assert (ran.code, "--yes" in ran.err) == (1, True)
    assert made.journal.plans() == ()


def test_carried_out_and_on_record(made: Populated, env: dict[str, str]) -> None:
    """With --yes all are released; plan, items and the journey say who and why; exit code 0."""
    ran = run("release", "--endpoint", "cong_dvcqg", "--limit", "2", *WORDS, "--yes", "--json", env=env)
    assert ran.code == 0
    told = ran.json()
    assert (told["state"], told["who"], told["items"]["done"]) == ("done", "truc.ban", 2)
    assert "hàng đợi đang tắt" in ran.err.casefold()
    shown = run("plan", "show", told["plan"][:12], "--json", env=env).json()
    assert [one["subject"] for one in shown["list"]] == parked(made)[:2]
    journey = made.journal.journey(made.messages["p1"])
    assert journey is not None
    assert [(one["act"], one["who"], one["why"]) for one in journey.actions] == [
        ("release", "truc.ban", "đã sửa bảng mã")
    ]
    assert [one["source"] for one in run("plan", "list", "--json", env=env).lines()] == ["release"]


def test_what_is_refused_is_named_and_the_exit_code_says_so(made: Populated, env: dict[str, str]) -> None:
    """A refused message of unknown sender cannot be taken again: why stands in the plan."""
    ran = run("replay", "--from-raw", "--since", "1d", *WORDS, "--yes", "--json", env=env)
    told = ran.json()
    assert (ran.code, told["items"]["refused"]) == (1, 1)
    assert told["refused"][0]["subject"] == made.messages["refused"]
    assert told["refused"][0]["result"]


def _kept(journal: Journal, *subjects: str) -> str:
    lines = tuple(PlanLine(one, PlanAct.CANCEL) for one in subjects)
    return journal.make_plan(PlanDraft("an", "trùng", "reconcile", lines)).result(20).id


def test_a_plan_is_gone_on_with(made: Populated, env: dict[str, str]) -> None:
    """One that somebody, or a comparison, left behind is carried out; a second time there is nothing to do."""
    plan = _kept(made.journal, *parked(made)[1:])
    assert run("plan", "resume", plan, "--who", "binh", env=env).code == 0
    again = run("plan", "resume", plan, env=env)
    assert (again.code, "LT-CLI-041" in again.err) == (1, True)
    assert made.journal.counts()["cancelled"] == 2  # type: ignore[index]  # a state is its own string


def test_a_plan_is_dropped(made: Populated, env: dict[str, str]) -> None:
    """Nothing of it is done any more; by whom and why is shown; without a reason it is not dropped."""
    plan = _kept(made.journal, *parked(made))
    assert run("plan", "cancel", plan[:14], "--why", " ", env=env).code == 2
    told = run("plan", "cancel", plan[:14], "--why", "nhầm", "--who", "binh", "--json", env=env).json()
    assert (told["state"], told["ended_by"], told["items"]["dropped"]) == ("cancelled", "binh", 3)
    assert run("plan", "resume", plan, env=env).code == 1
    assert made.journal.counts()["parked"] == 3  # type: ignore[index]  # as above


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("release", "--why", "x"), 2),
        (("release", "0" * 32, "--endpoint", "e", "--why", "x"), 2),
        (("cancel", "--endpoint", "e", "--why", " ", "--yes"), 2),
        (("cancel", "--since", "hôm qua", "--why", "x", "--yes"), 2),
        (("replay", "0" * 32, "--from-raw", "--as-then", "--why", "x"), 2),
        (("cancel", "--endpoint", "không-có", "--why", "x", "--yes"), 1),
        (("plan", "show", "zz"), 1),
        (("plan", "list"), 1),
    ],
)
def test_what_makes_no_sense(arguments: tuple[str, ...], code: int, made: Populated, env: dict[str, str]) -> None:
    """Neither an id nor filters, both, no reason, no moment; or nothing that fits."""
    assert run(*arguments, env=env).code == code
