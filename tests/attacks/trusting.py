"""Attacks by certificates: strangers, ended and revoked ones, authorities that are none, lists that say nothing."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.ocsp import OCSPCertStatus

from schemas.problem import Stage
from signing.keys import SigningKey
from signing.policy import PARTNER_SOAP
from signing.trust import Entitlement, Evidence, Trust, TrustRules, TrustStore, entitled
from signing.trust.papers import read_list
from tests.attacks.corpus import Case, Category, cases, said
from tests.attacks.soap import envelope, sent, signed, token
from tests.unit.signing.issuer import DAY, NOW, Holder, Issuer

HOUR = timedelta(hours=1)


@cache
def root() -> Issuer:
    """Whom the receiver trusts."""
    return Issuer.root()


@cache
def middle() -> Issuer:
    """Below it; the receiver knows it."""
    return root().below()


@cache
def person() -> Holder:
    """Below that."""
    return middle().person()


def lists(*more: bytes, of: tuple[Issuer, ...] = ()) -> Evidence:
    """Fresh lists of both authorities (or of those given), and further ones."""
    ders = [each.crl() for each in (of or (root(), middle()))]
    return Evidence(tuple(read_list(each, name="crl") for each in (*ders, *more)))


def store(evidence: Evidence | None = None, *papers: x509.Certificate, **rules: object) -> TrustStore:
    """Both authorities, unless others are said."""
    found = papers or (root().paper, middle().paper)
    return TrustStore.of(found, lists() if evidence is None else evidence, purpose="partner", rules=TrustRules(**rules))


def by(holder: Holder, trusted: TrustStore | None = None) -> str:
    """A message rightly signed by this holder, who is judged by his certificate."""
    message = signed(envelope(paper=token(der=holder.der)), key=holder.signing(), method=_method(holder))
    return sent(message, keys=Trust(trusted or store(), PARTNER_SOAP).keys(now=NOW))


def _method(holder: Holder) -> str:
    kind = "rsa" if isinstance(holder.key, rsa.RSAPrivateKey) else "ecdsa"
    return f"http://www.w3.org/2001/04/xmldsig-more#{kind}-sha256"


def _revoked(how: str) -> str:
    """Revoked, told by a list or by an answer, which "good" elsewhere does not undo."""
    issuer = root().below("Cấp khác")
    holder = issuer.person()
    good = issuer.crl()
    issuer.revoke(holder)
    if how == "answer":
        found = Evidence(lists(good).lists, (issuer.answer(holder, OCSPCertStatus.REVOKED),))
    elif how == "old list":
        found = lists(good, issuer.crl(at=NOW - 30 * DAY, next_at=NOW - 20 * DAY))
    else:
        found = lists(issuer.crl())
    return by(holder, store(found, root().paper, issuer.paper))


def _revoked_middle() -> str:
    top = Issuer.root("Gốc khác")
    below = top.below()
    holder = below.person()
    top.revoke(below)
    return by(holder, store(lists(of=(top, below)), top.paper, below.paper))


def _with_list(**how: object) -> str:
    """The list of the middle authority alone is unusual."""
    return by(person(), store(lists(middle().crl(**how), of=(root(),))))


def _answered(status: OCSPCertStatus, **how: object) -> str:
    answer = middle().answer(person(), status, **how)
    return by(person(), store(Evidence(lists(of=(root(),)).lists, (answer,))))


def _same_name_other_key() -> str:
    twin = Issuer.root()  # calls itself what ours is called
    return by(twin.below().person(), store(lists(of=(twin,))))


def _below_a_person() -> str:
    """A person issues a certificate to another."""
    issuer = Issuer(person().key, person().paper)
    issuer_name = person().paper.subject
    key = ec.generate_private_key(ec.SECP256R1())
    paper = (
        x509.CertificateBuilder().subject_name(issuer_name).issuer_name(issuer_name).public_key(key.public_key())
        .serial_number(7).not_valid_before(NOW - DAY).not_valid_after(NOW + DAY).sign(issuer.key, hashes.SHA256())
    )  # fmt: skip
    return by(Holder(key, paper), store(None, root().paper, middle().paper, person().paper))


def _path_too_long() -> str:
    top = Issuer.root("Gốc ngắn")
    first = top.below(path_length=0)
    second = first.below("Cấp ba")
    return by(second.person(), store(lists(of=(top, first, second)), top.paper, first.paper, second.paper))


def _doubled_extension() -> str:
    """Two extensions of one kind: a reader of the first and a reader of the last see two certificates."""
    key = ec.generate_private_key(ec.SECP256R1())
    one, two = (x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.2.3.4.{n}"), b"\x05\x00") for n in (1, 2))
    paper = (
        x509.CertificateBuilder().subject_name(person().paper.subject).issuer_name(middle().paper.subject)
        .public_key(key.public_key()).serial_number(8).not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
        .add_extension(one, False).add_extension(two, False).sign(middle().key, hashes.SHA256())
    )  # fmt: skip
    der = paper.public_bytes(serialization.Encoding.DER).replace(
        b"\x06\x04\x2a\x03\x04\x02", b"\x06\x04\x2a\x03\x04\x01"
    )
    return _by_paper(der, key)


def _by_paper(der: bytes, key: ec.EllipticCurvePrivateKey) -> str:
    """Whatever these bytes are, they came as the certificate."""
    holder = Holder(key, person().paper)
    made = signed(envelope(paper=token(der=der)), key=_bare(holder), method=_method(holder))
    return sent(made, keys=Trust(store(), PARTNER_SOAP).keys(now=NOW))


def _bare(holder: Holder) -> SigningKey:
    return SigningKey.from_pem(holder.private, key_id="bus")


def _broken_paper(at: int, to: int) -> str:
    """One byte of a good certificate changed."""
    der = bytearray(person().der)
    der[at] = to if der[at] != to else to ^ 1  # a signature may well end so
    return _by_paper(bytes(der), person().key)  # type: ignore[arg-type]


def _entitled(agency: str, operation: str) -> str:
    """Trusted, and not entitled."""
    line = Entitlement("f" * 64, "H99", frozenset({"guiHoSo"}), last=NOW.date() - DAY)
    return said(entitled((line,), "f" * 64, agency=agency, operation=operation, now=NOW, stage=Stage.RECEIVE))


UNKNOWN, ENDED, REVOKED, PATH = (
    "certificate:LT-TRUST-014",
    "certificate:LT-TRUST-010",
    "certificate:LT-TRUST-013",
    "certificate:LT-TRUST-012",
)
TRUST = {
    "an unknown authority": (lambda: by(Issuer.root("Lạ").person()), PATH),
    "an authority of the same name with another key": (_same_name_other_key, PATH),
    "a certificate that signs itself": (lambda: by(Issuer.root("Tự ký")), "certificate"),
    "expired": (lambda: by(middle().person(last=NOW - timedelta(seconds=1))), ENDED),
    "not yet valid": (lambda: by(middle().person(first=NOW + timedelta(seconds=1))), ENDED),
    "revoked by list": (lambda: _revoked("list"), REVOKED),
    "revoked by answer, good by list": (lambda: _revoked("answer"), REVOKED),
    "revoked by an old list": (lambda: _revoked("old list"), REVOKED),
    "authority revoked": (_revoked_middle, REVOKED),
    "no list": (lambda: by(person(), store(Evidence())), UNKNOWN),
    "no list of the nearer authority": (lambda: by(person(), store(lists(of=(root(),)))), UNKNOWN),
    "list expired": (lambda: _with_list(next_at=NOW - HOUR), UNKNOWN),
    "list expired, the next never": (lambda: _with_list(at=NOW - 30 * DAY, next_at=None), UNKNOWN),
    "list of the future": (lambda: _with_list(at=NOW + HOUR), UNKNOWN),
    "list signed by a stranger": (lambda: _with_list(signer=Issuer.root().key), UNKNOWN),
    "list signed by the person": (lambda: _with_list(signer=person().key), UNKNOWN),
    "answer: unknown": (lambda: _answered(OCSPCertStatus.UNKNOWN), UNKNOWN),
    "answer expired": (lambda: _answered(OCSPCertStatus.GOOD, next_at=NOW - HOUR), UNKNOWN),
    "answer of the future": (lambda: _answered(OCSPCertStatus.GOOD, at=NOW + HOUR, next_at=NOW + DAY), UNKNOWN),
    "answer by a stranger": (lambda: _answered(OCSPCertStatus.GOOD, responder=Issuer.root("Lạ").person()), UNKNOWN),
    "answer by another person of the authority": (lambda: _answered(OCSPCertStatus.GOOD, responder=middle().person("Khác")), UNKNOWN),
    "answer by a responder of another authority": (
        lambda: _answered(OCSPCertStatus.GOOD, responder=root().person("Khác", for_status=True)), UNKNOWN),
    "answer by an expired responder": (
        lambda: _answered(OCSPCertStatus.GOOD, responder=middle().person("Khác", for_status=True, last=NOW - DAY)), UNKNOWN),
    "answer about another": (
        lambda: by(person(), store(Evidence(lists(of=(root(),)).lists, (middle().answer(middle().person(), OCSPCertStatus.GOOD),)))), UNKNOWN),
    "key for encryption only": (lambda: by(middle().person(bits=("key_encipherment",))), "certificate:LT-TRUST-011"),
    "key for key agreement only": (lambda: by(middle().person(bits=("key_agreement",))), "certificate:LT-TRUST-011"),
    "key of an authority": (lambda: by(middle()), "certificate:LT-TRUST-011"),
    "path longer than the authority allows": (_path_too_long, PATH),
    "a person as authority": (_below_a_person, PATH),
    "RSA of 1024 bits, well issued": (lambda: by_weak(rsa.generate_private_key(65537, 1024)), "certificate"),
    "a curve we do not take, well issued": (lambda: by_weak(ec.generate_private_key(ec.SECP256K1())), "certificate"),
    "two extensions of one kind": (_doubled_extension, "certificate"),
    "a certificate whose name is no text": (lambda: _by_paper(_other_text(), person().key), "certificate"),  # type: ignore[arg-type]
    "a certificate whose signature is broken": (lambda: _broken_paper(-1, 0x55), "certificate"),
    "a certificate of an unknown version": (lambda: _broken_paper(12, 9), "certificate"),
    "a certificate that says it is longer": (lambda: _broken_paper(3, 0xFF), "certificate"),
    "a certificate with something behind it": (lambda: _by_paper(person().der + b"\0", person().key), "certificate"),  # type: ignore[arg-type]
    "trusted, but for another agency": (lambda: _entitled("H98", "guiHoSo"), "LT-TRUST-020"),
    "trusted, but for another operation": (lambda: _entitled("H99", "xoaHoSo"), "LT-TRUST-020"),
    "entitled until yesterday": (lambda: _entitled("H99", "guiHoSo"), "LT-TRUST-020"),
}  # fmt: skip


def by_weak(key) -> str:
    """A well-issued certificate of a key that is none for us."""
    weak = middle().person(key=key)
    made = signed(envelope(paper=token(der=weak.der)), key=_bare(person()), method=_method(person()))
    return sent(made, keys=Trust(store(), PARTNER_SOAP).keys(now=NOW))


def _other_text() -> bytes:
    der = person().der
    at = der.rindex("Sở".encode())
    return der[:at] + b"\xff\xfe\xff" + der[at + 3 :]


CASES: list[Case] = cases(Category.TRUST, TRUST)
