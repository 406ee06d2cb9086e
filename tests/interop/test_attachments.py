"""Signed PDFs as poppler's pdfsig sees them, and CMS of openssl: the same word from both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing.attachments import Standing, examine
from signing.trust import TrustRules, TrustStore
from tests.interop.signing_world import run
from tests.interop.time_authority import TimeAuthority
from tests.unit.signing.signed_files import plain_pdf, shadowed, signed_pdf
from tests.unit.signing.test_attachments import AT, World, codes, signed, world


def _altered(data: bytes) -> bytes:
    return data.replace(b"Giay phep", b"Giay phEp")


@pytest.mark.foreign("pdfsig")
@pytest.mark.parametrize("kind", ["good", "altered", "shadowed", "two"])
def test_pdfsig_agrees(kind: str, tmp_path: Path) -> None:
    """Validity and whether the whole document is covered."""
    data = {
        "good": signed, "altered": lambda: _altered(signed()), "shadowed": lambda: shadowed(signed()),
        "two": lambda: signed_pdf(signed(), world().person(), world().middle, name="Ky2"),
    }[kind]()  # fmt: skip
    (tmp_path / "a.pdf").write_bytes(data)
    said = run("pdfsig", "-nocert", tmp_path / "a.pdf").stdout
    report = world().report(data)
    assert len(report.signers) == said.count("Signature Validation:")
    assert [each.intact for each in report.signers].count(True) == said.count("Signature is Valid")
    whole = sum(each.coverage.value == "whole" for each in report.signers)
    assert whole == said.count("Total document signed")


@pytest.mark.foreign("pdfsig")
def test_pdfsig_finds_no_signature_either(tmp_path: Path) -> None:
    """The control."""
    (tmp_path / "a.pdf").write_bytes(plain_pdf())
    assert "does not contain any signatures" in run("pdfsig", tmp_path / "a.pdf").stdout
    assert not world().report(plain_pdf()).signed


@pytest.mark.foreign("openssl")
@pytest.mark.parametrize("beside", [False, True])
def test_openssl_cms_is_good(beside: bool, tmp_path: Path) -> None:
    """What `openssl cms -sign` makes; an altered content is seen."""
    (tmp_path / "k").write_bytes(world().signer.private)
    (tmp_path / "c").write_bytes(world().signer.pem)
    (tmp_path / "text").write_bytes(b"noi dung\n")
    around = () if beside else ("-nodetach",)
    done = run(
        "openssl", "cms", "-sign", "-binary", *around, "-md", "sha256", "-in", tmp_path / "text", "-signer",
        tmp_path / "c", "-inkey", tmp_path / "k", "-outform", "DER", "-out", tmp_path / "p7",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    data = (tmp_path / "p7").read_bytes()
    content = b"noi dung\n" if beside else None
    assert world().report(data, content=content).good
    changed = examine(
        data if beside else data.replace(b"noi dung", b"noi dunG"), trust=world().store(), now=datetime.now(UTC),
        content=b"khac" if beside else None,
    )  # fmt: skip
    assert codes(changed) == ["LT-ATT-002"]


def test_a_stamp_saves_a_certificate_that_ran_out(tmp_path: Path) -> None:
    """Judged at the time that an authority we believe states; another authority's word changes nothing."""
    authority, other = TimeAuthority.made(tmp_path / "a"), TimeAuthority.made(tmp_path / "b")
    made = World()
    holder = made.person(last=AT + timedelta(hours=1))
    rules = TrustRules(revocation=False)
    store = TrustStore.of((made.root.paper, made.middle.paper), purpose="public", rules=rules)
    key = authority.signer.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificates = SimpleCertificateStore()
    certificates.register(asn1_x509.Certificate.load(authority.root.der))
    stamper = DummyTimeStamper(
        asn1_x509.Certificate.load(authority.signer.der), asn1_keys.PrivateKeyInfo.load(key), certificates
    )
    data = signed_pdf(plain_pdf(), holder, made.middle, stamper=stamper)
    later = AT + timedelta(days=3)
    report = examine(data, trust=store, authorities=authority.trusted(), now=later)
    (signer,) = report.signers
    assert (codes(report), signer.standing, report.good) == ([], Standing.TRUSTED, True)
    assert signer.stamped_at is not None
    assert (signer.judged_at, bool(signer.authority)) == (signer.stamped_at, True)
    for believed in (None, other.trusted()):
        (without,) = examine(data, trust=store, authorities=believed, now=later).signers
        assert (without.standing, without.stamped_at) == (Standing.CLAIMED, None)
