"""Switches and dice."""

from __future__ import annotations

import pytest

from bus.simulators.switches import Dice, Fate, Switches


@pytest.mark.parametrize(
    ("name", "fate"),
    [
        ("error_rate", Fate.ERROR),
        ("business_error_rate", Fate.BUSINESS),
        ("html_rate", Fate.HTML),
        ("drop_after_commit", Fate.DROP),
        ("bad_code_rate", Fate.BAD_CODE),
    ],
)
def test_rates_strike_as_often_as_they_say(name: str, fate: Fate) -> None:
    """Rate 1 always strikes, rate 0 never, a quarter about every fourth time."""
    dice = Dice(1)

    def share(rate: float) -> float:
        switches = Switches().changed({name: rate})
        return sum(dice.draw(number, switches).fate is fate for number in range(1000)) / 1000

    assert share(1.0) == 1
    assert share(0.0) == 0
    assert 0.2 < share(0.25) < 0.3


def test_a_draw_depends_on_seed_and_number_only() -> None:
    """The same call number meets the same fate whatever was drawn before."""
    switches = Switches(error_rate=0.5, jitter_ms=100)
    forward = [Dice(5).draw(number, switches) for number in range(50)]
    backward = [Dice(5).draw(number, switches) for number in reversed(range(50))]
    assert forward == backward[::-1]
    assert forward != [Dice(6).draw(number, switches) for number in range(50)]


@pytest.mark.parametrize("changes", [{"error_rate": 1.5}, {"error_rate": -1}, {"error_rate": "x"}, {"jitter_ms": True}])
def test_values_out_of_range_are_refused(changes: dict[str, object]) -> None:
    """Rates are between 0 and 1, delays not negative, both are numbers."""
    with pytest.raises(ValueError, match=next(iter(changes))):
        Switches().changed(changes)
