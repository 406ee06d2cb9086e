"""One signature operation with one key: bytes in, bytes out. The only place that calls the cryptographic library."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from signing.algorithms import RECIPES, Algorithm, KeyKind, Padding, Recipe

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
PRIVATE = (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey, ed25519.Ed25519PrivateKey)
PUBLIC = (ec.EllipticCurvePublicKey, rsa.RSAPublicKey, ed25519.Ed25519PublicKey)

_CURVES = {"secp256r1": KeyKind.P256, "secp384r1": KeyKind.P384, "secp521r1": KeyKind.P521}
_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - checked only, by a dated exception of the policy
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


# Of Ed25519: the second coordinates of the points of order 1, 2, 4 and 8. As a public key such a point makes one
# signature good for every message, and the library does not mind.
_PRIME = 2**255 - 19
_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({0, 1, _PRIME - 1, _ORDER_8, _PRIME - _ORDER_8})


def kind_of(public: PublicKey) -> KeyKind | None:
    """What the key is made of; None = a curve we do not know, or a point that is no key."""
    if isinstance(public, ec.EllipticCurvePublicKey):
        return _CURVES.get(public.curve.name)
    if isinstance(public, rsa.RSAPublicKey):
        return KeyKind.RSA
    point = int.from_bytes(public.public_bytes_raw(), "little") & (2**255 - 1)  # without the sign of the other one
    return None if point % _PRIME in _SMALL_ORDER else KeyKind.ED25519


def sign(private: PrivateKey, data: bytes, algorithm: Algorithm) -> bytes:
    """Signs. ECDSA gives r and s of equal length, as both JWS and XML-DSig want it."""
    recipe = RECIPES[algorithm]
    if isinstance(private, rsa.RSAPrivateKey):
        return private.sign(data, _padding(recipe), _HASHES[recipe.hash_name])
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(data)
    return plain_ecdsa(private.sign(data, ec.ECDSA(_HASHES[recipe.hash_name])), recipe.octets)


def plain_ecdsa(der: bytes, octets: int) -> bytes:
    """r and s, `octets` each, of an ECDSA signature in DER."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(octets, "big") + s.to_bytes(octets, "big")


def verify(public: PublicKey, data: bytes, signature: bytes, algorithm: Algorithm) -> bool:
    """True if the signature is of these bytes by this key and algorithm; whatever does not fit is simply false."""
    recipe = RECIPES[algorithm]
    if kind_of(public) not in recipe.kinds:
        return False
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, data, _padding(recipe), _HASHES[recipe.hash_name])
        elif isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, data)
        else:
            return _verify_ecdsa(public, data, signature, recipe)
    except (InvalidSignature, ValueError):  # ValueError: a key too short for the padding
        return False
    return True


def _verify_ecdsa(public: ec.EllipticCurvePublicKey, data: bytes, signature: bytes, recipe: Recipe) -> bool:
    if len(signature) != 2 * recipe.octets:
        return False
    r, s = (int.from_bytes(half, "big") for half in (signature[: recipe.octets], signature[recipe.octets :]))
    public.verify(encode_dss_signature(r, s), data, ec.ECDSA(_HASHES[recipe.hash_name]))
    return True


def _padding(recipe: Recipe) -> padding.AsymmetricPadding:
    if recipe.padding is Padding.PKCS1:
        return padding.PKCS1v15()
    digest = _HASHES[recipe.hash_name]
    return padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
