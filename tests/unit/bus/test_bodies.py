"""Bodies as they are kept."""

from __future__ import annotations

import base64
import random

import pytest

from bus.journal.bodies import pack, unpack

_RANDOM = random.Random(7).randbytes(150_000)
_XML = "<HồSơ><Tên>Nguyễn Văn A</Tên></HồSơ>".encode()


@pytest.mark.parametrize(
    ("body", "most"),
    [
        (b"", 1.0),
        (b"<a/>", 1.0),
        (_XML * 40, 0.1),
        (_XML * 5_000, 0.1),
        (_XML * 40 + base64.b64encode(_RANDOM) + _XML, 0.8),
        (_RANDOM, 1.0),
    ],
    ids=["empty", "short", "text", "long text", "with an attachment", "does not shrink"],
)
def test_what_is_kept_comes_back(body: bytes, most: float) -> None:
    """Byte for byte, in never more room than it had."""
    packed = pack(body, "text/xml")
    assert unpack(packed.coding, packed.data) == body
    assert len(packed.data) <= most * len(body)
    assert packed.size == len(body)
