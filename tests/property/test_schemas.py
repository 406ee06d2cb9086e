"""What must hold for any bytes: the parsers refuse with a problem or read, and never fall over."""

import json
import unicodedata
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from schemas.charset import utf8_fault
from schemas.jsondoc import JsonLimits, loads
from schemas.legacy_text import decode_legacy
from schemas.problem import Refused
from schemas.vietnamese import nfc, search_key
from schemas.xmldoc import XmlLimits, c14n, parse, to_bytes

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=30
)
SCRAPS = st.sampled_from(
    ["<a>", "</a>", "<", ">", "&", "&amp;", "<!--", "-->", "<![CDATA[", "]]>", '"', "=", "xmlns:x=", "ế", "\0"]
)
JSON_SCRAPS = st.sampled_from(
    ["{", "}", "[", "]", '"', "\\", ",", ":", "1", "e9", "-", "null", '"a":', "\\u", "d800", "ế"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def outcome(read: Callable[[], Any]) -> tuple[list[str], Any]:
    """Codes of the refusal (of problems with texts in both languages), and what was read."""
    try:
        return [], read()
    except Refused as refused:
        told = [problem.code for problem in refused.problems if problem.text_vi and problem.text_en]
        return told or ["no text"], None


def first_wrong_byte(body: bytes) -> int | None:
    try:
        body.decode()
    except UnicodeDecodeError as fault:
        return fault.start
    return None


def trees() -> st.SearchStrategy[etree._Element]:
    """Small elements with text and children."""

    def grow(inner: st.SearchStrategy[etree._Element]) -> st.SearchStrategy[etree._Element]:
        return st.builds(node, st.sampled_from(["a", "HoSo", "{urn:x}b"]), TEXT, st.lists(inner, max_size=3))

    return st.recursive(st.builds(node, st.just("c"), TEXT, st.just([])), grow, max_leaves=10)


def node(tag: str, text: str, children: list[etree._Element]) -> etree._Element:
    made = etree.Element(tag)
    made.text = text
    made.extend(children)
    return made


@given(st.binary(max_size=200) | st.lists(SCRAPS, max_size=20).map(lambda parts: "".join(parts).encode()))
def test_xml_is_read_or_refused(body: bytes) -> None:
    """Any bytes give an element, or exactly one problem with texts in both languages."""
    codes, root = outcome(lambda: parse(body))
    assert (len(codes) == 1) != isinstance(root, etree._Element)


@given(st.binary(max_size=200) | st.lists(JSON_SCRAPS, max_size=30).map(lambda parts: "".join(parts).encode()))
def test_json_is_read_as_the_standard_says_or_refused(body: bytes) -> None:
    """Whatever is not refused is read as the standard library reads it."""
    codes, value = outcome(lambda: loads(body))
    assert len(codes) <= 1
    if not codes:
        assert value == json.loads(body.decode("utf-8-sig"))


@given(VALUES)
def test_sound_json_is_never_refused(value: Any) -> None:
    """Everything json.dumps can write is read back, escaped or not."""
    for ascii_only in (True, False):
        assert loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(
    st.recursive(st.just([]), lambda inner: st.lists(inner | st.just('"]["\\'), max_size=3), max_leaves=30),
    st.integers(1, 8),
)
def test_json_depth_is_counted_exactly(value: Any, limit: int) -> None:
    """The guard's count on bytes agrees with the real nesting, whatever strings hold."""

    def depth(item: Any) -> int:
        return 1 + max(map(depth, item), default=0) if isinstance(item, list) else 0

    codes, _ = outcome(lambda: loads(json.dumps(value).encode(), limits=JsonLimits(depth=limit)))
    assert codes == (["LT-JSON-002"] if depth(value) > limit else [])


@given(trees())
def test_xml_goes_out_and_comes_back(element: etree._Element) -> None:
    """What to_bytes writes, parse reads to the same canonical form."""
    assert c14n(parse(to_bytes(element))) == c14n(element)


@given(trees(), st.integers(1, 6))
def test_xml_depth_is_counted_exactly(element: etree._Element, limit: int) -> None:
    """One level more than allowed is refused, and nothing less."""

    def depth(item: etree._Element) -> int:
        return 1 + max(map(depth, item), default=0)

    codes, _ = outcome(lambda: parse(to_bytes(element), limits=XmlLimits(depth=limit)))
    assert codes == (["LT-XML-004"] if depth(element) > limit else [])


@given(st.binary(max_size=40), st.integers(65_500, 65_560))
@settings(max_examples=50)
def test_first_wrong_byte_is_found_across_blocks(tail: bytes, head: int) -> None:
    """The offset of the first wrong byte is right also where a block ends inside a character."""
    body = b"x" * head + "ễ".encode() + tail
    fault = utf8_fault(body)
    first = first_wrong_byte(body)
    assert (fault.theirs.path if fault and fault.theirs else "") == ("" if first is None else f"byte {first + 1}")


@given(st.text(max_size=40))
def test_search_key_is_stable(text: str) -> None:
    """A key is its own key, and the form of the text does not matter."""
    key = search_key(text)
    assert search_key(key) == key
    assert search_key(nfc(text)) == search_key(unicodedata.normalize("NFD", text))


@given(st.binary(max_size=60), st.sampled_from(["tcvn3", "vni", "cp1258"]))
def test_old_charsets_give_nfc_or_an_offset(body: bytes, charset: str) -> None:
    """Any bytes become NFC text, or the offset of the first byte that cannot be read."""
    try:
        text = decode_legacy(body, charset)
    except UnicodeDecodeError as fault:
        text = decode_legacy(body[: fault.start], charset)  # all before the offset can be read
    assert unicodedata.is_normalized("NFC", text)
