"""Rates as people write them."""

from __future__ import annotations

import pytest

from bus.rates import Rate, read_rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("5/s", Rate(5, 1, 5)),
        ("300/min", Rate(300, 60, 5)),
        ("20/h", Rate(20, 3600, 1)),
        ("5/s;12", Rate(5, 1, 12)),
        ("1/min; 3", Rate(1, 60, 3)),
    ],
)
def test_read(text: str, rate: Rate) -> None:
    """Without a burst, what comes in a second may go at once, at least one; and it is written as it was read."""
    assert read_rate(text) == rate
    assert read_rate(str(rate)) == rate


@pytest.mark.parametrize("text", ["", "5", "0/s", "-1/s", "5/ngày", "5/s;0", "1.5/s", "5/s;", "1234567/s"])
def test_refused(text: str) -> None:
    """What is no rate is refused with examples."""
    with pytest.raises(ValueError, match="300/min"):
        read_rate(text)
