"""Fetching a department's lists over real HTTP: nothing is passed over, nothing is taken twice."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from bus.job_port import LeaseLost
from bus.polling import Position
from bus.ports import JournalRefuses
from bus.records import Acceptance
from bus.records.jobs import JobAct, JobOrder, JobResult
from tests.integration.polling.conftest import Town

STEPS = "so_may.DanhSachBuoc"


@pytest.mark.parametrize("options", [("--page-most", "10"), ("--page-most", "2"), ()])
def test_everything_once(town: Callable[..., Town], options: tuple[str, ...]) -> None:
    """Edges of pages fall between rows of one moment, and the partner gives fewer than asked: all are taken, once."""
    here = town("--dossiers", "57", *options, settings={"DanhSachHoSo.page": "10"})
    assert here.runs()[-1].result is JobResult.DONE
    assert here.taken() == sorted(here.partner.state()["codes"])
    assert here.job().total == 57


def test_only_what_is_new(town: Callable[..., Town]) -> None:
    """A run that finds nothing new writes nothing but its own end; what comes later is found by the next one."""
    here = town("--dossiers", "5")
    here.runs()
    before = here.job()
    assert here.run().taken == 0
    assert (here.job().total, here.job().moves) == (before.total, before.moves)
    here.partner.control("add", dossiers=2)
    assert here.run().taken == 2
    assert len(here.taken()) == 7


def test_a_changed_row_is_a_new_version(town: Callable[..., Town]) -> None:
    """A row that changed goes to the end of the list, and is taken again as a newer version of its dossier."""
    here = town("--dossiers", "5")
    here.runs()
    (code,) = here.partner.control("touch", count=1)["touched"]
    assert here.run().taken == 1
    assert here.taken().count(code) == 2


def test_a_bad_row_does_not_stop_the_others(town: Callable[..., Town]) -> None:
    """What cannot be taken is evidence, once, also when it is listed again; the others are accepted."""
    here = town("--dossiers", "40", "--invalid-rate", "0.3", settings={"DanhSachHoSo.page": "7"})
    here.runs()
    bad = len(here.rejected())
    assert 0 < bad < 40
    assert len(here.taken()) == 40 - bad
    here.runs()
    assert len(here.rejected()) == bad
    assert here.job().refused == bad


def test_steps_by_number(town: Callable[..., Town]) -> None:
    """A rising number is a mark like a time. Steps of dossiers nobody fetched are evidence."""
    here = town("--dossiers", "6", "--steps", "4")
    here.runs(STEPS)
    assert (here.job(STEPS).total, here.job(STEPS).refused) == (0, 24)
    here.runs()
    here.parts.journal.order_job(JobOrder(STEPS, JobAct.RESET, "nguyen.an", "nay đã có hồ sơ")).result()
    here.runs(STEPS)
    assert here.job(STEPS).total == 24
    assert len(here.taken("tien_do")) == 24


def test_a_partner_whose_clock_is_ahead(town: Callable[..., Town]) -> None:
    """Rows dated in the future are taken, and do not carry the mark past those that come later."""
    here = town("--dossiers", "3", "--skew-s", "400000")
    here.runs()
    assert len(here.taken()) == 3
    assert Position.read(here.job().position).mark == ""
    here.partner.control("add", dossiers=2)
    here.runs()
    assert len(here.taken()) == 5


def test_a_partner_that_repeats_its_page(town: Callable[..., Town]) -> None:
    """A partner that gives the first page for ever is asked a bounded number of times, and named; the mark stays."""
    here = town("--dossiers", "30", "--repeat-page", settings={"DanhSachHoSo.page": "10"})
    last = here.runs()[-1]
    assert last.result is JobResult.AGAIN
    assert "LT-POLL-002" in last.text
    assert here.partner.state()["counts"]["ho-so"] < 6
    here.partner.control("set", repeat_page=False)
    assert here.runs()[-1].result is JobResult.DONE
    assert len(here.taken()) == 30


def test_a_huge_page(town: Callable[..., Town]) -> None:
    """A partner that gives all at once is taken in several transactions."""
    here = town("--dossiers", "700", settings={"DanhSachHoSo.page": "5000"})
    assert here.run().taken == 700
    assert len(set(here.taken())) == 700


def test_a_partner_that_is_ill(town: Callable[..., Town]) -> None:
    """Errors, pages of HTML and cut answers cost time only."""
    here = town("--dossiers", "60", settings={"DanhSachHoSo.page": "10"})
    here.partner.control("set", error_rate=0.2, html_rate=0.2, drop_after_commit=0.2)
    results = [here.run().result for _ in range(40)]
    assert JobResult.AGAIN in results
    here.partner.control("set", error_rate=0.0, html_rate=0.0, drop_after_commit=0.0)
    here.runs()
    assert here.taken() == sorted(here.partner.state()["codes"])


def test_wrong_key(town: Callable[..., Town], monkeypatch: pytest.MonkeyPatch) -> None:
    """A partner that refuses us is not knocked at again: the poll pauses until a person resumes it."""
    monkeypatch.setenv("KHOA_THU", "khác")
    here = town("--dossiers", "3", "--key-env", "KHOA_THU")
    finished = here.run()
    assert finished.result is JobResult.REFUSED
    assert "LT-POLL-004" in finished.text
    assert here.job().paused


@pytest.mark.parametrize("killed_at", range(1, 9))
def test_killed_between_any_two_transactions(
    town: Callable[..., Town], monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    """A process that dies after any transaction of a run leaves no gap: its successor takes the rest, nothing twice."""
    here = town("--dossiers", "40", settings={"DanhSachHoSo.page": "15"})
    turn = here.begin()
    real, done = turn.step, 0

    class Killed(Exception):
        pass

    def dying(**what: object) -> object:
        nonlocal done
        if done == killed_at:
            raise Killed
        done += 1
        return real(**what)  # type: ignore[arg-type]

    poll = here.poll()
    monkeypatch.setattr(type(turn), "step", lambda _, **what: dying(**what))
    with contextlib.suppress(Killed):
        poll.run(turn)
    monkeypatch.undo()
    here.parts.journal.expire_worker("w1").result()
    here.runs()
    assert here.taken() == sorted(here.partner.state()["codes"])


def test_an_item_the_journal_cannot_write(town: Callable[..., Town], monkeypatch: pytest.MonkeyPatch) -> None:
    """One item that breaks the writing becomes evidence with its own code; the others are accepted."""
    import bus.journal.memory.jobs as jobs

    here = town("--dossiers", "9")
    real = jobs.accept

    def picky(store: object, acceptance: Acceptance) -> object:
        if ("mot_cua_rest", "SM-000004") in acceptance.items[0].dossier.names:
            raise JournalRefuses("not this one")
        return real(store, acceptance)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "accept", picky)
    assert here.runs()[-1].result is JobResult.DONE
    assert len(here.taken()) == 8
    assert here.rejected() == [("LT-POLL-008",)]


def test_a_frozen_owner_wakes_up(town: Callable[..., Town]) -> None:
    """An owner that was frozen with a page in its hands takes nothing of it, once another has gone on."""
    here = town("--dossiers", "12", settings={"DanhSachHoSo.page": "5"})
    late = here.begin()
    stale = replace(late)
    here.parts.journal.expire_worker("w1").result()
    here.runs()
    here.partner.control("touch", count=12)
    total = here.job().total
    with pytest.raises(LeaseLost):
        here.poll().run(stale)
    assert here.job().total == total
