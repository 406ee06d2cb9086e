"""Watermarks as partners write them: which is higher, what lies so far before one. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from adapters.mapping.kinds.layout import Layout, layout
from adapters.poll_rule import PollRule, span_s

NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Scale:
    """The order of one poll's watermarks. Texts that are none are lower than all."""

    rule: PollRule

    def value(self, text: str) -> Decimal | None:
        """Something to compare by: the number, or seconds since 1970; None = it is no watermark."""
        if not text:
            return None
        if self.rule.watermark_format == NUMBER:
            try:
                return Decimal(text)
            except InvalidOperation:
                return None
        moment = self._moment(text)
        return None if moment is None else Decimal(str(moment.timestamp()))

    def above(self, text: str, other: str) -> bool:
        """Strictly higher."""
        one, two = self.value(text), self.value(other)
        return one is not None and (two is None or one > two)

    def highest(self, texts: Iterable[str], *, until: datetime | None = None) -> str:
        """The highest of some; "" = none. With `until`, what lies ahead of that moment by more than the rule allows
        is passed over: one row dated in a far year must not carry the mark past all the others."""
        found = [(value, text) for text in texts if (value := self.value(text)) is not None]
        if until is not None and self.rule.watermark_format != NUMBER:
            limit = Decimal(str((until + timedelta(seconds=span_s(self.rule.ahead))).timestamp()))
            found = [(value, text) for value, text in found if value <= limit]
        return max(found)[1] if found else ""

    def back(self, text: str, seconds: float) -> str:
        """So far before a mark, in the partner's form; a number stays what it is."""
        moment = self._moment(text) if seconds and self.rule.watermark_format != NUMBER else None
        written = layout(self.rule.watermark_format) if moment is not None else None
        if moment is None or not isinstance(written, Layout):
            return text
        return written.write(moment - timedelta(seconds=seconds))

    def _moment(self, text: str) -> datetime | None:
        written = layout(self.rule.watermark_format)
        moment = written.read(text) if isinstance(written, Layout) else None
        return moment.astimezone(UTC) if isinstance(moment, datetime) else None
