"""Writes what follows from the bench's own files: code tables of both folders, and the xmldsig folder.

    python tests/bench/contender/generate.py

`spec/code_tables.json` is the bench's file. The xmldsig folder is the portal's folder with another signature: the
form it signs is the department's dossier element, so its two maps are the department's without the envelope.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).parent
SYSTEMS = HERE / "systems"
CROSSWALK = "legacy,canonical,reverse,valid_from,valid_to,note"
LIST = "code,vi,en,valid_from,valid_to"

# What the bench's words mean in the canonical form.
WORDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "channel": ("bench_kenh", {"COUNTER": "truc_tiep", "ONLINE": "truc_tuyen", "POST": "buu_chinh"}),
    "party": ("bench_doi_tuong", {"PERSON": "ca_nhan", "ORG": "doanh_nghiep"}),
    "gender": ("bench_gioi_tinh", {"M": "nam", "F": "nu", "O": "khac"}),
    "return": ("bench_hinh_thuc_tra", {"DIRECT": "mot_cua", "POSTAL": "buu_chinh"}),
    "doctype": ("bench_loai_giay_to", {"ORIGINAL": "ban_chinh", "COPY": "ban_sao", "CERTIFIED": "ban_chung_thuc"}),
    "feetype": ("bench_loai_phi", {"FEE": "phi", "CHARGE": "le_phi"}),
}
CALLBACKS = {"PAYMENT": "thanh_toan", "SUPPLEMENT": "bo_sung", "RATING": "danh_gia"}
NAMES = {"sector": "bench_linh_vuc", "ward": "bench_xa", "province": "bench_tinh", "unit": "bench_don_vi"}
MAY_BE_PAID = {"true": "chua_thanh_toan", "false": "khong_phai_nop"}


def files() -> Iterator[tuple[Path, str]]:
    """Every generated file with its content."""
    spec = json.loads((HERE / "spec" / "code_tables.json").read_text(encoding="utf-8"))
    yield from _department(spec)
    yield from _portal(spec)
    yield from _signed()


def _department(spec: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[Path, str]]:
    tables = SYSTEMS / "bench_so" / "tables"
    for name, words in WORDS.values():
        yield tables / f"{name}.csv", _crosswalk(words)
    status = {code: str(row[0]) for code, row in spec["status"].items() if isinstance(row, list)}
    yield tables / "bench_trang_thai.csv", _crosswalk(status)
    yield tables / "bench_phan_hoi.csv", _crosswalk(CALLBACKS)
    yield tables / "bench_thanh_toan.csv", _crosswalk(MAY_BE_PAID, {"1": "chua_thanh_toan", "0": "khong_phai_nop"})


def _portal(spec: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[Path, str]]:
    tables = SYSTEMS / "bench_cong" / "tables"
    for key, (name, words) in WORDS.items():
        yield tables / f"{name}.csv", _crosswalk({str(spec[key][code]): word for code, word in words.items()})
    calls = {number: CALLBACKS[str(word)] for number, word in spec["callback"].items()}
    yield tables / "bench_phan_hoi.csv", _crosswalk(calls)
    yield tables / "bench_thanh_toan.csv", _crosswalk({"1": "chua_thanh_toan", "0": "khong_phai_nop"})
    for key, name in NAMES.items():
        yield tables / f"{name}.csv", _list({code: str(text) for code, text in spec[key].items()})
    status = {str(row[0]): str(row[1]) for row in spec["status"].values() if isinstance(row, list)}
    yield tables / "bench_ten_trang_thai.csv", _list(dict(sorted(status.items(), key=lambda pair: int(pair[0]))))


def _signed() -> Iterator[tuple[Path, str]]:
    """The portal's folder, signed by XML-DSig instead of JWS."""
    portal, folder = SYSTEMS / "bench_cong", SYSTEMS / "bench_cong_ky"
    manifest = (portal / "adapter.toml").read_text(encoding="utf-8")
    for old, new in (
        ('id = "bench_cong"', 'id = "bench_cong_ky"'),
        ('jws = "X-Signature"', 'xmldsig = "DuLieuKySo"'),
        ('map = "dong_bo_ho_so.map.xml"', 'map = "dong_bo_ho_so.map.xml"\nsigned = "ky_ho_so.map.xml"'),
        ('map = "cap_nhat_trang_thai.map.xml"', 'map = "cap_nhat_trang_thai.map.xml"\nsigned = "ky_tien_do.map.xml"'),
        ("(JSON, JWS)", "(JSON, XML-DSig)"),
    ):
        if old not in manifest:
            raise SystemExit(f"bench_cong/adapter.toml lacks {old}")
        manifest = manifest.replace(old, new)
    yield folder / "adapter.toml", _MADE.format("#", "") + manifest
    copied = [*portal.glob("maps/*.xml"), *portal.glob("tables/*.csv"), *portal.glob("samples/*/*")]
    for file in sorted(file for file in copied if file.suffix not in (".bak",)):
        yield folder / file.relative_to(portal), file.read_text(encoding="utf-8")
    for name in ("hooks.py", "README.md"):
        yield folder / name, (portal / name).read_text(encoding="utf-8")
    # The signed form is the department's: its schema and its code tables come along.
    department = SYSTEMS / "bench_so"
    schema = (portal / "xsd" / "1" / "cong.xsd").read_text(encoding="utf-8")
    place = '<xs:import namespace="urn:example:lgsp:dossier:1" schemaLocation="dossier.xsd"/>'
    schema = schema.replace('elementFormDefault="qualified">\n', f'elementFormDefault="qualified">\n  {place}\n', 1)
    dossier = (department / "xsd" / "1" / "dossier.xsd").read_text(encoding="utf-8")
    yield folder / "xsd" / "1" / "cong.xsd", schema
    yield folder / "xsd" / "1" / "dossier.xsd", dossier
    yield folder / "xsd" / "1" / "SOURCE.toml", _source({"cong.xsd": schema, "dossier.xsd": dossier})
    for file in sorted((department / "tables").glob("*.csv")):
        yield folder / "tables" / f"ky_{file.name}", file.read_text(encoding="utf-8")
    yield folder / "maps" / "ky_ho_so.map.xml", _inner("nop_ho_so", "SubmitDossier", "ky_ho_so")
    yield folder / "maps" / "ky_tien_do.map.xml", _inner("cap_nhat_trang_thai", "UpdateStatus", "ky_tien_do")


_MADE = "{0} Made by generate.py; do not edit.{1}\n"


def _inner(name: str, element: str, id: str) -> str:
    """The map of the element inside the envelope, outward only, with the department's tables under their new names."""
    text = (SYSTEMS / "bench_so" / "maps" / f"{name}.map.xml").read_text(encoding="utf-8")
    root = re.search(r'canonical="(\w+)"', text)
    body = re.search(rf'  <group legacy="Body/{element}">\n(.*?)\n  </group>\n', text, re.DOTALL)
    if root is None or body is None:
        raise SystemExit(f"{name}.map.xml has no group for {element}")
    rules = body[1].replace('table="bench_', 'table="ky_bench_')
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        + _MADE.format("<!--", " -->")
        + f'<map xmlns="urn:lienthong:map:1" id="{id}" legacy="{element}" canonical="{root[1]}" only="to-legacy">\n'
        + f"{rules}\n</map>\n"
    )


def _crosswalk(words: Mapping[str, str], read_only: Mapping[str, str] | None = None) -> str:
    lines = [f"{legacy},{canonical},yes,,," for legacy, canonical in words.items()]
    lines += [f"{legacy},{canonical},no,,," for legacy, canonical in (read_only or {}).items()]
    return "\n".join([CROSSWALK, *lines]) + "\n"


def _list(names: Mapping[str, str]) -> str:
    return "\n".join([LIST, *(f"{code},{text},,," for code, text in names.items())]) + "\n"


def _source(pack: Mapping[str, str]) -> str:
    hashes = [f'"{name}" = "{hashlib.sha256(text.encode()).hexdigest()}"' for name, text in pack.items()]
    head = 'title = "The bench\'s contract, and ours of its JSON"\norigin = "made by us"\n\n[sha256]\n'
    return head + "\n".join(hashes) + "\n"


def main() -> None:
    """Writes them all."""
    for file, text in files():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
