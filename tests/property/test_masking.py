"""Nothing that was not declared harmless comes through, whatever the body looks like."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from bus.masking import mask_body, mask_code, mask_text

_NAMES = st.sampled_from(["hoTen", "soCmnd", "MaHoSo", "NgayTra", "trangThai", "GhiChu", "Ma", "x.y", "Nguyễn"])
_SECRETS = st.sampled_from(["Nguyễn Thị Kín", "099000000099", "kin@vidu.example", "Số 1 ngõ Kín", "099000099"])
_LEAVES = st.one_of(_SECRETS, st.just(""), st.none(), st.booleans())
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES | _SECRETS, inner, max_size=4),
    max_leaves=12,
)
_HIDDEN = ("Kín", "099000000099", "kin@", "099000099")


@given(_TREES.filter(lambda value: isinstance(value, (dict, list))))
def test_no_secret_leaves_json(value: object) -> None:
    """Names, numbers, mails and addresses stay inside, as values and as keys; what is shown is JSON."""
    masked = mask_body(json.dumps(value, ensure_ascii=False).encode())
    assert masked.form == "json"
    assert [secret for secret in _HIDDEN if secret in masked.text] == []
    json.loads(masked.text)


_TAGS = st.sampled_from(["hoTen", "maSoHoSo", "ngayTra", "trangThai", "ghiChu", "Ma", "code"])


@st.composite
def _elements(draw: st.DrawFn, depth: int = 3) -> etree._Element:
    made = etree.Element(draw(_TAGS))
    made.text = draw(st.one_of(_SECRETS, st.just("")))
    if draw(st.booleans()):
        made.set(draw(_TAGS), draw(_SECRETS))
    for _ in range(draw(st.integers(0, 2)) if depth else 0):
        child = draw(_elements(depth=depth - 1))
        child.tail = draw(st.one_of(_SECRETS, st.just("")))
        made.append(child)
    return made


@given(_elements())
def test_no_secret_leaves_xml(element: etree._Element) -> None:
    """The same for elements, attributes and text between elements; every element is still there."""
    masked = mask_body(etree.tostring(element, encoding="UTF-8"))
    assert masked.form == "xml"
    assert [secret for secret in _HIDDEN if secret in masked.text] == []
    assert len(etree.fromstring(masked.text.encode()).xpath("//*")) == len(element.xpath("//*"))


@given(st.text(max_size=60), _SECRETS.filter(lambda secret: "ngõ" not in secret), st.text(max_size=60))
def test_no_number_leaves_a_sentence(before: str, secret: str, after: str) -> None:
    """Whatever stands around it, set off by a space."""
    masked = mask_text(f"{before} {secret} {after}")
    assert secret not in masked


@given(st.text(max_size=80))
def test_covering_twice_changes_nothing(text: str) -> None:
    """What is covered stays as it is."""
    assert mask_code(mask_code(text)) == mask_code(text)
    assert mask_text(mask_text(text)) == mask_text(text)
