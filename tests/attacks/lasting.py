"""Attacks on time-stamps and on signatures that last (XAdES)."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from asn1crypto import cms, tsp
from cryptography.hazmat.primitives.asymmetric import ec

from signing.dsig.write import write_reference, write_signature
from signing.encoding import to_base64
from signing.policy import XADES
from signing.stamp import accept, check, query
from signing.trust import TrustStore
from signing.xades import LongTerm, sign_document, verify_lasting
from signing.xades.names import SIGNED_PROPERTIES
from signing.xades.names import XADES as NAMESPACE
from tests.attacks.corpus import INERT, TAKEN, Case, Category, cases, said
from tests.attacks.time_world import clock, purposeless_clock, strange_clock
from tests.attacks.trusting import lists, middle, person, root, store
from tests.unit.signing.forge import canonical
from tests.unit.signing.issuer import DAY, NOW, Issuer
from tests.unit.signing.kit import DOSSIER

DATA = b"hello"
TOKEN, GRANT, IMPRINT, JUDGED = "LT-STAMP-001", "LT-STAMP-002", "LT-STAMP-003", "LT-STAMP-004"


def _kept(token: bytes, data: bytes = DATA, trusted: TrustStore | None = None) -> str:
    check(token, data, trusted or clock().trusted())
    return TAKEN


def token(**how: object) -> bytes:
    return clock().token(sha256(DATA).digest(), **how)  # type: ignore[arg-type]


def _answered(change: Callable[[tsp.TimeStampResp], object] | None = None, **how: object) -> str:
    """An answer to a question, changed."""
    asked = query(DATA)
    answer = tsp.TimeStampResp.load(clock().answer(asked.body, **how))  # type: ignore[arg-type]
    if change is not None:
        change(answer)
    accept(answer.dump(force=True), asked, clock().trusted())
    return TAKEN


def _other_question() -> str:
    accept(clock().answer(query(DATA).body), query(DATA), clock().trusted())
    return TAKEN


def _granted_nothing() -> str:
    accept(bytes.fromhex("30053003020100"), query(DATA), clock().trusted())
    return TAKEN


def _status(name: str) -> Callable[[tsp.TimeStampResp], object]:
    return lambda answer: answer.__setitem__("status", tsp.PKIStatusInfo({"status": tsp.PKIStatus(name)}))


def _changed(change: Callable[[cms.SignedData], object]) -> bytes:
    """A good token with something else in it."""
    good = cms.ContentInfo.load(token())
    change(good["content"])
    return good.dump(force=True)


def _later(signed: cms.SignedData) -> None:
    info = signed["encap_content_info"]["content"].parsed.copy()
    info["gen_time"] = NOW - 300 * DAY
    signed["encap_content_info"]["content"] = cms.ParsableOctetString(info.dump(force=True))


def _other_imprint(signed: cms.SignedData) -> None:
    info = signed["encap_content_info"]["content"].parsed.copy()
    info["message_imprint"]["hashed_message"] = sha256(b"khac").digest()
    signed["encap_content_info"]["content"] = cms.ParsableOctetString(info.dump(force=True))


def _two_signers(signed: cms.SignedData) -> None:
    signed["signer_infos"] = [signed["signer_infos"][0], signed["signer_infos"][0]]


STAMPS = {
    "of something else": (lambda: _kept(token(), b"khac"), IMPRINT),
    "of a digest by SHA-1": (lambda: _kept(clock().token(b"x" * 20, algorithm="sha1")), IMPRINT),
    "of a digest cut short": (lambda: _kept(clock().token(sha256(DATA).digest()[:16])), IMPRINT),
    "the imprint exchanged in the token": (lambda: _kept(_changed(_other_imprint), b"khac"), JUDGED),
    "an earlier moment put into the token": (lambda: _kept(_changed(_later)), JUDGED),
    "by a stranger": (lambda: _kept(strange_clock().token(sha256(DATA).digest())), JUDGED),
    "by a certificate that is not for time-stamping": (
        lambda: _kept(purposeless_clock().token(sha256(DATA).digest()), trusted=purposeless_clock().trusted()), JUDGED),
    "by an authority of signatures, not of time": (
        lambda: _kept(clock().token(sha256(DATA).digest()), trusted=store()), JUDGED),
    "after the authority's certificate ended": (lambda: _kept(token(at=NOW + 4_000 * DAY)), JUDGED),
    "before the authority's certificate began": (lambda: _kept(token(at=NOW - 2_000 * DAY)), JUDGED),
    "signed twice": (lambda: _kept(_changed(_two_signers)), f"{TOKEN} {JUDGED}"),
    "signed by nobody": (lambda: _kept(_changed(lambda signed: signed.__setitem__("signer_infos", []))), f"{TOKEN} {JUDGED}"),
    "without certificates": (lambda: _kept(_changed(lambda signed: signed.__setitem__("certificates", []))), f"{TOKEN} {JUDGED}"),
    "cut short": (lambda: _kept(token()[:-40]), f"{TOKEN} {JUDGED}"),
    "with something behind it": (lambda: _kept(token() + b"\0"), TOKEN),
    "nothing": (lambda: _kept(b""), TOKEN),
    "no ASN.1": (lambda: _kept(b"\xff" * 100), TOKEN),
    "a length of gigabytes": (lambda: _kept(b"\x30\x84\xff\xff\xff\xff" + bytes(100)), TOKEN),
    "nested ten thousand deep": (lambda: _kept(b"\x30\x80" * 10_000), TOKEN),
    "a megabyte": (lambda: _kept(b"\x30\x83\x0f\xff\xff" + bytes(1_048_575)), TOKEN),
    "a certificate instead": (lambda: _kept(clock().signer.der), TOKEN),
    "an answer instead of its token": (lambda: _kept(clock().answer(query(DATA).body)), TOKEN),
    "an answer to another question": (_other_question, IMPRINT),
    "an answer without the nonce": (lambda: _answered(nonce=False), IMPRINT),
    "an answer: rejected, with a good token": (lambda: _answered(_status("rejection")), GRANT),
    "an answer: waiting, with a good token": (lambda: _answered(_status("waiting")), GRANT),
    "an answer: revoked soon, with a good token": (lambda: _answered(_status("revocation_warning")), GRANT),
    "an answer: granted, without a token": (_granted_nothing, TOKEN),
}  # fmt: skip


def stamper(data: bytes) -> bytes:
    return clock().token(sha256(data).digest())


def _signed(**how: object) -> bytes:
    return sign_document(DOSSIER, person().signing(), now=NOW, **how)  # type: ignore[arg-type]


def lasting(document: bytes, *, now=NOW, signers: TrustStore | None = None) -> str:
    """What the verifier says."""
    result = verify_lasting(document, signers or store(), clock().trusted(), now=now, evidence=lists())
    if isinstance(result, tuple):
        return said(result)
    parts = {part.canonical for part in result.verified.parts}
    return INERT if canonical(DOSSIER) in parts else TAKEN


def _swap(old: str, new: str, **how: object) -> str:
    """Changed on the way."""
    text = _signed(**how).decode()
    assert old in text, old
    return lasting(text.replace(old, new, 1).encode())


def _made(
    change: Callable[[str], str],
    *,
    target: str = "m",
    kind: str = SIGNED_PROPERTIES,
    more: str = "",
    cover: bool = True,
) -> str:
    """By an insider: signed properties of any form, rightly signed."""
    key = person().signing()
    digest = to_base64(sha256(key.certificate).digest())
    properties = change(
        f'<xades:SignedProperties xmlns:xades="{NAMESPACE}" Id="m-p"><xades:SignedSignatureProperties>'
        "<xades:SigningTime>2026-07-06T03:04:05Z</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
        '<ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        f'<ds:DigestValue xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{digest}</ds:DigestValue></xades:CertDigest>'
        "</xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties></xades:SignedProperties>"
    )
    document = write_reference("", canonical(DOSSIER), XADES, enveloped=True)
    own = write_reference("#m-p", canonical(properties.encode()), XADES, kind=kind)
    hints = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{to_base64(key.certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    inside = f'<ds:Object><xades:QualifyingProperties xmlns:xades="{NAMESPACE}" Target="#{target}">{properties}</xades:QualifyingProperties>{more}</ds:Object>'
    made = write_signature((document, own) if cover else (document,), key, hints=hints.encode(),
                           objects=lambda _: inside.encode(), name="m")  # fmt: skip
    return lasting(DOSSIER.replace(b"</HoSo>", made + b"</HoSo>"))


def _renewed() -> str:
    """Another certificate of the same key stands there."""
    again = middle().person(key=person().key)
    return _swap(to_base64(person().der), to_base64(again.der))


def _stamp_of_another() -> str:
    return lasting(_signed(stamper=lambda _: clock().token(sha256(b"another value").digest())))


def _two_stamps() -> str:
    text = _signed(stamper=stamper).decode()
    start, end = (
        text.index("<xades:SignatureTimeStamp"),
        text.index("</xades:SignatureTimeStamp>") + len("</xades:SignatureTimeStamp>"),
    )
    return lasting((text[:end] + text[start:end] + text[end:]).encode())


def _ended_and_unstamped() -> str:
    return lasting(_signed(), now=NOW + 200 * DAY)


def _ended_and_stamped_by_stranger() -> str:
    return lasting(_signed(stamper=lambda data: strange_clock().token(sha256(data).digest())), now=NOW + 200 * DAY)


def _revoked_then_stamped() -> str:
    issuer = root().below("Cấp thu hồi")
    holder = issuer.person()
    issuer.revoke(holder, at=NOW - DAY)
    document = sign_document(DOSSIER, holder.signing(), now=NOW, stamper=stamper, keep=LongTerm(lists=(issuer.crl(),)))
    return lasting(document, signers=store(None, root().paper, issuer.paper))


def _revoked_then_stamped_with_old_list() -> str:
    """He keeps the list from before he was revoked; the verifier has the one from after."""
    issuer = root().below("Cấp thu hồi cũ")
    holder = issuer.person()
    old = issuer.crl(at=NOW - 2 * DAY, next_at=NOW + 5 * DAY)
    issuer.revoke(holder, at=NOW - DAY / 24)
    document = sign_document(DOSSIER, holder.signing(), now=NOW, stamper=stamper, keep=LongTerm(lists=(old,)))
    newest = issuer.crl(at=NOW + 9 * DAY, next_at=NOW + 11 * DAY, number=2)
    return lasting(document, now=NOW + 10 * DAY, signers=store(lists(newest, of=(root(),)), root().paper, issuer.paper))


def _revoked_and_unstamped() -> str:
    """When he says he signed, he was not revoked yet; nobody proves that he signed then."""
    issuer = root().below("Cấp thu hồi nay")
    holder = issuer.person()
    issuer.revoke(holder, at=NOW + 5 * DAY)
    document = sign_document(DOSSIER, holder.signing(), now=NOW, keep=LongTerm(lists=(issuer.crl(),)))
    newest = lists(issuer.crl(at=NOW + 5 * DAY, next_at=NOW + 7 * DAY), of=(root(),))
    return lasting(document, now=NOW + 6 * DAY, signers=store(newest, root().paper, issuer.paper))


def _kept_by_stranger() -> str:
    """The signer brings along a list his own authority never made."""
    issuer = root().below("Cấp không danh sách")
    forged = issuer.crl(signer=ec.generate_private_key(ec.SECP256R1()))
    document = sign_document(DOSSIER, issuer.person().signing(), now=NOW, keep=LongTerm(lists=(forged,)))
    return lasting(document, signers=store(None, root().paper, issuer.paper))


def _keeps(**what: tuple[bytes, ...]) -> str:
    return lasting(_signed(stamper=stamper, keep=LongTerm(**what)))


def _list_without_text() -> bytes:
    """A list whose issuer's name is no text."""
    der = middle().crl()
    at = der.index("Cấp".encode())
    return der[:at] + b"\xff" + der[at + 1 :]


def _stamp_form() -> str:
    text = _signed(stamper=stamper).decode()
    at = text.index("<xades:SignatureTimeStamp")
    return lasting((text[:at] + text[at:].replace("xml-exc-c14n#", "xml-exc-c14n#WithComments", 1)).encode())


def _moved() -> str:
    text = _signed().decode()
    start, end = (
        text.index("<xades:SignedProperties"),
        text.index("</xades:SignedProperties>") + len("</xades:SignedProperties>"),
    )
    return lasting((text[:start] + text[end:]).replace("<GhiChu/>", text[start:end]).encode())


PROPERTIES, PAPER = "LT-XADES-002", "LT-XADES-003"
XADES_ATTACKS = {
    "another certificate of the same key": (_renewed, PAPER),
    "a certificate of a stranger": (lambda: _swap(to_base64(person().der), to_base64(Issuer.root("Lạ").person().der)), PAPER),
    "properties not covered": (lambda: _made(str, cover=False), PROPERTIES),
    "properties covered, but not called so": (lambda: _made(str, kind="urn:x"), PROPERTIES),
    "properties about another signature": (lambda: _made(str, target="khac"), PROPERTIES),
    "a second QualifyingProperties": (lambda: _made(str, more=f'<xades:QualifyingProperties xmlns:xades="{NAMESPACE}" Target="#m"/>'), PROPERTIES),
    "a second Object": (lambda: _swap("</ds:Signature>", "<ds:Object>x</ds:Object></ds:Signature>"), PROPERTIES),
    "two certificates digested": (lambda: _made(lambda p: p.replace("<xades:Cert>", "<xades:Cert/><xades:Cert>").replace("<xades:Cert/>", p[p.index("<xades:Cert>") : p.index("</xades:Cert>") + 13])), PAPER),
    "no certificate digested": (lambda: _made(lambda p: p[: p.index("<xades:SigningCertificateV2>")] + p[p.index("</xades:SignedSignatureProperties>") :]), PAPER),
    "certificate digested by SHA-1": (lambda: _made(lambda p: p.replace("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1")), PAPER),
    "no time of signing": (lambda: _made(lambda p: p.replace("SigningTime>", "Khac>")), PROPERTIES),
    "two times of signing": (lambda: _made(lambda p: p.replace("<xades:SigningTime>", "<xades:SigningTime>2020-01-01T00:00:00Z</xades:SigningTime><xades:SigningTime>")), PROPERTIES),
    "a time of signing of another zone": (lambda: _made(lambda p: p.replace("05Z", "05+07:00")), PROPERTIES),
    "time of signing changed on the way": (lambda: _swap("2026-07-06T03:04:05Z", "2020-01-01T00:00:00Z"), "LT-SIGN-035"),
    "content changed on the way": (lambda: _swap("260706-0001", "260706-9999"), "LT-SIGN-035"),
    "the properties moved into the document": (_moved, f"{PROPERTIES} LT-SIGN-034"),
    "the whole wrapped by another root": (lambda: lasting(b"<x>" + _signed() + b"</x>"), "LT-SIGN-031 LT-SIGN-030"),
    "a second signature": (lambda: lasting(_signed().replace(b"<GhiChu/>", b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>')), "LT-SIGN-031"),
    "stamp of another signature": (_stamp_of_another, IMPRINT),
    "two stamps": (_two_stamps, PROPERTIES),
    "stamp by an unknown form": (_stamp_form, PROPERTIES),
    "stamp that is none": (lambda: lasting(_signed(stamper=lambda _: b"x")), TOKEN),
    "certificate ended, never stamped": (_ended_and_unstamped, "LT-TRUST-010"),
    "certificate ended, stamped by a stranger": (_ended_and_stamped_by_stranger, JUDGED),
    "certificate revoked, then stamped": (_revoked_then_stamped, "LT-TRUST-013"),
    "certificate revoked later, never stamped": (_revoked_and_unstamped, "LT-TRUST-013"),
    "certificate revoked, the kept list older": (_revoked_then_stamped_with_old_list, "LT-TRUST-013"),
    "a revocation list of his own making": (_kept_by_stranger, "LT-TRUST-014"),
    "a hundred certificates kept inside": (lambda: _keeps(certificates=(root().der,) * 100), PROPERTIES),
    "a kept list that is none": (lambda: _keeps(lists=(b"x",)), "LT-TRUST-001"),
    "a kept list whose issuer is no text": (lambda: _keeps(lists=(_list_without_text(),)), f"LT-TRUST-001 {INERT}"),
    "a kept answer that is none": (lambda: _keeps(answers=(b"x",)), INERT),
    "a kept certificate that is none": (lambda: _keeps(certificates=(b"x",)), "LT-TRUST-015 LT-TRUST-001"),
    "a kept certificate of a stranger": (lambda: _keeps(certificates=(Issuer.root("Lạ").der,)), INERT),
}  # fmt: skip


CASES: list[Case] = [*cases(Category.STAMP, STAMPS), *cases(Category.LASTING, XADES_ATTACKS)]
