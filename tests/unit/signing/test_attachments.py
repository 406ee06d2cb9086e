"""Signatures inside attachments: who signed, does it hold, does it cover what is shown; hostile files never raise."""

from __future__ import annotations

import base64
import random
import zlib
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from asn1crypto import algos, cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from schemas.signable import signable_kind
from signing.attachments import Coverage, Report, Standing, examine
from signing.trust import Evidence, TrustRules, TrustStore
from signing.trust.papers import read_list
from tests.unit.signing.issuer import DAY, Holder, Issuer
from tests.unit.signing.signed_files import plain_pdf, shadowed, signed_cms, signed_pdf

AT = datetime.now(UTC)


class World:
    """An authority, a signer, and the store that believes them."""

    def __init__(self) -> None:
        self.root = Issuer.root()
        self.middle = self.root.below()
        self.signer = self.person()

    def person(self, first: datetime = AT - DAY, last: datetime = AT + 100 * DAY) -> Holder:
        """Somebody with a certificate."""
        return self.middle.person(first=first, last=last)

    def store(self) -> TrustStore:
        """With fresh lists."""
        lists = [
            read_list(each.crl(at=AT - timedelta(hours=1), next_at=AT + DAY), name="x")
            for each in (self.root, self.middle)
        ]
        return TrustStore.of((self.root.paper, self.middle.paper), Evidence(tuple(lists)), purpose="public")

    def report(self, data: bytes, **how: object) -> Report:
        """As of now."""
        return examine(data, **{"trust": self.store(), "now": datetime.now(UTC), **how})  # type: ignore[arg-type]  # shorthand


@cache
def world() -> World:
    return World()


@cache
def signed() -> bytes:
    return signed_pdf(plain_pdf(), world().signer, world().middle)


def codes(report: Report) -> list[str]:
    return [found.code for found in report.all_problems]


def test_a_signed_pdf_is_good() -> None:
    """Signed, intact, over the whole file, by a certificate our store believes, not revoked."""
    report = world().report(signed())
    (signer,) = report.signers
    assert (report.kind, report.good, codes(report)) == ("pdf", True, [])
    assert (signer.intact, signer.coverage, signer.standing) == (True, Coverage.WHOLE, Standing.TRUSTED)
    assert (signer.revocation, signer.digest, signer.name) == ("good", "sha256", "Ky")
    assert signer.claimed_at is not None
    assert "H99" in signer.subject
    assert report.line()[1].startswith("good signature")


def test_a_pdf_without_a_signature_is_told_so() -> None:
    """No problem, no signer."""
    report = world().report(plain_pdf())
    assert (report.kind, report.signed, report.good, codes(report)) == ("pdf", False, False, [])


def test_another_text_over_the_signed_one_is_not_covered() -> None:
    """The shadow attack: the signature still fits its revision, the report says that the file is more than that."""
    report = world().report(shadowed(signed()))
    (signer,) = report.signers
    assert (signer.intact, signer.coverage, report.good) == (True, Coverage.EARLIER, False)
    assert codes(report) == ["LT-ATT-003"]


def test_a_second_signature_covers_the_first() -> None:
    """Two people sign one after the other: the last covers all, the first its revision."""
    other = world().person()
    report = world().report(signed_pdf(signed(), other, world().middle, name="Ky2"))
    assert [each.coverage for each in report.signers] == [Coverage.EARLIER, Coverage.WHOLE]
    assert report.good


@pytest.mark.parametrize("at", [0.1, 0.3])
def test_an_altered_byte_is_seen(at: float) -> None:
    """In what was signed."""
    data = bytearray(signed())
    place = data.index(b"Giay phep") if at == 0.1 else data.index(b"MediaBox") + 12
    data[place] ^= 1
    report = world().report(bytes(data))
    assert not report.good
    assert "LT-ATT-002" in codes(report) or "LT-ATT-001" in codes(report)


def test_bytes_behind_the_end_are_not_covered() -> None:
    """Even where no revision explains them."""
    report = world().report(signed() + b"\n% more\n" + b"x" * 100)
    assert not report.good
    assert codes(report)


def test_a_stranger_is_not_believed() -> None:
    """The signature holds, the certificate does not."""
    other = World()
    report = world().report(signed_pdf(plain_pdf(), other.signer, other.middle))
    assert (report.signers[0].intact, report.signers[0].standing) == (True, Standing.UNTRUSTED)
    assert codes(report) == ["LT-ATT-005"]


def test_a_revoked_signer_is_not_believed() -> None:
    """By the list of its authority."""
    other = World()
    other.middle.revoke(other.signer, at=AT - timedelta(hours=2))
    report = other.report(signed_pdf(plain_pdf(), other.signer, other.middle))
    assert (report.signers[0].standing, codes(report)) == (Standing.UNTRUSTED, ["LT-ATT-005"])


def test_a_certificate_that_ran_out_needs_a_stamp() -> None:
    """Without one the signer's own clock is told, and not believed."""
    other = World()
    holder = other.person(last=AT + timedelta(hours=1))
    rules = TrustRules(revocation=False)
    store = TrustStore.of((other.root.paper, other.middle.paper), purpose="public", rules=rules)
    report = other.report(signed_pdf(plain_pdf(), holder, other.middle), trust=store, now=AT + 3 * DAY)
    assert (report.signers[0].standing, codes(report)) == (Standing.CLAIMED, ["LT-ATT-007"])


def test_a_weak_digest_is_told() -> None:
    """SHA-1 is no proof any more, whoever signed."""
    report = world().report(signed_pdf(plain_pdf(), world().signer, world().middle, digest="sha1"))
    assert "LT-ATT-004" in codes(report)
    assert not report.good


def test_a_weak_digest_under_the_signature_is_told_as_well() -> None:
    """SHA-256 of the content, SHA-1 of what is really signed: whoever finds two that are alike there signs both."""
    made = cms.ContentInfo.load(signed_cms(b"noi dung", world().signer, world().middle))
    signer, key = made["content"]["signer_infos"][0], world().signer.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signer["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": "sha1_ecdsa"})
    signer["signature"] = key.sign(signer["signed_attrs"].untag().dump(), ec.ECDSA(hashes.SHA1()))
    report = world().report(made.dump(force=True))
    assert (report.good, codes(report)) == (False, ["LT-ATT-004"])


def test_attributes_of_a_signature_are_no_content_of_another() -> None:
    """The signature over them would fit a file that its signer never saw."""
    made = cms.ContentInfo.load(signed_cms(b"noi dung", world().signer, world().middle))
    signer = made["content"]["signer_infos"][0]
    kept = ("version", "sid", "digest_algorithm", "signature_algorithm", "signature")
    content = cms.ContentInfo({"content_type": "data", "content": signer["signed_attrs"].untag().dump()})
    made["content"]["encap_content_info"] = content
    made["content"]["signer_infos"] = [cms.SignerInfo({name: signer[name] for name in kept})]
    report = world().report(made.dump(force=True))
    assert (report.good, codes(report)) == (False, ["LT-ATT-001"])


@pytest.mark.parametrize("pem", [False, True])
def test_cms_around_its_content(pem: bool) -> None:
    """.p7m in both forms."""
    report = world().report(signed_cms(b"noi dung", world().signer, world().middle, pem=pem))
    assert (report.kind, report.good, codes(report)) == ("cms", True, [])


@pytest.mark.parametrize("pem", [False, True])
def test_cms_around_a_pdf_is_cms(pem: bool) -> None:
    """The first bytes of what is signed stand near those of the file: they do not make it a PDF without signature."""
    made = signed_cms(plain_pdf(), world().signer, world().middle, pem=pem)
    assert (world().report(made).kind, world().report(made).good) == ("cms", True)
    if not pem:
        assert codes(world().report(made.replace(b"Giay phep", b"Giay phap"))) == ["LT-ATT-002"]


def test_cms_beside_its_content() -> None:
    """.p7s: good with its content, told without it, refused with another."""
    made = signed_cms(b"noi dung", world().signer, world().middle, beside=True)
    assert world().report(made, content=b"noi dung").good
    alone = world().report(made)
    assert (alone.signers[0].coverage, codes(alone)) == (Coverage.BESIDE, ["LT-ATT-006"])
    assert codes(world().report(made, content=b"noi dunG")) == ["LT-ATT-002"]


@pytest.mark.parametrize("data", [b"", b"<a/>", b"PK\3\4", b"\x30\x03\x02\x01\x05", b"MIIxxxx"])
def test_what_carries_no_signature_is_other(data: bytes) -> None:
    """By content, not by name; nothing is opened."""
    assert signable_kind(data) == ""
    assert world().report(data).kind == "other"


@pytest.mark.parametrize("length", ["3080", "30820300", "3083010000", "30840001" + "0000"])
@pytest.mark.parametrize("before", [b"", b"\r\n", b"\xef\xbb\xbf", b" \t"])
def test_base64_of_a_signature_is_known_by_what_it_says(length: str, before: bytes) -> None:
    """Whatever form its length has (of more than 64 KiB, or told at the end), and whatever blanks stand before it."""
    data = bytes.fromhex(length) + bytes.fromhex("06092a864886f70d010702") + bytes(600)
    assert signable_kind(data) == "cms"
    assert signable_kind(before + base64.encodebytes(data)) == "cms"


def _bomb() -> bytes:
    squeezed = zlib.compress(b"0" * 300_000_000, 9)
    stream = b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (
        len(squeezed), squeezed,
    )  # fmt: skip
    body = b"%PDF-1.7\n1 0 obj\n" + stream + b"\nendobj\n"
    return body + b"xref\n0 1\n0000000000 65535 f \ntrailer<</Size 9/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(body)


def _looped() -> bytes:
    return (
        plain_pdf()
        .replace(b"/Size 6/Root 1 0 R", b"/Size 6/Root 1 0 R/Prev 0000000")
        .replace(
            b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[1 0 R]/Kids[1 0 R]>>>>"
        )
    )


def _self_kid() -> bytes:
    return plain_pdf().replace(b"/Type/Catalog", b"/Type/Catalog/AcroForm 1 0 R/Fields[1 0 R]/Kids[1 0 R]/T(a)")


HOSTILE = {
    "empty pdf": b"%PDF-1.7\n", "loop": _looped(), "self": _self_kid(), "bomb": _bomb(),
    "cut": signed()[:2000], "deep": b"%PDF-1.7\n" + b"[" * 200_000, "cut cms": b"\x30\x82\xff\xff"
    + bytes.fromhex("06092a864886f70d010702"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_report(name: str) -> None:
    """Loops, bombs, cuts: not good, within the bounds, never an exception."""
    report = world().report(HOSTILE[name], seconds=5)
    assert not report.good


def test_broken_copies_never_raise() -> None:
    """Bytes changed at random all over a signed file: a report each time, and never a good one where they counted."""
    chance = random.Random(7)
    for _ in range(6):
        data = bytearray(signed())
        for _ in range(20):
            data[chance.randrange(len(data))] = chance.randrange(256)
        assert not world().report(bytes(data), seconds=5).good


def _twin(of: Holder, *, long: bool) -> Holder:
    """A stranger's certificate of the same names and number; longer or shorter, so that it stands behind or before."""
    key, paper = ec.generate_private_key(ec.SECP256R1()), of.paper
    made = x509.CertificateBuilder(paper.issuer, paper.subject, key.public_key(), paper.serial_number)
    made = made.not_valid_before(paper.not_valid_before_utc).not_valid_after(paper.not_valid_after_utc)
    if long:
        names = x509.SubjectAlternativeName([x509.DNSName(f"{number}.{'a' * 50}.example") for number in range(20)])
        made = made.add_extension(names, critical=False)
    return Holder(key, made.sign(key, hashes.SHA256()))


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("kind", ["pdf", "cms"])
def test_a_strangers_certificate_of_the_same_number_is_not_the_signers(kind: str, long: bool) -> None:
    """Laid beside the real one it would verify what a stranger signed, while the real one is believed."""
    twin, real = _twin(world().signer, long=long), Issuer(world().signer.key, world().signer.paper)
    made = (
        signed_pdf(plain_pdf("Gia mao"), twin, real, world().middle)
        if kind == "pdf"
        else signed_cms(b"gia mao", twin, real, world().middle)
    )
    report = world().report(made)
    assert not report.good
    assert codes(report) == ["LT-ATT-001"]


def test_the_signers_certificate_may_come_twice() -> None:
    """The very same says one thing."""
    again = Issuer(world().signer.key, world().signer.paper)
    assert world().report(signed_cms(b"noi dung", world().signer, again, world().middle)).good
