"""For any value of the schema's shape, JSON → XML → JSON is the identity; for any other, a named refusal."""

from __future__ import annotations

import json
from typing import Any  # generated JSON

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.wire.jsonxml import compact, json_to_xml, xml_to_json
from schemas.jsondoc import loads
from schemas.problem import Problem, Refused, Stage
from tests.unit.wire.parts import portal_system

SYSTEM = portal_system()
SHAPE = SYSTEM.schema.shape("DongBo")

# What XML carries unchanged: no control characters (a carriage return would come back as a line feed).
TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"), max_size=20)
FILE = st.fixed_dictionaries({"Ten": TEXT}, optional={"The": st.lists(TEXT, min_size=1, max_size=3)})
ITEM = st.fixed_dictionaries(
    {"MaHoSo": TEXT},
    optional={
        "SoTien": st.decimals(-(10**12), 10**12, places=2).map(float),
        "DaThu": st.booleans(),
        "SoLan": st.integers(-(2**31), 2**31 - 1),
        "GhiChu": TEXT,
        "Tep": st.lists(FILE, min_size=1, max_size=3),
    },
)
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
NAME = st.sampled_from(["MaHoSo", "SoTien", "Tep", "Ten", "x"])
ANY = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAME, inner, max_size=3), max_leaves=12
)


@given(ITEM)
@settings(deadline=None)
def test_there_and_back_is_the_same_value(item: dict[str, Any]) -> None:
    """Through bytes both ways, and the XML in the middle is valid by the schema."""
    value = loads(compact(item))
    element = json_to_xml(value, SHAPE)
    assert SYSTEM.schema.check(element, stage=Stage.VALIDATE_IN) == ()
    assert loads(compact(xml_to_json(element, SHAPE))) == value


@given(ANY)
@settings(deadline=None)
def test_any_other_value_is_refused_with_problems_and_never_breaks(value: Any) -> None:
    """Whatever a caller sends, it is an element or a list of findings."""
    found = read(value)
    if isinstance(found, tuple):
        assert found
        assert all(p.theirs is not None and p.theirs.path for p in found)
    else:
        assert found.tag == "DongBo"


def read(value: Any) -> etree._Element | tuple[Problem, ...]:
    """The element, or the findings."""
    try:
        return json_to_xml(value, SHAPE)
    except Refused as refused:
        return refused.problems


@given(ANY)
@settings(deadline=None)
def test_compact_writes_what_json_reads(value: Any) -> None:
    """The writer agrees with the standard library's reader."""
    assert json.loads(compact(value)) == value
