"""Makes signatures that last: XAdES B, with a time-stamp T, with certificates and revocation evidence LT.

What is signed besides the content: when the signer says he signed, and by which certificate. Everything is written in
canonical form from the start: compared with a plain signature it costs one SHA-256 more over a few hundred bytes.
Source: xades.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from schemas import xmldoc
from schemas.problem import Refused, Stage, problem
from signing.algorithms import XmlDigest, XmlTransform
from signing.c14n import check_plain, exclusive
from signing.dsig.names import NAMESPACE
from signing.dsig.sign import check_unsigned, spliced
from signing.dsig.write import write_reference, write_signature
from signing.encoding import to_base64
from signing.keys import SigningKey
from signing.policy import XADES as POLICY
from signing.xades.names import SIGNED_PROPERTIES, XADES

# Bytes to be stamped → DER of a TimeStampToken. May raise what its maker raises: then nothing is signed.
Stamper = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class LongTerm:
    """What a verifier in twenty years will need and not find: level LT."""

    certificates: tuple[bytes, ...] = ()  # DER
    lists: tuple[bytes, ...] = ()  # DER of revocation lists
    answers: tuple[bytes, ...] = ()  # DER of OCSP responses

    @property
    def is_empty(self) -> bool:
        """Nothing to keep."""
        return not (self.certificates or self.lists or self.answers)


NOTHING = LongTerm()


def sign_document(
    document: bytes, key: SigningKey, *, now: datetime, stamper: Stamper | None = None, keep: LongTerm = NOTHING
) -> bytes:
    """The same bytes with an enveloped XAdES signature as last child of the root.

    Raises:
        Refused: not well-formed, has comments or instructions, is signed already, or the key has no certificate.
    """
    check_plain(document, stage=Stage.SIGN)
    root = xmldoc.parse(document, stage=Stage.SIGN)
    check_unsigned(root)
    covered = exclusive(root, stage=Stage.SIGN)
    mark = new_mark()
    said = write_reference("", covered, POLICY, enveloped=True, name=f"{mark}-r0")
    return spliced(document, sign_references((said,), key, mark, now=now, stamper=stamper, keep=keep))


def new_mark() -> str:
    """A name for the ids of one signature."""
    return f"S-{secrets.token_hex(8)}"


def sign_references(
    references: Sequence[bytes],
    key: SigningKey,
    mark: str,
    *,
    now: datetime,
    stamper: Stamper | None = None,
    keep: LongTerm = NOTHING,
    kinds: Sequence[tuple[str, str]] = (),
) -> bytes:
    """A Signature over references that are written already. `kinds`: Id of a reference → its media type.

    Raises:
        Refused: the key has no certificate.
    """
    if not key.certificate:
        raise Refused((problem("LT-XADES-001", Stage.SIGN, {"key": ascii(key.key_id)}),))
    properties = _properties(key, mark, now, kinds)
    own = write_reference(f"#{mark}-p", properties, POLICY, kind=SIGNED_PROPERTIES)

    def objects(value: bytes) -> bytes:
        unsigned = _unsigned(mark, stamper(value) if stamper is not None else b"", keep)
        return b"".join(
            (
                f'<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" Target="#{mark}">'.encode("ascii"),
                properties,
                unsigned,
                b"</xades:QualifyingProperties></ds:Object>",
            )
        )

    return write_signature((*references, own), key, hints=_hints(key), objects=objects, name=mark)


def _hints(key: SigningKey) -> bytes:
    paper = to_base64(key.certificate)
    inside = f"<ds:X509Data><ds:X509Certificate>{paper}</ds:X509Certificate></ds:X509Data>"
    return f"<ds:KeyInfo>{inside}</ds:KeyInfo>".encode("ascii")


def _properties(key: SigningKey, mark: str, now: datetime, kinds: Sequence[tuple[str, str]]) -> bytes:
    value = to_base64(sha256(key.certificate).digest())
    at = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    formats = "".join(
        f'<xades:DataObjectFormat ObjectReference="#{name}"><xades:MimeType>{kind}</xades:MimeType>'
        "</xades:DataObjectFormat>"
        for name, kind in kinds
    )
    objects = f"<xades:SignedDataObjectProperties>{formats}</xades:SignedDataObjectProperties>" if formats else ""
    return (
        f'<xades:SignedProperties xmlns:xades="{XADES}" Id="{mark}-p"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{at}</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
        f'<ds:DigestMethod xmlns:ds="{NAMESPACE}" Algorithm="{XmlDigest.SHA256}"></ds:DigestMethod>'
        f'<ds:DigestValue xmlns:ds="{NAMESPACE}">{value}</ds:DigestValue>'
        "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>"
        f"{objects}</xades:SignedProperties>"
    ).encode("ascii")


def _unsigned(mark: str, token: bytes, keep: LongTerm) -> bytes:
    """Unsigned properties; each says of itself who signed it."""
    if not token and keep.is_empty:
        return b""
    parts = []
    if token:
        parts.append(
            f'<xades:SignatureTimeStamp Id="{mark}-t"><ds:CanonicalizationMethod '
            f'Algorithm="{XmlTransform.EXCLUSIVE}"></ds:CanonicalizationMethod><xades:EncapsulatedTimeStamp>'
            f"{to_base64(token)}</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>"
        )
    papers = _encapsulated("EncapsulatedX509Certificate", keep.certificates)
    parts.append(f"<xades:CertificateValues>{papers}</xades:CertificateValues>" if papers else "")
    lists = _encapsulated("EncapsulatedCRLValue", keep.lists)
    answers = _encapsulated("EncapsulatedOCSPValue", keep.answers)
    evidence = (f"<xades:CRLValues>{lists}</xades:CRLValues>" if lists else "") + (
        f"<xades:OCSPValues>{answers}</xades:OCSPValues>" if answers else ""
    )
    parts.append(f"<xades:RevocationValues>{evidence}</xades:RevocationValues>" if evidence else "")
    inside = "".join(parts)
    return (
        f"<xades:UnsignedProperties><xades:UnsignedSignatureProperties>{inside}"
        "</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    ).encode("ascii")


def _encapsulated(name: str, values: Sequence[bytes]) -> str:
    return "".join(f"<xades:{name}>{to_base64(value)}</xades:{name}>" for value in values)
