"""The life of a delivery as it is drawn for people is the table the program goes by."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bus.delivery import State
from bus.lifecycle import AFTER_ATTEMPT, TABLE, Event, Impossible, allowed, pairs, pass_from
from bus.records import NextStep

DOCS = Path(__file__).parents[2] / "docs"
_ARROW = re.compile(r"^ +(\S+) --> (\S+?)(?:: .+)?$", re.MULTILINE)
_ROW = re.compile(r"^\| `([a-z]+)` \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
_WORD = re.compile(r"`([a-z]+)`")


def page(language: str) -> str:
    """The page in one language."""
    return (DOCS / language / "lifecycle.md").read_text("utf-8")


def drawn(text: str) -> set[tuple[State | None, State]]:
    """The arrows of the second drawing, those to the end left out."""
    drawing = text[text.index("stateDiagram") :].partition("```")[0]
    arrows = [(one[1], one[2]) for one in _ARROW.finditer(drawing) if one[2] != "[*]"]
    return {(None if before == "[*]" else State(before), State(after)) for before, after in arrows}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_drawing_is_the_table(language: str) -> None:
    """Each arrow is a change the program may make, and each change is an arrow."""
    assert drawn(page(language)) == pairs()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_table_in_words_is_the_table(language: str) -> None:
    """Each event stands there once, with the states it comes from and those it leads to."""
    rows = {row[1]: (row[2], row[3]) for row in _ROW.finditer(page(language)) if row[1] in set(Event)}
    assert set(rows) == {event.value for event in Event}
    for event, changes in TABLE.items():
        before, after = rows[event.value]
        named = {State(word) for word in _WORD.findall(before)}
        if event is Event.REPLAY:  # told the other way round
            named = set(State) - named
        moves = {one for one, many in changes.items() if one is not None and set(many) != {one}}
        stays = {one for one, many in changes.items() if one is not None and set(many) == {one}}
        assert moves <= named <= moves | stays, event
        told = {State(word) for word in _WORD.findall(after)}
        assert {one for many in changes.values() for one in many} - stays <= told, event


def test_what_the_table_does_not_know_is_refused() -> None:
    """A program that would do it is broken, and nothing of it is written."""
    assert not allowed(State.DELIVERED, Event.WAIT, State.WAITING)
    with pytest.raises(Impossible, match="delivered --wait--> waiting"):
        pass_from(State.DELIVERED, Event.WAIT, State.WAITING)
    with pytest.raises(Impossible):
        pass_from(None, Event.TAKEN, State.DELIVERED)


def test_every_decision_after_an_attempt_has_its_event() -> None:
    """The retry policy decides by steps; each of them is one event with one state."""
    assert set(AFTER_ATTEMPT) == set(NextStep)
    for event, state in AFTER_ATTEMPT.values():
        assert {after for many in TABLE[event].values() for after in many} - {State.HELD} == {state}


def test_every_state_can_be_reached_and_left() -> None:
    """No dead end but by a person's will, and nothing that never happens."""
    assert {after for _, after in pairs()} == set(State)
    assert {before for before, _ in pairs() if before} == set(State)
