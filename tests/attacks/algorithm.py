"""Attacks on the key operation: another algorithm than the key's, parameters beside the usual, values of no signature,
keys that sign everything."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from asn1crypto import keys, pem
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from schemas.problem import Refused
from signing.algorithms import MGF1, RSA_PSS, Algorithm
from signing.keys import VerifyKey
from signing.policy import BUS, PARTNER_LEGACY, PARTNER_SOAP
from tests.attacks.corpus import TAKEN, Case, Category, cases, said
from tests.attacks.documents import document
from tests.unit.signing.forge import SHA256, forge
from tests.unit.signing.kit import p256, rsa2048

XMLDSIG, MORE = "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/04/xmldsig-more#"
PSS = "http://www.w3.org/2007/05/xmldsig-more#"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class By:
    """Signs as it is told: for `forge`, in place of a key."""

    def __init__(self, operate: Callable[[bytes], bytes]) -> None:
        self.sign = operate


def _by(operate: Callable[[bytes], bytes], *, method: str, name: str = "rsa", **parts: str) -> str:
    hint = f"<ds:KeyInfo><ds:KeyName>{name}</ds:KeyName></ds:KeyInfo>"
    return document(forge(By(operate), method=method, key_info=hint, **parts))  # type: ignore[arg-type]


def _private() -> rsa.RSAPrivateKey:
    return serialization.load_pem_private_key(rsa2048().pem, None)  # type: ignore[return-value]


def _elliptic() -> ec.EllipticCurvePrivateKey:
    return serialization.load_pem_private_key(p256().pem, None)  # type: ignore[return-value]


def _rsa(scheme: padding.AsymmetricPadding, digest: hashes.HashAlgorithm) -> Callable[[bytes], bytes]:
    return lambda data: _private().sign(data, scheme, digest)


def _pss(salt: int, digest: hashes.HashAlgorithm | None = None) -> Callable[[bytes], bytes]:
    digest = digest or hashes.SHA256()
    return _rsa(padding.PSS(padding.MGF1(digest), salt), digest)


def _values(value: bytes) -> str:
    return _by(lambda _: value, method=f"{MORE}ecdsa-sha256", name="bus")


def _pair(r: int, s: int) -> str:
    return _values(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def _mac(name: str, key: bytes) -> str:
    return _by(lambda data: hmac.new(key, data, "sha256").digest(), method=name)


def _parameters(salt: str = "32", digest: str = SHA256, trailer: str = "1", mask: str = MGF1) -> str:
    return (
        f'<p:RSAPSSParams xmlns:p="{PSS}"><ds:DigestMethod Algorithm="{digest}"/><p:MaskGenerationFunction '
        f'Algorithm="{mask}"/><p:SaltLength>{salt}</p:SaltLength><p:TrailerField>{trailer}</p:TrailerField></p:RSAPSSParams>'
    )


def _raw_rsa(data: bytes) -> bytes:
    """The encoded digest without its padding: raw RSA, as a lenient reader takes it."""
    numbers = _private().private_numbers()
    block = int.from_bytes(b"\0\1\xff\0" + hashlib.sha256(data).digest(), "big")
    return pow(block, numbers.d, numbers.public_numbers.n).to_bytes(256, "big")


def _trailing_garbage(data: bytes) -> bytes:
    """PKCS#1 with short padding and garbage behind the digest (what e=3 readers fell for)."""
    numbers = _private().private_numbers()
    info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(data).digest()
    block = int.from_bytes((b"\0\1" + b"\xff" * 8 + b"\0" + info).ljust(256, b"\x11"), "big")
    return pow(block, numbers.d, numbers.public_numbers.n).to_bytes(256, "big")


def _load(public: bytes, *, policy=BUS) -> str:
    """A key offered to be trusted."""
    try:
        VerifyKey.from_pem(public, key_id="k", policy=policy)
    except Refused as refused:
        return said(refused.problems)
    return TAKEN


def _pem(public) -> bytes:
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _numbers(e: int, n: int | None = None) -> bytes:
    """An RSA public key of these numbers, written by hand: libraries refuse to make some."""
    info = keys.PublicKeyInfo({"algorithm": {"algorithm": "rsa"},
                               "public_key": keys.RSAPublicKey({"modulus": n or _private().public_key().public_numbers().n,
                                                                "public_exponent": e})})  # fmt: skip
    return pem.armor("PUBLIC KEY", info.dump())


SMALL_ORDER = {  # points of order 1, 2, 4 and 8; two of them also by another encoding
    "identity": "01" + "00" * 31,
    "order 2": "ec" + "ff" * 30 + "7f",
    "order 4": "00" * 32,
    "order 4, negative": "00" * 31 + "80",
    "order 8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "order 8, negative": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "the other of order 8": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "the other of order 8, negative": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "identity, not reduced": "ee" + "ff" * 30 + "7f",
    "order 4, not reduced": "ed" + "ff" * 30 + "7f",
    "identity, with a sign": "01" + "00" * 30 + "80",
}


def _edwards(point: str) -> bytes:
    return pem.armor("PUBLIC KEY", bytes.fromhex("302a300506032b6570032100" + point))


FALSE = "signature:LT-SIGN-036"
OTHER = "signature:LT-SIGN-033"
WEAK = "LT-SIGN-003"
OPERATION = {
    "HMAC with the public key": (lambda: _mac(f"{MORE}hmac-sha256", rsa2048().public), OTHER),
    "HMAC with the certificate": (lambda: _mac(f"{MORE}hmac-sha512", rsa2048().certificate), OTHER),
    "HMAC-SHA1 with nothing": (lambda: _mac(f"{XMLDSIG}hmac-sha1", b""), OTHER),
    "RSA with SHA-1": (lambda: _by(_rsa(padding.PKCS1v15(), hashes.SHA1()), method=f"{XMLDSIG}rsa-sha1"), OTHER),
    "RSA with MD5": (lambda: _by(_rsa(padding.PKCS1v15(), hashes.SHA1()), method=f"{MORE}rsa-md5"), OTHER),
    "RSA with SHA-1, called SHA-256": (lambda: _by(_rsa(padding.PKCS1v15(), hashes.SHA1()), method=f"{MORE}rsa-sha256"), FALSE),
    "ECDSA with SHA-1": (lambda: _by(lambda data: data[:64], method=f"{MORE}ecdsa-sha1", name="bus"), OTHER),
    "DSA": (lambda: _by(lambda data: data[:40], method=f"{XMLDSIG}dsa-sha1"), OTHER),
    "a digest of SHA-1": (lambda: document(forge(p256().signing(), digest_method=f"{XMLDSIG}sha1")), OTHER),
    "a digest of MD5": (lambda: document(forge(p256().signing(), digest_method=f"{MORE}md5")), OTHER),
    "a digest of RIPEMD-160": (lambda: document(forge(p256().signing(), digest_method="http://www.w3.org/2001/04/xmlenc#ripemd160")), OTHER),
    "a digest of nothing": (lambda: document(forge(p256().signing(), digest_method="")), OTHER),
    "an algorithm of nothing": (lambda: document(forge(p256().signing(), method="")), OTHER),
    "RSA for an EC key": (lambda: document(forge(p256().signing(), method=f"{MORE}rsa-sha256")), OTHER),
    "ECDSA for an RSA key": (lambda: _by(_rsa(padding.PKCS1v15(), hashes.SHA256()), method=f"{MORE}ecdsa-sha256"), OTHER),
    "SHA-512 for a P-256 key": (lambda: document(forge(p256().signing(), method=f"{MORE}ecdsa-sha512")), OTHER),
    "EdDSA for a P-256 key": (lambda: document(forge(p256().signing(), method="http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519")), OTHER),
    "PKCS#1 called PSS": (lambda: _by(_rsa(padding.PKCS1v15(), hashes.SHA256()), method=f"{PSS}sha256-rsa-MGF1"), FALSE),
    "PSS called PKCS#1": (lambda: _by(_pss(32), method=f"{MORE}rsa-sha256"), FALSE),
    "PSS without salt": (lambda: _by(_pss(0), method=f"{PSS}sha256-rsa-MGF1"), FALSE),
    "PSS with a salt of 20": (lambda: _by(_pss(20), method=f"{PSS}sha256-rsa-MGF1"), FALSE),
    "PSS with the longest salt": (lambda: _by(_pss(222), method=f"{PSS}sha256-rsa-MGF1"), FALSE),
    "PSS with a mask of SHA-1": (
        lambda: _by(_rsa(padding.PSS(padding.MGF1(hashes.SHA1()), 32), hashes.SHA256()), method=f"{PSS}sha256-rsa-MGF1"), FALSE),
    "PSS that says its salt is 0": (lambda: _by(_pss(0), method=RSA_PSS, method_inside=_parameters("0")), "structure signature"),
    "PSS that says its salt is negative": (lambda: _by(_pss(32), method=RSA_PSS, method_inside=_parameters("-1")), "structure signature"),
    "PSS that says SHA-1": (lambda: _by(_pss(20, hashes.SHA1()), method=RSA_PSS, method_inside=_parameters("20", f"{XMLDSIG}sha1")), "structure signature"),
    "PSS with another trailer": (lambda: _by(_pss(32), method=RSA_PSS, method_inside=_parameters(trailer="2")), "structure signature"),
    "PSS with an unknown mask": (lambda: _by(_pss(32), method=RSA_PSS, method_inside=_parameters(mask="urn:x")), "structure signature"),
    "r = s = 0": (lambda: _pair(0, 0), FALSE),
    "r = 0": (lambda: _pair(0, 1), FALSE),
    "s = 0": (lambda: _pair(1, 0), FALSE),
    "r = s = 1": (lambda: _pair(1, 1), FALSE),
    "r = the order": (lambda: _pair(ORDER, 1), FALSE),
    "s = the order": (lambda: _pair(1, ORDER), FALSE),
    "r = s = all ones": (lambda: _values(b"\xff" * 64), FALSE),
    "ECDSA in DER": (lambda: _by(lambda data: _elliptic().sign(data, ec.ECDSA(hashes.SHA256())), method=f"{MORE}ecdsa-sha256", name="bus"), FALSE),
    "ECDSA value with zeros before it": (lambda: _by(lambda data: bytes(2) + p256().signing().sign(data), method=f"{MORE}ecdsa-sha256", name="bus"), FALSE),
    "ECDSA value cut short": (lambda: _by(lambda data: p256().signing().sign(data)[:-1], method=f"{MORE}ecdsa-sha256", name="bus"), FALSE),
    "a value of a megabyte": (lambda: _values(b"x" * 1_000_000), "signature:LT-SIGN-038"),
    "RSA value 0": (lambda: _by(lambda _: bytes(256), method=f"{MORE}rsa-sha256"), FALSE),
    "RSA value 1": (lambda: _by(lambda _: bytes(255) + b"\1", method=f"{MORE}rsa-sha256"), FALSE),
    "RSA value = the modulus": (lambda: _by(lambda _: _private().private_numbers().public_numbers.n.to_bytes(256, "big"), method=f"{MORE}rsa-sha256"), FALSE),
    "RSA value too short": (lambda: _by(lambda data: data[:20], method=f"{MORE}rsa-sha256"), FALSE),
    "RSA without the digest's name": (lambda: _by(_raw_rsa, method=f"{MORE}rsa-sha256"), FALSE),
    "RSA with garbage behind the digest": (lambda: _by(_trailing_garbage, method=f"{MORE}rsa-sha256"), FALSE),
}  # fmt: skip
KEYS = {
    "RSA with e = 1": (lambda: _load(_numbers(1)), "LT-SIGN-003 LT-SIGN-001"),
    "RSA with e = 3": (lambda: _load(_numbers(3)), WEAK),
    "RSA with an even e": (lambda: _load(_numbers(65_538)), "LT-SIGN-003 LT-SIGN-001"),
    "RSA with a huge e": (lambda: _load(_numbers(2**2000 + 1)), "LT-SIGN-003 LT-SIGN-001"),
    "RSA of 1024 bits": (lambda: _load(_numbers(65_537, 2**1024 - 105)), WEAK),
    "RSA of 16 384 bits": (lambda: _load(_numbers(65_537, 2**16384 - 35)), "LT-SIGN-003 LT-SIGN-001"),
    "the curve of coins": (lambda: _load(_pem(ec.generate_private_key(ec.SECP256K1()).public_key())), WEAK),
    "P-192": (lambda: _load(_pem(ec.generate_private_key(ec.SECP192R1()).public_key())), WEAK),
    "a private key": (lambda: _load(rsa2048().pem), "LT-SIGN-001"),
    "a P-521 key where the partner says RS256": (
        lambda: said_of(ec.generate_private_key(ec.SECP521R1()).public_key()), WEAK),
} | {
    f"Ed25519, a point of small order: {name}": (lambda p=point: _load(_edwards(p), policy=PARTNER_LEGACY), "LT-SIGN-003 LT-SIGN-001")
    for name, point in SMALL_ORDER.items()
}  # fmt: skip


def said_of(public) -> str:
    """Bound to an algorithm it cannot do."""
    try:
        VerifyKey.from_pem(_pem(public), key_id="k", algorithm=Algorithm.RS256, policy=PARTNER_SOAP)
    except Refused as refused:
        return said(refused.problems)
    return TAKEN


CASES: list[Case] = [*cases(Category.ALGORITHM, OPERATION), *cases(Category.ALGORITHM, KEYS)]
