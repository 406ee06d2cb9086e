"""Fetching from a hub over real HTTP: list, get, commit, acknowledge; nothing is told before it is on disk."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from bus.polling import Position
from bus.polling.fetch import Answer
from bus.records.jobs import JobResult
from tests.integration.polling.conftest import HUB, Town

NAME = "truc.DanhSachThu"


def hub(town: Callable[..., Town], *options: str) -> Town:
    return town(*options, partners=HUB, settings={"DanhSachThu.page": "8"})


def test_listed_fetched_acknowledged(town: Callable[..., Town]) -> None:
    """Every letter is fetched once, accepted, and told to be done once."""
    here = hub(town, "--letters", "20")
    assert here.runs(NAME)[-1].result is JobResult.DONE
    state = here.partner.state()
    assert here.taken() == sorted(state["codes"])
    assert (state["done"], state["told_twice"], state["counts"]["van-ban"]) == (20, 0, 20)


def test_a_bad_letter(town: Callable[..., Town]) -> None:
    """A letter that cannot be used is evidence and told to have failed; the others are taken."""
    here = hub(town, "--letters", "30", "--invalid-rate", "0.3")
    here.runs(NAME)
    state = here.partner.state()
    bad = len(here.rejected())
    assert 0 < bad < 30
    assert (state["done"], state["failed"]) == (30 - bad, bad)


def test_offered_again(town: Callable[..., Town]) -> None:
    """Letters the hub offers again are acknowledged again in the same words, and neither fetched nor taken again."""
    here = hub(town, "--letters", "12", "--invalid-rate", "0.3")
    here.runs(NAME)
    before = here.partner.state()
    here.partner.control("offer-again")
    here.runs(NAME)
    after = here.partner.state()
    assert (after["done"], after["failed"]) == (before["done"], before["failed"])
    assert after["counts"]["van-ban"] == before["counts"]["van-ban"]
    assert here.job(NAME).total == before["done"]


def test_an_acknowledgement_that_is_lost(town: Callable[..., Town], monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed and could not be told stays owed in the checkpoint, and is told first thing next time."""
    import bus.polling.run as run

    here = hub(town, "--letters", "5")
    real = run.ask

    def deaf(line: object, name: str, *rest: object, **more: object) -> Answer:
        if name == "BaoNhan":
            raise ConnectionError("gone")
        return real(line, name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "ask", deaf)
    turn = here.begin(NAME)
    with contextlib.suppress(ConnectionError):
        here.poll(NAME).run(turn)
    assert len(here.taken()) == 1
    ((id, verdict),) = Position.read(here.job(NAME).position).owed
    assert verdict == "done"
    assert here.partner.state()["done"] == 0
    monkeypatch.undo()
    here.parts.journal.expire_worker("w1").result()
    here.runs(NAME)
    state = here.partner.state()
    assert state["letters"][id] == ["done"]
    assert (state["done"], state["told_twice"]) == (5, 0)


def test_a_letter_that_is_not_given(town: Callable[..., Town], monkeypatch: pytest.MonkeyPatch) -> None:
    """Listed, but what is fetched is empty: never acknowledged as taken; evidence says so, and the others go in."""
    import bus.polling.run as run

    here = hub(town, "--letters", "5")
    real = run.ask
    empty: list[str] = []

    def forgetful(line: object, name: str, members: object, words: Mapping[str, str], **more: object) -> Answer:
        answer = real(line, name, members, words, **more)  # type: ignore[arg-type]
        if name == "LayThu" and (not empty or words["id"] in empty):
            empty.append(words["id"])
            return replace(answer, fetched=replace(answer.fetched, rows=()))
        return answer

    monkeypatch.setattr(run, "ask", forgetful)
    here.runs(NAME)
    here.partner.control("offer-again")
    here.runs(NAME)
    assert len(here.taken()) == 4
    assert here.partner.state()["letters"][empty[0]] == ["fail"]
    assert here.rejected() == [("LT-POLL-010",)]


@pytest.mark.parametrize("killed_at", range(8))
def test_killed_between_any_two_transactions(
    town: Callable[..., Town], monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    """A process that dies after any transaction of a run: no letter is lost, none is told before it is committed."""
    here = hub(town, "--letters", "6")
    turn = here.begin(NAME)
    real, done = turn.step, 0

    class Killed(Exception):
        pass

    def dying(**what: object) -> object:
        nonlocal done
        assert here.partner.state()["done"] <= len(here.taken())
        if done == killed_at:
            raise Killed
        done += 1
        return real(**what)  # type: ignore[arg-type]

    poll = here.poll(NAME)
    monkeypatch.setattr(type(turn), "step", lambda _, **what: dying(**what))
    with contextlib.suppress(Killed):
        poll.run(turn)
    monkeypatch.undo()
    here.parts.journal.expire_worker("w1").result()
    here.runs(NAME)
    assert here.taken() == sorted(here.partner.state()["codes"])
    assert here.partner.state()["done"] == 6


def test_a_hub_that_is_ill(town: Callable[..., Town]) -> None:
    """Errors, pages of HTML, its own system error and cut answers cost time only."""
    here = hub(town, "--letters", "15")
    here.partner.control("set", error_rate=0.1, html_rate=0.1, drop_after_commit=0.15, business_error_rate=0.1)
    for _ in range(40):
        here.run(NAME)
    here.partner.control("set", error_rate=0.0, html_rate=0.0, drop_after_commit=0.0, business_error_rate=0.0)
    here.runs(NAME)
    assert here.taken() == sorted(here.partner.state()["codes"])
    assert here.partner.state()["done"] == 15


def test_the_account_is_wrong(town: Callable[..., Town], monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that says our account is wrong is asked once, then no more until a person resumes it."""
    monkeypatch.setenv("KHOA_THU", "khác")
    here = hub(town, "--letters", "3", "--key-env", "KHOA_THU")
    assert here.run(NAME).result is JobResult.REFUSED
    assert here.job(NAME).paused
    assert here.partner.state()["counts"] == {"refused": 1}
