"""What a signature may look like: frozen policy objects. The algorithm belongs to the key, never to the message.

Profile `bus` is the strict one: P-256 by default, RSA of at least 2048 bits (PKCS#1 v1.5), SHA-256, exclusive
canonical XML without comments. Later profiles are further objects, not switches.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Algorithm(StrEnum):
    """The signature algorithms we make and take, by their JWS names."""

    ES256 = "ES256"  # ECDSA, P-256, SHA-256; r and s as 32 bytes each
    RS256 = "RS256"  # RSASSA-PKCS1-v1_5, SHA-256


class XmlSignature(StrEnum):
    """The same algorithms, as XML-DSig names them."""

    ES256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    RS256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


class XmlDigest(StrEnum):
    """Digests of references."""

    SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


class XmlTransform(StrEnum):
    """Transforms and canonical forms."""

    ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
    EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is expected of a signature. Immutable; one object serves all threads."""

    name: str
    algorithms: frozenset[Algorithm]
    rsa_bits_min: int  # modulus
    rsa_bits_max: int  # a larger key is only good for wearing us out
    rsa_exponent_min: int
    rsa_exponent_bits_max: int
    digest: XmlDigest
    canonical: XmlTransform
    transforms: tuple[XmlTransform, ...]  # exactly these, in this order
    references: int  # exactly as many
    signed_by_id: bool  # Reference URI="#id" naming the root is taken besides URI=""
    id_attribute: str  # the only attribute that counts as an id, on the root
    header_limit: int  # characters of a detached JWS
    protected_limit: int  # characters of its protected part
    value_limit: int  # characters of SignatureValue, DigestValue, KeyName
    certificate_limit: int  # characters of an X509Certificate


BUS = Policy(
    name="bus",
    algorithms=frozenset({Algorithm.ES256, Algorithm.RS256}),
    rsa_bits_min=2048,
    rsa_bits_max=8192,
    rsa_exponent_min=65537,
    rsa_exponent_bits_max=33,
    digest=XmlDigest.SHA256,
    canonical=XmlTransform.EXCLUSIVE,
    transforms=(XmlTransform.ENVELOPED, XmlTransform.EXCLUSIVE),
    references=1,
    signed_by_id=False,
    id_attribute="Id",
    header_limit=2_048,
    protected_limit=256,
    value_limit=2_048,
    certificate_limit=16_384,
)
