"""What a compiled map does with documents, rule by rule."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lxml import etree

from adapters.mapping.compile import compile_map
from adapters.mapping.documents import XML, json_with
from adapters.mapping.plan import MapContext
from adapters.wire.jsonxml import compact, json_to_xml, xml_to_json
from tests.unit.mapping.kit import (
    CANONICAL,
    CONTEXT,
    LEGACY,
    ON,
    codes,
    ho_so,
    item,
    map_file,
    plan,
    read,
    schema,
    tables,
    written,
)

NAME = '<field legacy="hoTen" canonical="ChuHoSo/HoTen" kind="person-name"/>'


def test_a_field_goes_both_ways(tmp_path: Path) -> None:
    """One line in the map carries a value in both directions."""
    made = plan(tmp_path, '<field legacy="ngayHenTra" canonical="NgayHenTra" kind="date" format="dd/MM/yyyy"/>')
    assert read(made, "<ngayHenTra>06/07/2026</ngayHenTra>") == "<NgayHenTra>2026-07-06</NgayHenTra>"
    assert written(made, "<NgayHenTra>2026-07-06</NgayHenTra>") == "<ngayHenTra>06/07/2026</ngayHenTra>"


def test_children_stand_in_the_order_of_the_target_schema(tmp_path: Path) -> None:
    """The order of the rules and of the message does not matter: the target schema's order does."""
    made = plan(tmp_path, f'{NAME}<field legacy="maSoHoSo" canonical="MaHoSoDonVi"/>')
    assert read(made, "<maSoHoSo>M1</maSoHoSo><hoTen>A</hoTen>").startswith("<MaHoSoDonVi>M1</MaHoSoDonVi><ChuHoSo>")
    out = written(made, "<MaHoSoDonVi>M1</MaHoSoDonVi><ChuHoSo><HoTen>A</HoTen></ChuHoSo>")
    assert out == "<hoTen>A</hoTen><maSoHoSo>M1</maSoHoSo>"


def test_namespaces_come_from_the_target_schema(tmp_path: Path) -> None:
    """Qualified where the schema says so, unqualified where not, whatever prefixes the message used."""
    made = plan(tmp_path, NAME)
    canonical = made.to_canonical(etree.fromstring('<x:item xmlns:x="urn:la"><x:hoTen>A</x:hoTen></x:item>'), CONTEXT)
    assert canonical.element is not None
    assert canonical.element.tag == "{urn:chuan}HoSo"
    legacy = made.to_legacy(canonical.element, CONTEXT)
    assert legacy.element is not None
    assert [child.tag for child in legacy.element.iter()] == ["item", "hoTen"]


def test_empty_is_absent(tmp_path: Path) -> None:
    """An empty or blank legacy element gives no canonical element, and none comes back."""
    made = plan(tmp_path, '<field legacy="maSoHoSo" canonical="MaHoSoDonVi"/><field legacy="fax" canonical="GhiChu"/>')
    assert read(made, "<maSoHoSo>M1</maSoHoSo><fax>  </fax>") == "<MaHoSoDonVi>M1</MaHoSoDonVi>"


def test_empty_is_kept_where_declared(tmp_path: Path) -> None:
    """A partner that needs the empty element gets it."""
    made = plan(tmp_path, '<field legacy="maSoHoSo" canonical="MaHoSoDonVi" empty="keep"/>')
    assert written(made, "<GhiChu>x</GhiChu>") == "<maSoHoSo/>"
    assert read(made, "<maSoHoSo/>") == ""


def test_text_is_nfc(tmp_path: Path) -> None:
    """Decomposed Vietnamese is composed on its way, so that names compare equal."""
    made = plan(tmp_path, NAME)
    decomposed = unicodedata.normalize("NFD", "Đỗ Thị Mẫu")
    assert "Đỗ Thị Mẫu" in read(made, f"<hoTen>{decomposed}</hoTen>")


def test_a_table_translates_codes(tmp_path: Path) -> None:
    """Codes go through the dated table in both directions."""
    made = plan(
        tmp_path, f'{NAME}<field legacy="gioiTinh" canonical="ChuHoSo/GioiTinh" kind="table" table="gioi_tinh"/>'
    )
    assert "<GioiTinh>nu</GioiTinh>" in read(made, "<gioiTinh>0</gioiTinh><hoTen>A</hoTen>")
    assert "<gioiTinh>1</gioiTinh>" in written(made, "<ChuHoSo><HoTen>A</HoTen><GioiTinh>nam</GioiTinh></ChuHoSo>")


def test_an_identity_is_written_from_the_context(tmp_path: Path) -> None:
    """A partner that has its own number for the dossier gets that number, also where ours is absent."""
    made = plan(tmp_path, '<field legacy="onlineId" canonical="MaHoSo" kind="identity" party="cu.so"/>')
    known = MapContext(ON, {"cu.so": "17"})
    assert written(made, "<MaHoSo>G99-1</MaHoSo>", known) == "<onlineId>17</onlineId>"
    assert written(made, "<GhiChu>x</GhiChu>", known) == "<onlineId>17</onlineId>"
    assert written(made, "<MaHoSo>99</MaHoSo>") == "<onlineId>99</onlineId>"
    assert read(made, "<onlineId>17</onlineId>") == "<MaHoSo>17</MaHoSo>"


def test_a_sentinel_is_no_value(tmp_path: Path) -> None:
    """`none` is absence on the canonical side, however the partner writes the same moment."""
    rule = 'kind="datetime" format="iso-local" none="9999-12-31T00:00:00" lossy="ngày rỗng viết bằng 9999"'
    made = plan(tmp_path, f'<field legacy="ngayNop" canonical="NgayNop" {rule}/>')
    assert read(made, "<ngayNop>9999-12-31T00:00:00</ngayNop>") == ""
    assert read(made, "<ngayNop>9999-12-31T00:00:00.000+07:00</ngayNop>") == ""
    assert written(made, "<GhiChu>x</GhiChu>") == "<ngayNop>9999-12-31T00:00:00</ngayNop>"


def test_max_refuses_and_cuts_only_where_declared(tmp_path: Path) -> None:
    """A text too long for the partner is a problem; with `lossy` it is cut."""
    long = "<ChuHoSo><HoTen>Nguyễn Văn Thử</HoTen></ChuHoSo>"
    strict = plan(tmp_path, '<field legacy="hoTen" canonical="ChuHoSo/HoTen" max="7"/>')
    assert codes(strict.to_legacy(ho_so(long), CONTEXT).problems) == ["LT-MAP-118"]
    cutting = plan(tmp_path, '<field legacy="hoTen" canonical="ChuHoSo/HoTen" max="7" lossy="nơi nhận cắt ở 7"/>')
    assert written(cutting, long) == "<hoTen>Nguyễn</hoTen>"


def test_a_constant_is_written_and_must_hold_when_read(tmp_path: Path) -> None:
    """A constant is written in its direction; a document that says otherwise is not for this map."""
    made = plan(tmp_path, '<constant canonical="NguonGoc" value="don_vi"/><field legacy="fax" canonical="GhiChu"/>')
    assert read(made, "<fax>x</fax>") == "<NguonGoc>don_vi</NguonGoc><GhiChu>x</GhiChu>"
    assert written(made, "<NguonGoc>don_vi</NguonGoc><GhiChu>x</GhiChu>") == "<fax>x</fax>"
    assert codes(made.to_legacy(ho_so("<NguonGoc>khac</NguonGoc>"), CONTEXT).problems) == ["LT-MAP-131"]


def test_a_constant_alone_makes_no_optional_parent(tmp_path: Path) -> None:
    """A nationality without a person is not written; an element of constants only is."""
    rules = (
        f'{NAME}<constant canonical="ChuHoSo/QuocTich" value="VNM"/><constant canonical="ThuTuc/Ma" value="9.999001"/>'
    )
    made = plan(tmp_path, rules)
    assert read(made, "<fax>x</fax>") == "<ThuTuc><Ma>9.999001</Ma></ThuTuc>"
    assert "<QuocTich>VNM</QuocTich>" in read(made, "<hoTen>A</hoTen>")


def test_when_judges_the_document_it_speaks_of(tmp_path: Path) -> None:
    """A condition on the legacy side holds in both directions: on what is read, and on what will be written."""
    made = plan(
        tmp_path,
        """<field legacy="onlineId" canonical="MaHoSo" kind="identity" party="p" none="0" lossy="0 là không có"/>
        <when legacy="onlineId" equals="0"><constant canonical="NguonGoc" value="don_vi"/></when>
        <when legacy="onlineId" not-equals="0"><constant canonical="NguonGoc" value="cong_dvcqg"/></when>""",
    )
    assert read(made, "<onlineId>0</onlineId>") == "<NguonGoc>don_vi</NguonGoc>"
    assert read(made, "<onlineId>7</onlineId>") == "<MaHoSo>7</MaHoSo><NguonGoc>cong_dvcqg</NguonGoc>"
    assert written(made, "<NguonGoc>don_vi</NguonGoc>") == "<onlineId>0</onlineId>"
    assert written(made, "<MaHoSo>7</MaHoSo><NguonGoc>cong_dvcqg</NguonGoc>") == "<onlineId>7</onlineId>"
    wrong = made.to_legacy(ho_so("<MaHoSo>7</MaHoSo><NguonGoc>don_vi</NguonGoc>"), CONTEXT)
    assert codes(wrong.problems) == ["LT-MAP-131"]


def test_when_on_the_canonical_side(tmp_path: Path) -> None:
    """A condition on the canonical side chooses which legacy element carries a value, and finds it again."""
    made = plan(
        tmp_path,
        """<field legacy="gioiTinh" canonical="NguonGoc" kind="code"/>
        <when canonical="NguonGoc" equals="1"><field legacy="fax" canonical="GhiChu"/></when>
        <when canonical="NguonGoc" equals="2"><field legacy="hang" canonical="GhiChu"/></when>""",
    )
    assert written(made, "<NguonGoc>2</NguonGoc><GhiChu>x</GhiChu>") == "<gioiTinh>2</gioiTinh><hang>x</hang>"
    assert read(made, "<gioiTinh>2</gioiTinh><hang>x</hang>") == "<NguonGoc>2</NguonGoc><GhiChu>x</GhiChu>"
    assert read(made, "<gioiTinh>1</gioiTinh><hang>x</hang>") == "<NguonGoc>1</NguonGoc>"


def test_each_carries_lists_in_order(tmp_path: Path) -> None:
    """Lists keep their order unless told to sort; then by meaning, not by letters."""
    inner = '<field legacy="ten" canonical="Ten"/><field legacy="so" canonical="So" kind="integer"/>'
    message = "<tep><ten>b</ten><so>10</so></tep><tep><ten>a</ten><so>9</so></tep>"
    plain = plan(tmp_path, f'<each legacy="tep" canonical="TepDinhKem">{inner}</each>')
    assert read(plain, message).index(">b<") < read(plain, message).index(">a<")
    sorting = plan(tmp_path, f'<each legacy="tep" canonical="TepDinhKem" order-by="So">{inner}</each>')
    assert read(sorting, message).index(">a<") < read(sorting, message).index(">b<")


def test_each_reads_and_writes_attributes(tmp_path: Path) -> None:
    """The last step of a path may be an attribute."""
    made = plan(
        tmp_path,
        """<each legacy="tep" canonical="TepDinhKem"><field legacy="ten" canonical="Ten"/>
        <field legacy="@loai" canonical="Loai"/></each>""",
    )
    assert "<Loai>k</Loai>" in read(made, '<tep loai="k"><ten>a</ten></tep>')
    out = written(made, "<TepDinhKem><Loai>k</Loai><Ten>a</Ten></TepDinhKem>")
    assert out == '<tep loai="k"><ten>a</ten></tep>'


def test_each_refuses_more_than_the_target_holds(tmp_path: Path) -> None:
    """Items are never dropped to fit."""
    made = plan(tmp_path, '<each legacy="tep" canonical="TepDinhKem"><field legacy="ten" canonical="Ten"/></each>')
    four = "".join(f"<TepDinhKem><Ten>{n}</Ten></TepDinhKem>" for n in range(4))
    problems = made.to_legacy(ho_so(four), CONTEXT).problems
    assert codes(problems) == ["LT-MAP-133"]
    assert "3" in problems[0].text_vi


def test_lists_part_by_where(tmp_path: Path) -> None:
    """Two legacy lists share one canonical list; each item finds its own list again, none is lost."""
    made = plan(
        tmp_path,
        """<each legacy="tep" canonical="TepDinhKem" where="Loai" equals="nop">
        <field legacy="ten" canonical="Ten"/></each>
        <each legacy="ketQua" canonical="TepDinhKem" where="Loai" equals="kq">
        <field legacy="ten" canonical="Ten"/></each>""",
    )
    message = "<tep><ten>a</ten></tep><ketQua><ten>b</ten></ketQua>"
    inside = read(made, message)
    assert inside.count("<TepDinhKem>") == 2
    assert "<Loai>kq</Loai><Ten>b</Ten>" in inside
    assert written(made, inside) == message
    stray = made.to_legacy(ho_so("<TepDinhKem><Loai>la</Loai><Ten>c</Ten></TepDinhKem>"), CONTEXT)
    assert codes(stray.problems) == ["LT-MAP-136"]


def test_an_item_spread_over_its_parent(tmp_path: Path) -> None:
    """Values that stand in the parent are one item of a canonical list; a second one would have no place."""
    made = plan(
        tmp_path,
        """<each legacy="." canonical="TepDinhKem" where="Loai" equals="don">
        <field legacy="fax" canonical="Ten"/><field legacy="hang" canonical="DuongDan"/></each>
        <each legacy="tep" canonical="TepDinhKem" where="Loai" equals="nop">
        <field legacy="ten" canonical="Ten"/></each>""",
    )
    message = "<tep><ten>b</ten></tep><hang>h</hang><fax>a</fax>"
    inside = read(made, message)
    assert "<TepDinhKem><Loai>don</Loai><Ten>a</Ten><DuongDan>h</DuongDan></TepDinhKem>" in inside
    assert written(made, inside) == message
    assert "don" not in read(made, "<tep><ten>b</ten></tep>")
    twice = ho_so("<TepDinhKem><Loai>don</Loai><Ten>a</Ten></TepDinhKem>" * 2)
    assert "LT-MAP-133" in codes(made.to_legacy(twice, CONTEXT).problems)
    gaps = {problem.ours.path for problem in made.coverage() if problem.ours}
    assert "hoTen" in gaps
    assert not gaps & {"fax", "hang", "tep"}


def test_split_unpacks_and_packs(tmp_path: Path) -> None:
    """A packed text is a list on the canonical side."""
    made = plan(tmp_path, '<split legacy="hang" separator="|" canonical="GiayPhep" item="Hang" kind="code"/>')
    inside = read(made, "<hang>A1|B2</hang>")
    assert inside == "<GiayPhep><Hang>A1</Hang></GiayPhep><GiayPhep><Hang>B2</Hang></GiayPhep>"
    assert written(made, inside) == "<hang>A1|B2</hang>"


def test_zip_reads_parallel_lists(tmp_path: Path) -> None:
    """Parallel packed texts become one list of items and come back, gaps included."""
    made = plan(
        tmp_path,
        """<zip separator="|" canonical="GiayPhep"><field legacy="soGplx" canonical="So"/>
        <field legacy="hang" canonical="Hang"/></zip>""",
    )
    message = "<hang>A1|B2</hang><soGplx>|99</soGplx>"
    inside = read(made, message)
    assert inside == "<GiayPhep><Hang>A1</Hang></GiayPhep><GiayPhep><So>99</So><Hang>B2</Hang></GiayPhep>"
    assert written(made, inside) == message


def test_zip_refuses_lists_of_different_length(tmp_path: Path) -> None:
    """Parallel lists that do not match are a problem that counts them, never padded."""
    made = plan(
        tmp_path,
        """<zip separator="|" canonical="GiayPhep"><field legacy="soGplx" canonical="So"/>
        <field legacy="hang" canonical="Hang"/></zip>""",
    )
    problems = made.to_canonical(item("<hang>A1|B2</hang><soGplx>99</soGplx>"), CONTEXT).problems
    assert codes(problems) == ["LT-MAP-134"]
    assert "hang 2" in problems[0].text_en


def test_packing_refuses_a_value_with_the_separator(tmp_path: Path) -> None:
    """A value that would be torn apart when read again is not packed."""
    made = plan(tmp_path, '<split legacy="hang" separator="|" canonical="GiayPhep" item="Hang"/>')
    problems = made.to_legacy(ho_so("<GiayPhep><Hang>A|B</Hang></GiayPhep>"), CONTEXT).problems
    assert codes(problems) == ["LT-MAP-135"]


def test_lookup_fills_what_is_absent(tmp_path: Path) -> None:
    """A name comes from the table where the message has none; the message's own stands over it."""
    made = plan(
        tmp_path,
        """<field legacy="maSoHoSo" canonical="ThuTuc/Ma"/><field legacy="fax" canonical="ThuTuc/Ten"/>
        <lookup canonical="ThuTuc/Ten" from="ThuTuc/Ma" table="thu_tuc" column="vi"/>""",
    )
    assert "<Ten>Thủ tục mẫu</Ten>" in read(made, "<maSoHoSo>9.999001</maSoHoSo>")
    assert "<Ten>khác</Ten>" in read(made, "<maSoHoSo>9.999001</maSoHoSo><fax>khác</fax>")
    problems = made.to_canonical(item("<maSoHoSo>9.999002</maSoHoSo>"), CONTEXT).problems
    assert codes(problems) == ["LT-MAP-120"]
    assert "9.999001" in problems[0].text_vi


def test_lookup_writes_a_legacy_name(tmp_path: Path) -> None:
    """A partner that wants the words of a code gets them; they are not read back."""
    made = plan(
        tmp_path,
        """<field legacy="maSoHoSo" canonical="ThuTuc/Ma"/>
        <lookup legacy="fax" from="ThuTuc/Ma" table="thu_tuc" column="vi"/>""",
    )
    assert "<fax>Thủ tục mẫu</fax>" in written(made, "<ThuTuc><Ma>9.999001</Ma></ThuTuc>")
    assert read(made, "<fax>bịa</fax>") == ""


def test_a_document_inside_a_text(tmp_path: Path) -> None:
    """XML inside a text node is opened once, mapped, and packed again."""
    made = plan(
        tmp_path,
        '<embedded legacy="duLieu" format="xml" element="data"><field legacy="ghi" canonical="GhiChu"/></embedded>',
    )
    packed = "&lt;data&gt;&lt;ghi&gt;a &amp;amp; b&lt;/ghi&gt;&lt;/data&gt;"
    assert read(made, f"<duLieu>{packed}</duLieu>") == "<GhiChu>a &amp; b</GhiChu>"
    out = written(made, "<GhiChu>a &amp; b</GhiChu>")
    assert read(made, out) == "<GhiChu>a &amp; b</GhiChu>"


def test_a_broken_document_inside_a_text_is_refused(tmp_path: Path) -> None:
    """Inner XML that does not parse is a problem at its element, not repaired by guessing."""
    made = plan(
        tmp_path,
        '<embedded legacy="duLieu" format="xml" element="data"><field legacy="ghi" canonical="GhiChu"/></embedded>',
    )
    problems = made.to_canonical(item("<duLieu>&lt;data&gt;a &amp; b&lt;/data&gt;</duLieu>"), CONTEXT).problems
    assert len(problems) == 1
    assert problems[0].theirs is not None
    assert problems[0].theirs.path == "/item/duLieu"
    assert problems[0].ours is not None
    assert problems[0].ours.line == 2


def test_json_inside_a_text(tmp_path: Path) -> None:
    """JSON inside a text node is opened by the wires' own rule and packed by it."""
    rules = '<embedded legacy="duLieu" format="json" element="data"><field legacy="ghi" canonical="GhiChu"/></embedded>'
    json = json_with(json_to_xml, lambda element, shape: compact(xml_to_json(element, shape)).decode())
    made = compile_map(
        map_file(tmp_path, rules),
        legacy=schema(tmp_path, "cu", LEGACY),
        canonical=schema(tmp_path, "chuan", CANONICAL),
        tables=tables(tmp_path),
        documents={**XML, "json": json},
    )
    assert read(made, '<duLieu>{"ghi": "một"}</duLieu>') == "<GhiChu>một</GhiChu>"
    assert written(made, "<GhiChu>một</GhiChu>") == '<duLieu>{"ghi":"một"}</duLieu>'
    assert len(made.to_canonical(item('<duLieu>{"ghi": 1, "ghi": 2}</duLieu>'), CONTEXT).problems) == 1


def test_a_table_without_the_column_says_so(tmp_path: Path) -> None:
    """A code whose row leaves the wanted column empty is told from an unknown code."""
    made = plan(
        tmp_path,
        """<field legacy="maSoHoSo" canonical="ThuTuc/Ma"/>
        <lookup canonical="ThuTuc/Ten" from="ThuTuc/Ma" table="thu_tuc" column="linh_vuc"/>""",
    )
    assert codes(made.to_canonical(item("<maSoHoSo>9.999001</maSoHoSo>"), CONTEXT).problems) == ["LT-MAP-122"]


def test_a_plan_serves_many_threads(tmp_path: Path) -> None:
    """One plan, many threads, each with its own context: nobody sees another's values."""
    made = plan(tmp_path, f'{NAME}<field legacy="onlineId" canonical="MaHoSo" kind="identity" party="p"/>')
    document = ho_so("<ChuHoSo><HoTen>A</HoTen></ChuHoSo>")

    def one(number: int) -> str:
        found = made.to_legacy(document, MapContext(ON, {"p": str(number)})).element
        assert found is not None
        return found.findtext("onlineId") or ""

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(500))) == [str(number) for number in range(500)]


def test_a_rule_may_go_one_way(tmp_path: Path) -> None:
    """The form without diacritics is written beside the name and not read back."""
    made = plan(
        tmp_path,
        """<field legacy="hoTen" canonical="ChuHoSo/HoTen"/>
        <field legacy="fax" canonical="ChuHoSo/HoTen" kind="upper-name" marks="strip" only="to-legacy"/>""",
    )
    assert written(made, "<ChuHoSo><HoTen>Đỗ Mẫu</HoTen></ChuHoSo>") == "<hoTen>Đỗ Mẫu</hoTen><fax>DO MAU</fax>"
    assert "Đỗ Mẫu" in read(made, "<hoTen>Đỗ Mẫu</hoTen><fax>DO KHAC</fax>")


def test_a_map_may_go_one_way(tmp_path: Path) -> None:
    """A map declared one-way says so when asked for the other direction."""
    head = 'id="thu" legacy="push/item" canonical="HoSo" only="to-canonical"'
    made = plan(tmp_path, '<field legacy="hoTen" canonical="ChuHoSo/HoTen"/>', head=head)
    assert read(made, "<hoTen>A</hoTen>")
    assert codes(made.to_legacy(ho_so(""), CONTEXT).problems) == ["LT-MAP-138"]


def test_groups_and_single_value_paths(tmp_path: Path) -> None:
    """A group moves both paths, or only one of them."""
    made = plan(
        tmp_path,
        f"""{NAME}<group legacy="diaChi" canonical="ChuHoSo/DiaChi"><field legacy="tinh" canonical="MaTinh"/></group>
        <group legacy="diaChi"><field legacy="xa" canonical="GhiChu"/></group>""",
    )
    inside = read(made, "<hoTen>A</hoTen><diaChi><tinh>99</tinh><xa>Mẫu</xa></diaChi>")
    assert "<DiaChi><MaTinh>99</MaTinh></DiaChi>" in inside
    assert "<GhiChu>Mẫu</GhiChu>" in inside
    assert written(made, inside) == "<hoTen>A</hoTen><diaChi><tinh>99</tinh><xa>Mẫu</xa></diaChi>"
