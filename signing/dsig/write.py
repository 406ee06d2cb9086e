"""Writes the parts of a Signature as bytes in canonical form, so that they are signed as they stand.

Every element carries its namespace declaration where canonical XML would write it, no empty-element tags, no white
space. What is signed therefore needs no parse and no canonical form of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from signing.algorithms import XmlDigest, XmlSignature, XmlTransform
from signing.dsig.names import EXCLUSIVE_NAMESPACE, NAMESPACE
from signing.encoding import to_base64
from signing.keys import SigningKey
from signing.policy import Policy


def write_reference(
    uri: str,
    canonical: bytes,
    policy: Policy,
    *,
    enveloped: bool = False,
    kind: str = "",
    digest: XmlDigest = XmlDigest.SHA256,
    prefixes: Sequence[str] = (),
) -> bytes:
    """A Reference to bytes in exclusive canonical form. `uri`: "" or "#id", of plain characters; `kind`: its Type."""
    if digest not in policy.digests:
        raise ValueError(f"{policy.name} does not take {digest}")
    first = f'<ds:Transform Algorithm="{XmlTransform.ENVELOPED}"></ds:Transform>' if enveloped else ""
    listed = (
        f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE_NAMESPACE}" PrefixList="{" ".join(prefixes)}">'
        "</ec:InclusiveNamespaces>"
        if prefixes
        else ""
    )
    value = to_base64(hashlib.new(digest.hash_name, canonical).digest())
    typed = f' Type="{kind}"' if kind else ""
    return (
        f'<ds:Reference{typed} URI="{uri}"><ds:Transforms>{first}'
        f'<ds:Transform Algorithm="{XmlTransform.EXCLUSIVE}">{listed}</ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digest}"></ds:DigestMethod>'
        f"<ds:DigestValue>{value}</ds:DigestValue></ds:Reference>"
    ).encode("ascii")


def write_hints(key: SigningKey) -> bytes:
    """KeyInfo with the key's name and, where there is one, its certificate."""
    paper = to_base64(key.certificate)
    hint = f"<ds:X509Data><ds:X509Certificate>{paper}</ds:X509Certificate></ds:X509Data>" if paper else ""
    return f"<ds:KeyInfo><ds:KeyName>{key.key_id}</ds:KeyName>{hint}</ds:KeyInfo>".encode("ascii")


def write_signature(
    references: Sequence[bytes], key: SigningKey, *, hints: bytes = b"", objects: bytes = b"", name: str = ""
) -> bytes:
    """The whole Signature over these references: one key operation. `hints`: a KeyInfo; `objects`: after it;
    `name`: its Id."""
    signed_info = _signed_info(references, key)
    value = to_base64(key.sign(signed_info)).encode("ascii")
    named = f' Id="{name}"' if name else ""
    return b"".join(
        (
            f'<ds:Signature xmlns:ds="{NAMESPACE}"{named}>'.encode("ascii"),
            signed_info,
            b"<ds:SignatureValue>",
            value,
            b"</ds:SignatureValue>",
            hints,
            objects,
            b"</ds:Signature>",
        )
    )


def _signed_info(references: Sequence[bytes], key: SigningKey) -> bytes:
    method = XmlSignature[key.algorithm.name]
    return b"".join(
        (
            f'<ds:SignedInfo xmlns:ds="{NAMESPACE}">'.encode("ascii"),
            f'<ds:CanonicalizationMethod Algorithm="{XmlTransform.EXCLUSIVE}"></ds:CanonicalizationMethod>'.encode(),
            f'<ds:SignatureMethod Algorithm="{method}"></ds:SignatureMethod>'.encode("ascii"),
            *references,
            b"</ds:SignedInfo>",
        )
    )
