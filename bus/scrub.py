"""Takes credentials out of a body before it is kept: by name, in any shape, since it may not be parseable.

They are the one thing in a message that is never written. The message's hash stays that of the bytes as they came.
"""

from __future__ import annotations

import re
from functools import lru_cache

from adapters.manifest import Manifest

_STARS = rb"\g<1>********"
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def secret_names(manifest: Manifest) -> tuple[str, ...]:
    """Local names of the elements and members that carry credentials."""
    password = manifest.auth.password.rpartition("/")[2] if manifest.auth is not None else ""
    token = "Password" if manifest.wire == "soap" else ""  # of a UsernameToken
    return tuple(sorted({*manifest.secrets, *filter(None, [password, token])}))


def scrubbed(body: bytes, names: tuple[str, ...]) -> bytes:
    """The body with the text of the named elements and members starred out; nothing where that cannot be seen.

    Linear in the body's length, whatever is in it.
    """
    if not names:
        return body
    codec = _wide(body)
    if codec:
        try:
            return scrubbed(body.decode(codec).encode(), names).decode().encode(codec)
        except UnicodeError:
            return b""
    if b"\x00" in body[:64]:
        return b""
    for pattern in _patterns(names):
        body = pattern.sub(_STARS, body)
    return body


def _wide(body: bytes) -> str:
    """UTF-16 by its mark, or by a first sign that is plain ASCII; else ""."""
    if body[2:4] == b"\x00\x00":  # UTF-32
        return ""
    first = body[:2]
    if first in _UTF16:
        return _UTF16[first]
    if len(first) < 2 or (first[0] == 0) is (first[1] == 0):
        return ""
    return "utf-16-le" if first[1] == 0 else "utf-16-be"


@lru_cache(maxsize=64)
def _patterns(names: tuple[str, ...]) -> tuple[re.Pattern[bytes], ...]:
    anyone = "|".join(re.escape(name) for name in names).encode()
    own_end = rb"<(?!/(?:[\w.-]+:)?(?:" + anyone + rb")\s*+>)"
    # Up to its own end tag: sections, comments and, where the sender broke its contract, whole elements.
    text = rb"(?:[^<]++|<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|" + own_end + rb"[^<>]*+>)*+"
    value = rb'(?:"(?:[^"\\]|\\.)*+(?:"|\Z)|[^\s",}\]]+)'
    spelled = "|".join("".join(_in_json(sign) for sign in name) for name in names).encode()
    return (
        re.compile(rb"(<(?:[\w.-]+:)?(?:" + anyone + rb")(?:\s(?:[^<>]*[^<>/])?)?>)" + text, re.DOTALL),
        re.compile(rb'("(?:' + spelled + rb')"\s*:\s*)' + value, re.IGNORECASE | re.DOTALL),
    )


def _in_json(sign: str) -> str:
    """JSON may write any letter of a name as an escape."""
    return rf"(?:{re.escape(sign)}|\\u{ord(sign):04x})"
