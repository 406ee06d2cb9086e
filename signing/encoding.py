"""Base64 as we take it: one text for one value, so that no signed character can be changed without a trace.

The standard decoder skips foreign characters and ignores spare bits; here both are refused.
"""

from __future__ import annotations

import base64
import binascii

_XML_SPACE = {ord(space): None for space in " \t\r\n"}


def to_base64(value: bytes) -> str:
    """Standard base64 with padding, in one line.

    >>> to_base64(b"ab")
    'YWI='
    """
    return base64.b64encode(value).decode("ascii")


def to_base64url(value: bytes) -> str:
    """URL-safe base64 without padding.

    >>> to_base64url(b"ab")
    'YWI'
    """
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def from_base64(text: str) -> bytes | None:
    """Bytes of standard base64; white space as XML knows it may stand between. None = not strict base64.

    >>> from_base64("YW\\nI=")
    b'ab'
    >>> from_base64("YWJ=") is None
    True
    """
    packed = text.translate(_XML_SPACE)
    value = _decoded(packed, altchars=None)
    return value if value is not None and to_base64(value) == packed else None


def from_base64url(text: str) -> bytes | None:
    """Bytes of URL-safe base64 without padding. None = not strict.

    >>> from_base64url("YWI")
    b'ab'
    >>> from_base64url("YWI=") is None
    True
    """
    value = _decoded(text + "=" * (-len(text) % 4), altchars=b"-_")
    return value if value is not None and to_base64url(value) == text else None


def _decoded(text: str, *, altchars: bytes | None) -> bytes | None:
    try:
        return base64.b64decode(text.encode("ascii"), altchars=altchars, validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
