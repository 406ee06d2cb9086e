"""How fast an endpoint may be sent to: "5/s", "300/min", "20/h"; "5/s;10" lets ten go at once after a rest. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPANS = {"s": 1, "min": 60, "h": 3600}
_FORM = re.compile(r"(?P<count>[1-9]\d{0,5})/(?P<span>s|min|h)(;(?P<burst>[1-9]\d{0,5}))?")


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `count` tokens come in `span_s` seconds, evenly; at most `burst` are kept."""

    count: int
    span_s: int
    burst: int

    def __str__(self) -> str:
        span = next(name for name, seconds in _SPANS.items() if seconds == self.span_s)
        text = f"{self.count}/{span}"
        return text if self.burst == _natural(self.count, self.span_s) else f"{text};{self.burst}"


def read_rate(text: str) -> Rate:
    """From what stands in the settings or what a person types. Without a burst: what comes in a second, at least one.

    Raises:
        ValueError: not such a text.
    """
    found = _FORM.fullmatch(text.replace(" ", ""))
    if found is None:
        raise ValueError(f"không phải tốc độ kiểu 5/s, 300/min, 20/h, 5/s;10 / not a rate like these: {text}")
    count, span_s = int(found["count"]), _SPANS[found["span"]]
    return Rate(count, span_s, int(found["burst"] or _natural(count, span_s)))


def _natural(count: int, span_s: int) -> int:
    return max(1, count // span_s)
