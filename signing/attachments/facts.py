"""What stands in a file's signatures, found by pyHanko; nobody is judged here. Runs apart: see `apart`."""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress
from io import BytesIO
from typing import Any  # asn1crypto and pyHanko hand over untyped values; facts are JSON

from asn1crypto import cms, pem
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.generic_cms import async_validate_cms_signature, async_validate_detached_cms
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

SIGNATURES, REVISIONS, CERTIFICATES = 16, 128, 32  # at most
_PATH_LIMIT = 262_144  # bytes of one list or answer that travels inside
_COVERAGE = {SignatureCoverageLevel.ENTIRE_FILE: "whole", SignatureCoverageLevel.ENTIRE_REVISION: "earlier"}

_DIGEST_ATTRIBUTE = bytes.fromhex("06092a864886f70d010904")
_HASHING = ("rsassa_pkcs1v15", "rsassa_pss", "ecdsa", "dsa")

Facts = dict[str, Any]  # Any: see above


def pdf_facts(data: bytes) -> list[Facts]:
    """Of every signature in a PDF; stamps over the document are no signatures of persons.

    Raises:
        Exception: whatever the library finds wrong with it.
    """
    reader = PdfFileReader(BytesIO(data), strict=False)
    if reader.xrefs.total_revisions > REVISIONS:
        raise ValueError("too many revisions")
    found = list(reader.embedded_regular_signatures)
    if len(found) > SIGNATURES:
        raise ValueError("too many signatures")
    return [asyncio.run(_pdf_signature(each)) for each in found]


async def _pdf_signature(embedded: Any) -> Facts:  # Any: pyHanko
    signed = embedded.signed_data
    embedded.compute_integrity_info(skip_diff=True)
    coverage = _COVERAGE.get(embedded.coverage, "part")
    status = await async_validate_pdf_signature(embedded, _nobody(), _nobody(), skip_diff=True)
    return {
        **_common(signed, status), "name": str(embedded.field_name)[:120], "coverage": coverage,
        "claimed": _iso(embedded.self_reported_timestamp) or _claimed(signed),
    }  # fmt: skip


def cms_facts(data: bytes, content: bytes | None) -> list[Facts]:
    """Of the signatures of a CMS file, around its content or beside it.

    Raises:
        Exception: whatever the library finds wrong with it.
    """
    signed = signed_data_of(data)
    if len(signed["signer_infos"]) > SIGNATURES:
        raise ValueError("too many signatures")
    inside = signed["encap_content_info"]["content"].native
    if inside is None and content is None:
        return [{**_common(each, None), "name": "", "coverage": "beside", "claimed": _claimed(each)}
                for each in _single(signed)]  # fmt: skip
    _is_no_attributes(signed, bytes(inside if isinstance(inside, bytes) else content or b""))
    return [
        {**_common(each, asyncio.run(_cms_status(each, inside, content))), "name": "", "coverage": "whole",
         "claimed": _claimed(each)}
        for each in _single(signed)
    ]  # fmt: skip


def _is_no_attributes(signed: cms.SignedData, content: bytes) -> None:
    """The signed attributes of one signature, handed over as the content of another without any, would verify: their
    signer never signed such a file.

    Raises:
        ValueError: it is that.
    """
    is_bare = any(not len(each["signed_attrs"] or ()) for each in signed["signer_infos"])
    if is_bare and content[:1] == b"\x31" and _DIGEST_ATTRIBUTE in content:
        raise ValueError("attributes of a signature as the content of another")


async def _cms_status(signed: cms.SignedData, inside: Any, content: bytes | None) -> Any:  # Any: pyHanko
    if inside is None:
        return await async_validate_detached_cms(content or b"", signed, _nobody(), _nobody())
    return await async_validate_cms_signature(signed, validation_context=_nobody())


def signed_data_of(data: bytes) -> cms.SignedData:
    """DER, PEM, or base64 as mail carries it.

    Raises:
        ValueError: not signed data.
    """
    if pem.detect(data):
        data = pem.unarmor(data)[2]
    elif data[:1] != b"\x30":
        data = base64.b64decode(data, validate=False)
    info = cms.ContentInfo.load(data, strict=True)
    if info["content_type"].native != "signed_data":
        raise ValueError("not signed data")
    return info["content"]


def _single(signed: cms.SignedData) -> list[cms.SignedData]:
    """The same content once for each signer: the library judges one at a time."""
    found = []
    for signer in signed["signer_infos"]:
        one = signed.copy()
        one["signer_infos"] = [signer]
        found.append(one)
    return found


def _common(signed: cms.SignedData, status: Any) -> Facts:  # Any: pyHanko
    signer = signed["signer_infos"][0]
    papers = [each.chosen for each in signed["certificates"] or () if each.name == "certificate"]
    own = _own(papers, signer, status)
    token = _attribute(signer["unsigned_attrs"], "signature_time_stamp_token")
    return {
        "intact": bool(status is not None and status.intact and status.valid),
        "digests": _digests(signer),
        "certificate": _text(own.dump()) if own is not None else "",
        "sent": [_text(paper.dump()) for paper in papers[:CERTIFICATES] if paper is not own],
        "value": _text(signer["signature"].native),
        "token": _text(token.dump()) if token is not None else "",
        **_revocation(signed, signer),
    }


def _own(papers: list[Any], signer: cms.SignerInfo, status: Any) -> Any:  # Any: asn1crypto, pyHanko
    """The signer's certificate; None = it did not come along. Two that the signature could mean are a trick: one is
    there to verify, the other to be believed.

    Raises:
        ValueError: there are two, or the library verified with another one.
    """
    own = {paper.dump(): paper for paper in papers if _is_of(signer, paper)}
    if len(own) > 1:
        raise ValueError("two certificates of one issuer and number")
    found = next(iter(own.values()), None)
    if status is not None and (found is None or status.signing_cert.dump() != found.dump()):
        raise ValueError("verified by another certificate")
    return found


def _digests(signer: cms.SignerInfo) -> list[str]:
    """That of the content, and that under the signature itself: the one may be strong and the other not."""
    found = [str(signer["digest_algorithm"]["algorithm"].native)]
    with suppress(ValueError):  # the kind alone is told: then it is that of the content
        signed = signer["signature_algorithm"]
        found += [str(signed.hash_algo)] if signed.signature_algo in _HASHING else []
    return found


def _is_of(signer: cms.SignerInfo, paper: Any) -> bool:  # Any: asn1crypto
    sid = signer["sid"]
    if sid.name == "issuer_and_serial_number":
        named = sid.chosen
        return bool(paper.serial_number == named["serial_number"].native and paper.issuer == named["issuer"])
    return bool(paper.key_identifier == sid.chosen.native)


def _revocation(signed: cms.SignedData, signer: cms.SignerInfo) -> Facts:
    lists = [each.chosen.dump() for each in signed["crls"] or () if each.name == "certificate_list"]
    answers: list[bytes] = []
    archival = _attribute(signer["signed_attrs"], "adobe_revocation_info_archival")
    if archival is not None:
        lists += [each.dump() for each in archival["crl"] or ()]
        answers += [each.dump() for each in archival["ocsp"] or ()]
    small = [[_text(each) for each in many if len(each) <= _PATH_LIMIT][:CERTIFICATES] for many in (lists, answers)]
    return {"lists": small[0], "answers": small[1]}


def _claimed(signed: cms.SignedData) -> str:
    found = _attribute(signed["signer_infos"][0]["signed_attrs"], "signing_time")
    return _iso(found.native) if found is not None else ""


def _attribute(attributes: Any, name: str) -> Any:  # Any: asn1crypto
    for each in attributes or ():
        if each["type"].native == name and len(each["values"]):
            return each["values"][0]
    return None


def _nobody() -> ValidationContext:
    """Trusts nobody and asks nobody: whom to believe is decided elsewhere."""
    return ValidationContext(trust_roots=[], allow_fetching=False)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _iso(at: Any) -> str:  # Any: asn1crypto's native value
    return at.isoformat() if at is not None else ""
