"""Moments as people type them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bus.cli.moments import read_moment

NOW = datetime(2026, 7, 6, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("90s", "2026-07-06T07:58:30+00:00"),
        ("30m", "2026-07-06T07:30:00+00:00"),
        ("3d", "2026-07-03T08:00:00+00:00"),
        ("1w", "2026-06-29T08:00:00+00:00"),
        ("05/07/2026", "2026-07-05T00:00:00+07:00"),
        ("05/07/2026 13:05", "2026-07-05T13:05:00+07:00"),
        ("2026-07-05", "2026-07-05T00:00:00+07:00"),
        ("2026-07-05T13:05Z", "2026-07-05T13:05:00+00:00"),
    ],
)
def test_moments(text: str, iso: str) -> None:
    """Spans count back from now; days and times without an offset are Vietnam's."""
    assert read_moment(text, now=NOW).isoformat() == iso


@pytest.mark.parametrize("text", ["", "hôm qua", "31/02/2026", "2x", "99999999d"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    """Never a guess."""
    with pytest.raises(ValueError, match=r".*"):
        read_moment(text, now=NOW)
