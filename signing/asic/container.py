"""ZIP containers of signed files (ASiC-E), written always alike and read with suspicion.

A container from outside is refused for names that leave it, doubled or hidden entries, links, encryption, sizes that
lie, or more than it says it holds. Nothing is ever written to disk. Source: asic.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn
from xml.sax.saxutils import quoteattr

from schemas.problem import Refused, Stage, problem
from signing.asic.layout import fault_of

MEDIA_TYPE = "application/vnd.etsi.asic-e+zip"
MANIFEST_NAMESPACE = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same container, the same bytes
_END = 22  # size of ZIP's end record
_NAMED_AT, _MAGIC = 30, f"mimetype{MEDIA_TYPE}".encode("ascii")  # in the first entry, which says nothing beside
DIRECTORY = "META-INF/"
MANIFEST = "manifest.xml"  # in it
_UTF_8 = 0x800  # of an entry: its name is in UTF-8
_NO_FILE = 0x18  # DOS attributes: a folder, the name of a disk


@dataclass(frozen=True, slots=True)
class ContainerLimits:
    """How much is too much."""

    size_bytes: int = 104_857_600  # of the container
    total_bytes: int = 209_715_200  # of all that is in it
    entries: int = 1_000
    ratio: int = 200  # of any one entry
    name_characters: int = 255
    comment_characters: int = 0  # of the archive, of an entry: some makers write their name there; plain text only


LIMITS = ContainerLimits()
PARTNER_LIMITS = ContainerLimits(comment_characters=255)


@dataclass(frozen=True, slots=True)
class Container:
    """What is in it."""

    files: Mapping[str, bytes]  # all but META-INF/ and mimetype
    signatures: Mapping[str, bytes]  # META-INF/*signatures*.xml
    other: Mapping[str, bytes]  # the rest of META-INF/


def pack(files: Mapping[str, tuple[str, bytes]], signatures: Mapping[str, bytes]) -> bytes:
    """Writes a container. `files`: name → media type and bytes; `signatures`: name in META-INF/ → XML.

    Raises:
        ValueError: a name that no container may hold.
    """
    for name in (*files, *signatures):
        if _wrong_name(name, LIMITS):
            raise ValueError(f"not a name for a container: {name!r}")
    entries = "".join(
        f"<manifest:file-entry manifest:full-path={quoteattr(name)} manifest:media-type={quoteattr(kind)}/>"
        for name, kind in (("/", MEDIA_TYPE), *((name, kind) for name, (kind, _) in files.items()))
    )
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<manifest:manifest xmlns:manifest="{MANIFEST_NAMESPACE}" manifest:version="1.2">{entries}'
        "</manifest:manifest>\n"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        _put(archive, "mimetype", MEDIA_TYPE.encode("ascii"), stored=True)
        for name, (_, data) in files.items():
            _put(archive, name, data)
        _put(archive, DIRECTORY + MANIFEST, manifest.encode())
        for name, data in signatures.items():
            _put(archive, DIRECTORY + name, data)
    return out.getvalue()


def _put(archive: zipfile.ZipFile, name: str, data: bytes, *, stored: bool = False) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)


def unpack(data: bytes, *, limits: ContainerLimits = LIMITS, stage: Stage = Stage.RECEIVE) -> Container:
    """Reads a container.

    Raises:
        Refused: it is none, or tries something (LT-ASIC-001 … 003).
    """
    if len(data) > limits.size_bytes:
        _refuse("LT-ASIC-002", stage, found=f"{len(data)} > {limits.size_bytes} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_directory(archive, entries, data, limits, stage)
            read = {entry.filename: _read(archive, entry, limits, stage) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise Refused((problem("LT-ASIC-001", stage, {"reason": ascii(str(error))[1:-1][:120]}),)) from error
    if read.pop("mimetype", b"").strip() != MEDIA_TYPE.encode("ascii"):
        _refuse("LT-ASIC-001", stage, reason="mimetype")
    inside = {name: body for name, body in read.items() if name.startswith(DIRECTORY)}
    signatures = {
        name.removeprefix(DIRECTORY): body
        for name, body in inside.items()
        if "signatures" in name.lower() and name.lower().endswith(".xml")
    }
    return Container(
        files={name: body for name, body in read.items() if name not in inside},
        signatures=signatures,
        other={name: body for name, body in inside.items() if name.removeprefix(DIRECTORY) not in signatures},
    )


def _check_directory(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], data: bytes, limits: ContainerLimits, stage: Stage
) -> None:
    if not entries or len(entries) > limits.entries:
        _refuse("LT-ASIC-002", stage, found=f"{len(entries)} entries")
    if entries[0].compress_type != zipfile.ZIP_STORED or not data.startswith(_MAGIC, _NAMED_AT):
        _refuse("LT-ASIC-001", stage, reason="mimetype")  # what looks at the first bytes must see what kind it is
    end = len(data) - _END - len(archive.comment)
    if not _is_plain(archive.comment, limits) or data[end : end + 4] != b"PK\x05\x06" or entries[0].header_offset != 0:
        _refuse("LT-ASIC-003", stage, found="bytes outside the entries")
    names = [entry.filename.casefold() for entry in entries]
    if len(set(names)) < len(names):
        _refuse("LT-ASIC-003", stage, found="the same name twice")
    if sum(entry.file_size for entry in entries) > limits.total_bytes:
        _refuse("LT-ASIC-002", stage, found=f"more than {limits.total_bytes} bytes")
    for entry in entries:
        _check_entry(entry, limits, stage)
    fault = fault_of(entries, data, comment=len(archive.comment))
    if fault:
        _refuse("LT-ASIC-003", stage, found=fault)


def _check_entry(entry: zipfile.ZipInfo, limits: ContainerLimits, stage: Stage) -> None:
    name = entry.filename
    if _wrong_name(name, limits) or name != entry.orig_filename:
        _refuse("LT-ASIC-003", stage, found=f"name {ascii(name)[:80]}")
    if not name.isascii() and not entry.flag_bits & _UTF_8:
        _refuse("LT-ASIC-003", stage, found=f"name {ascii(name)[:80]} in unknown letters")
    if not _is_plain(entry.comment, limits):
        _refuse("LT-ASIC-003", stage, found=f"{ascii(name)[:80]} has a comment")
    mode = entry.external_attr >> 16
    if (mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode)) or entry.external_attr & _NO_FILE or entry.volume:
        _refuse("LT-ASIC-003", stage, found=f"{ascii(name)[:80]} is no file")
    if entry.flag_bits & 0x1:
        _refuse("LT-ASIC-003", stage, found=f"{ascii(name)[:80]} is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        _refuse("LT-ASIC-003", stage, found=f"{ascii(name)[:80]} is packed in another way")
    if entry.file_size > limits.ratio * max(1, entry.compress_size) + 1_024:
        _refuse("LT-ASIC-002", stage, found=f"{ascii(name)[:80]} {entry.file_size}/{entry.compress_size}")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: ContainerLimits, stage: Stage) -> bytes:
    """Never more than it said; CRC is checked by the library at the end."""
    with archive.open(entry) as source:
        found = source.read(entry.file_size + 1)
    if len(found) != entry.file_size or len(found) > limits.total_bytes:
        _refuse("LT-ASIC-003", stage, found=f"{ascii(entry.filename)[:80]} lies about its size")
    return found


def _is_plain(comment: bytes, limits: ContainerLimits) -> bool:
    return len(comment) <= limits.comment_characters and all(0x20 <= byte < 0x7F for byte in comment)


def _wrong_name(name: str, limits: ContainerLimits) -> bool:
    steps = name.split("/")
    is_hostile = any(step in ("", ".", "..") for step in steps) or "\\" in name or ":" in name
    return is_hostile or len(name) > limits.name_characters or not name.isprintable()


def _refuse(code: str, stage: Stage, **values: str) -> NoReturn:
    raise Refused((problem(code, stage, values),))
