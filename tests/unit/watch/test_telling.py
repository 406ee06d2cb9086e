"""What the log is told: once, then ever more seldom, and once when it is over."""

from __future__ import annotations

from bus.watch.liveness import Condition, Facts, Limits, Verdict, judge
from bus.watch.telling import Telling, Word

WELL = judge(Facts(), Limits())
WRONG = judge(Facts(journal_away=True), Limits())


def told(telling: Telling, verdict: Verdict, *times_s: float) -> list[Word]:
    """What is said of the same verdict at these times."""
    return [telling.of(verdict, now_s=at) for at in times_s]


def test_one_line_then_ever_more_seldom() -> None:
    """A night of trouble is a handful of lines, not ten thousand."""
    telling = Telling()
    night = [float(at) for at in range(0, 8 * 3600, 5)]
    words = told(telling, WRONG, *night)
    assert words[0] is Word.BEGINS
    assert words[1:12] == [Word.NOTHING] * 11
    assert 8 < words.count(Word.STAYS) < 16
    assert telling.of(WELL, now_s=9 * 3600) is Word.OVER
    assert told(telling, WELL, 40_000, 50_000) == [Word.NOTHING, Word.NOTHING]


def test_another_trouble_is_told_at_once() -> None:
    """What changes is news; how long it lasts is counted from the first."""
    telling = Telling()
    assert told(telling, WRONG, 0) == [Word.BEGINS]
    other = Verdict(Condition.WEDGED, "vi", "en", WRONG.problem)
    assert told(telling, other, 5, 10) == [Word.BEGINS, Word.NOTHING]
    assert telling.since_s == 0


def test_nothing_is_said_of_what_is_well() -> None:
    """A healthy bus writes nothing."""
    assert set(told(Telling(), WELL, *map(float, range(0, 9000, 5)))) == {Word.NOTHING}
