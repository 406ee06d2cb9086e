"""Where a poll goes after a page, tried on an imagined partner whose list changes between any two pages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.poll_rule import PollRule
from bus.polling.position import Go, Position, Sheet, begun, onward
from bus.polling.scale import Scale

NOW = datetime(2026, 7, 20, 2, 0, tzinfo=UTC)
PAGED = {"tu": "{mark}", "trang": "{page}"}
UP = PollRule(watermark="so", watermark_format="number", order="up", page=4, ask=PAGED, start="0")
ANY = replace(UP, order="any")


@dataclass
class Partner:
    """A list of (mark, name, version), given page by page."""

    rule: PollRule
    cap: int  # rows in a page at most, whatever was asked for
    says_more: bool
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)
    clock: int = 1

    def write(self, name: str, *, tick: bool) -> None:
        """A new or changed row; without a tick it shares the moment of the one before."""
        self.clock += tick
        version = self.rows[name][1] + 1 if name in self.rows else 1
        self.rows[name] = (self.clock, version)

    def page(self, position: Position) -> tuple[list[tuple[int, str, int]], bool]:
        rows = [(mark, name, v) for name, (mark, v) in self.rows.items() if mark >= int(position.since or 0)]
        rows.sort(key=lambda row: (row[0], row[1]) if self.rule.order == "up" else (-row[0], row[1]))
        size = min(self.rule.page, self.cap)
        start = position.page * size
        return rows[start : start + size], len(rows) > start + size


@dataclass
class Reader:
    """Our side: what it took, and its checkpoint, written down after every page."""

    partner: Partner
    text: str = ""
    took: set[tuple[str, int]] = field(default_factory=set)

    def run(self, *, pages: int = 200, between: object = None) -> Go:
        """One run; `between` is called before each page but the first."""
        rule = self.partner.rule
        position, before, again = begun(Position.read(self.text), rule), None, 0
        for number in range(pages):
            if number and callable(between):
                between()
            rows, more = self.partner.page(position)
            digests = tuple(f"{name}/{version}" for _, name, version in rows)
            fresh = [(name, v) for _, name, v in rows if f"{name}/{v}" not in position.seen]
            new = sum(one not in self.took for one in fresh)
            self.took.update(fresh)
            again = again + 1 if before == digests else 0
            sheet = Sheet(
                tuple(str(mark) for mark, _, _ in rows), digests, new,
                more=more if self.partner.says_more else None, again=again,
            )  # fmt: skip
            before = digests
            position, go = onward(position, sheet, rule, now=NOW)
            self.text = position.text()
            if go is not Go.ON:
                return go
        return Go.ON


NAMES = st.sampled_from([f"h{number}" for number in range(12)])
WRITES = st.lists(st.tuples(NAMES, st.booleans()), max_size=25)


@settings(max_examples=300, deadline=None)
@given(
    order=st.sampled_from(["up", "any"]), cap=st.integers(1, 5), says_more=st.booleans(),
    first=WRITES, then=st.lists(WRITES, max_size=6), cut=st.lists(st.integers(1, 6), max_size=4),
)  # fmt: skip
def test_no_row_is_passed_over(
    order: str, cap: int, says_more: bool, first: list[tuple[str, bool]], then: list[list[tuple[str, bool]]],
    cut: list[int],
) -> None:  # fmt: skip
    """However rows share moments, change between pages and runs are broken off: the last version of each is taken."""
    partner = Partner(replace(UP, order=order), cap, says_more)
    reader = Reader(partner)
    for name, tick in first:
        partner.write(name, tick=tick)
    changes = iter([(name, True) for writes in then for name, _ in writes])

    def change() -> None:
        for name, _ in (one for one in [next(changes, None)] if one):
            partner.write(name, tick=True)

    for pages in cut:  # runs that end in the middle, as if killed after a page
        reader.run(pages=pages, between=change)
    assert any(reader.run(between=change) is Go.OVER for _ in range(60))
    for _ in changes:  # what the runs above did not meet
        partner.write(_[0], tick=True)
    assert reader.run() is Go.OVER
    assert {(name, version) for name, (_, version) in partner.rows.items()} <= reader.took


@given(st.builds(
    Position, mark=st.text(), since=st.text(), high=st.text(), page=st.integers(0, 9), fresh=st.booleans(),
    most=st.integers(0, 9), cursor=st.text(), seen=st.lists(st.text()).map(tuple), left=st.lists(st.text()).map(tuple),
    owed=st.lists(st.tuples(st.text(), st.text())).map(tuple),
))  # fmt: skip
def test_kept_as_text(position: Position) -> None:
    """What the journal keeps is read back as it was."""
    assert Position.read(position.text()) == position


def test_the_same_page_again() -> None:
    """A full page that comes again although another was asked for: nobody goes on, the mark stays."""
    position = Position(mark="5", since="5", page=1)
    sheet = Sheet(("5",) * 4, ("a", "b", "c", "d"), new=0, again=3)
    moved, go = onward(position, sheet, UP, now=NOW)
    assert go is Go.STUCK
    assert (moved.mark, moved.page) == ("5", 0)


def test_ties_that_cannot_be_paged() -> None:
    """More rows of one moment than fit in a page, and no way to name a page: that is said, not passed over."""
    rule = replace(UP, ask={"tu": "{mark}"})
    sheet = Sheet(("5",) * 4, ("a", "b", "c", "d"), new=0)
    assert onward(Position(mark="5", since="5"), sheet, rule, now=NOW)[1] is Go.STUCK


def test_an_inbox_is_asked_from_the_front() -> None:
    """What is acknowledged leaves the list: after a page with something new the first page is asked for again."""
    rule = PollRule(ack="BaoNhan", page=2)
    assert onward(Position(), Sheet(("", ""), ("a", "b"), new=2), rule, now=NOW) == (
        Position(seen=("a", "b"), most=2), Go.ON,
    )  # fmt: skip
    assert onward(Position(), Sheet(("", ""), ("a", "b"), new=0), rule, now=NOW)[1] is Go.OVER


def test_an_inbox_behind_what_is_left_there() -> None:
    """Where pages can be named, items that stay in the inbox do not hide those behind them."""
    rule = PollRule(ack="BaoNhan", page=2, ask={"trang": "{page}"})
    moved, go = onward(Position(), Sheet(("", ""), ("a", "b"), new=0), rule, now=NOW)
    assert (moved.page, go) == (1, Go.ON)


def test_a_cursor() -> None:
    """A mark only the partner understands is given back; the same one again is the end."""
    rule = PollRule(cursor="tiep", page=2)
    moved, go = onward(Position(cursor="a"), Sheet(("", ""), ("x", "y"), new=2, cursor="b"), rule, now=NOW)
    assert (moved.cursor, go) == ("b", Go.ON)
    assert onward(moved, Sheet((), (), cursor="b"), rule, now=NOW)[1] is Go.OVER
    stuck = Sheet(("", ""), ("x", "y"), new=0, cursor="b", more=True)
    assert onward(moved, stuck, rule, now=NOW)[1] is Go.STUCK


def test_looking_back() -> None:
    """A run begins a little before the mark, written as the partner writes; a walk under way goes on as it was."""
    rule = PollRule(watermark="luc", watermark_format="dd/MM/yyyy HH:mm:ss", overlap="2m")
    assert begun(Position(mark="06/07/2026 00:01:00"), rule).since == "05/07/2026 23:59:00"
    walking = Position(mark="06/07/2026 00:01:00", since="01/07/2026 00:00:00", page=3)
    assert begun(walking, rule) == walking


@pytest.mark.parametrize(
    ("format", "low", "high"),
    [
        ("number", "9", "10"),
        ("iso", "2026-07-06T08:00:00+07:00", "2026-07-06T02:00:00Z"),
        ("dd/MM/yyyy", "30/06/2026", "01/07/2026"),
    ],
)
def test_marks_are_compared_by_what_they_mean(format: str, low: str, high: str) -> None:
    """Not by their letters; what is none is lower than all."""
    scale = Scale(PollRule(watermark_format=format))
    assert scale.above(high, low)
    assert not scale.above(low, high)
    assert scale.above(low, "không phải mốc")
    assert scale.highest((low, high, "")) == high


def test_a_far_future_does_not_carry_the_mark() -> None:
    """One row dated in a far year would hide all the others for ever."""
    scale = Scale(PollRule(watermark_format="iso", ahead="10m"))
    assert scale.highest(("2026-07-20T09:05:00+07:00", "2099-01-01T00:00:00+07:00"), until=NOW).startswith("2026")
