"""Bodies as they are kept: compressed where that helps. Packed in the caller's thread, not in the writer's."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from schemas.message import sha256_hex

RAW, CANONICAL = "raw", "canonical"
_LONG, _SAMPLE = 32 * 1024, 8 * 1024  # bytes
_REPEATS = 0.6  # a text with repeats shrinks to less; base64 to three quarters


@dataclass(frozen=True, slots=True)
class Packed:
    """One body ready to be written."""

    media_type: str
    sha256: str
    size: int
    coding: str
    data: bytes


def pack(body: bytes, media_type: str) -> Packed:
    """Compresses at the quickest level: XML shrinks to a fifth, and the disk is the slower part."""
    squeezed = _squeezed(body) if len(body) > 256 else body
    small = len(squeezed) < len(body)
    return Packed(media_type, sha256_hex(body), len(body), "zlib" if small else "", squeezed if small else body)


def _squeezed(body: bytes) -> bytes:
    """What hardly repeats itself in the middle (an attachment) is compressed by the frequency of its signs alone:
    as small, in a third of the time."""
    part = body[len(body) // 2 :][:_SAMPLE]
    if len(body) < _LONG or len(zlib.compress(part, 1)) < _REPEATS * len(part):
        return zlib.compress(body, 1)
    quick = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_HUFFMAN_ONLY)
    return quick.compress(body) + quick.flush()


def unpack(coding: str, data: bytes) -> bytes:
    """The bytes as they were."""
    return zlib.decompress(data) if coding == "zlib" else data


def content_role(endpoint: str, *, replaced: int = 0) -> str:
    """What was sent to an endpoint; with `replaced` = the number of the replay that did away with it."""
    return f"content#{replaced}@{endpoint}" if replaced else f"content@{endpoint}"


def signature_role(endpoint: str, *, replaced: int = 0) -> str:
    """The detached signature of that content."""
    return f"signature#{replaced}@{endpoint}" if replaced else f"signature@{endpoint}"


def reply_role(endpoint: str, number: int) -> str:
    """What an endpoint replied to one attempt."""
    return f"reply:{number}@{endpoint}"
