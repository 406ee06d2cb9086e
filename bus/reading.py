"""Reads one line that a person wrote, character by character; what is wrong is said with its place."""

from __future__ import annotations

import re
from datetime import timedelta

_NUMBER = re.compile(r"[0-9]{1,9}")
_UNITS = {
    "ms": timedelta(milliseconds=1), "s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1),
    "d": timedelta(days=1),
}  # fmt: skip
_UNIT = re.compile("|".join(_UNITS))
_SHOWN = 200  # characters of what was written, in a message about it
LONGEST = timedelta(days=366)


class Misread(ValueError):
    """What was written cannot be read: where, and what was expected there."""

    def __init__(self, text: str, position: int, vi: str, en: str) -> None:
        self.text, self.position, self.vi, self.en = text, position, vi, en
        super().__init__(f"{self.marked()}: ký tự {position + 1}: cần {vi} / character {position + 1}: {en} expected")

    def marked(self) -> str:
        """The text with a mark before the place."""
        return f"{self.text[: self.position]}▸{self.text[self.position :]}"[:_SHOWN]


class Line:
    """A line and how far it was read. Spaces between words mean nothing."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._skip()

    @property
    def ended(self) -> bool:
        """Nothing is left."""
        return self.at >= len(self.text)

    def wrong(self, vi: str, en: str, *, at: int | None = None) -> Misread:
        """To be raised: something else was expected, here or there."""
        return Misread(self.text, self.at if at is None else at, vi, en)

    def next_is(self, mark: str) -> bool:
        """Whether `mark` stands here."""
        return self.text.startswith(mark, self.at)

    def took(self, mark: str) -> bool:
        """Reads past `mark` if it stands here."""
        if not self.next_is(mark):
            return False
        self.at += len(mark)
        self._skip()
        return True

    def need(self, mark: str) -> None:
        """Reads past `mark`."""
        if not self.took(mark):
            raise self.wrong(f"“{mark}”", f"“{mark}”")

    def match(self, pattern: re.Pattern[str], vi: str, en: str) -> re.Match[str]:
        """Reads what fits `pattern`."""
        if (found := pattern.match(self.text, self.at)) is None:
            raise self.wrong(vi, en)
        self.at = found.end()
        self._skip()
        return found

    def number(self, vi: str, en: str, *, least: int = 1) -> int:
        """A whole number."""
        at = self.at
        if (number := int(self.match(_NUMBER, vi, en)[0])) < least:
            raise self.wrong(f"{vi}, ít nhất {least}", f"{en}, at least {least}", at=at)
        return number

    def span(self, vi: str, en: str) -> timedelta:
        """A span of time as `90s`, `15m`, `1h30m`: more than nothing, a year at most."""
        begin, total = self.at, timedelta(0)
        vi, en = f"{vi} như 10s, 5m, 1h30m, 3d", f"{en} like 10s, 5m, 1h30m, 3d"
        while self.at == begin or _NUMBER.match(self.text, self.at):
            number = int(self.match(_NUMBER, vi, en)[0])
            unit = self.match(_UNIT, "đơn vị ms, s, m, h hay d", "a unit ms, s, m, h or d")[0]
            if number * _UNITS[unit].total_seconds() > LONGEST.total_seconds():
                raise self.wrong("khoảng không quá 366 ngày", "a span of 366 days at most", at=begin)
            total += number * _UNITS[unit]
        if not timedelta(0) < total <= LONGEST:
            raise self.wrong("khoảng hơn 0, không quá 366 ngày", "a span above 0, 366 days at most", at=begin)
        return total

    def end(self, vi: str, en: str) -> None:
        """Nothing may be left."""
        if not self.ended:
            raise self.wrong(vi, en)

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1


def span_text(span: timedelta) -> str:
    """A span as people write it, to the millisecond.

    >>> span_text(timedelta(minutes=90))
    '1h30m'
    """
    left = round(span / timedelta(milliseconds=1))
    parts: list[str] = []
    for unit in ("d", "h", "m", "s", "ms"):
        size = _UNITS[unit] // timedelta(milliseconds=1)
        many, left = divmod(left, size)
        if many:
            parts.append(f"{many}{unit}")
    return "".join(parts) or "0s"
