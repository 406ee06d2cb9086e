"""Properties of signatures: no single byte of what is signed can change unseen, and every document can be signed."""

from __future__ import annotations

from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from signing.dsig import Verified, sign_enveloped, verify
from signing.encoding import from_base64, from_base64url, to_base64, to_base64url
from signing.jws import sign_detached, verify_detached
from tests.unit.signing.forge import canonical
from tests.unit.signing.kit import DOSSIER, p256

BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def _signed() -> bytes:
    return sign_enveloped(DOSSIER, p256().signing())


@cache
def _header() -> str:
    return sign_detached(DOSSIER, p256().signing())


def _same_or_refused(changed: bytes, was: bytes) -> None:
    result = verify(changed, p256().trusted())
    if isinstance(result, Verified):
        # A change that says nothing else (a space in a tag, in base64) may pass; then nothing else is believed.
        assert result.covered == was
    else:
        assert all(found.code.startswith(("LT-SIGN-", "LT-XML-", "LT-TEXT-")) for found in result)


@BOUNDED
@given(at=st.integers(0, len(DOSSIER) - 1), by=st.integers(1, 255))
def test_changed_byte_of_the_document_never_changes_what_is_believed(at: int, by: int) -> None:
    """Any byte of the signed document, changed to any other: refused, or the very same content."""
    signed = bytearray(_signed())
    signed[at] = (signed[at] + by) % 256
    _same_or_refused(bytes(signed), canonical(DOSSIER))


@BOUNDED
@given(data=st.data(), by=st.integers(1, 255))
def test_changed_byte_of_the_signature_never_changes_what_is_believed(data: st.DataObject, by: int) -> None:
    """Any byte of the Signature element, changed to any other."""
    signed = bytearray(_signed())
    at = data.draw(st.integers(signed.index(b"<ds:Signature "), len(signed) - 1))
    signed[at] = (signed[at] + by) % 256
    _same_or_refused(bytes(signed), canonical(DOSSIER))


@BOUNDED
@given(data=st.data())
def test_changed_text_is_always_refused(data: st.DataObject) -> None:
    """A letter of a text, changed to another letter, is always seen."""
    places = [place for place in range(len(DOSSIER)) if DOSSIER[place : place + 1] in b"HNguyn019-"]
    texts = [place for place in places if DOSSIER.rfind(b">", 0, place) > DOSSIER.rfind(b"<", 0, place)]
    at = data.draw(st.sampled_from(texts))
    signed = bytearray(_signed())
    signed[at] = data.draw(st.sampled_from([b for b in b"abcXYZ789" if b != signed[at]]))
    result = verify(bytes(signed), p256().trusted())
    assert not isinstance(result, Verified)
    assert [found.code for found in result] == ["LT-SIGN-035"]


@BOUNDED
@given(body=st.binary(max_size=2_000), at=st.integers(0, 10_000), by=st.integers(1, 255))
def test_changed_byte_of_a_body_is_always_refused(body: bytes, at: int, by: int) -> None:
    """A detached JWS holds for exactly the bytes it was made over."""
    header = sign_detached(body, p256().signing())
    assert verify_detached(body, header, p256().trusted()) == ()
    changed = bytearray(body or b"\0")
    changed[at % len(changed)] = (changed[at % len(changed)] + by) % 256
    assert [found.code for found in verify_detached(bytes(changed), header, p256().trusted())] == ["LT-SIGN-014"]


@BOUNDED
@given(at=st.integers(0, 10_000), to=st.characters())
def test_changed_character_of_a_header_is_always_refused(at: int, to: str) -> None:
    """One signature has one text: no character of it can be another."""
    header = _header()
    place = at % len(header)
    changed = header[:place] + to + header[place + 1 :]
    if changed != header:
        assert verify_detached(DOSSIER, changed, p256().trusted()) != ()


@BOUNDED
@given(header=st.text(max_size=300) | st.from_regex(r"[A-Za-z0-9_-]{0,80}\.\.[A-Za-z0-9_-]{0,90}", fullmatch=True))
def test_any_text_as_a_header_is_a_typed_refusal(header: str) -> None:
    """Whatever stands in the header, the answer is a problem, never an exception."""
    found = verify_detached(DOSSIER, header, p256().trusted())
    assert found
    assert found[0].code.startswith("LT-SIGN-01")


@BOUNDED
@given(document=st.binary(max_size=400))
def test_any_bytes_as_a_document_are_a_typed_refusal(document: bytes) -> None:
    """Whatever is sent as a signed document, the answer is a problem, never an exception."""
    result = verify(document, p256().trusted())
    assert not isinstance(result, Verified)
    assert result


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")) | st.sampled_from("\n\t<>&'\"]"), max_size=12
)
NAMES = st.sampled_from(["a", "b", "{urn:x}a", "{urn:x}b", "{urn:y}c"])


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> etree._Element:
    """Small trees with namespaces, attributes and mixed text."""
    prefixes = draw(st.sampled_from([{}, {None: "urn:x"}, {"p": "urn:x", "q": "urn:y"}, {"ds": "urn:y"}]))
    made = etree.Element(draw(NAMES), draw(st.dictionaries(NAMES, TEXT, max_size=2)), nsmap=prefixes)
    made.text = draw(TEXT)
    for child in draw(st.lists(elements(depth - 1), max_size=3)) if depth else []:
        made.append(child)
        child.tail = draw(TEXT)
    return made


@BOUNDED
@given(element=elements())
def test_every_document_can_be_signed_and_comes_back_whole(element: etree._Element) -> None:
    """Sign, then verify: the covered bytes are the canonical form of the document, whatever its namespaces."""
    document = etree.tostring(element, encoding="utf-8")
    result = verify(sign_enveloped(document, p256().signing()), p256().trusted())
    assert isinstance(result, Verified), result
    assert result.covered == canonical(document)


@given(value=st.binary(max_size=60), text=st.text(max_size=20))
def test_base64_has_one_text_for_one_value(value: bytes, text: str) -> None:
    """Decoding undoes encoding, and nothing else decodes."""
    assert from_base64(to_base64(value)) == value
    assert from_base64url(to_base64url(value)) == value
    decoded = from_base64url(text)
    assert decoded is None or to_base64url(decoded) == text
