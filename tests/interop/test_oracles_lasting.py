"""Lasting signatures and containers, both ways, with libdigidocpp, xadesjs, xmlsec1 and Santuario."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from signing.asic import PARTNER_LIMITS, Checked, open_sealed
from signing.policy import PARTNER_XADES
from signing.trust import TrustRules, TrustStore
from signing.xades import Lasting, Level, verify_lasting
from tests.interop.oracle_world import node, python
from tests.interop.signing_world import Files
from tests.unit.signing.kit import DOSSIER, SHAPES, Pair, p256, rsa2048

pytestmark = pytest.mark.slow
FILES = {"ho-so.xml": ("text/xml", DOSSIER), "giấy tờ/đơn 1.pdf": ("application/pdf", b"%PDF-1.7")}


def _store(pair: Pair) -> TrustStore:
    paper = x509.load_pem_x509_certificate(pair.certificate)
    return TrustStore.of((paper,), purpose="partner", rules=TrustRules(revocation=False))


def _rebuilt(sealed: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sealed)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            new.writestr(entry, change(entry.filename, old.read(entry)))
    return out.getvalue()


def _in_signature(old: bytes, new: bytes) -> Callable[[str, bytes], bytes]:
    return lambda name, data: data.replace(old, new, 1) if "signatures" in name else data


CHANGES: dict[str, Callable[[str, bytes], bytes]] = {
    "a file": lambda name, data: data.replace(b"H99.12", b"H99.13") if name == "ho-so.xml" else data,
    "a media type": _in_signature(b">text/xml<", b">text/xhtml<"),
    "the moment": _in_signature(b"SigningTime>20", b"SigningTime>19"),
    "the value": lambda name, data: re.sub(
        rb"(SignatureValue[^>]*>)(.)", lambda found: found[1] + (b"B" if found[2] == b"A" else b"A"), data, count=1
    ),
}


@pytest.mark.foreign("libdigidocpp", "openssl")
def test_we_take_the_containers_of_libdigidocpp(tmp_path: Path) -> None:
    """Its containers (Canonical XML 1.1, the older SigningCertificate) verify by the profile for partners and cover
    every file; changed they do not; the bus's own profile does not take them."""
    files, out = Files.of(rsa2048(), tmp_path), tmp_path / "o.asice"
    first, second = tmp_path / "ho-so.xml", tmp_path / "don.pdf"
    first.write_bytes(DOSSIER)
    second.write_bytes(b"%PDF-1.7")
    python("libdigidocpp", "digidoc-sign", files.key, files.certificate, out, first, second, home=tmp_path)
    store, now = _store(rsa2048()), datetime.now(UTC)
    how = {"now": now, "policy": PARTNER_XADES, "limits": PARTNER_LIMITS}  # it writes its name as a comment of the ZIP
    checked = open_sealed(out.read_bytes(), store, None, **how)
    assert isinstance(checked, Checked), checked
    (lasting,) = checked.signatures.values()
    assert lasting.level is Level.B
    assert {file.name for file in lasting.verified.files} == {"ho-so.xml", "don.pdf"}
    assert isinstance(open_sealed(out.read_bytes(), store, None, now=now), tuple)
    assert isinstance(open_sealed(out.read_bytes(), store, None, now=now, limits=PARTNER_LIMITS), tuple)
    for what in ("a file", "the moment", "the value"):
        changed = _rebuilt(out.read_bytes(), CHANGES[what])
        assert isinstance(open_sealed(changed, store, None, **how), tuple), what


@pytest.mark.foreign("node", "xadesjs")
def test_we_take_what_xadesjs_signs(tmp_path: Path) -> None:
    """Its XAdES-BES (inclusive forms) verifies by the profile for partners, over exactly the document; changed not."""
    files, store, now = Files.of(p256(), tmp_path), _store(p256()), datetime.now(UTC)
    # It signs SignedInfo before that stands in the document, without what it inherits there, and loses a CR.
    wrong = ("ds means something else", "xml attributes", "carriage return")
    given = [DOSSIER, *(shape for name, shape in SHAPES.items() if name not in wrong)]
    paths = files.write(given)
    assert node("xades-sign", files.key, files.certificate, *paths) == []
    for path in paths:
        signed = Path(f"{path}.signed").read_bytes()
        result = verify_lasting(signed, store, None, now=now, policy=PARTNER_XADES)
        assert isinstance(result, Lasting), result
        changed = signed.replace(b"SigningTime>20", b"SigningTime>19", 1)
        assert isinstance(verify_lasting(changed, store, None, now=now, policy=PARTNER_XADES), tuple)
