"""Mistakes in a map and in a message: all at once, with both places, the nearest name, and nothing of a citizen."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.mapping.generate import canonical_sample
from adapters.mapping.law import check_canonical
from schemas.problem import Problem, Stage
from tests.unit.mapping.kit import CONTEXT, codes, ho_so, item, plan, refusal

MAPS = [
    ("LT-MAP-001", '<feild legacy="hoTen" canonical="GhiChu"/>', "field"),
    ("LT-MAP-002", '<field legacy="hoTen" canonical="GhiChu" losy="x"/>', "lossy"),
    ("LT-MAP-002", '<field legacy="hoTen" canonical="GhiChu" kind="text" format="dd/MM/yyyy"/>', "format"),
    ("LT-MAP-003", '<field legacy="hoTen"/>', "canonical"),
    ("LT-MAP-003", '<field legacy="ngayHenTra" canonical="NgayHenTra" kind="date"/>', "format"),
    ("LT-MAP-003", '<constant value="x"/>', "legacy | canonical"),
    ("LT-MAP-003", '<each legacy="tep" canonical="TepDinhKem" where="Loai"/>', "where"),
    ("LT-MAP-004", '<field legacy="hoTem" canonical="GhiChu"/>', "hoTen"),
    ("LT-MAP-004", '<field legacy="hoTen" canonical="ChuHoSo/HoTenn"/>', "HoTen"),
    ("LT-MAP-006", '<field legacy="hoTen" canonical="GhiChu" kind="persn-name"/>', "person-name"),
    ("LT-MAP-007", '<field legacy="hoTen" canonical="GhiChu" kind="table" table="gioi_tin"/>', "gioi_tinh"),
    ("LT-MAP-008", '<field legacy="hoTen" canonical="NgayHenTra"/>', "date"),
    ("LT-MAP-009", '<field legacy="hoTen" canonical="GhiChu"/><field legacy="fax" canonical="GhiChu"/>', "GhiChu"),
    ("LT-MAP-010", '<field legacy="hoTen" canonical="GhiChu" kind="upper-name"/>', "lossy"),
    ("LT-MAP-010", '<field legacy="fax" canonical="NgayNop" kind="datetime" format="dd/MM/yyyy"/>', "lossy"),
    ("LT-MAP-010", '<field legacy="fax" canonical="GhiChu" none="-"/>', "none"),
    ("LT-MAP-011", '<field legacy="diaChi" canonical="GhiChu"/>', "group"),
    ("LT-MAP-012", '<field legacy="tep/ten" canonical="GhiChu"/>', "each"),
    ("LT-MAP-013", '<each legacy="diaChi" canonical="ChuHoSo"/>', "group"),
    ("LT-MAP-014", '<field legacy="fax" canonical="NgayHenTra" kind="date" format="dd/mm/yyyy"/>', "MM"),
    ("LT-MAP-016", '<when legacy="fax" equals="1"><field legacy="fax" canonical="GhiChu"/></when>', "fax"),
    ("LT-MAP-017", '<each legacy="tep" canonical="TepDinhKem" order-by="So"/>', "So"),
    ("LT-MAP-018", '<constant legacy="gioiTinh" value="nam"/>', "gioiTinh"),
    ("LT-MAP-019", '<zip canonical="GiayPhep" separator="|"><ignore legacy="fax" reason="xxx"/></zip>', "zip"),
    ("LT-MAP-020", '<embedded legacy="duLieu" format="jso" element="data"/>', "xml"),
    ("LT-MAP-014", '<each legacy="tep" canonical="."/>', "canonical"),
    (
        "LT-MAP-019",
        '<each legacy="." canonical="TepDinhKem"><each legacy="tep" canonical="Ten"/></each>',
        "each",
    ),
    ("LT-MAP-014", '<zip separator="|" canonical="."><field legacy="hang" canonical="GhiChu"/></zip>', "canonical"),
    (
        "LT-MAP-009",
        '<each legacy="diaChi" canonical="TepDinhKem"/><field legacy="diaChi/xa" canonical="GhiChu"/>',
        "diaChi",
    ),
    (
        "LT-MAP-009",
        '<field legacy="duLieu" canonical="NguonGoc"/><embedded legacy="duLieu" format="xml" element="data"/>',
        "duLieu",
    ),
    ("LT-MAP-005", '<embedded legacy="duLieu" format="xml" element="dat"/>', "dat"),
]


@pytest.mark.parametrize(("code", "rule", "named"), MAPS)
def test_a_mistake_in_a_map_is_named(code: str, rule: str, named: str, tmp_path: Path) -> None:
    """Each mistake has its code, its line, the rule as written, and says what is meant or what to do."""
    problems = refusal(tmp_path, "\n" + rule)
    assert code in codes(problems)
    found = problems[codes(problems).index(code)]
    assert found.stage is Stage.CONFIGURE
    assert found.ours is not None
    assert (found.ours.source, found.ours.line) == ("thu.map.xml", 3)
    assert found.ours.quote.startswith("<")
    assert named in f"{found.text_en} {found.do_en}"
    assert found.text_vi != found.text_en
    assert found.do_vi


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    """An integrator corrects a map in one round."""
    problems = refusal(
        tmp_path,
        """<field legacy="hoTem" canonical="GhiChu"/>
        <field legacy="fax" canonical="NgayHenTra"/>
        <field legacy="hoTen" canonical="ChuHoSo/HoTen" kind="nam"/>""",
    )
    assert codes(problems) == ["LT-MAP-004", "LT-MAP-008", "LT-MAP-006"]
    assert [problem.ours.line for problem in problems if problem.ours] == [2, 3, 4]


def test_a_map_for_an_unknown_root_is_refused(tmp_path: Path) -> None:
    """A map says which element it takes; a name the schema does not have is a problem of the map."""
    problems = refusal(tmp_path, "", head='id="thu" legacy="push/itm" canonical="HoSoo"')
    assert codes(problems) == ["LT-MAP-005", "LT-MAP-005"]


def test_what_the_schema_of_maps_forbids_has_its_line(tmp_path: Path) -> None:
    """Predicates and functions are not paths: the map's own schema refuses them with the line."""
    problems = refusal(tmp_path, '\n<field legacy="tep[1]/ten" canonical="GhiChu"/>')
    assert problems
    assert problems[0].ours is not None
    assert problems[0].ours.line == 3


def test_conditions_that_exclude_each_other_may_share_a_target(tmp_path: Path) -> None:
    """Only rules that could hold at once are called a double."""
    alternatives = """<when legacy="onlineId" equals="{}"><field legacy="fax" canonical="GhiChu"/></when>
    <when legacy="onlineId" equals="2"><field legacy="hang" canonical="GhiChu"/></when>"""
    assert plan(tmp_path, alternatives.format(1))
    assert codes(refusal(tmp_path, alternatives.format(2))) == ["LT-MAP-009"]


FULL = """<field legacy="hoTen" canonical="ChuHoSo/HoTen" kind="person-name"/>
<field legacy="soCmnd" canonical="ChuHoSo/SoGiayTo" kind="digits" length="9 12"/>
<field legacy="ngayHenTra" canonical="NgayHenTra" kind="date" format="dd/MM/yyyy"/>
<field legacy="gioiTinh" canonical="ChuHoSo/GioiTinh" kind="table" table="gioi_tinh"/>"""


def message(inside: str, folder: Path) -> tuple[Problem, ...]:
    return plan(folder, FULL).to_canonical(item(inside), CONTEXT).problems


def test_a_wrong_value_has_both_places(tmp_path: Path) -> None:
    """The line in the map and the line in the message, both quoted."""
    (found,) = message("<hoTen>A</hoTen>\n<ngayHenTra>31/02/2026</ngayHenTra>", tmp_path)
    assert found.code == "LT-MAP-102"
    assert found.stage is Stage.TRANSLATE_IN
    assert found.ours is not None
    assert found.theirs is not None
    assert (found.ours.line, found.theirs.line) == (4, 3)
    assert 'legacy="ngayHenTra"' in found.ours.quote
    assert found.theirs.quote == "<ngayHenTra>31/02/2026</ngayHenTra>"
    assert found.theirs.path == "/item/ngayHenTra"


def test_an_unknown_code_is_named_with_its_table(tmp_path: Path) -> None:
    """An unknown code is a problem that may be replayed once the table is mended; never a filler."""
    (found,) = message("<hoTen>A</hoTen><gioiTinh>11</gioiTinh>", tmp_path)
    assert found.code == "LT-MAP-120"
    assert "gioi_tinh" in found.text_vi
    assert "“1”" in found.text_vi
    assert found.retryable


def test_a_closed_code_is_told_from_an_unknown_one(tmp_path: Path) -> None:
    """A code that was valid earlier says on which date it is not."""
    (found,) = message("<hoTen>A</hoTen><gioiTinh>9</gioiTinh>", tmp_path)
    assert found.code == "LT-MAP-121"
    assert "2026-07-06" in found.text_vi


def test_a_code_without_a_way_back_says_so(tmp_path: Path) -> None:
    """A canonical code whose rows are all one-way is told from an unknown one, and the law finds it unasked."""
    made = plan(tmp_path, '<field legacy="fax" canonical="GhiChu" kind="table" table="mot_chieu"/>')
    assert codes(made.to_legacy(ho_so("<GhiChu>an</GhiChu>"), CONTEXT).problems) == ["LT-MAP-123"]
    samples = [canonical_sample(made, seed, CONTEXT) for seed in range(20)]
    assert {code for sample in samples for code in codes(check_canonical(made, sample, CONTEXT))} == {"LT-MAP-123"}


def test_a_citizens_value_is_never_quoted(tmp_path: Path) -> None:
    """Names, numbers of papers and the like appear in no text and no quote."""
    problems = message("<hoTen>Bí\tMật\u0085Riêng</hoTen><soCmnd>09900000001</soCmnd>", tmp_path)
    assert "LT-MAP-112" in codes(problems)
    said = " ".join(str(problem.as_json()) for problem in problems)
    assert "09900000001" not in said
    assert "Riêng" not in said


def test_a_name_that_slipped_into_a_date_is_not_quoted(tmp_path: Path) -> None:
    """A wrong date is quoted; a name that stands where a date should is not."""
    (found,) = message("<hoTen>A</hoTen><ngayHenTra>Đỗ Thị Mẫu</ngayHenTra>", tmp_path)
    assert found.code == "LT-MAP-101"
    assert "Mẫu" not in str(found.as_json())


def test_all_problems_of_a_message_come_at_once(tmp_path: Path) -> None:
    """A sender corrects a message in one round; with problems there is no half-made document."""
    made = plan(tmp_path, FULL)
    done = made.to_canonical(item("<soCmnd>x</soCmnd><ngayHenTra>mai</ngayHenTra><gioiTinh>5</gioiTinh>"), CONTEXT)
    assert done.element is None
    assert sorted(codes(done.problems)) == ["LT-MAP-101", "LT-MAP-112", "LT-MAP-120", "LT-MAP-130"]


def test_a_missing_required_value_names_source_and_target(tmp_path: Path) -> None:
    """A required target without a value says which legacy element should have given it."""
    found = message("<soCmnd>099000000017</soCmnd>", tmp_path)
    assert codes(found) == ["LT-MAP-130"]
    assert "ChuHoSo/HoTen" in found[0].text_vi
    assert "hoTen" in found[0].text_vi


def test_nothing_is_missing_in_a_parent_that_is_absent(tmp_path: Path) -> None:
    """A required child of an optional parent without content is not missing."""
    assert message("<ngayHenTra>06/07/2026</ngayHenTra>", tmp_path) == ()


def test_outward_problems_carry_the_outward_stage(tmp_path: Path) -> None:
    """Operators see on which side of the journey a translation failed."""
    (found,) = (
        plan(tmp_path, FULL)
        .to_legacy(ho_so("<ChuHoSo><HoTen>A</HoTen><GioiTinh>khac</GioiTinh></ChuHoSo>"), CONTEXT)
        .problems
    )
    assert (found.code, found.stage) == ("LT-MAP-120", Stage.TRANSLATE_OUT)


def test_a_wrong_root_is_refused(tmp_path: Path) -> None:
    """A map does not guess from an element it was not written for."""
    assert codes(plan(tmp_path, FULL).to_canonical(ho_so(""), CONTEXT).problems) == ["LT-MAP-137"]


def test_a_second_value_is_refused(tmp_path: Path) -> None:
    """Where one element is expected, a second one is a problem, not the last word."""
    assert codes(message("<hoTen>A</hoTen><hoTen>B</hoTen>", tmp_path)) == ["LT-MAP-132"]
