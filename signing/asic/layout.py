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
_LARGE = 0xFFFFFFFF  # the size stands elsewhere


def fault_of(entries: Sequence[zipfile.ZipInfo], data: bytes, *, comment: int = 0) -> str:
    """What is wrong; "" = nothing. `data`: the whole archive; `comment`: bytes after its end record."""
    at = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset != at:
            return "entries that overlap" if entry.header_offset < at else "bytes between the entries"
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
    said, meant = (crc, packed, size), (entry.CRC, entry.compress_size, entry.file_size)
    at = start + _HEADER.size + name + extra + entry.compress_size
    if flags & _DESCRIBED:
        unknown = all(found in (0, _LARGE, true) for found, true in zip(said, meant, strict=True))
        return _behind_descriptor(data, at, meant) if unknown else -1
    fits = all(found in (_LARGE, true) for found, true in zip(said, meant, strict=True))
    return at if fits else -1


def _behind_descriptor(data: bytes, at: int, meant: tuple[int, int, int]) -> int:
    at += len(_MARK) if data.startswith(_MARK, at) else 0
    for form in _DESCRIPTORS:
        if at + form.size <= len(data) and form.unpack_from(data, at) == meant:
            return at + form.size
    return -1
