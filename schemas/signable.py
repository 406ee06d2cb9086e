"""Whether a file can carry a signature that we read: by its first bytes, not by its name."""

from __future__ import annotations

import base64

HEAD_BYTES = 1_024  # that are looked at
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # its object identifier, DER


def signable_kind(data: bytes) -> str:
    """ "pdf", "cms", or "" for what cannot carry one. Only the head is looked at.

    >>> signable_kind(b"%PDF-1.7 ...")
    'pdf'
    """
    head = data[:HEAD_BYTES]
    if b"%PDF-" in head:
        return "pdf"
    if b"-----BEGIN PKCS7-----" in head or b"-----BEGIN CMS-----" in head:
        return "cms"
    if head[:1] == b"\x30" and _SIGNED_DATA in head[:32]:
        return "cms"
    return "cms" if head[:3] == b"MII" and _SIGNED_DATA in _decoded(head) else ""


def _decoded(head: bytes) -> bytes:
    try:
        return base64.b64decode(head[:64])
    except ValueError:
        return b""
