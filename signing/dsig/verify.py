"""Checks an enveloped XML signature on one parse, and gives back what it covers. Only that may be believed.

Which key, which algorithm and how much is covered are the caller's and the policy's decisions; the message can only
agree with them. Nothing a message holds makes this raise: the result is `Verified` or problems.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import NoReturn

from lxml import etree

from schemas import xmldoc
from schemas.problem import Problem, Refused, Stage, problem
from schemas.xmldoc import XmlLimits
from signing.c14n import check_plain, exclusive
from signing.dsig.names import ds
from signing.dsig.structure import Reference, Signature, read
from signing.keys import VerifyKey, certificate_fingerprint
from signing.policy import BUS, Algorithm, Policy, XmlSignature

_ID_NAMES = ("Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id")


@dataclass(frozen=True, slots=True)
class Verified:
    """What the signature proves."""

    element: etree._Element  # the root without its Signature: the covered node of the one parse
    covered: bytes  # its canonical bytes, as they were hashed
    sha256: str  # of `covered`, lower-case hex; equals the signed digest
    key_id: str  # of the trusted key that signed
    algorithm: Algorithm


def verify(
    document: bytes,
    keys: Mapping[str, VerifyKey],
    policy: Policy = BUS,
    *,
    limits: XmlLimits | None = None,
    stage: Stage = Stage.RECEIVE,
) -> Verified | tuple[Problem, ...]:
    """Checks that one of `keys` (key id → key) signed the whole document, by `policy`. Else: why not."""
    try:
        check_plain(document, stage=stage)
        root = xmldoc.parse(document, limits=limits or XmlLimits(), stage=stage)
        return _Check(policy, stage).run(root, keys)
    except Refused as refused:
        return refused.problems


@dataclass(frozen=True, slots=True)
class _Check:
    policy: Policy
    stage: Stage

    def run(self, root: etree._Element, keys: Mapping[str, VerifyKey]) -> Verified:
        element = self._the_signature(root)
        signature = read(element, self.policy, stage=self.stage)
        reference = self._reference(signature, root)
        key = self._key(signature, keys)
        self._expect(signature.method, XmlSignature[key.algorithm.name])
        if key.algorithm not in self.policy.algorithms:
            self._refuse("LT-SIGN-033", found=key.algorithm.value, expected=self.policy.name)
        if not key.verify(exclusive(signature.signed_info, stage=self.stage), signature.value):
            self._refuse("LT-SIGN-036", key=ascii(key.key_id))
        _take_out(element)
        covered = exclusive(root, stage=self.stage)
        digest = sha256(covered)
        if not compare_digest(digest.digest(), reference.digest):
            self._refuse("LT-SIGN-035")
        return Verified(root, covered, digest.hexdigest(), key.key_id, key.algorithm)

    def _the_signature(self, root: etree._Element) -> etree._Element:
        found = [element for element, _ in zip(root.iter(ds("Signature")), range(2), strict=False)]
        if not found:
            self._refuse("LT-SIGN-030")
        if len(found) > 1 or found[0].getparent() is not root:
            self._refuse("LT-SIGN-031")
        return found[0]

    def _reference(self, signature: Signature, root: etree._Element) -> Reference:
        """The one reference, which covers the root by the profile's algorithms."""
        (reference,) = signature.references
        self._expect(signature.canonical, self.policy.canonical)
        self._expect(reference.digest_method, self.policy.digest)
        for given, wanted in zip(reference.transforms, self.policy.transforms, strict=True):
            self._expect(given, wanted)
        if reference.uri != "" and not self._names_root(reference.uri, root):
            self._refuse("LT-SIGN-034", found=ascii(reference.uri))
        return reference

    def _names_root(self, uri: str | None, root: etree._Element) -> bool:
        if not self.policy.signed_by_id or uri is None or len(uri) < 2 or not uri.startswith("#"):
            return False
        wanted = uri[1:]
        if root.get(self.policy.id_attribute) != wanted:
            return False
        # Whatever another reader might take for an id: the name must be the root's alone.
        return sum(element.get(name) == wanted for element in root.iter() for name in _ID_NAMES) == 1

    def _key(self, signature: Signature, keys: Mapping[str, VerifyKey]) -> VerifyKey:
        """The trusted key. KeyInfo is not signed: it may choose among trusted keys, and must fit the one chosen."""
        if signature.key_name is not None:
            named = keys.get(signature.key_name)
        elif signature.certificate is not None:
            wanted = certificate_fingerprint(signature.certificate)
            named = next((key for key in keys.values() if key.fingerprint == wanted), None)
        else:
            named = next(iter(keys.values())) if len(keys) == 1 else None
        if named is None:
            self._refuse("LT-SIGN-037", found=ascii(signature.key_name or "KeyInfo"))
        paper = signature.certificate
        if paper is not None and paper != named.certificate and certificate_fingerprint(paper) != named.fingerprint:
            self._refuse("LT-SIGN-037", found="X509Certificate")
        return named

    def _expect(self, found: str, expected: str) -> None:
        if found != expected:
            self._refuse("LT-SIGN-033", found=ascii(found), expected=str(expected))

    def _refuse(self, code: str, **values: str) -> NoReturn:
        raise Refused((problem(code, self.stage, values),))


def _take_out(element: etree._Element) -> None:
    """Removes the element and leaves the text that follows it, as the enveloped-signature transform does."""
    parent, before, tail = element.getparent(), element.getprevious(), element.tail or ""
    if parent is None:  # cannot be: it is a child of the root
        raise ValueError("the root itself cannot be taken out")
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)
