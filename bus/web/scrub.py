"""Takes secrets out of a refused body before it is kept as evidence: by name, since it may not be parseable."""

from __future__ import annotations

import re
from functools import lru_cache

_STARS = rb"\g<1>********"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def scrubbed(body: bytes, names: tuple[str, ...]) -> bytes:
    """The body with the text of the named elements and members starred out; nothing where that cannot be seen."""
    if not names:
        return body
    if body.startswith(_UTF16) or b"\x00" in body[:64]:
        return b""
    for pattern in _patterns(names):
        body = pattern.sub(_STARS, body)
    return body


@lru_cache(maxsize=64)
def _patterns(names: tuple[str, ...]) -> tuple[re.Pattern[bytes], ...]:
    anyone = "|".join(re.escape(name) for name in names).encode()
    text = rb"(?:<!\[CDATA\[.*?(?:\]\]>|\Z)|[^<]++)*+"
    value = rb'(?:"(?:[^"\\]|\\.)*+(?:"|\Z)|[^\s",}\]]+)'
    return (
        re.compile(rb"(<(?:[\w.-]+:)?(?:" + anyone + rb")(?:\s[^<>]*)?>)" + text, re.DOTALL),
        re.compile(rb'("(?:' + anyone + rb')"\s*:\s*)' + value, re.IGNORECASE | re.DOTALL),
    )
