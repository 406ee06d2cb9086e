"""Whether a ZIP says the same to every reader: entries one behind another from the first byte to the directory.

Some readers follow the directory at the end, others the headers before each entry. Where the two differ, or bytes stand
between them, one of them sees a file that the other does not. Source: zip.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Sequence

_HEADER = struct.Struct("<4s5H3L2H")  # signature, version, flags, method, time, date, crc, packed, size, name, extra
_END = struct.Struct("<4s4H2LH")  # signature, disks, entries here, entries, size and offset of the directory, comment
_DESCRIPTORS = (struct.Struct("<3L"), struct.Struct("<L2Q"))  # crc, packed, size; where sizes were not known before
_MARK = b"PK\x07\x08"
_ENCRYPTED, _DESCRIBED = 0x1, 0x8
_STRENGTH = 0x6  # how hard the packer tried: nobody reads it
_LARGE = 0xFFFFFFFF  # the size stands elsewhere
_ZIP64 = 0x0001  # there
# Further fields that say when and by whom a file was written, or nothing. What another may say, e.g. a second name
# (0x7075), one reader would believe and the next would not see.
_HARMLESS = frozenset({_ZIP64, 0x000A, 0x5455, 0x5855, 0x7855, 0x7875, 0xCAFE})


def fault_of(entries: Sequence[zipfile.ZipInfo], data: bytes, *, comment: int = 0) -> str:
    """What is wrong; "" = nothing. `data`: the whole archive; `comment`: bytes after its end record."""
    at = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset != at:
            return "entries that overlap" if entry.header_offset < at else "bytes between the entries"
        if not _is_harmless(entry, data):
            return "an entry with further fields"
        at = _end_of(entry, data)
        if at < 0:
            return "an entry and the directory contradict each other"
    end = len(data) - _END.size - comment
    _, disk, other, here, count, size, offset, _ = _END.unpack_from(data, end)
    found = (offset, offset + size, here, count, disk, other)
    if found != (at, end, len(entries), len(entries), 0, 0):
        return "bytes outside the entries"
    return ""


def _end_of(entry: zipfile.ZipInfo, data: bytes) -> int:
    """The byte after it; -1 = its header says something else than the directory."""
    start = entry.header_offset
    if start + _HEADER.size > len(data):
        return -1
    signature, _, flags, method, _, _, crc, packed, size, name, extra = _HEADER.unpack_from(data, start)
    if signature != b"PK\x03\x04" or method != entry.compress_type or flags & _ENCRYPTED:
        return -1
    if (flags ^ entry.flag_bits) & ~_STRENGTH:
        return -1
    meant, is_open = (entry.CRC, entry.compress_size, entry.file_size), bool(flags & _DESCRIBED)
    large = _fields_before(entry, data).get(_ZIP64)
    if large is not None and not _fits(large, meant, is_open=is_open):
        return -1
    unknown = {0} if is_open else set()
    elsewhere = unknown | ({_LARGE} if large else set())
    if not (crc in {meant[0], *unknown} and packed in {meant[1], *elsewhere} and size in {meant[2], *elsewhere}):
        return -1
    at = start + _HEADER.size + name + extra + entry.compress_size
    return _behind_descriptor(data, at, meant) if is_open else at


def _is_harmless(entry: zipfile.ZipInfo, data: bytes) -> bool:
    """Do the further fields, before the entry and in the directory, say nothing that matters, and once?"""
    try:
        return {*_fields_before(entry, data), *_fields(entry.extra)} <= _HARMLESS
    except (struct.error, ValueError):
        return False


def _fields_before(entry: zipfile.ZipInfo, data: bytes) -> dict[int, bytes]:
    *_, name, extra = _HEADER.unpack_from(data, entry.header_offset)
    at = entry.header_offset + _HEADER.size + name
    return _fields(data[at : at + extra])


def _fields(extra: bytes) -> dict[int, bytes]:
    """Number → content.

    Raises:
        ValueError, struct.error: cut short, or a number twice.
    """
    found: dict[int, bytes] = {}
    at = 0
    while at < len(extra):
        number, size = struct.unpack_from("<2H", extra, at)
        at += 4 + size
        if at > len(extra) or number in found:
            raise ValueError(number)
        found[number] = extra[at - size : at]
    return found


def _fits(large: bytes, meant: tuple[int, int, int], *, is_open: bool) -> bool:
    """Do the large sizes before an entry say what the directory says? `is_open`: not known when it was written."""
    if len(large) not in (0, 16):
        return False
    sizes = struct.unpack("<2Q", large) if large else ()
    return not sizes or sizes == (meant[2], meant[1]) or (is_open and sizes == (0, 0))


def _behind_descriptor(data: bytes, at: int, meant: tuple[int, int, int]) -> int:
    at += len(_MARK) if data.startswith(_MARK, at) else 0
    for form in _DESCRIPTORS:
        if at + form.size <= len(data) and form.unpack_from(data, at) == meant:
            return at + form.size
    return -1
