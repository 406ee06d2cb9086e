"""What a signature may look like: frozen policy objects. The algorithm belongs to the key, never to the message.

Profile `bus` is the strict one and the default. `partner_legacy` takes what partners' libraries make: inclusive
canonical forms, parts named by id, detached and enveloping signatures. `LEGACY_SHA1` is a dated exception that only
checks. Further profiles are further objects, not switches.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from signing.algorithms import (
    CANONICAL_FORMS,
    EXCLUSIVE_FORMS,
    RECIPES,
    USUAL,
    Algorithm,
    KeyKind,
    XmlDigest,
    XmlSignature,
    XmlTransform,
)

_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_XML = "http://www.w3.org/XML/1998/namespace"


class Form(StrEnum):
    """Where a signature stands to what it signs."""

    ENVELOPED = "enveloped"  # inside it
    ENVELOPING = "enveloping"  # around it: an Object of the signature
    DETACHED = "detached"  # beside it, in the same document
    EXTERNAL = "external"  # in a file beside the signature's own, in one container


@dataclass(frozen=True, slots=True)
class Policy:
    """What is expected of a signature. Immutable; one object serves all threads."""

    name: str
    algorithms: frozenset[Algorithm]
    digests: frozenset[XmlDigest]
    canonical: frozenset[XmlTransform]  # forms of SignedInfo and of what is referred to
    forms: frozenset[Form]
    references: int  # at most so many
    transforms: int  # at most so many of one reference
    prefixes: int  # at most so many in an InclusiveNamespaces PrefixList
    signed_by_id: bool  # a Reference may name an element by id; else URI="" alone
    id_attributes: tuple[str, ...]  # the attributes that count as an id, in Clark notation
    comments: bool  # the document may hold comments; they are covered by nothing and are dropped before it is read
    key_hints: bool  # KeyInfo may hold more than one KeyName and one X509Certificate; what is more is not read
    token_reference: bool  # KeyInfo points at a security token beside the signature, and at nothing else
    one_algorithm: bool  # a key loaded without saying so is bound to the usual algorithm of its kind, and no other
    rsa_bits_min: int  # modulus
    rsa_bits_max: int  # a larger key is only good for wearing us out
    rsa_exponent_min: int
    rsa_exponent_bits_max: int
    header_limit: int  # characters of a detached JWS
    protected_limit: int  # characters of its protected part
    value_limit: int  # characters of SignatureValue, DigestValue, KeyName
    certificate_limit: int  # characters of an X509Certificate
    certificates: int  # X509Certificate elements at most
    skew_s: float  # clocks may differ by so much
    lifetime_s: float  # a message is good for so long after it was made
    jws_certificates: int = 0  # of a JWS that carries them (x5c) in place of a key id, at most; 0 = it may not
    jws_claims: frozenset[str] = frozenset()  # members of a JWS header that may stand beside algorithm and key
    lasting: bool = False  # the signature is XAdES: it also covers its own properties
    until: date | None = None  # the exception ends on this day; None = no exception
    production: bool = True  # False: never where real dossiers travel

    def in_force(self, now: datetime) -> bool:
        """False once the exception has ended."""
        return self.until is None or now.date() < self.until

    def algorithms_of(self, kind: KeyKind) -> frozenset[Algorithm]:
        """What a key of this kind may do under this policy."""
        return frozenset(algorithm for algorithm in self.algorithms if kind in RECIPES[algorithm].kinds)

    def bound(self, kind: KeyKind) -> frozenset[Algorithm]:
        """What a key is bound to where its owner did not say."""
        allowed = self.algorithms_of(kind)
        return allowed & {USUAL[kind]} if self.one_algorithm else allowed


BUS = Policy(
    name="bus",
    algorithms=frozenset(Algorithm) - {Algorithm.RS1},
    digests=frozenset({XmlDigest.SHA256, XmlDigest.SHA384, XmlDigest.SHA512}),
    canonical=frozenset({XmlTransform.EXCLUSIVE}),
    forms=frozenset({Form.ENVELOPED}),
    references=1,
    transforms=2,
    prefixes=0,
    signed_by_id=False,
    id_attributes=("Id",),
    comments=False,
    key_hints=False,
    token_reference=False,
    one_algorithm=True,
    rsa_bits_min=2048,
    rsa_bits_max=8192,
    rsa_exponent_min=65537,
    rsa_exponent_bits_max=33,
    header_limit=2_048,
    protected_limit=256,
    value_limit=2_048,
    certificate_limit=16_384,
    certificates=1,
    skew_s=300.0,
    lifetime_s=300.0,
)

# Signatures that last (XAdES): beside what they sign they cover their own properties.
XADES = replace(
    BUS,
    name="xades",
    forms=frozenset({Form.ENVELOPED, Form.ENVELOPING, Form.EXTERNAL}),
    references=256,
    signed_by_id=True,
    one_algorithm=False,
    lasting=True,
)

# The same from partners' libraries: inclusive forms, issuers' certificates beside the signer's.
PARTNER_XADES = replace(
    XADES,
    name="partner_xades",
    canonical=CANONICAL_FORMS,
    key_hints=True,
    certificates=8,
)

# JWS from partners: by key id or certificates (x5c), saying when they were made, and where to.
PARTNER_JWS = replace(
    BUS,
    name="partner_jws",
    jws_certificates=4,
    jws_claims=frozenset({"iat", "exp", "jti", "url"}),
    header_limit=24_576,
    protected_limit=16_384,
    one_algorithm=False,
)

# JWS of what our doors answer: when, and to which signed question.
ANSWER_JWS = replace(BUS, name="answer_jws", jws_claims=frozenset({"iat", "req"}), protected_limit=512)

# SOAP messages: parts in their places, named by id, exclusive canonical XML.
BUS_SOAP = replace(
    BUS,
    name="bus_soap",
    forms=frozenset({Form.DETACHED}),
    references=16,
    transforms=1,
    prefixes=16,
    signed_by_id=True,
    id_attributes=(f"{{{_WSU}}}Id", "Id"),
    token_reference=True,
)

# The same from partners' libraries: they also sign by inclusive forms, and in any algorithm their key can do.
PARTNER_SOAP = replace(
    BUS_SOAP,
    name="partner_soap",
    canonical=CANONICAL_FORMS,
    one_algorithm=False,
)

PARTNER_LEGACY = replace(
    BUS,
    name="partner_legacy",
    canonical=CANONICAL_FORMS,
    forms=frozenset(Form),
    references=16,
    transforms=3,
    prefixes=16,
    signed_by_id=True,
    id_attributes=(f"{{{_WSU}}}Id", "Id", "ID", "id", f"{{{_XML}}}id"),
    comments=True,
    key_hints=True,
    one_algorithm=False,
    certificates=8,
)

# Documents in messages, signed as a whole or by the id of the one element that is sent.
PARTNER_DSIG = replace(
    PARTNER_LEGACY,
    name="partner_dsig",
    forms=frozenset({Form.ENVELOPED}),
    references=1,
    comments=False,
)

# Old document packages are signed with SHA-1. Checking them says who sealed the package, not that nobody changed it.
LEGACY_SHA1 = replace(
    PARTNER_LEGACY,
    name="partner_legacy_sha1",
    algorithms=PARTNER_LEGACY.algorithms | {Algorithm.RS1},
    digests=PARTNER_LEGACY.digests | {XmlDigest.SHA1},
    until=date(2027, 7, 1),
    production=False,
)

POLICIES = {
    policy.name: policy
    for policy in (
        BUS, BUS_SOAP, PARTNER_SOAP, PARTNER_JWS, ANSWER_JWS, XADES, PARTNER_XADES, PARTNER_DSIG, PARTNER_LEGACY,
        LEGACY_SHA1,
    )
}  # fmt: skip

__all__ = [
    "ANSWER_JWS",
    "BUS",
    "BUS_SOAP",
    "CANONICAL_FORMS",
    "EXCLUSIVE_FORMS",
    "LEGACY_SHA1",
    "PARTNER_DSIG",
    "PARTNER_JWS",
    "PARTNER_LEGACY",
    "PARTNER_SOAP",
    "PARTNER_XADES",
    "POLICIES",
    "XADES",
    "Algorithm",
    "Form",
    "KeyKind",
    "Policy",
    "XmlDigest",
    "XmlSignature",
    "XmlTransform",
]
