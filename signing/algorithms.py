"""The signature algorithms, digests and canonical forms we know. What is not here does not exist for us.

Values are the wire's own names. Source: xmldsig, xmldsig-algorithms, jose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class KeyKind(StrEnum):
    """What a key is made of. A key has one kind, and the kind allows only some algorithms."""

    RSA = "RSA"
    P256 = "P-256"
    P384 = "P-384"
    P521 = "P-521"
    ED25519 = "Ed25519"


class Padding(StrEnum):
    """How RSA pads what it signs."""

    NONE = ""  # not RSA
    PKCS1 = "pkcs1v15"
    PSS = "pss"  # MGF1 with the same digest, salt as long as the digest


class Algorithm(StrEnum):
    """By their JWS names. RS1 (RSA with SHA-1) has none worth using: it is only ever checked, by a dated exception."""

    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    PS256 = "PS256"
    PS384 = "PS384"
    PS512 = "PS512"
    ED25519 = "EdDSA"
    RS1 = "RS1"


class XmlSignature(StrEnum):
    """The same algorithms, as XML-DSig names them. RSASSA-PSS is also written as `RSA_PSS` with parameters."""

    ES256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    ES384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
    ES512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
    RS256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    RS384 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
    RS512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
    PS256 = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
    PS384 = "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"
    PS512 = "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"
    ED25519 = "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"
    RS1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"


RSA_PSS = "http://www.w3.org/2007/05/xmldsig-more#rsa-pss"  # with RSAPSSParams
MGF1 = "http://www.w3.org/2007/05/xmldsig-more#MGF1"


class XmlDigest(StrEnum):
    """Digests of references."""

    SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
    SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
    SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
    SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"

    @property
    def hash_name(self) -> str:
        """As hashlib calls it."""
        return self.name.lower()


class XmlTransform(StrEnum):
    """Transforms and canonical forms. XPath, XSLT, base64 and here() are not among them, and never will be."""

    ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
    EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
    EXCLUSIVE_COMMENTS = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"
    INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    INCLUSIVE_COMMENTS = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
    INCLUSIVE_11 = "http://www.w3.org/2006/12/xml-c14n11"
    INCLUSIVE_11_COMMENTS = "http://www.w3.org/2006/12/xml-c14n11#WithComments"


EXCLUSIVE_FORMS = frozenset({XmlTransform.EXCLUSIVE, XmlTransform.EXCLUSIVE_COMMENTS})
CANONICAL_FORMS = frozenset(XmlTransform) - {XmlTransform.ENVELOPED}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one algorithm does."""

    kinds: frozenset[KeyKind]
    hash_name: str  # as hashlib calls it; "" = the algorithm's own
    padding: Padding = Padding.NONE
    octets: int = 0  # of r and of s each; 0 = not ECDSA


def _ecdsa(kind: KeyKind, hash_name: str, octets: int) -> Recipe:
    return Recipe(frozenset({kind}), hash_name, octets=octets)


def _rsa(hash_name: str, padding: Padding) -> Recipe:
    return Recipe(frozenset({KeyKind.RSA}), hash_name, padding)


RECIPES: Mapping[Algorithm, Recipe] = {
    Algorithm.ES256: _ecdsa(KeyKind.P256, "sha256", 32),
    Algorithm.ES384: _ecdsa(KeyKind.P384, "sha384", 48),
    Algorithm.ES512: _ecdsa(KeyKind.P521, "sha512", 66),
    Algorithm.RS256: _rsa("sha256", Padding.PKCS1),
    Algorithm.RS384: _rsa("sha384", Padding.PKCS1),
    Algorithm.RS512: _rsa("sha512", Padding.PKCS1),
    Algorithm.PS256: _rsa("sha256", Padding.PSS),
    Algorithm.PS384: _rsa("sha384", Padding.PSS),
    Algorithm.PS512: _rsa("sha512", Padding.PSS),
    Algorithm.ED25519: Recipe(frozenset({KeyKind.ED25519}), ""),
    Algorithm.RS1: _rsa("sha1", Padding.PKCS1),
}

# What a key signs with where nobody says otherwise.
USUAL: Mapping[KeyKind, Algorithm] = {
    KeyKind.RSA: Algorithm.RS256,
    KeyKind.P256: Algorithm.ES256,
    KeyKind.P384: Algorithm.ES384,
    KeyKind.P521: Algorithm.ES512,
    KeyKind.ED25519: Algorithm.ED25519,
}
