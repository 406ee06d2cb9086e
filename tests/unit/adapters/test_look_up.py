"""What a reply to a look-up says of a dossier."""

from __future__ import annotations

from datetime import date

import pytest
from lxml import etree

from adapters.adapter import Adapter
from adapters.look_up import read_record, record_of, says_absent
from adapters.manifest import LookUp
from adapters.registry import Registry

ON = date(2026, 7, 6)
TWO = etree.fromstring(
    "<PhanHoi><error_code>0</error_code>"
    "<result><MaHoSo>H99-1</MaHoSo><TrangThaiHoSo>2</TrangThaiHoSo></result>"
    "<result><MaHoSo>H99-2</MaHoSo><TrangThaiHoSo>4</TrangThaiHoSo></result></PhanHoi>"
)


@pytest.fixture(scope="module")
def portal() -> Adapter:
    return next(one for one in Registry.load() if one.id == "cong_dvcqg")


def status(portal: Adapter, code: str) -> str | None:
    assert portal.manifest.look_up is not None
    made, problems = read_record(portal, portal.manifest.look_up, TWO, code=code, on=ON)
    assert not problems
    assert made is not None
    return made.findtext("{*}TrangThai")


def test_the_record_that_names_the_dossier(portal: Adapter) -> None:
    """Of several records the one asked about is read; where none names it, the first."""
    assert [status(portal, code) for code in ("H99-1", "H99-2", "H99-3")] == ["2", "4", "2"]


def test_reply_is_not_changed(portal: Adapter) -> None:
    """Bytes received are never changed: the reply's own records keep their name."""
    status(portal, "H99-2")
    assert len(TWO.findall("result")) == 2


def test_no_record(portal: Adapter) -> None:
    """A reply without a record says nothing, and is no problem."""
    assert portal.manifest.look_up is not None
    empty = etree.fromstring("<PhanHoi><error_code>0</error_code></PhanHoi>")
    assert read_record(portal, portal.manifest.look_up, empty, code="H99-1", on=ON) == (None, ())


def test_whole_reply_is_the_record() -> None:
    """Without a path the reply itself is read."""
    assert record_of(LookUp("x"), TWO, "H99-1") is TWO


def test_words_that_mean_absent() -> None:
    """Any rejection where nothing is declared; else only the declared words, whatever their case."""
    rule = LookUp("x", absent=("không tìm thấy",))
    assert says_absent(LookUp("x"), "Lỗi")
    assert says_absent(rule, "Lỗi: KHÔNG  tìm thấy mã đăng ký")
    assert not says_absent(rule, "Lỗi: hệ thống bận")
