"""For all policies and hours: what is written reads as the same, no try is planned past the deadline or when closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bus.days import VIETNAM
from bus.notation import read_notation, write_notation
from bus.outcome import Outcome
from bus.pauses import Pauses, exponential, fixed, listed
from bus.reading import LONGEST
from bus.records import NextStep
from bus.retry import RetryPolicy, decide
from bus.windows import ALWAYS, Holidays, Windows, read_windows, write_windows
from tests.unit.bus.test_retry import tried

_MS = timedelta(milliseconds=1)
spans = st.integers(1, LONGEST // _MS).map(lambda ms: ms * _MS)
jitters = st.integers(0, 100)


@st.composite
def pauses(draw: st.DrawFn) -> Pauses:
    """Of each shape."""
    jitter = draw(jitters)
    steps = draw(st.lists(spans, min_size=2, max_size=5))
    made = (exponential(min(steps), max(steps), jitter=jitter), fixed(steps[0], jitter=jitter))
    return draw(st.sampled_from((*made, listed(*steps, jitter=jitter))))


@st.composite
def hours(draw: st.DrawFn) -> Windows:
    """Any week with an open minute in it, holidays around two new years."""
    days = []
    for _ in range(7):
        marks = sorted(draw(st.sets(st.integers(0, 24 * 60), max_size=6)))
        days.append(tuple(zip(marks[::2], marks[1::2], strict=False)))
    days[draw(st.integers(0, 6))] = ((450, 1020),)
    first = date(2026, 12, 20)
    off = draw(st.sets(st.integers(0, 40), max_size=20))
    made_up = draw(st.dictionaries(st.integers(0, 40), st.integers(0, 6), max_size=3))
    table = Holidays(
        frozenset(first + timedelta(days=n) for n in off), {first + timedelta(days=n): d for n, d in made_up.items()}
    )
    return Windows(tuple(days), draw(st.booleans()), table)


policies = st.builds(
    RetryPolicy, timeout=spans, attempts=st.integers(2, 100_000), pauses=pauses(), deadline=spans,
    resolver_tries=st.integers(1, 999),
)  # fmt: skip
moments = st.datetimes(datetime(2026, 12, 1), datetime(2027, 2, 1)).map(lambda at: at.replace(tzinfo=UTC))


@given(policies)
def test_what_is_written_reads_as_the_same(policy: RetryPolicy) -> None:
    """Nothing is lost in the notation."""
    assert read_notation(write_notation(policy)) == policy


@given(pauses(), st.integers(1, 300), st.floats(0, 1, exclude_max=True))
def test_chance_only_shortens_and_pauses_never_shrink_by_failures(made: Pauses, failures: int, chance: float) -> None:
    """The exponential grows; each pause lies between its shortest and its longest."""
    assert timedelta(0) <= made.shortest(failures) <= made.pause(failures, chance=chance) <= made.longest(failures)
    if made.shape == "exp":
        assert made.longest(failures) <= made.longest(failures + 1) <= made.steps[1]


@given(policies, hours(), st.integers(0, 50), st.floats(0, 1, exclude_max=True), st.floats(0, 1e7), spans)
def test_no_try_is_planned_past_the_deadline_or_when_closed(
    policy: RetryPolicy, windows: Windows, used: int, chance: float, after: float, late: timedelta
) -> None:
    """Whatever the receiver asks for; and time never goes back."""
    policy = replace(policy, windows=windows)
    failed = tried(Outcome.THROTTLED, used=used, after=after)
    now = failed.since + late
    decision = decide(failed, policy, now=now, chance=chance)
    if decision.step is NextStep.WAIT:
        assert decision.next_at is not None
        assert now <= decision.next_at <= policy.expires_at(failed.since)
        assert windows.is_open(decision.next_at)
    elif used + 1 < policy.attempts:
        assert decision.expired
        assert now >= policy.expires_at(failed.since)


@given(hours(), moments)
def test_the_next_opening_is_open_and_the_first(windows: Windows, at: datetime) -> None:
    """Inside a window, never before `at`; nothing between is open."""
    opens = windows.opens(at)
    assert at <= opens
    assert windows.is_open(opens)
    assert opens.utcoffset() == timedelta(0)
    if opens > at:
        assert not windows.is_open(at)
        assert not windows.is_open(at + (opens - at) / 2)
        assert windows.opens(opens - timedelta(microseconds=1)) == opens


@given(hours(), moments, moments)
def test_later_never_opens_earlier(windows: Windows, one: datetime, other: datetime) -> None:
    """Monotone."""
    early, late = sorted((one, other))
    assert windows.opens(early) <= windows.opens(late)


@given(hours())
def test_hours_are_written_and_read_as_the_same(windows: Windows) -> None:
    """Touching hours are written as they are read; the clock is Viet Nam's, which never changes its offset."""
    assert read_windows(write_windows(windows)).with_holidays(windows.holidays) == windows
    assert ALWAYS.opens(datetime(2026, 1, 1, tzinfo=VIETNAM)) == datetime(2026, 1, 1, tzinfo=VIETNAM)
