"""Attacks by what no signature covers in a container: the list of files, further files in META-INF, second signatures,
and whatever a ZIP can say beside its files: comments, further fields, one thing before an entry and another in the
directory.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from functools import cache, partial

from signing.asic import PARTNER_LIMITS, Checked, open_sealed, seal
from signing.asic.container import MEDIA_TYPE
from signing.evidence.verify import Standing, verify_evidence
from tests.attacks.containers import CENTRAL, EVIL, FILES, LOCAL, TEXT, appended, good, opened, replaced
from tests.attacks.corpus import INERT, TAKEN, TOLD, Case, Category, cases, said
from tests.attacks.trusting import lists, middle, person, store
from tests.unit.signing.issuer import NOW, Issuer

LIES, OUTSIDE, KIND = "LT-ASIC-005", "LT-ASIC-003", "LT-ASIC-001"
LIST, SIGNATURE = "META-INF/manifest.xml", "META-INF/signatures0.xml"
UP, UNICODE_PATH, ZIP64, MOMENT = 0x5455, 0x7075, 0x0001, struct.pack("<BL", 1, 1_783_000_000)
Entries = dict[str, bytes]


@cache
def _entries() -> Entries:
    with zipfile.ZipFile(io.BytesIO(good())) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def _listing(old: str, new: str) -> str:
    text = _entries()[LIST].decode()
    assert old in text, old
    return opened(replaced(LIST, text.replace(old, new, 1).encode()))


def _entry_for(name: str, kind: str = "text/plain") -> str:
    return f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>'


def _signature(old: bytes, new: bytes) -> str:
    document = _entries()[SIGNATURE]
    assert old in document, old
    return opened(replaced(SIGNATURE, document.replace(old, new, 1)))


def _kinds(*kinds: str) -> str:
    """Rightly signed by an insider, with these media types in the list, whatever the signature says."""
    sealed = seal({name: (kind, body) for kind, (name, (_, body)) in zip(kinds, FILES.items(), strict=True)},
                  person().signing(), now=NOW)  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(sealed)) as archive:
        return opened(replaced(SIGNATURE, archive.read(SIGNATURE)))


@cache
def _second(name: str = "META-INF/signatures1.xml") -> bytes:
    """A second signature, as good as the first, by another person."""
    with zipfile.ZipFile(io.BytesIO(seal(FILES, middle().person().signing(), now=NOW))) as archive:
        return appended(name, archive.read(SIGNATURE))


def _second_over(files: dict[str, tuple[str, bytes]]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(seal(files, person().signing(), now=NOW))) as archive:
        return appended("META-INF/signatures1.xml", archive.read(SIGNATURE))


def _packed(change: Callable[[zipfile.ZipInfo], None], *, order: Callable[[list[str]], list[str]] = list) -> bytes:
    """The same entries, written otherwise."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in order(list(_entries())):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            change(entry)
            archive.writestr(entry, _entries()[name])
    return out.getvalue()


def _with(which: str = "thu.xml", **fields: object) -> bytes:
    def change(entry: zipfile.ZipInfo) -> None:
        if entry.filename == which:
            for name, value in fields.items():
                setattr(entry, name, value)

    return _packed(change)


def _field(number: int, content: bytes) -> bytes:
    return struct.pack("<2H", number, len(content)) + content


def _in_one(mark: bytes, offset: int, layout: str, value: int, which: bytes = b"thu.xml") -> bytes:
    """One field of one entry's header before it (or in the directory), and not of the other."""
    data = bytearray(good())
    at = data.index(which) - 30 if mark == LOCAL else data.rindex(which) - 46
    assert data[at : at + 4] == mark
    struct.pack_into(layout, data, at + offset, value)
    return bytes(data)


def _local_fields(extra: bytes) -> bytes:
    """Fields that stand before the entry alone, all offsets right: the directory knows nothing of them."""
    data = bytearray(good())
    start = data.index(b"thu.xml") - 30
    struct.pack_into("<H", data, start + 28, len(extra))
    data[start + 37 : start + 37] = extra
    at = data.index(CENTRAL)
    end = data.rindex(b"PK\x05\x06")
    struct.pack_into("<L", data, end + 16, at)
    while data[at : at + 4] == CENTRAL:
        (offset,) = struct.unpack_from("<L", data, at + 42)
        if offset > start:
            struct.pack_into("<L", data, at + 42, offset + len(extra))
        at += 46 + sum(struct.unpack_from("<3H", data, at + 28))
    return bytes(data)


def _partner(data: bytes) -> str:
    result = open_sealed(data, store(), None, now=NOW, evidence=lists(), limits=PARTNER_LIMITS)
    return INERT if isinstance(result, Checked) else said(result)


def _commented(comment: bytes) -> bytes:
    return good()[:-2] + struct.pack("<H", len(comment)) + comment


def reported(data: bytes) -> str:
    """What `evidence verify` says of it: each thing that no signature covers has its line, marked as open."""
    report = verify_evidence(data, None, None, now=NOW)
    named = [one.en for one in report.statements if one.standing is Standing.OPEN and "No signature" in one.en]
    return f"{TOLD}:{len(named)}" if named else INERT


def _signers() -> str:
    """Whoever else signed is named as well."""
    report = verify_evidence(_second(), None, None, now=NOW)
    named = [one.en for one in report.statements if one.en.startswith("Signed by")]
    return f"{TOLD}:{len(named)}"


LISTING = {
    "a list that is something else": (lambda: opened(replaced(LIST, b"<x/>")), LIES),
    "a list that is no XML": (lambda: opened(replaced(LIST, b"x")), LIES),
    "a list with a DOCTYPE": (lambda: _listing("<manifest:manifest", "<!DOCTYPE x><manifest:manifest"), LIES),
    "a list that names a file more": (lambda: _listing("</manifest:manifest>", _entry_for("khac.txt") + "</manifest:manifest>"), LIES),
    "a list that leaves one out": (lambda: _listing(_entry_for("to khai.txt"), ""), LIES),
    "a list that names one under another name": (lambda: _listing("thu.xml", "thư.xml"), LIES),
    "a list that names one twice": (lambda: _listing(_entry_for("to khai.txt"), _entry_for("to khai.txt") * 2), LIES),
    "a list that names one twice, spelt in two ways": (
        lambda: _listing(_entry_for("to khai.txt"), _entry_for("to khai.txt") + _entry_for("to%20khai.txt", "text/html")), LIES),
    "a list with another media type": (lambda: _listing("application/xml", "text/html"), LIES),
    "a list with no media type": (lambda: _listing('media-type="application/xml"', 'kind="application/xml"'), LIES),
    "a list of another kind of container": (lambda: _listing(MEDIA_TYPE, "application/zip"), LIES),
    "a list with other elements": (lambda: _listing("</manifest:manifest>", "<x/></manifest:manifest>"), LIES),
    "a signature with other media types than the list": (lambda: _kinds("text/html", "text/plain"), LIES),
    "an ASiCManifest that names other files": (
        lambda: opened(appended("META-INF/ASiCManifest.xml", b"<x URI='khac.txt'/>")), f"{TOLD}:META-INF/ASiCManifest.xml"),
    "a CMS signature beside": (lambda: opened(appended("META-INF/signature001.p7s", b"0")), f"{TOLD}:META-INF/signature001.p7s"),
    "a second list in other case": (lambda: opened(appended("META-INF/MANIFEST.XML", b"<x/>")), OUTSIDE),
    "a list in a folder below": (lambda: opened(appended("META-INF/a/manifest.xml", b"<x/>")), f"{TOLD}:META-INF/a/manifest.xml"),
    "META-INF in other case": (lambda: opened(appended("meta-inf/x.txt", b"x")), "LT-ASIC-004"),
    "evidence: an unsigned file in META-INF": (lambda: reported(appended("META-INF/x.txt", b"x")), f"{TOLD}:1"),
    "evidence: a second signer": (_signers, f"{TOLD}:2"),
    "evidence: a list that lies": (lambda: _broken(replaced(LIST, b"<x/>")), "broken"),
}  # fmt: skip
SIGNATURES = {
    "a second signature over another file": (lambda: opened(_second_over({"thu.xml": ("application/xml", EVIL)})), "LT-ASIC-006"),
    "a second signature over one file": (lambda: opened(_second_over({"thu.xml": FILES["thu.xml"]})), "LT-ASIC-004"),
    "a second signature with other media types": (
        lambda: opened(_second_over({name: ("text/html", body) for name, (_, body) in FILES.items()})), LIES),
    "a stranger's second signature": (lambda: _strange(), "LT-TRUST-010 LT-TRUST-011 LT-TRUST-012"),
    "an element beside the signature": (lambda: _signature(b"<ds:Signature ", b"<x xmlns=''>y</x><ds:Signature "), LIES),
    "an element behind the signature": (lambda: _signature(b"</asic:XAdES", b"<x xmlns=''/></asic:XAdES"), LIES),
    "a text beside the signature": (lambda: _signature(b"<ds:Signature ", b"tin<ds:Signature "), LIES),
    "an attribute on what holds the signature": (lambda: _signature(b"XAdESSignatures ", b"XAdESSignatures a='b' "), LIES),
    "a signature in something else": (lambda: opened(replaced(SIGNATURE, _entries()[SIGNATURE].replace(b"asic:XAdESSignatures", b"asic:Khac"))), LIES),
}  # fmt: skip
KINDS = {
    "its kind not first": (lambda: opened(_packed(lambda entry: None, order=lambda names: [*names[1:], names[0]])), KIND),
    "its kind packed": (lambda: opened(_with("mimetype", compress_type=zipfile.ZIP_DEFLATED)), KIND),
    "its kind behind a field": (lambda: opened(_with("mimetype", extra=_field(UP, MOMENT))), KIND),
    "its kind twice": (lambda: opened(appended("MimeType", b"application/zip")), OUTSIDE),
    "its kind with more behind": (lambda: opened(replaced("mimetype", MEDIA_TYPE.encode() + b"; a=b")), KIND),
    "the kind of a container of one file": (lambda: opened(replaced("mimetype", b"application/vnd.etsi.asic-s+zip")), KIND),
}  # fmt: skip
BESIDE = {
    "a comment to an entry": (lambda: opened(_with(comment=b"da duyet")), OUTSIDE),
    "a comment to an entry that is no text, from a partner": (lambda: _partner(_with(comment=b"\x1b[2J")), OUTSIDE),
    "a comment that is no text, from a partner": (lambda: _partner(_commented("đã duyệt".encode())), OUTSIDE),
    "a comment of a thousand letters, from a partner": (lambda: _partner(_commented(b"x" * 1_000)), OUTSIDE),
    "another name in a field": (lambda: opened(_with(extra=_field(UNICODE_PATH, b"\1\0\0\0\0khac.xml"))), OUTSIDE),
    "a field nobody knows": (lambda: opened(_with(extra=_field(0x4C54, b"da duyet"))), OUTSIDE),
    "a field cut short": (lambda: opened(_with(extra=_field(UP, MOMENT)[:-2])), f"{OUTSIDE} {KIND}"),
    "a field twice": (lambda: opened(_with(extra=_field(UP, MOMENT) * 2)), OUTSIDE),
    "a field before the entry alone that nobody knows": (lambda: opened(_local_fields(_field(0x4C54, b"x"))), OUTSIDE),
    "another name in a field before the entry alone": (lambda: opened(_local_fields(_field(UNICODE_PATH, b"\1\0\0\0\0khac.xml"))), OUTSIDE),
    "other large sizes before the entry": (lambda: opened(_local_fields(_field(ZIP64, struct.pack("<2Q", 1, 1)))), OUTSIDE),
    "large sizes that stand nowhere": (lambda: opened(_in_one(LOCAL, 22, "<L", 0xFFFFFFFF)), OUTSIDE),
    "a checksum that is left open before the entry": (lambda: opened(_in_one(LOCAL, 14, "<L", 0xFFFFFFFF)), OUTSIDE),
    "letters of another kind before the entry": (lambda: opened(_in_one(LOCAL, 6, "<H", 0x800)), OUTSIDE),
    "letters of another kind in the directory": (lambda: opened(_in_one(CENTRAL, 8, "<H", 0x800)), OUTSIDE),
    "another way of packing before the entry": (lambda: opened(_in_one(LOCAL, 8, "<H", 0)), OUTSIDE),
    "a patch by its flags": (lambda: opened(_in_one(LOCAL, 6, "<H", 0x20)), f"{OUTSIDE} {KIND}"),
    "a folder by its attributes": (lambda: opened(_with(external_attr=0x10)), OUTSIDE),
    "the name of a disk by its attributes": (lambda: opened(_with(external_attr=0x8)), OUTSIDE),
    "an entry on another disk": (lambda: opened(_in_one(CENTRAL, 34, "<H", 1)), f"{OUTSIDE} {KIND}"),
    "a name in unknown letters": (lambda: opened(_unknown_letters()), OUTSIDE),
}  # fmt: skip


def _strange() -> str:
    with zipfile.ZipFile(io.BytesIO(seal(FILES, Issuer.root("Lạ").person().signing(), now=NOW))) as archive:
        return opened(appended("META-INF/signatures1.xml", archive.read(SIGNATURE)))


def _broken(data: bytes) -> str:
    return "open" if verify_evidence(data, None, None, now=NOW).holds else "broken"


def _unknown_letters() -> bytes:
    """Two readers, two names: the bytes of a name without the word that they are UTF-8."""
    name = "tờ.txt".encode()
    plain = appended("to" + "x" * (len(name) - 6) + ".txt", b"x")
    return plain.replace(b"to" + b"x" * (len(name) - 6) + b".txt", name)


_plain = partial(_partner, _commented(b"LIB libdigidocpp/4.0"))
CONTROLS = {
    "a container with two signatures": (lambda: TAKEN if opened(_second()) == INERT else opened(_second()), TAKEN),
    "a container without a list": (lambda: TAKEN if opened(replaced(LIST, None)) == INERT else "refused", TAKEN),
    "a container whose list names folders": (
        lambda: TAKEN if _listing("</manifest:manifest>", _entry_for("thu/") + "</manifest:manifest>") == INERT else "refused", TAKEN),
    "a container with moments in fields": (lambda: TAKEN if opened(_with(extra=_field(UP, MOMENT))) == INERT else "refused", TAKEN),
    "a container with large sizes": (
        lambda: TAKEN if opened(_local_fields(_field(ZIP64, struct.pack("<2Q", len(TEXT), _packed_size())))) == INERT else "refused", TAKEN),
    "a container with its maker's name": (lambda: TAKEN if _plain() == INERT else _plain(), TAKEN),
}  # fmt: skip


def _packed_size() -> int:
    with zipfile.ZipFile(io.BytesIO(good())) as archive:
        return archive.getinfo("thu.xml").compress_size


CASES: list[Case] = [
    *cases(Category.CONTAINER, LISTING),
    *cases(Category.CONTAINER, SIGNATURES),
    *cases(Category.CONTAINER, KINDS),
    *cases(Category.CONTAINER, BESIDE),
    *cases(Category.CONTROL, CONTROLS),
]
