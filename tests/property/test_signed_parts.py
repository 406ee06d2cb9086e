"""Signed parts of any XML: written otherwise they are taken; with one byte more, less or other they are refused, or
they say to the last canonical byte what was signed.
"""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from signing.dsig import Verified, sign_enveloped, verify
from signing.dsig.sign import spliced
from signing.gate import Passed, pass_gate
from signing.policy import PARTNER_LEGACY
from signing.wss import MemoryReplays
from tests.attacks.soap import NOW, RULES, envelope, signed, trusted
from tests.property.written_xml import Node, nodes, written
from tests.unit.signing.forge import canonical
from tests.unit.signing.kit import p256

BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SEEDS = st.integers(0, 2**32)


@st.composite
def strokes(draw: st.DrawFn) -> tuple[str, float, int]:
    """One byte: put in, left out or changed; where (as a share of the whole); to which."""
    kind = draw(st.sampled_from(["in", "out", "other", "letter"]))
    to = draw(st.sampled_from(b"<>&'\"/=:; \t\r\n!?-[]aZ09#x")) if kind == "letter" else draw(st.integers(0, 255))
    return kind, draw(st.floats(0, 1, exclude_max=True)), to


def struck(data: bytes, start: int, end: int, stroke: tuple[str, float, int]) -> bytes:
    """The stroke, somewhere between these places."""
    kind, share, to = stroke
    at = start + int(share * (end - start))
    return data[:at] + (b"" if kind == "out" else bytes([to])) + data[at + (kind != "in") :]


def _signed(text: str) -> tuple[bytes, bytes, int]:
    """The document, its Signature, and where that begins."""
    made = sign_enveloped(text.encode(), p256().signing())
    start, end = made.rindex(b"<ds:Signature "), made.rindex(b"</ds:Signature>") + len(b"</ds:Signature>")
    return made, made[start:end], start


@BOUNDED
@given(node=nodes(), first=SEEDS, second=SEEDS)
def test_writing_of_others_generates_one_canonical_form(node: Node, first: int, second: int) -> None:
    """The two writings of these tests do say the same: what is claimed below is not claimed of nothing."""
    assert canonical(written(node, first).encode()) == canonical(written(node, second).encode())


@BOUNDED
@given(node=nodes(), first=SEEDS, second=SEEDS)
def test_document_written_otherwise_is_taken(node: Node, first: int, second: int) -> None:
    """Quotes, references, CDATA, line ends, order of attributes, white space in tags, places of declarations."""
    _, signature, _ = _signed(written(node, first))
    other = spliced(written(node, second).encode(), signature)
    result = verify(other, p256().trusted())
    assert isinstance(result, Verified), result
    assert result.covered == canonical(written(node, first).encode())


@BOUNDED
@given(node=nodes(), seed=SEEDS, stroke=strokes())
def test_byte_of_a_document_is_seen_or_says_nothing(node: Node, seed: int, stroke: tuple[str, float, int]) -> None:
    """Refused by a problem, or covering the very same canonical bytes."""
    made, _, start = _signed(written(node, seed))
    changed = struck(made, 0, start, stroke)
    assume(changed != made)
    result = verify(changed, p256().trusted())
    if isinstance(result, Verified):
        assert result.covered == canonical(written(node, seed).encode())
        assert canonical(etree.tostring(result.element, with_tail=False)) == result.covered
    else:
        assert result[0].code.startswith(("LT-SIGN-", "LT-XML-", "LT-TEXT-"))


@BOUNDED
@given(node=nodes(2), first=SEEDS, second=SEEDS)
def test_body_of_a_message_written_otherwise_is_taken(node: Node, first: int, second: int) -> None:
    """The same for the parts of a SOAP message."""
    message = signed(envelope(content=written(node, first))).replace(
        written(node, first).encode(), written(node, second).encode()
    )
    assert isinstance(pass_gate(message, RULES, trusted(), replays=MemoryReplays(), now=NOW), Passed)


@BOUNDED
@given(node=nodes(2), seed=SEEDS, stroke=strokes())
def test_byte_of_a_message_is_seen_or_says_nothing(node: Node, seed: int, stroke: tuple[str, float, int]) -> None:
    """Anywhere in the message, its headers and its signature too: what is believed is what was signed."""
    message = signed(envelope(content=written(node, seed)))
    honest = pass_gate(message, RULES, trusted(), replays=MemoryReplays(), now=NOW)
    changed = struck(message, 0, len(message), stroke)
    found = pass_gate(changed, RULES, trusted(), replays=MemoryReplays(), now=NOW)
    assert isinstance(honest, Passed)
    if isinstance(found, Passed):
        assert sorted(part.canonical for part in found.parts) == sorted(part.canonical for part in honest.parts)
        assert found.message_id == honest.message_id


@BOUNDED
@given(node=nodes(2), seed=SEEDS, stroke=strokes())
def test_byte_of_a_part_signed_by_id_is_seen_or_says_nothing(
    node: Node, seed: int, stroke: tuple[str, float, int]
) -> None:
    """The wide policy too: an enveloped signature in a larger document."""
    made, _, start = _signed(written(node, seed))
    keys = p256().trusted()
    honest, found = (verify(each, keys, PARTNER_LEGACY) for each in (made, struck(made, 0, start, stroke)))
    assert isinstance(honest, Verified)
    assert not isinstance(found, Verified) or found.covered == honest.covered
