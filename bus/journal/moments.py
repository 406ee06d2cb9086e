"""Times as the journal keeps them: microseconds since the epoch, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Aware datetime → microseconds since the epoch."""
    return (moment - _EPOCH) // _MICROSECOND


def maybe_us(moment: datetime | None) -> int | None:
    """The same, None stays None."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def from_us(moment: int) -> datetime:
    """Microseconds since the epoch → aware datetime, UTC."""
    return _EPOCH + timedelta(microseconds=moment)


def maybe_from_us(moment: int | None) -> datetime | None:
    """The same, None stays None."""
    return None if moment is None else from_us(moment)


def month_of(moment: datetime) -> str:
    """The partition a message belongs to, "YYYY-MM" in UTC."""
    at = moment.astimezone(UTC)
    return f"{at.year:04d}-{at.month:02d}"


def months_from(moment: datetime, *, many: int = 3) -> tuple[str, ...]:
    """The month of a moment and those after it, "YYYY-MM"."""
    at = moment.astimezone(UTC)
    months = [at.year * 12 + at.month - 1 + ahead for ahead in range(many)]
    return tuple(f"{month // 12:04d}-{month % 12 + 1:02d}" for month in months)
