"""Attacks by ZIP, and by containers of signed files (ASiC-E): names that leave, entries that hide, sizes that lie."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from urllib.parse import quote

from signing.asic import open_sealed, seal, unpack
from signing.asic.container import LIMITS, pack
from signing.dsig.write import write_file_reference
from signing.xades.sign import sign_references
from tests.attacks.corpus import INERT, TAKEN, TOLD, Case, Category, cases, said
from tests.attacks.trusting import lists, person, store
from tests.unit.signing.issuer import NOW

TEXT, EVIL = b"<a>that</a>", b"<a>this</a>"
FILES = {"thu.xml": ("application/xml", TEXT), "to khai.txt": ("text/plain", b"x")}
CENTRAL, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"


@cache
def good() -> bytes:
    """A good container."""
    return seal(FILES, person().signing(), now=NOW)


def opened(data: bytes) -> str:
    """What the verifier says; what is believed are the files."""
    result = open_sealed(data, store(), None, now=NOW, evidence=lists())
    if isinstance(result, tuple):
        return said(result)
    if result.container.files != {name: body for name, (_, body) in FILES.items()}:
        return TAKEN
    return f"{TOLD}:{' '.join(result.uncovered)}" if result.uncovered else INERT


def written(entries: Mapping[str, bytes], *, change: Callable[[zipfile.ZipInfo], None] | None = None) -> bytes:
    """Any archive that the library can write."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", b"application/vnd.etsi.asic-e+zip", zipfile.ZIP_STORED)
        for name, body in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            if change is not None:
                change(entry)
            archive.writestr(entry, body)
    return out.getvalue()


def _named(name: str) -> str:
    unpack(written({name: b"x"}))
    return TAKEN


def _mode(mode: int) -> str:
    def change(entry: zipfile.ZipInfo) -> None:
        entry.external_attr = mode << 16
        entry.create_system = 3

    unpack(written({"a": b"/etc/hostname"}, change=change))
    return TAKEN


def _patched(field: bytes, offset: int, layout: str, value: int, *, last: bool = True) -> str:
    """A field of the last (or first) header of a kind, changed in a good container."""
    data = bytearray(good())
    at = data.rindex(field) if last else data.index(field)
    struct.pack_into(layout, data, at + offset, value)
    return opened(bytes(data))


def appended(name: str, body: bytes, source: bytes | None = None) -> bytes:
    """One entry more, by the library."""
    out = io.BytesIO(source or good())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, body)
    return out.getvalue()


def replaced(name: str, body: bytes | None) -> bytes:
    """An entry with another content; None = gone."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good())) as source, zipfile.ZipFile(out, "w") as made:
        for entry in source.infolist():
            if entry.filename != name or body is not None:
                made.writestr(entry, body if entry.filename == name and body is not None else source.read(entry))
    return out.getvalue()


def _twice(name: str) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return appended(name, EVIL)


def _bomb(size: int) -> str:
    unpack(written({"a": bytes(size)}))
    return TAKEN


def _wide() -> str:
    unpack(written({f"f{number}": b"" for number in range(1_001)}))
    return TAKEN


def _many_large() -> str:
    body = bytes(range(256)) * 4_000
    small = replace(LIMITS, total_bytes=3_000_000)
    unpack(written({f"f{number}": body for number in range(4)}), limits=small)
    return TAKEN


def _overlap() -> str:
    """Two names for the same bytes: the second header of the directory points at the first's."""
    data = bytearray(written({"a": b"x" * 1_000, "b": b"x" * 1_000}))
    first = data.index(CENTRAL, data.index(CENTRAL, data.index(CENTRAL) + 4))
    second = data.index(CENTRAL, first + 4)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    unpack(bytes(data))
    return TAKEN


def local_entry(name: bytes, body: bytes) -> bytes:
    """A local header with its file, stored."""
    return (
        struct.pack("<4s5H3L2H", LOCAL, 20, 0, 0, 0, 33, zlib.crc32(body), len(body), len(body), len(name), 0)
        + name
        + body
    )


def _between(inside: bytes) -> bytes:
    """Bytes put between the last entry and the directory, all offsets right: a reader of streams sees one file more."""
    data = bytearray(good())
    directory, end = data.index(CENTRAL), data.rindex(END)
    (offset,) = struct.unpack_from("<L", data, end + 16)
    assert offset == directory
    struct.pack_into("<L", data, end + 16, directory + len(inside))
    return bytes(data[:directory]) + inside + bytes(data[directory:])


def gap(inside: bytes) -> bytes:
    """The same between two entries."""
    data = bytearray(good())
    second = data.index(LOCAL, 4)
    at = data.index(CENTRAL)
    while True:
        (offset,) = struct.unpack_from("<L", data, at + 42)
        if offset >= second:
            struct.pack_into("<L", data, at + 42, offset + len(inside))
        name, extra, comment = struct.unpack_from("<3H", data, at + 28)
        at += 46 + name + extra + comment
        if data[at : at + 4] != CENTRAL:
            break
    end = data.rindex(END)
    (directory,) = struct.unpack_from("<L", data, end + 16)
    struct.pack_into("<L", data, end + 16, directory + len(inside))
    return bytes(data[:second]) + inside + bytes(data[second:])


def _signed_as(references: Mapping[str, bytes], files: Mapping[str, tuple[str, bytes]] = FILES) -> str:
    """Rightly signed by an insider, over these URIs."""
    made = [
        write_file_reference(uri, body, name=f"m-r{number}") for number, (uri, body) in enumerate(references.items())
    ]
    signature = sign_references(made, person().signing(), "m", now=NOW)
    document = (
        b'<asic:XAdESSignatures xmlns:asic="http://uri.etsi.org/02918/v1.2.1#">'
        + signature
        + b"</asic:XAdESSignatures>"
    )
    return opened(pack(files, {"signatures0.xml": document}))


URIS = {quote(name): body for name, (_, body) in FILES.items()}


def _uri(uri: str) -> str:
    """The first file under another spelling of its name."""
    return _signed_as({uri: TEXT, "to%20khai.txt": b"x"})


OUTSIDE, MUCH, BROKEN, LEFT, ABSENT = "LT-ASIC-003", "LT-ASIC-002", "LT-ASIC-001", "LT-ASIC-004", "LT-ASIC-007"
ZIP = {
    "slip by two dots": (lambda: _named("../../etc/cron.d/x"), OUTSIDE),
    "slip in the middle": (lambda: _named("a/../../x"), OUTSIDE),
    "slip out of META-INF": (lambda: _named("META-INF/../mimetype2"), OUTSIDE),
    "slip by backslashes": (lambda: _named("..\\..\\x"), OUTSIDE),
    "an absolute name": (lambda: _named("/etc/cron.d/x"), OUTSIDE),
    "a name of another system": (lambda: _named("C:\\x"), OUTSIDE),
    "a name with a stream": (lambda: _named("a.txt:x"), OUTSIDE),
    "one dot": (lambda: _named("./a"), OUTSIDE),
    "a folder": (lambda: _named("a/"), OUTSIDE),
    "an empty step": (lambda: _named("a//b"), OUTSIDE),
    "NUL in a name": (lambda: _nul(), f"{OUTSIDE} {BROKEN}"),
    "a line feed in a name": (lambda: _named("a\nb"), OUTSIDE),
    "text direction in a name": (lambda: _named("a\u202etxt.exe"), OUTSIDE),
    "a name of ten thousand characters": (lambda: _named("a" * 10_000), OUTSIDE),
    "a symbolic link": (lambda: _mode(stat.S_IFLNK | 0o777), OUTSIDE),
    "a device": (lambda: _mode(stat.S_IFCHR | 0o666), OUTSIDE),
    "a pipe": (lambda: _mode(stat.S_IFIFO | 0o666), OUTSIDE),
    "the same name twice": (lambda: opened(_twice("thu.xml")), OUTSIDE),
    "the same name in other case": (lambda: opened(appended("THU.XML", EVIL)), OUTSIDE),
    "the same name in other letters": (lambda: _folded(), OUTSIDE),
    "a second signature file, of nothing": (lambda: opened(appended("META-INF/signatures1.xml", b"<a/>")), "LT-SIGN-030"),
    "an encrypted entry": (lambda: _patched(CENTRAL, 8, "<H", 1), f"{OUTSIDE} {BROKEN}"),
    "an unknown way of packing": (lambda: _patched(CENTRAL, 10, "<H", 99), f"{OUTSIDE} {BROKEN}"),
    "packed by LZMA": (lambda: _packed(zipfile.ZIP_LZMA), OUTSIDE),
    "packed by bzip2": (lambda: _packed(zipfile.ZIP_BZIP2), OUTSIDE),
    "a size that is larger": (lambda: _patched(CENTRAL, 24, "<L", 100_000), f"{OUTSIDE} {BROKEN} {MUCH}"),
    "a size that is smaller": (lambda: _patched(CENTRAL, 24, "<L", 1), f"{OUTSIDE} {BROKEN}"),
    "a packed size that is larger": (lambda: _patched(CENTRAL, 20, "<L", 1_000_000), f"{OUTSIDE} {BROKEN}"),
    "a checksum that is wrong": (lambda: _patched(CENTRAL, 16, "<L", 1), OUTSIDE),
    "a local header of another name": (lambda: opened(good().replace(b"thu.xml", b"khac.ml", 1)), f"{OUTSIDE} {BROKEN}"),
    "a local header that is none": (lambda: opened(good().replace(LOCAL, b"PK\0\0", 3).replace(b"PK\0\0", LOCAL, 2)), f"{OUTSIDE} {BROKEN}"),
    "a local header of another size": (lambda: _patched(LOCAL, 22, "<L", 1), OUTSIDE),
    "entries that overlap": (_overlap, f"{OUTSIDE} {BROKEN}"),
    "bytes before it": (lambda: opened(b"MZ" + good()), f"{OUTSIDE} {BROKEN}"),
    "bytes after it": (lambda: opened(good() + b"x"), f"{OUTSIDE} {BROKEN}"),
    "a comment": (lambda: opened(good()[:-2] + b"\1\0x"), f"{OUTSIDE} {BROKEN}"),
    "another archive after it": (lambda: opened(good() + written({"thu.xml": EVIL})), f"{OUTSIDE} {BROKEN}"),
    "another archive before it": (lambda: opened(written({"thu.xml": EVIL}) + good()), f"{OUTSIDE} {BROKEN}"),
    "an entry that the directory does not name, at the end": (lambda: opened(_between(local_entry(b"thu.xml", EVIL))), OUTSIDE),
    "an entry that the directory does not name, between": (lambda: opened(gap(local_entry(b"thu.xml", EVIL))), OUTSIDE),
    "bytes between the entries": (lambda: opened(gap(b"MZ" * 8)), OUTSIDE),
    "a bomb": (lambda: _bomb(150_000_000), MUCH),
    "a bomb of 300 MB": (lambda: _bomb(300_000_000), MUCH),
    "a thousand and one entries": (_wide, MUCH),
    "more than it may hold together": (_many_large, MUCH),
    "too large itself": (lambda: str(unpack(good(), limits=replace(LIMITS, size_bytes=100))), MUCH),
    "cut short": (lambda: opened(good()[:-30]), BROKEN),
    "its directory alone": (lambda: opened(good()[good().index(CENTRAL) :]), f"{BROKEN} {OUTSIDE}"),
    "an empty archive": (lambda: opened(END + bytes(18)), f"{MUCH} {BROKEN}"),
    "no archive": (lambda: opened(b"hello"), BROKEN),
    "a million entries by its own word": (lambda: _patched(END, 10, "<H", 0xFFFF), f"{BROKEN} {OUTSIDE}"),
    "another kind of container": (lambda: opened(replaced("mimetype", b"application/zip")), BROKEN),
    "no kind": (lambda: opened(replaced("mimetype", None)), f"{BROKEN} {OUTSIDE}"),
}  # fmt: skip
ASIC = {
    "a file changed": (lambda: opened(replaced("thu.xml", EVIL)), "LT-ASIC-006"),
    "a file missing": (lambda: opened(replaced("thu.xml", None)), ABSENT),
    "a file that nobody signed": (lambda: opened(appended("khac.txt", b"x")), LEFT),
    "a file in META-INF that nobody signed": (lambda: opened(appended("META-INF/x.txt", b"x")), f"{TOLD}:META-INF/x.txt"),
    "no manifest": (lambda: opened(replaced("META-INF/manifest.xml", None)), INERT),
    "the signature missing": (lambda: opened(replaced("META-INF/signatures0.xml", None)), "LT-SIGN-030"),
    "the signature with a comment": (lambda: _commented(), "LT-SIGN-021"),
    "a signature over one file only": (lambda: _signed_as({"thu.xml": TEXT}), LEFT),
    "a signature over none": (lambda: _signed_as({}), "LT-XADES-002"),
    "a file twice, spelt in two ways": (lambda: _signed_as({"thu.xml": TEXT, "%74hu.xml": TEXT, "to%20khai.txt": b"x"}), "LT-SIGN-034"),
    "a name spelt with a dot before it": (lambda: _uri("./thu.xml"), ABSENT),
    "a name spelt from the root": (lambda: _uri("/thu.xml"), ABSENT),
    "a name spelt through a folder": (lambda: _uri("a/../thu.xml"), ABSENT),
    "a name spelt twice over": (lambda: _uri("%2574hu.xml"), ABSENT),
    "a name with a fragment": (lambda: _uri("thu.xml#x"), ABSENT),
    "a name with a query": (lambda: _uri("thu.xml?x"), ABSENT),
    "a name with plus for a blank": (lambda: _signed_as({"thu.xml": TEXT, "to+khai.txt": b"x"}), ABSENT),
    "a name in upper case": (lambda: _uri("THU.xml"), ABSENT),
    "a name that is no text": (lambda: _uri("%FF%FE"), ABSENT),
    "a name with half a percent": (lambda: _uri("thu.xml%4"), ABSENT),
    "a file by a web address": (lambda: _uri("http://127.0.0.1:1/thu.xml"), ABSENT),
    "a file of this machine": (lambda: _uri("file:///etc/hostname"), ABSENT),
    "its own signature file": (lambda: _uri("META-INF/signatures0.xml"), ABSENT),
    "the mimetype for a file": (lambda: _uri("mimetype"), ABSENT),
}  # fmt: skip


def _nul() -> str:
    unpack(written({"aXb": b"x"}).replace(b"aXb", b"a\0b"))
    return TAKEN


def _folded() -> str:
    unpack(written({"stra\u00dfe": b"x", "strasse": b"y"}))
    return TAKEN


def _packed(method: int) -> str:
    def change(entry: zipfile.ZipInfo) -> None:
        entry.compress_type = method

    unpack(written({"a": b"x" * 100}, change=change))
    return TAKEN


def _commented() -> str:
    with zipfile.ZipFile(io.BytesIO(good())) as archive:
        document = archive.read("META-INF/signatures0.xml")
    return opened(replaced("META-INF/signatures0.xml", document.replace(b"<ds:Object>", b"<!-- --><ds:Object>")))


CASES: list[Case] = [*cases(Category.CONTAINER, ZIP), *cases(Category.CONTAINER, ASIC)]
