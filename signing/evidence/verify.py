"""Checks an evidence container with nothing but the container and whom one trusts: no database, no network.

Says of each thing whether it is proved, and of what is not, why.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise
from typing import Any  # JSON

from cryptography import x509
from lxml import etree

from schemas import xmldoc
from schemas.problem import Problem, Refused, Stage
from signing.asic import Checked, Container, open_sealed, unpack
from signing.dsig.names import ds
from signing.encoding import from_base64
from signing.evidence import package as form
from signing.jws import named, verify_detached
from signing.keys import VerifyKey
from signing.policy import XADES
from signing.stamp import check, leads_to
from signing.trust import TrustRules, TrustStore
from signing.trust.papers import read_certificates
from signing.xades import Lasting

_STAGE = Stage.RECEIVE
_STRANGE = re.compile(r"[^ -~]")
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Standing(StrEnum):
    """Of one statement."""

    PROVED = "proved"
    OPEN = "open"  # nothing here proves it, and nothing speaks against it
    BROKEN = "broken"  # what is here contradicts it


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing the container claims."""

    standing: Standing
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Report:
    """All of them."""

    message: Mapping[str, Any]  # as in message.json; {} = unreadable
    statements: tuple[Statement, ...]

    @property
    def holds(self) -> bool:
        """Nothing is broken, and the container itself is proved to be whole."""
        return all(each.standing is not Standing.BROKEN for each in self.statements) and bool(self.message)


def verify_evidence(
    data: bytes, signers: TrustStore | None, authorities: TrustStore | None, *, now: datetime
) -> Report:
    """What a container proves. `signers`: whose containers are believed; None = the signer is named, not judged.
    `authorities`: of time; None = time-stamps are not judged."""
    try:
        container = unpack(data, stage=_STAGE)
        sealed = open_sealed(data, signers or _whoever(container), authorities, now=now, stage=_STAGE)
    except Refused as refused:
        return Report({}, _refusals(refused.problems))
    if not isinstance(sealed, Checked):
        return Report({}, _refusals(sealed))
    found = list(_about_container(sealed))
    for lasting in sealed.signatures.values():
        found += _about_signer(lasting, is_judged=signers is not None, is_timed=authorities is not None)
    keys = tuple(lasting.verified.key for lasting in sealed.signatures.values())
    try:
        message = form.read_message(container.files[form.MESSAGE], stage=_STAGE)
        records = form.read_records(container.files[form.ENTRIES], stage=_STAGE)
        seals = form.read_seals(container.files[form.SEALS], stage=_STAGE)
        found += _about_records(records)
        found += _about_bodies(message, container, records)
        found += _about_seals(records, seals, (*keys, *_enclosed(container)), authorities)
    except (Refused, ValueError, KeyError, TypeError, AttributeError) as error:
        found.append(
            _said(Standing.BROKEN, f"Không đọc được nội dung gói: {_short(error)}", f"Unreadable: {_short(error)}")
        )
        message = {}
    return Report(message, tuple(found))


def _about_container(sealed: Checked) -> Iterator[Statement]:
    files = len(sealed.container.files)
    yield _said(
        Standing.PROVED,
        f"Gói còn nguyên vẹn: {files} tệp đúng như khi được ký",
        f"The container is whole: {files} files as they were signed",
    )
    for name in sealed.uncovered:
        yield _said(Standing.OPEN, f"Tệp {name!a} không được chữ ký nào phủ lên", f"No signature covers file {name!a}")


def _about_signer(lasting: Lasting, *, is_judged: bool, is_timed: bool) -> Iterator[Statement]:
    yield _said(
        Standing.PROVED if is_judged else Standing.OPEN,
        f"Người ký gói: {lasting.subject}" + ("" if is_judged else " (chưa xét độ tin cậy: thêm --trust)"),
        f"Signed by {lasting.subject}" + ("" if is_judged else " (not judged: add --trust)"),
    )
    if lasting.stamped is not None:
        at, who = f"{lasting.stamped.at:%Y-%m-%d %H:%M:%S}Z", lasting.stamped.authority
        yield _said(
            Standing.PROVED, f"Gói có trước {at} (dấu thời gian của {who})", f"The container existed at {at} ({who})"
        )
    else:
        at = f"{lasting.claimed_at:%Y-%m-%d %H:%M:%S}Z"
        why = "" if is_timed else "; --tsa-trust"
        yield _said(
            Standing.OPEN, f"Giờ ký gói {at} chỉ theo lời người ký{why}", f"Signed at {at} by its signer's word{why}"
        )


def _about_records(records: list[form.Record]) -> Iterator[Statement]:
    names = Counter(f"{record.writer}:{record.number}" for record in records)
    # Of two under one name a seal would prove one, and the other would pass for it.
    for name in sorted(name for name, count in names.items() if count > 1):
        yield _said(Standing.BROKEN, f"Bản ghi {name} có hai bản", f"Entry {name} stands there twice")
    broken = [record for record in records if not record.is_whole]
    for record in broken:
        name = f"{record.writer}:{record.number}"
        yield _said(Standing.BROKEN, f"Bản ghi {name} đã bị sửa", f"Entry {name} was altered")
    for earlier, later in pairwise(sorted(records, key=lambda one: (one.writer, one.number))):
        follows = later.writer == earlier.writer and later.number == earlier.number + 1
        if follows and later.previous != earlier.hash:
            name = f"{later.writer}:{later.number}"
            yield _said(Standing.BROKEN, f"Bản ghi {name} không nối tiếp bản trước", f"Entry {name} does not follow")
    if not broken:
        count = len(records)
        yield _said(
            Standing.PROVED, f"{count} bản ghi nhật ký khớp mã băm của chúng", f"{count} entries fit their hashes"
        )


def _about_bodies(message: Mapping[str, Any], container: Container, records: list[form.Record]) -> Iterator[Statement]:
    """Each body against the digests that whole entries tell."""
    told = {digest for record in records if record.is_whole for digest in _DIGEST.findall(record.text)}
    gone = {record.erases(stage=_STAGE) for record in records} - {""}  # most erase nothing
    listed = {str(body["file"]) for body in message["bodies"] if body["file"]}
    for body in message["bodies"]:
        digest, name, of = str(body["sha256"]), str(body["file"]), str(body.get("message", ""))
        vi, en = f"{body['role']} của thông điệp {of}", f"{body['role']} of message {of}"
        if not name:
            erased = body.get("erased")
            if isinstance(erased, Mapping) and of not in gone:
                vi, en = f"{vi} (không bản ghi nào nói đã xoá)", f"{en} (no entry says that it was erased)"
                erased = None
            yield _about_missing(vi, en, digest, erased, is_told=digest in told)
        elif sha256(container.files[name]).hexdigest() != digest:
            yield _said(Standing.BROKEN, f"Thân {vi} không khớp mã băm của nó", f"Body {en} does not fit its digest")
        elif digest in told:
            yield _said(
                Standing.PROVED, f"Thân {vi} đúng từng byte như nhật ký ghi", f"Body {en} is as the journal says"
            )
        else:
            yield _said(Standing.OPEN, f"Nhật ký không ghi mã băm của thân {vi}", f"No entry tells of body {en}")
    known = {form.MESSAGE, form.ENTRIES, form.SEALS, form.README, *listed}
    known |= {name for name in container.files if name.startswith(form.KEYS)}
    for name in sorted(set(container.files) - known):
        yield _said(Standing.OPEN, f"Tệp {name!a} không thuộc chứng cứ", f"File {name!a} is no part of the evidence")


def _about_missing(vi: str, en: str, digest: str, erased: object, *, is_told: bool) -> Statement:
    """A body that is not here: erased, or left out of the container. Its digest speaks for it."""
    why_vi, why_en = "không kèm trong gói", "is not in the container"
    if isinstance(erased, Mapping):
        at, rule = _word(erased.get("at", ""))[:10], _word(erased.get("rule", ""))
        why_vi, why_en = f"đã xoá ngày {at} theo quy tắc {rule}", f"was erased on {at} by rule {rule}"
    if is_told:
        return _said(
            Standing.PROVED, f"Thân {vi} {why_vi}; mã băm {digest[:16]}… vẫn trong nhật ký, bằng chứng vẫn còn",
            f"Body {en} {why_en}; its digest is on record, the proof stands",
        )  # fmt: skip
    return _said(
        Standing.OPEN,
        f"Thân {vi} {why_vi}, nhật ký không ghi mã băm",
        f"Body {en} {why_en}; its digest is not on record",
    )


def _about_seals(
    records: list[form.Record], seals: list[form.SealRecord], keys: Sequence[VerifyKey], authorities: TrustStore | None
) -> Iterator[Statement]:
    by_name = {f"{record.writer}:{record.number}": record for record in records}
    covered: set[str] = set()
    for seal in seals:
        good = [name for name, proof in seal.proofs.items() if name in by_name and _is_in(by_name[name], seal)]
        for name in sorted(set(seal.proofs) - set(good)):
            yield _said(Standing.BROKEN, f"Bản ghi {name} không thuộc niêm phong {seal.number}", f"{name} is not in it")
        covered |= set(good)
        yield _about_seal(seal, len(good), keys, authorities)
    left = sorted(set(by_name) - covered)
    if left:
        shown = ", ".join(left[:4])
        yield _said(
            Standing.OPEN, f"{len(left)} bản ghi chưa được niêm phong: {shown}", f"{len(left)} entries not sealed yet"
        )


def _about_seal(
    seal: form.SealRecord, count: int, keys: Sequence[VerifyKey], authorities: TrustStore | None
) -> Statement:
    number = f"Niêm phong {seal.number}: {count} bản ghi"
    if seal.token and authorities is not None:
        try:
            stamped = check(seal.token, seal.text.encode(), authorities, stage=_STAGE)
        except Refused as refused:
            return _said(Standing.BROKEN, f"{number}: {refused.problems[0].text_vi}", refused.problems[0].text_en)
        at = f"{stamped.at:%Y-%m-%d %H:%M:%S}Z"
        return _said(
            Standing.PROVED, f"{number} có trước {at} (dấu thời gian của {stamped.authority})",
            f"Seal {seal.number}: {count} entries existed at {at} ({stamped.authority})",
        )  # fmt: skip
    if seal.signature:
        text, name = seal.text.encode(), named(seal.signature) or ""
        if all(verify_detached(text, seal.signature, {name: key}, XADES, stage=_STAGE) for key in keys):
            return _said(
                Standing.OPEN, f"{number}: ký bằng khóa khác khóa của gói", f"Seal {seal.number}: signed by another key"
            )
        said = "chỉ bằng chữ ký của lienthong, không có dấu thời gian" + (" được xét" if seal.token else "")
        return _said(Standing.PROVED, f"{number}, {said}", f"Seal {seal.number}: {count} entries, by our own signature")
    return _said(Standing.OPEN, f"{number}: không ai bảo chứng", f"Seal {seal.number}: nobody vouches for it")


def _enclosed(container: Container) -> Iterator[VerifyKey]:
    """Keys that signed seals before; the container's signer vouches for them, as for every file."""
    for name, pem in container.files.items():
        if name.startswith(form.KEYS):
            yield VerifyKey.from_pem(pem, key_id=name, policy=XADES)


def _is_in(record: form.Record, seal: form.SealRecord) -> bool:
    proof = seal.proofs[f"{record.writer}:{record.number}"]
    return record.is_whole and leads_to(seal.root, bytes.fromhex(record.hash), proof)


def _whoever(container: Container) -> TrustStore:
    """A store that believes the container's own certificate: to see that it is whole, not that it is true."""
    papers: list[x509.Certificate] = []
    for document in container.signatures.values():
        root = xmldoc.parse(document, stage=_STAGE)
        found: etree._Element | None = next(root.iter(ds("X509Certificate")), None)
        paper = from_base64(found.text or "") if found is not None else None
        if paper:
            papers += read_certificates(paper, name="X509Certificate")
    return TrustStore.of(tuple(papers), purpose="whoever", rules=TrustRules(revocation=False))


def _refusals(problems: tuple[Problem, ...]) -> tuple[Statement, ...]:
    return tuple(_said(Standing.BROKEN, f"{p.code}: {p.text_vi}", p.text_en) for p in problems)


def _said(standing: Standing, vi: str, en: str) -> Statement:
    return Statement(standing, vi, en)


def _word(value: object) -> str:
    """Of the container, so not to be believed: nothing that a terminal obeys."""
    return _STRANGE.sub("?", str(value))[:80]


def _short(error: Exception) -> str:
    return ascii(str(error))[:80]
