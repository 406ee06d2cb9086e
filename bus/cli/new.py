"""`lienthong new`: the folder of a new system, written from the partner's contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bus.cli import out
from bus.cli.context import Json, refused
from bus.cli.find import Kind

EXAMPLES = """\b
Ví dụ / examples:
  lienthong new so_tu_phap --wsdl DichVu.wsdl                 ta gọi họ / we call them
  lienthong new so_tu_phap --wsdl DichVu.wsdl --called        họ gọi ta / they call us
  lienthong new phan_mem_x --xsd hoso.xsd --kind tien_do --to ./he_thong
\b
Rồi / then: tìm TODO trong thư mục, rồi / look for TODO in the folder, then
  lienthong check ./he_thong/phan_mem_x
"""


_DOSSIER = Kind("ho_so")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("new", short_help="viết khung hệ thống mới / begin a new system", epilog=EXAMPLES)(new)


def new(
    id: Annotated[str, typer.Argument(help="Mã hệ thống: chữ thường, số, gạch dưới / id: a-z, 0-9, _")],
    wsdl: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Tệp WSDL / a WSDL file")] = None,
    xsd: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Tệp XSD / an XSD file")] = None,
    to: Annotated[Path, typer.Option(help="Thư mục chứa thư mục mới / where the new folder goes")] = Path(),
    called: Annotated[bool, typer.Option("--called", help="Họ gọi ta / the partner calls us")] = False,
    kind: Annotated[Kind, typer.Option(help="Loại thông điệp của khung ánh xạ / kind of the skeleton maps")] = _DOSSIER,
    month: Annotated[str, typer.Option(metavar="YYYY-MM", help="Tháng của hợp đồng / month of the contract")] = "",
    json: Json = False,
) -> None:
    """Viết khung thư mục hệ thống từ WSDL hay XSD / writes a system folder's skeleton; never overwrites anything."""
    contract = _one_of(wsdl, xsd)
    from adapters.skeleton import new_system

    folder = to / id
    if folder.exists():
        raise refused("LT-CLI-008", folder=folder)
    month = month or datetime.now(UTC).strftime("%Y-%m")
    files = new_system(id, contract, month=month, called=called, kind=kind.value)
    _write(folder, files)
    todos = sum(body.count(b"TODO") for body in files.values())
    if json:
        out.show_json({"system": id, "folder": str(folder), "files": sorted(files), "todos": todos})
        return
    for name in sorted(files):
        out.say(f"  {folder / name}")
    out.say(f"✓ {len(files)} tệp, {todos} chỗ TODO / files, places marked TODO", style="green")
    out.say(f"→ lienthong check {folder}")


def _one_of(wsdl: Path | None, xsd: Path | None) -> Path:
    given = [file for file in (wsdl, xsd) if file is not None]
    if len(given) != 1:
        raise typer.BadParameter("đúng một trong hai / exactly one of the two", param_hint="--wsdl, --xsd")
    return given[0]


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, body in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as made:
            made.write(body)
