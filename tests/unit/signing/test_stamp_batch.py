"""When records are stamped: batches, probes after failures, authorities in order, the grace that runs."""

from __future__ import annotations

from datetime import timedelta

from signing.stamp.batch import BatchRules, Mode, Stamping, alarm, grace_left
from tests.unit.signing.issuer import NOW

RULES = BatchRules()
MINUTE = timedelta(minutes=1)


def test_full_batch_makes_the_next_begin_at_once() -> None:
    """A burst does not wait a minute per ten thousand."""
    assert Stamping().went_well(RULES, stamped=RULES.most, now=NOW).due(NOW)
    assert not Stamping().went_well(RULES, stamped=3, now=NOW).due(NOW + 59 * timedelta(seconds=1))
    assert Stamping().went_well(RULES, stamped=3, now=NOW).due(NOW + MINUTE)


def test_failure_asks_the_next_authority_at_once_and_then_probes_with_one_record() -> None:
    """One record at a time until somebody answers; all authorities first, then a try a minute."""
    first = Stamping().went_wrong(RULES, authorities=2, now=NOW)
    assert (first.mode, first.authority, first.take(RULES), first.due(NOW)) == (Mode.PROBE, 1, 1, True)
    second = first.went_wrong(RULES, authorities=2, now=NOW)
    assert (second.authority, second.due(NOW), second.due(NOW + MINUTE)) == (0, False, True)
    well = second.went_well(RULES, stamped=1, now=NOW + MINUTE)
    assert (well.mode, well.failures, well.due(NOW + MINUTE), well.take(RULES)) == (Mode.BATCH, 0, True, RULES.most)


def test_grace_is_a_clock_of_its_own() -> None:
    """What waits without a stamp is told at a quarter, a half, three quarters and the end of the grace."""
    ages = [0, 1, 2, 3, 4, 9]
    assert [alarm(NOW - age * timedelta(hours=1), RULES, now=NOW) for age in ages] == [0, 25, 50, 75, 100, 100]
    assert alarm(None, RULES, now=NOW) == 0
    assert grace_left(NOW - timedelta(hours=5), RULES, now=NOW) == -timedelta(hours=1)
