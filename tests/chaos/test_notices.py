"""A ledger that cannot show a loss proves nothing: what is broken on purpose must be noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from bus.delivery import Pattern
from bus.outcome import Outcome
from bus.records import Journey
from bus.simulators.judge import judge
from bus.simulators.ledger import Event, Item, Line
from tests.chaos.__main__ import main, spread
from tests.chaos.bugs import BUGS
from tests.chaos.disk import CannotRun
from tests.chaos.explain import (
    BY_A_PERSON,
    LEASE_LOST,
    NO_RESULT,
    NOT_ACKNOWLEDGED,
    REPLY_LOST,
    UNEXPLAINED,
    cause,
    repeats,
)
from tests.chaos.play import control, counted, explained
from tests.chaos.row import COLUMNS, RECOVERY_LIMIT_S, Row, total, write
from tests.chaos.scenarios import LONG, Scenario

Broken = Callable[[Sequence[Line]], list[Line]]


def _whole() -> list[Line]:
    """A dossier and three steps: accepted, each taken by the portal in its own call."""
    found: list[Line] = []
    for step in range(4):
        item = Item("tien_do" if step else "ho_so", "H99.12-260706-00001", step, content={"text": f"Bước {step}"})
        sent = {"who": "cmon", "run": "a", "call": step + 1}
        told = replace(item, to=("portal",))
        found += [
            Line(event=Event.OFFERED, at=float(step), item=told, **sent),
            Line(event=Event.ACCEPTED, at=step + 0.1, item=told, **sent),
            Line(event=Event.RECEIVED, who="portal", run="b", call=step + 1, at=step + 0.2, item=item, committed=True),
            Line(event=Event.ANSWERED, who="portal", run="b", call=step + 1, at=step + 0.3),
        ]
    return found


def _row(lines: Sequence[Line], **more: float | str) -> Row:
    return Row(**{"scenario": "x", "seed": 1, "faults": 1, **counted(judge(lines)), **more})


def _taken(lines: Sequence[Line], step: int) -> Line:
    return next(one for one in lines if one.event is Event.RECEIVED and one.item and one.item.step == step)


def _journey(pattern: Pattern, attempts: list[tuple[int, Outcome, float]], actions: list[dict[str, object]]) -> Journey:
    """As far as a cause is looked for in it."""
    delivery = SimpleNamespace(id="d", endpoint="cong_dvcqg", pattern=pattern)
    tried = [
        SimpleNamespace(delivery_id="d", number=number, outcome=outcome, started_at=datetime.fromtimestamp(at, UTC))
        for number, outcome, at in attempts
    ]
    return cast("Journey", SimpleNamespace(deliveries=[delivery], attempts=tried, actions=actions))


def _line_removed(lines: Sequence[Line]) -> list[Line]:
    return [one for one in lines if one is not _taken(lines, 2)]


def _taken_twice(lines: Sequence[Line]) -> list[Line]:
    return [*lines, replace(_taken(lines, 2), call=9, at=9.0)]


def _taken_late(lines: Sequence[Line]) -> list[Line]:
    late = _taken(lines, 1)
    return [replace(one, call=9, at=9.0) if one is late else one for one in lines]


def _answered_late(lines: Sequence[Line]) -> list[Line]:
    return [replace(one, at=2.25) if one.event is Event.ANSWERED and one.call == 2 else one for one in lines]


def _altered(lines: Sequence[Line]) -> list[Line]:
    was = _taken(lines, 3)
    assert was.item is not None
    other = replace(was, item=replace(was.item, content={"text": "Bước 4"}))
    return [other if one is was else one for one in lines]


def _invented(lines: Sequence[Line]) -> list[Line]:
    was = _taken(lines, 3)
    assert was.item is not None
    return [*lines, replace(was, call=9, at=9.0, item=replace(was.item, step=4))]


def test_a_whole_ledger_is_in_order() -> None:
    """Without a fault nothing is found: or the tests below would prove nothing."""
    row = _row(_whole())
    assert (row.ok, row.accepted, row.delivered) == (True, 4, 4)


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (_line_removed, "lost"),
        (_taken_twice, "duplicates"),
        (_taken_late, "reordered"),
        (_answered_late, "overlapped"),
        (_altered, "wrong"),
        (_invented, "wrong"),
    ],
)
def test_one_broken_line_is_noticed(broken: Broken, where: str) -> None:
    """One line removed, doubled, late or altered shows in its column, and the scenario is not in order."""
    row = _row(broken(_whole()))
    assert getattr(row, where) == 1
    assert not row.ok


@pytest.mark.parametrize(
    "more",
    [{"recovery_s": RECOVERY_LIMIT_S + 0.1}, {"recovery_s": 10.1, "limit_s": 10.0}, {"stuck": 1}, {"faults": 0}],
)
def test_slow_stuck_or_idle_is_noticed(more: dict[str, float]) -> None:
    """Work that resumes too late, a delivery left open, and a scenario that did nothing are not in order."""
    assert not _row(_whole(), **more).ok


def test_a_repeat_needs_a_cause() -> None:
    """The same once more, harmless to the receiver: in order only if the journal says why."""
    again = replace(_taken(_whole(), 0), call=9, at=9.0, again=True)
    lines = [*_whole(), again]
    assert list(repeats(lines)) == [again]
    assert not _row(lines, **explained({UNEXPLAINED: 1})).ok
    row = _row(lines, **explained({REPLY_LOST: 1}))
    assert (row.ok, row.repeats, row.causes) == (True, 1, "reply lost 1")


@pytest.mark.parametrize(
    ("pattern", "attempts", "actions", "why"),
    [
        (Pattern.PUSH, [(1, Outcome.ACCEPTED, 1.0)], [], UNEXPLAINED),
        (Pattern.PUSH, [(1, Outcome.UNAVAILABLE, 1.0), (2, Outcome.ACCEPTED, 2.0)], [], UNEXPLAINED),
        (Pattern.PUSH, [(1, Outcome.UNCLEAR, 1.0), (2, Outcome.ACCEPTED, 2.0)], [], REPLY_LOST),
        (Pattern.PUSH, [(2, Outcome.ACCEPTED, 2.0)], [], NO_RESULT),
        (Pattern.PUSH, [(1, Outcome.ACCEPTED, 1.0), (2, Outcome.DUPLICATE, 2.0)], [], LEASE_LOST),
        (Pattern.PUSH, [(1, Outcome.ACCEPTED, 1.0)], [{"act": "replay"}], BY_A_PERSON),
        (Pattern.PULL, [(0, Outcome.ACCEPTED, 12.0)], [], NOT_ACKNOWLEDGED),
        (Pattern.PULL, [(0, Outcome.ACCEPTED, 3.0)], [], UNEXPLAINED),
    ],
)
def test_a_cause_is_what_the_journal_says(
    pattern: Pattern, attempts: list[tuple[int, Outcome, float]], actions: list[dict[str, object]], why: str
) -> None:
    """A blind re-send has no cause: nothing was lost, nobody died, nobody asked for it."""
    line = replace(_taken(_whole(), 0), call=9, at=9.0, again=True)
    assert cause(line, "cong_dvcqg", [_journey(pattern, attempts, actions)]) == why


@pytest.mark.parametrize(
    ("forgets", "gone", "fine"),
    [(None, 0, True), (None, 5, True), (True, 5, True), (True, 0, False), (False, 0, True), (False, 5, False)],
)
def test_a_power_cut_that_shows_nothing_proves_nothing(forgets: bool | None, gone: int, fine: bool) -> None:
    """With `everysec` something acknowledged must be gone, with `always` nothing may."""
    scenario = Scenario("x", (), 1, forgets=forgets)
    assert (control(scenario, Counter(forgotten=gone, acknowledged=9)) == "") is fine


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_is_noticed_only_for_its_reason(bug: str) -> None:
    """A scenario that could not even begin, or failed for another reason, has not noticed the bug."""
    row = _row(_whole())
    shown = replace(row, **{BUGS[bug].columns[0]: 1})
    assert BUGS[bug].noticed(shown)
    assert not BUGS[bug].noticed(row)
    assert not BUGS[bug].noticed(replace(shown, faults=0))


def test_faults_are_spread() -> None:
    """The long form has a hundred faults and more; however few are asked for, every scenario has one."""
    assert sum(spread(LONG, 0).values()) >= 100
    assert min(spread(LONG, 10).values()) == 1
    assert abs(sum(spread(LONG, 200).values()) - 200) <= len(LONG)


def test_the_exit_status_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make chaos` fails if one row is not in order, and the ledger is written all the same."""
    import tests.chaos.__main__ as chaos

    for lines, status in ((_whole(), 0), (_line_removed(_whole()), 1)):
        monkeypatch.setattr(chaos, "play", lambda *_, lines=lines, **__: _row(lines))
        assert main(["--only", "flush-all", "--out", str(tmp_path / "chaos.tsv")]) == status
        assert len((tmp_path / "chaos.tsv").read_text().splitlines()) == 3


def test_what_cannot_run_here_stays_in_the_ledger(tmp_path: Path) -> None:
    """With its reason, and not as a success."""
    rows = [_row(_whole()), CannotRun("mounting is not permitted").row("full-disk", 1)]
    write([*rows, total(rows)], tmp_path / "chaos.tsv")
    head, _, told, summed = (line.split("\t") for line in (tmp_path / "chaos.tsv").read_text().splitlines())
    assert tuple(head) == COLUMNS
    assert told[COLUMNS.index("ok")] == "not run"
    assert "mounting is not permitted" in told[COLUMNS.index("note")]
    assert summed[COLUMNS.index("faults")] == "1"
