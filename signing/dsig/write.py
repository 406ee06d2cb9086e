"""Writes the parts of a Signature as bytes in canonical form, so that they are signed as they stand.

Every element carries its namespace declaration where canonical XML would write it, no empty-element tags, no white
space. What is signed therefore needs no parse and no canonical form of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache

from signing.algorithms import XmlDigest, XmlSignature, XmlTransform
from signing.dsig.names import EXCLUSIVE_NAMESPACE, NAMESPACE
from signing.encoding import to_base64
from signing.keys import SigningKey
from signing.policy import Policy

_HASHES = {
    digest: getattr(hashlib, digest.hash_name) for digest in XmlDigest
}  # hashlib.new looks its name up each time


def write_reference(
    uri: str,
    canonical: bytes,
    policy: Policy,
    *,
    enveloped: bool = False,
    kind: str = "",
    name: str = "",
    digest: XmlDigest = XmlDigest.SHA256,
    prefixes: Sequence[str] = (),
) -> bytes:
    """A Reference to bytes in exclusive canonical form. `uri`: "" or "#id", of plain characters; `kind`: its Type;
    `name`: its Id."""
    if digest not in policy.digests:
        raise ValueError(f"{policy.name} does not take {digest}")
    value = to_base64(_HASHES[digest](canonical).digest())
    first_of_all = _named(name) + (f' Type="{kind}"' if kind else "")
    steps = _steps(enveloped, digest, tuple(prefixes))
    return (
        f'<ds:Reference{first_of_all} URI="{uri}">{steps}<ds:DigestValue>{value}</ds:DigestValue></ds:Reference>'
    ).encode("ascii")


@lru_cache(maxsize=256)
def _steps(enveloped: bool, digest: XmlDigest, prefixes: tuple[str, ...]) -> str:
    """Transforms and DigestMethod."""
    first = f'<ds:Transform Algorithm="{XmlTransform.ENVELOPED}"></ds:Transform>' if enveloped else ""
    listed = (
        f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE_NAMESPACE}" PrefixList="{" ".join(prefixes)}">'
        "</ec:InclusiveNamespaces>"
        if prefixes
        else ""
    )
    return (
        f'<ds:Transforms>{first}<ds:Transform Algorithm="{XmlTransform.EXCLUSIVE}">{listed}</ds:Transform>'
        f'</ds:Transforms><ds:DigestMethod Algorithm="{digest}"></ds:DigestMethod>'
    )


def write_file_reference(uri: str, content: bytes, *, name: str = "") -> bytes:
    """A Reference to the bytes of a file. `uri`: percent-encoded."""
    value = to_base64(hashlib.sha256(content).digest())
    return (
        f'<ds:Reference{_named(name)} URI="{uri}"><ds:DigestMethod Algorithm="{XmlDigest.SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue>{value}</ds:DigestValue></ds:Reference>"
    ).encode("ascii")


def _named(name: str) -> str:
    return f' Id="{name}"' if name else ""


def write_hints(key: SigningKey) -> bytes:
    """KeyInfo with the key's name and, where there is one, its certificate."""
    paper = to_base64(key.certificate)
    hint = f"<ds:X509Data><ds:X509Certificate>{paper}</ds:X509Certificate></ds:X509Data>" if paper else ""
    return f"<ds:KeyInfo><ds:KeyName>{key.key_id}</ds:KeyName>{hint}</ds:KeyInfo>".encode("ascii")


def write_signature(
    references: Sequence[bytes],
    key: SigningKey,
    *,
    hints: bytes = b"",
    objects: Callable[[bytes], bytes] | None = None,
    name: str = "",
) -> bytes:
    """The whole Signature over these references: one key operation. `hints`: a KeyInfo; `objects`: what follows it,
    made of the SignatureValue element in canonical form; `name`: its Id."""
    signed_info = _signed_info(references, key)
    value = to_base64(key.sign(signed_info)).encode("ascii")
    named = _named(name)
    valued = f"<ds:SignatureValue{f' Id={chr(34)}{name}-v{chr(34)}' if name else ''}>".encode("ascii")
    after = objects(canonical_value(value, valued)) if objects is not None else b""
    return b"".join(
        (
            f'<ds:Signature xmlns:ds="{NAMESPACE}"{named}>'.encode("ascii"),
            signed_info,
            valued,
            value,
            b"</ds:SignatureValue>",
            hints,
            after,
            b"</ds:Signature>",
        )
    )


def canonical_value(value: bytes, opened: bytes) -> bytes:
    """The SignatureValue element in exclusive canonical form: what a signature time-stamp covers."""
    declared = opened.replace(b"<ds:SignatureValue", f'<ds:SignatureValue xmlns:ds="{NAMESPACE}"'.encode("ascii"), 1)
    return declared + value + b"</ds:SignatureValue>"


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
