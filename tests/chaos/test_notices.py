"""A ledger that cannot show a loss proves nothing: what is broken on purpose must be noticed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bus.simulators.judge import judge
from bus.simulators.ledger import Event, Item, Line
from tests.chaos.__main__ import main
from tests.chaos.disk import CannotRun
from tests.chaos.play import counted
from tests.chaos.row import COLUMNS, RECOVERY_LIMIT_S, Row, total, write

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


def _row(lines: Sequence[Line], **more: float) -> Row:
    return Row(**{"scenario": "x", "seed": 1, "faults": 1, **counted(judge(lines)), **more})


def _taken(lines: Sequence[Line], step: int) -> Line:
    return next(one for one in lines if one.event is Event.RECEIVED and one.item and one.item.step == step)


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


@pytest.mark.parametrize("more", [{"recovery_s": RECOVERY_LIMIT_S + 0.1}, {"stuck": 1}, {"faults": 0}])
def test_slow_stuck_or_idle_is_noticed(more: dict[str, float]) -> None:
    """Work that resumes too late, a delivery left open, and a scenario that did nothing are not in order."""
    assert not _row(_whole(), **more).ok


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
