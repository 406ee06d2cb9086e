"""What stands around a map: coverage, explanation, the law, the skeleton, the grammar."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from lxml import etree

from adapters.mapping.compile import compile_map
from adapters.mapping.explain import explain, explain_value
from adapters.mapping.generate import canonical_sample, legacy_sample
from adapters.mapping.grammar import FORMS, MAP
from adapters.mapping.kinds import Kind, pair
from adapters.mapping.law import check_canonical, check_legacy, differences, project
from adapters.mapping.skeleton import skeleton
from schemas.validate import Schema
from tests.unit.mapping.kit import CANONICAL, CONTEXT, LEGACY, codes, ho_so, item, plan, schema, tables

SWAPPING = {"hoan-vi": Kind("hoan-vi", "Đảo chữ.", "Turns.", lambda _: pair(lambda t: t[::-1], str))}
GROWING = {"dai-ra": Kind("dai-ra", "Dài ra.", "Grows.", lambda _: pair(str, lambda t: t + "a"))}

WHOLE = """<field legacy="maSoHoSo" canonical="MaHoSoDonVi" kind="code"/>
<field legacy="ngayHenTra" canonical="NgayHenTra" kind="date" format="dd/MM/yyyy"/>
<field legacy="ngayNop" canonical="NgayNop" kind="datetime" format="iso-local"/>
<field legacy="onlineId" canonical="MaHoSo" kind="identity" party="p"/>
<constant canonical="NguonGoc" value="don_vi"/>
<group canonical="ChuHoSo">
 <field legacy="hoTen" canonical="HoTen" kind="person-name"/>
 <field legacy="soCmnd" canonical="SoGiayTo" kind="digits" length="9 12"/>
 <field legacy="gioiTinh" canonical="GioiTinh" kind="table" table="gioi_tinh"/>
 <group legacy="diaChi" canonical="DiaChi">
  <field legacy="tinh" canonical="MaTinh"/><field legacy="xa" canonical="MaXa"/></group>
</group>
<each legacy="tep" canonical="TepDinhKem" where="Loai" equals="nop" order-by="So">
 <field legacy="ten" canonical="Ten"/><field legacy="url" canonical="DuongDan"/>
 <field legacy="so" canonical="So" kind="integer"/><ignore legacy="@loai" reason="không dùng"/>
</each>
<each legacy="ketQua" canonical="TepDinhKem" where="Loai" equals="kq"><field legacy="ten" canonical="Ten"/></each>
<zip canonical="GiayPhep" separator="|">
 <field legacy="hang" canonical="Hang"/><field legacy="soGplx" canonical="So"/></zip>
<field legacy="fax" canonical="GhiChu"/>
<ignore legacy="duLieu" reason="trùng với các phần tử khác"/>
"""


def test_a_whole_map_covers(tmp_path: Path) -> None:
    """A map that says something of every legacy element has no gap."""
    assert plan(tmp_path, WHOLE).coverage() == ()


def test_coverage_names_what_has_no_rule(tmp_path: Path) -> None:
    """A legacy element without a rule is a problem, also inside lists; a whole branch is named once."""
    made = plan(
        tmp_path,
        """<field legacy="hoTen" canonical="ChuHoSo/HoTen"/>
        <each legacy="tep" canonical="TepDinhKem"><field legacy="ten" canonical="Ten"/></each>""",
    )
    missing = [problem.ours.path for problem in made.coverage() if problem.code == "LT-MAP-201" and problem.ours]
    assert "diaChi" in missing
    assert "diaChi/tinh" not in missing
    assert "tep/url" in missing
    assert "tep/@loai" in missing
    assert "hoTen" not in missing


def test_coverage_names_required_elements_without_source(tmp_path: Path) -> None:
    """A required canonical element below something the map writes needs a source or a reason."""
    rules = '<field legacy="soCmnd" canonical="ChuHoSo/SoGiayTo" kind="digits"/>'
    found = [problem for problem in plan(tmp_path, rules).coverage() if problem.code == "LT-MAP-202"]
    assert [problem.ours.path for problem in found if problem.ours] == ["ChuHoSo/HoTen"]
    reasoned = plan(tmp_path, f'{rules}<ignore canonical="ChuHoSo/HoTen" reason="nơi gửi không có"/>')
    assert "LT-MAP-202" not in codes(reasoned.coverage())


def test_explain_lists_every_rule_with_its_line(tmp_path: Path) -> None:
    """The integrator sees every pair, its kind, its table, its reason and where it is written."""
    rows = explain(plan(tmp_path, WHOLE))
    by_legacy = {row.legacy: row for row in rows}
    assert [row.line for row in rows] == sorted(row.line for row in rows)
    assert (by_legacy["soCmnd"].kind, by_legacy["soCmnd"].options) == ("digits", "length=9 12")
    assert by_legacy["gioiTinh"].table == "gioi_tinh"
    assert by_legacy["diaChi/tinh"].canonical == "ChuHoSo/DiaChi/MaTinh"
    assert by_legacy["tep[]/ten"].canonical == "TepDinhKem[]/Ten"
    assert by_legacy["duLieu"].reason == "trùng với các phần tử khác"
    assert by_legacy["hang, soGplx"].rule == "zip"


def test_explain_value_masks_unless_asked(tmp_path: Path) -> None:
    """A sample shows what each rule did; a citizen's values only to those who ask for them."""
    made, sample = plan(tmp_path, WHOLE), item("<hoTen>Đỗ Thị Mẫu</hoTen>\n<gioiTinh>0</gioiTinh>")
    steps = {step.row.legacy: step for step in explain_value(made, sample, CONTEXT)}
    assert steps["hoTen"].made == "•• T•• M••"
    assert (steps["gioiTinh"].given, steps["gioiTinh"].made, steps["gioiTinh"].line) == ("0", "nu", 3)
    shown = {step.row.legacy: step for step in explain_value(made, sample, CONTEXT, reveal=True)}
    assert shown["hoTen"].made == "Đỗ Thị Mẫu"


def test_the_law_holds_for_a_sound_map(tmp_path: Path) -> None:
    """Invented documents of both sides keep the law of a map without lossy rules."""
    made = plan(tmp_path, WHOLE)
    for seed in range(40):
        assert check_canonical(made, canonical_sample(made, seed, CONTEXT), CONTEXT) == ()
        assert check_legacy(made, legacy_sample(made, seed, CONTEXT), CONTEXT) == ()


def test_invented_documents_fill_every_rule(tmp_path: Path) -> None:
    """Over some seeds each rule of a map is tried: the law is not kept by silence."""
    made = plan(tmp_path, WHOLE)
    seen = {child.tag for seed in range(40) for child in canonical_sample(made, seed, CONTEXT).iter()}
    names = {str(name).rpartition("}")[2] for name in seen}
    carried = {step for row in explain(made) if row.rule == "field" for step in row.canonical.split("/")}
    assert {step.removesuffix("[]") for step in carried} <= names


def test_the_law_finds_what_does_not_come_back(tmp_path: Path) -> None:
    """A value that returns as another one is found, with its path and the rule that carries it."""
    made = plan(tmp_path, '<field legacy="hoTen" canonical="GhiChu" kind="hoan-vi"/>', kinds=SWAPPING)
    (found,) = check_canonical(made, ho_so("<GhiChu>nam</GhiChu>"), CONTEXT)
    assert found.code == "LT-MAP-203"
    assert found.ours is not None
    assert (found.ours.line, found.ours.path) == (2, "GhiChu")


def test_the_law_finds_what_never_settles(tmp_path: Path) -> None:
    """A legacy value that is another one after each pass is found."""
    made = plan(tmp_path, '<field legacy="hoTen" canonical="GhiChu" kind="dai-ra"/>', kinds=GROWING)
    (found,) = check_legacy(made, item("<hoTen>a</hoTen>"), CONTEXT)
    assert (found.code, found.ours and found.ours.path) == ("LT-MAP-204", "hoTen")


def test_the_law_exempts_what_is_declared_lossy(tmp_path: Path) -> None:
    """A name in capitals loses its case; declared, it breaks no law, and nothing else is excused."""
    made = plan(
        tmp_path,
        """<field legacy="hoTen" canonical="ChuHoSo/HoTen" kind="upper-name" lossy="nơi nhận chỉ lưu chữ hoa"/>
        <field legacy="fax" canonical="GhiChu"/>""",
    )
    sample = ho_so("<ChuHoSo><HoTen>Đỗ Mẫu</HoTen></ChuHoSo><GhiChu>x</GhiChu>")
    assert check_canonical(made, sample, CONTEXT) == ()


def test_the_projection_is_what_the_map_carries(tmp_path: Path) -> None:
    """What no rule carries is not part of the promise."""
    made = plan(tmp_path, '<field legacy="fax" canonical="GhiChu"/>')
    kept = project(made, ho_so("<MaHoSo>99</MaHoSo><GhiChu>x</GhiChu>"), CONTEXT)
    assert [etree.QName(child).localname for child in kept] == ["GhiChu"]


def test_differences_see_values_and_counts(tmp_path: Path) -> None:
    """Two documents differ where a value, an element or a number of items does; not in how a time is written."""
    shape = plan(tmp_path, "").scope.canonical
    one = ho_so("<NgayNop>2026-07-06T08:30:00+07:00</NgayNop><GhiChu>a</GhiChu><TepDinhKem><Ten>x</Ten></TepDinhKem>")
    other = ho_so("<NgayNop>2026-07-06T01:30:00Z</NgayNop><GhiChu>b</GhiChu>")
    assert sorted(differences(one, other, shape)) == [("GhiChu",), ("TepDinhKem",)]


def test_a_skeleton_names_every_legacy_element(tmp_path: Path) -> None:
    """A new map begins with a line for each legacy element, compiles, and its coverage lists what is to do."""
    legacy, canonical = schema(tmp_path, "cu", LEGACY), schema(tmp_path, "chuan", CANONICAL)
    shape = legacy.shape("push").child("item")
    assert shape is not None
    text = skeleton("moi", shape, canonical=canonical.shape("HoSo"), legacy_path="push/item")
    for name in ("hoTen", "diaChi", "tinh", "tep", "url", "@loai", "fax"):
        assert any("TODO" in line and f'legacy="{name}"' in line for line in text.splitlines()), name
    file = tmp_path / "moi.map.xml"
    file.write_text(text, encoding="utf-8")
    made = compile_map(file, legacy=legacy, canonical=canonical, tables=tables(tmp_path))
    assert len(made.coverage()) == len(shape.children)


def test_the_grammar_and_the_schema_of_maps_agree() -> None:
    """What the reader knows and what `mapping.xsd` tells an editor is the same set of names."""
    with resources.as_file(resources.files("adapters.mapping") / "mapping.xsd") as path:
        root = Schema.load(path).shape("map")
    shapes = {"map": root} | {child.name: child for child in root.children}
    for name, form in {**FORMS, "map": MAP}.items():
        own = form.needs + form.takes + tuple(each for choice in form.choices for each in choice)
        assert set(own) == set(shapes[name].attributes), name
        assert bool(shapes[name].children) is form.block, name
    assert set(shapes) == {*FORMS, "map"}


def test_a_digest_names_the_very_bytes(tmp_path: Path) -> None:
    """Two maps that differ in one character differ in their digest."""
    one = plan(tmp_path, '<field legacy="fax" canonical="GhiChu"/>').digest
    assert one != plan(tmp_path, '<field legacy="fax" canonical="GhiChu" />').digest
