"""Who is asked about a certificate: what the settings name, and never what a stranger wrote into a certificate."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID

from bus.status_rule import StatusRule
from signing.trust.asking import responders_of
from tests.unit.signing.issuer import Issuer

ROOT = Issuer.root("CA mẫu")
RULE = StatusRule(hosts=frozenset(("ocsp.example", "other.example:8080")))


def paper(*addresses: str) -> x509.Certificate:
    """A certificate that names responders."""
    key = ec.generate_private_key(ec.SECP256R1())
    places = [
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(one))
        for one in addresses
    ]
    plain = ROOT.person(key=key).paper
    builder = (
        x509.CertificateBuilder().subject_name(plain.subject).issuer_name(plain.issuer).public_key(key.public_key())
        .serial_number(7).not_valid_before(plain.not_valid_before_utc).not_valid_after(plain.not_valid_after_utc)
        .add_extension(x509.AuthorityInformationAccess(places), critical=False)
    )  # fmt: skip
    return builder.sign(ROOT.key, hashes.SHA256())


@pytest.mark.parametrize("address", ["http://ocsp.example/a", "https://OCSP.example:443/", "http://other.example:8080"])
def test_an_address_at_an_agreed_host_is_asked(address: str) -> None:
    """Host and port are those of the settings; the path is the certificate's own."""
    assert RULE.address_of(paper(address), ROOT.paper) == address


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/", "http://evil.example/", "http://ocsp.example.evil.example/", "http://ocsp.example:8080/",
        "http://ocsp.example@evil.example/", "http://evil.example#@ocsp.example/", "http://evil.example\\@ocsp.example/",
        "ftp://ocsp.example/", "file:///etc/passwd", "http://other.example/", "http://ocsp.example:99999/", "//x/",
        "http://[::1]/", "http://ocsp.example/" + "a" * 600, "",
    ],
)  # fmt: skip
def test_any_other_address_is_not(address: str) -> None:
    """Nothing that stands in a certificate leads elsewhere."""
    assert RULE.address_of(paper(address), ROOT.paper) is None


def test_the_settings_go_before_the_certificate() -> None:
    """By the issuer's name, then for all; whoever is named nowhere is not asked."""
    named = StatusRule({"CA mẫu": "http://a.example/", "*": "http://b.example/"}, frozenset(("ocsp.example",)))
    one = paper("http://ocsp.example/")
    assert named.address_of(one, ROOT.paper) == "http://a.example/"
    assert named.address_of(one, Issuer.root("CA khác").paper) == "http://b.example/"
    assert StatusRule({"CA khác": "http://a.example/"}).address_of(one, ROOT.paper) is None


def test_a_certificate_that_names_many_is_read_briefly() -> None:
    """Four addresses at most are looked at."""
    assert len(responders_of(paper(*(f"http://h{n}.example/" for n in range(50))))) == 4
