"""Dated code tables: what a code means on a day, both ways; and what is wrong with a table file."""

from datetime import date
from pathlib import Path

import pytest

from schemas.catalog import canonical
from schemas.codes import CodeTables, nearest_name
from schemas.problem import Refused
from schemas.xmldoc import parse

SHARED = Path(__file__).parents[3] / "schemas" / "tables"
HEAD = "legacy,canonical,reverse,valid_from,valid_to,note\n"
BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)


def tables(folder: Path, **files: str) -> CodeTables:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return CodeTables.load(folder)


@pytest.fixture(scope="module")
def shared() -> CodeTables:
    return CodeTables.load(SHARED)


def test_crosswalk_goes_both_ways(tmp_path: Path) -> None:
    """Several partner codes may mean one canonical code; the way back takes the row with reverse=yes."""
    made = tables(tmp_path, t=HEAD + "1,a,yes,,,\n2,a,no,,,\n")
    assert [made.to_canonical("t", code, on=AFTER) for code in ("1", "2")] == ["a", "a"]
    assert made.to_legacy("t", "a", on=AFTER) == "1"


def test_unknown_is_none_never_a_default(tmp_path: Path) -> None:
    """Neither an unknown code nor an unknown table yields a value."""
    made = tables(tmp_path, t=HEAD + "1,a,no,,,\n")
    assert made.to_canonical("t", "9", on=AFTER) is None
    assert made.to_legacy("t", "a", on=AFTER) is None
    assert made.to_canonical("x", "1", on=AFTER) is None
    assert made.column("x", "1", "vi", on=AFTER) is None
    assert made.codes("x") == ()


def test_code_changes_its_meaning_with_the_day(tmp_path: Path) -> None:
    """Both days are included; one code may mean different things at different times."""
    made = tables(tmp_path, t=HEAD + "1,a,yes,,2025-06-30,\n1,b,yes,2025-07-01,,\n")
    assert made.to_canonical("t", "1", on=BEFORE) == "a"
    assert made.to_canonical("t", "1", on=AFTER) == "b"
    assert made.to_legacy("t", "a", on=AFTER) is None


def test_code_closed_by_the_merger_is_good_before_and_not_after(shared: CodeTables) -> None:
    """A province closed on 1 July 2025 is known on an older day and unknown on a newer one, with its last day."""
    assert shared.column("tinh_thanh", "H22", "vi", on=BEFORE) == "Hà Giang"
    assert shared.column("tinh_thanh", "H22", "vi", on=AFTER) is None
    assert shared.closed("tinh_thanh", "H22", on=AFTER) == BEFORE
    assert shared.closed("tinh_thanh", "H22", on=BEFORE) is None
    assert shared.column("tinh_thanh", "H60", "vi", on=AFTER) == "Tuyên Quang"


def test_63_provinces_became_34_and_every_row_is_marked_unverified(shared: CodeTables) -> None:
    """The list is sample data and says so; each closed code names a successor that is still open."""
    codes = [code for code in shared.codes("tinh_thanh") if code < "H64"]
    open_then = [code for code in codes if shared.column("tinh_thanh", code, "vi", on=date(2020, 1, 1))]
    open_now = [code for code in codes if shared.column("tinh_thanh", code, "vi", on=AFTER)]
    assert (len(open_then), len(open_now)) == (63, 34)
    for code in set(open_then) - set(open_now):
        assert shared.column("tinh_thanh", code, "successor", on=BEFORE) in open_now
    assert {shared.column("tinh_thanh", code, "unverified", on=BEFORE) for code in open_then} == {"yes"}


def test_phrase_is_found_whatever_its_case_spaces_and_form(tmp_path: Path) -> None:
    """Departments that send a phrase in place of a code are understood NFC, case-folded, spaces collapsed."""
    made = tables(tmp_path, t=HEAD + "Đang xử lý,4,yes,,,\nA,1,yes,,,\n")
    assert made.to_canonical("t", "ĐANG  Xử ly\u0301", on=AFTER) == "4"
    assert made.to_canonical("t", "a", on=AFTER) is None


def test_later_folder_wins_by_name(tmp_path: Path) -> None:
    """A system's own table replaces the shared one of that name, and the digest tells."""
    one = tables(tmp_path / "a", t=HEAD + "1,a,yes,,,\n", u=HEAD + "1,u,yes,,,\n")
    tables(tmp_path / "b", t=HEAD + "1,b,yes,,,\n")
    both = CodeTables.load(tmp_path / "a", tmp_path / "b")
    assert both.to_canonical("t", "1", on=AFTER) == "b"
    assert both.to_canonical("u", "1", on=AFTER) == "u"
    assert both.names() == ("t", "u")
    assert both.digest != one.digest
    assert both.digest == CodeTables.load(tmp_path / "a", tmp_path / "b").digest


def test_list_answers_with_its_columns(tmp_path: Path) -> None:
    """A list has names and further columns; as a cross-walk it means itself."""
    made = tables(tmp_path, ds="# remark\n\ncode,vi,en,valid_from,valid_to,co_quan\n7,Bảy,Seven,,,H99\n")
    assert made.column("ds", "7", "vi", on=AFTER) == "Bảy"
    assert made.column("ds", "7", "co_quan", on=AFTER) == "H99"
    assert made.column("ds", "7", "khong_co", on=AFTER) is None
    assert made.to_canonical("ds", "7", on=AFTER) == made.to_legacy("ds", "7", on=AFTER) == "7"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a,b\n1,2\n", 1),
        ("", 1),
        (HEAD + "1,a\n", 2),
        (HEAD + ",a,yes,,,\n", 2),
        (HEAD + "1,,yes,,,\n", 2),
        (HEAD + "1,a,perhaps,,,\n", 2),
        (HEAD + "# x\n1,a,yes,01/07/2025,,\n", 3),
        (HEAD + "1,a,yes,2025-07-01,2025-06-30,\n", 2),
        (HEAD + "1,a,yes,,,\n1,b,yes,,,\n", 3),
        (HEAD + "1,a,yes,,2025-06-30,\n1,b,yes,2025-06-30,,\n", 3),
        (HEAD + "1,a,yes,,,\n2,a,yes,,,\n", 3),
        (HEAD + '1,"a\nb",yes,,,\n', 1),
    ],
)
def test_wrong_line_is_told(tmp_path: Path, text: str, line: int) -> None:
    """A table that could be read in two ways is refused with the line."""
    with pytest.raises(Refused) as caught:
        tables(tmp_path, t=text)
    (found,) = caught.value.problems
    assert found.code == "LT-CODE-001"
    assert found.ours is not None
    assert (found.ours.source, found.ours.line) == ("t.csv", line)


def test_table_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    """Excel's other encodings are refused, not guessed."""
    (tmp_path / "t.csv").write_bytes((HEAD + "1,ê,yes,,,\n").encode("cp1258"))
    with pytest.raises(Refused, match="LT-CODE-001"):
        CodeTables.load(tmp_path)


def test_nearest_is_for_people(shared: CodeTables) -> None:
    """A suggestion is found across case; where nothing is near there is none."""
    assert nearest_name("truc_tuyem", shared.codes("chuan_kenh_thuc_hien")) == "truc_tuyen"
    assert shared.nearest("chuan_kenh_thuc_hien", "TRUC-TIEP") == "truc_tiep"
    assert shared.nearest("chuan_kenh_thuc_hien", "zzz") == ""


ENUMERATED = {
    "chuan_trang_thai": "kieuTrangThai",
    "chuan_loai_doi_tuong": "kieuLoaiDoiTuong",
    "chuan_kenh_thuc_hien": "kieuKenh",
    "chuan_hinh_thuc_tra": "kieuHinhThucTra",
    "chuan_loai_giay_to": "kieuLoaiGiayTo",
    "chuan_loai_ban": "kieuLoaiBan",
    "chuan_tai_su_dung": "kieuTaiSuDung",
    "chuan_hinh_thuc_thu": "kieuHinhThucThu",
    "chuan_loai_phi": "kieuLoaiPhi",
    "chuan_thanh_toan": "kieuThanhToan",
    "chuan_muc_do": "kieuMucDo",
    "chuan_gioi_tinh": "kieuGioiTinh",
    "chuan_nguon_goc": "kieuNguonGoc",
    "chuan_chieu_bo_sung": "kieuChieuBoSung",
    "chuan_loai_chung_tu": "kieuLoaiChungTu",
    "chuan_khoan_thu": "kieuKhoanThu",
}


@pytest.mark.parametrize("table", ENUMERATED)
def test_lists_of_the_canonical_form_agree_with_its_schema(shared: CodeTables, table: str) -> None:
    """Each closed list of the canonical schema has its names in a table, code for code."""
    types = parse((canonical().path.parent / "kieu.xsd").read_bytes())
    values = types.xpath(f"*[@name='{ENUMERATED[table]}']//*[local-name()='enumeration']/@value")
    assert values
    assert sorted(shared.codes(table)) == sorted(str(value) for value in values)  # type: ignore[union-attr]


def test_every_shared_crosswalk_leads_into_a_canonical_list(shared: CodeTables) -> None:
    """No cross-walk of ours invents a canonical code."""
    known = {code for table in shared.names() if table.startswith("chuan_") for code in shared.codes(table)}
    walked = 0
    for name in shared.names():
        for code in shared.codes(name):
            if name.split("_")[0] in ("dvcqg", "dvcqg1", "dvcqg2", "lgsp0", "o2", "td", "cmon", "thanh"):
                assert shared.to_canonical(name, code, on=AFTER) in known, (name, code)
                walked += 1
    assert walked > 40


def test_vendors_read_the_same_words_differently(shared: CodeTables) -> None:
    """Which table applies is chosen by vendor: four words mean something else at another one."""
    words = shared.codes("o2_trang_thai")
    differ = [
        word
        for word in words
        if shared.to_canonical("o2_trang_thai", word, on=AFTER) != shared.to_canonical("td_trang_thai", word, on=AFTER)
    ]
    assert differ == ["new", "receiving", "unresolved", "denied"]
