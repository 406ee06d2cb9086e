"""The law of the mapping language over random maps and documents, and that no value can break a kind."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.mapping.kinds import Kind, Setting, kinds
from adapters.mapping.kinds.layout import HANOI, Layout, layout
from adapters.mapping.law import check_canonical, check_legacy
from adapters.mapping.plan import MapContext
from adapters.mapping.values import Fault
from schemas.codes import CodeTables
from schemas.problem import Stage
from schemas.shape import Scalar
from tests.property.mapping_models import TABLE, compiled, models

CONTEXT = MapContext(date(2026, 7, 6), {})
SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
OPTIONS = {"format": "dd/MM/yyyy", "true": "1|Co", "false": "0|Khong", "table": "mau", "party": "cu"}
TEXTS = st.one_of(
    st.text(max_size=30),
    st.from_regex(r"[0-9./:|+ TZ-]{0,25}", fullmatch=True),
    st.sampled_from(["9999-12-31T23:59:59Z", "0000-00-00", "29/02/2023", "1.234,5", "+84 990 000 017", "Co", "2"]),
)


@SLOW
@given(models())
def test_canonical_comes_back_whole(model: tuple[str, str, str, str]) -> None:
    """Canonical → legacy → canonical is the same bytes for a map without lossy rules, and both forms are valid."""
    legacy_xsd, canonical_xsd, rules, text = model
    with tempfile.TemporaryDirectory() as folder:
        plan, legacy, canonical = compiled(Path(folder), legacy_xsd, canonical_xsd, rules)
        document = etree.fromstring(text)
        assert canonical.check(document, stage=Stage.VALIDATE_CANONICAL) == ()
        there = plan.to_legacy(document, CONTEXT)
        assert there.problems == ()
        assert there.element is not None
        assert legacy.check(there.element, stage=Stage.VALIDATE_OUT) == ()
        back = plan.to_canonical(etree.fromstring(etree.tostring(there.element)), CONTEXT)
        assert back.problems == ()
        assert back.element is not None
        assert etree.tostring(back.element, method="c14n") == etree.tostring(document, method="c14n")


@SLOW
@given(models())
def test_the_law_check_agrees(model: tuple[str, str, str, str]) -> None:
    """The check that `lienthong check` runs finds nothing in maps that keep the law."""
    legacy_xsd, canonical_xsd, rules, text = model
    with tempfile.TemporaryDirectory() as folder:
        plan, _, _ = compiled(Path(folder), legacy_xsd, canonical_xsd, rules)
        document = etree.fromstring(text)
        assert check_canonical(plan, document, CONTEXT) == ()
        there = plan.to_legacy(document, CONTEXT).element
        assert there is not None
        assert check_legacy(plan, there, CONTEXT) == ()
        assert plan.coverage() == ()


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> CodeTables:
    """One small cross-walk."""
    folder = tmp_path_factory.mktemp("tables")
    (folder / "mau.csv").write_text(TABLE, encoding="utf-8")
    return CodeTables.load(folder)


def made(kind: Kind, tables: CodeTables) -> Setting:
    legacy = Scalar.STRING if Scalar.STRING in kind.legacy else min(kind.legacy)
    return Setting({name: OPTIONS[name] for name in kind.needs}, tables, legacy, min(kind.canonical), lossy=False)


@pytest.mark.parametrize("name", sorted(kinds()))
@given(text=TEXTS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_value_or_a_fault(name: str, tables: CodeTables, text: str) -> None:
    """A kind never raises; what it accepted from a partner it can write again, and reads as the same."""
    kind = kinds()[name]
    pair = kind.make(made(kind, tables))
    assert not isinstance(pair, Fault)
    found = pair.to_canonical(text, CONTEXT)
    assert isinstance(found, str | Fault)
    assert isinstance(pair.to_legacy(text, CONTEXT), str | Fault)
    if isinstance(found, Fault):
        assert str(found)
    elif found and not pair.loss:
        again = pair.to_legacy(found, CONTEXT)
        assert isinstance(again, str)
        assert pair.to_canonical(again, CONTEXT) == found


@given(
    moment=st.datetimes().map(lambda moment: moment.replace(microsecond=0, tzinfo=HANOI)),
    format=st.sampled_from(
        ["dd/MM/yyyy HH:mm:ss", "yyyyMMddHHmmss", "yyyy-MM-dd HH:mm:ss.SSS", "iso", "iso-local", "H:mm:ss d-M-yyyy"]
    ),
)
def test_a_written_moment_is_read_as_itself(moment: object, format: str) -> None:
    """No layout changes a moment, from the first to the last year there is."""
    form = layout(format)
    assert isinstance(form, Layout)
    assert form.read(form.write(moment)) == moment  # type: ignore[arg-type]  # hypothesis loses the type
