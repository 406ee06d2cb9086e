"""Moments, durations, sizes and counts as they are written in Vietnamese."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

_HERE = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in Vietnam."""

    day: str  # 06/07/2026
    clock: str  # 15:04:05
    iso: str  # for machines


def moment(at: datetime) -> Moment:
    """An aware moment, to the second."""
    here = at.astimezone(_HERE)
    return Moment(here.strftime("%d/%m/%Y"), here.strftime("%H:%M:%S"), here.isoformat(timespec="milliseconds"))


def count(number: int) -> str:
    """1.234.567"""
    return f"{number:,}".replace(",", ".")


def duration(ms: int) -> str:
    """15 ms, 1,5 giây"""
    return f"{ms} ms" if ms < 1000 else f"{ms / 1000:.1f} giây".replace(".", ",")


def size(size_bytes: int) -> str:
    """1.882 byte, 1,2 MB"""
    if size_bytes < 100_000:
        return f"{count(size_bytes)} byte"
    return f"{size_bytes / 1_000_000:.1f} MB".replace(".", ",")
