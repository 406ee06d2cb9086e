"""The page of the canonical form, made from its schema, and of the tables every system may use."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from xmlschema import XMLSchema, XsdElement
from xmlschema.validators import XsdComplexType, XsdGroup

from schemas.catalog import KINDS, canonical
from tests.docs.tongue import MADE, table

_HEAD = {
    "vi": "# Dạng chuẩn\n\nMọi ánh xạ nối một lược đồ cũ với dạng này, không gian tên `urn:lienthong:canonical:1`. "
    "Đường dẫn trong ánh xạ tính từ phần tử gốc, ví dụ `ChuHoSo/GiayTo/So`. Thời điểm luôn có múi giờ, ngày thì "
    "không; phần tử không có giá trị thì không được ghi. Bên nhận có thể bắt buộc nhiều hơn: xem README của hệ thống "
    "ấy.",
    "en": "# The canonical form\n\nEvery map joins one legacy schema to this form, namespace "
    "`urn:lienthong:canonical:1`. Paths in a map count from the root element, for example `ChuHoSo/GiayTo/So`. "
    "Instants carry an offset, days do not; an element without a value is left out. A receiver may demand more: see "
    "the README of that system.",
}
_TITLES = {
    "vi": ("phần tử", "phải có", "nhiều lần", "là", "giá trị"),
    "en": ("element", "required", "repeats", "is", "values"),
}
_BLOCKS = {"vi": "## Khối dùng chung", "en": "## Shared blocks"}
_TABLES = {
    "vi": "## Bảng dùng chung\n\nTrong `schemas/tables/`; bảng cùng tên trong thư mục hệ thống thì thắng. "
    '`legacy, canonical`: bảng đổi mã (`kind="table"`). `code`: danh sách, đọc bằng `<lookup>`.',
    "en": "## Shared tables\n\nIn `schemas/tables/`; a table of the same name in a system's folder wins. "
    '`legacy, canonical`: a cross-walk (`kind="table"`). `code`: a list, read by `<lookup>`.',
}
_TABLE_TITLES = {"vi": ("bảng", "cột", "là"), "en": ("table", "columns", "is")}


def canonical_page(language: str) -> str:
    """Every kind, every block, every shared table."""
    schema = XMLSchema(str(canonical().path))
    lines = [MADE[language], _HEAD[language], ""]
    blocks: dict[str, XsdComplexType] = {}
    for kind, root in KINDS.items():
        if root in schema.elements:
            lines += [f"## {root} (`{kind}`)", "", *_section(schema.elements[root].type, blocks, language), ""]
    lines += [_BLOCKS[language], ""]
    done: set[str] = set()
    while left := [name for name in blocks if name not in done]:  # a block may name further ones
        for name in left:
            done.add(name)
            lines += [f"### {name}", "", *_section(blocks[name], blocks, language), ""]
    rows = sorted(_shared_tables())
    return "\n".join([*lines, _TABLES[language], "", *table(_TABLE_TITLES[language], *rows), ""])


def _section(kind: XsdComplexType, blocks: dict[str, XsdComplexType], language: str) -> list[str]:
    rows = [_row(path, element, blocks, language) for path, element in _elements(kind)]
    return table(_TITLES[language], *rows)


def _elements(kind: XsdComplexType, above: str = "") -> Iterator[tuple[str, XsdElement]]:
    """Children in order, and below those whose type has no name."""
    if not isinstance(kind.content, XsdGroup):
        return
    for element in kind.content.iter_elements():
        if isinstance(element, XsdElement):
            path = f"{above}{element.local_name}"
            yield path, element
            if isinstance(element.type, XsdComplexType) and not element.type.name:
                yield from _elements(element.type, f"{path}/")


def _row(path: str, element: XsdElement, blocks: dict[str, XsdComplexType], language: str) -> tuple[str, ...]:
    yes = "có" if language == "vi" else "yes"
    required = yes if element.min_occurs and "/" not in path else ""
    repeats = yes if element.max_occurs is None else ""
    if isinstance(element.type, XsdComplexType):
        name = element.type.local_name or ""
        if name:
            blocks.setdefault(name, element.type)
        return f"`{path}`", required, repeats, f"[{name}](#{name.lower()})" if name else "", ""
    primitive = getattr(element.type, "primitive_type", None)
    is_a = (element.type.root_type if primitive is None else primitive).local_name or ""
    values = getattr(element.type, "enumeration", None) or ()
    return f"`{path}`", required, repeats, is_a, " ".join(f"`{one}`" for one in values)


def _shared_tables() -> Iterator[tuple[str, str, str]]:
    for file in Path(str(resources.files("schemas").joinpath("tables"))).glob("*.csv"):
        lines = file.read_text(encoding="utf-8").splitlines()
        head = [line.removeprefix("#").strip() for line in lines if line.startswith("#")]
        columns = next(line for line in lines if line and not line.startswith("#"))
        yield f"`{file.stem}`", columns.replace(",", ", "), head[0] if head else ""
