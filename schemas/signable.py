"""Whether a file can carry a signature that we read: by its first bytes, not by its name."""

from __future__ import annotations

import base64
import re

HEAD_BYTES = 1_024  # that are looked at
_ARMOURS = (b"-----BEGIN PKCS7-----", b"-----BEGIN CMS-----", b"-----BEGIN PKCS #7 SIGNED DATA-----")
_NO_SIGN = re.compile(rb"[^A-Za-z0-9+/]")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # its object identifier, DER


def signable_kind(data: bytes) -> str:
    """ "pdf", "cms", or "" for what cannot carry one. Only the head is looked at.

    >>> signable_kind(b"%PDF-1.7 ...")
    'pdf'
    """
    head = data[:HEAD_BYTES]
    if head.startswith(b"%PDF-"):
        return "pdf"
    if any(each in head for each in _ARMOURS):
        return "cms"
    if head[:1] == b"\x30" and _SIGNED_DATA in head[:32]:
        return "cms"
    if _SIGNED_DATA in _decoded(head):
        return "cms"
    return "pdf" if b"%PDF-" in head else ""  # readers take one that begins later; what is around it came first


def _decoded(head: bytes) -> bytes:
    """The first bytes of what mail carries as base64, whatever form its length has. What is no sign of base64 hides
    nothing: who decodes it passes it over."""
    text = _NO_SIGN.sub(b"", head)[:64]
    try:
        return base64.b64decode(text[: len(text) // 4 * 4]) if text.startswith(b"M") else b""
    except ValueError:
        return b""
