"""Checks an XML signature on one parse, and gives back what it covers. Only that may be believed.

Which key, which algorithm and how much is covered are the caller's and the policy's decisions; the message can only
agree with them. Nothing a message holds makes this raise: the result is `Verified` or problems.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from typing import NoReturn
from urllib.parse import unquote

from lxml import etree

from schemas import xmldoc
from schemas.problem import Problem, Refused, Stage, problem
from schemas.xmldoc import XmlLimits
from signing.algorithms import Algorithm, XmlDigest, XmlSignature
from signing.c14n import canonical, check_plain
from signing.dsig.choosing import Keys, choose
from signing.dsig.names import ds
from signing.dsig.structure import Reference, Signature, read
from signing.dsig.targets import Target, targets_of
from signing.keys import VerifyKey
from signing.policy import BUS, Form, Policy


@dataclass(frozen=True, slots=True)
class Covered:
    """One part a signature covers."""

    element: etree._Element  # of the one parse; without the Signature where that stood in it
    canonical: bytes  # as it was hashed
    sha256: str  # of `canonical`, lower-case hex
    uri: str  # as the signature names it
    path: str  # where it stood: names from the root, e.g. "/Envelope/Body"
    form: Form


@dataclass(frozen=True, slots=True)
class CoveredFile:
    """One file beside the signature, covered byte by byte."""

    name: str
    sha256: str  # lower-case hex


@dataclass(frozen=True, slots=True)
class Verified:
    """What the signature proves. `parts` and `files` together are never empty."""

    parts: tuple[Covered, ...]  # in the document, in the order of the references
    files: tuple[CoveredFile, ...]  # beside it
    key: VerifyKey  # the trusted key that signed
    algorithm: Algorithm
    signature: Signature

    @property
    def element(self) -> etree._Element:
        """The first part: for an enveloped signature the root without its Signature."""
        return self.parts[0].element

    @property
    def covered(self) -> bytes:
        """The canonical bytes of the first part."""
        return self.parts[0].canonical

    @property
    def sha256(self) -> str:
        """Of `covered`, lower-case hex."""
        return self.parts[0].sha256

    @property
    def key_id(self) -> str:
        """Of the trusted key."""
        return self.key.key_id


def verify(
    document: bytes,
    keys: Keys,
    policy: Policy = BUS,
    *,
    now: datetime | None = None,
    files: Mapping[str, bytes] | None = None,
    limits: XmlLimits | None = None,
    stage: Stage = Stage.RECEIVE,
) -> Verified | tuple[Problem, ...]:
    """Checks the one signature of a document by `policy`, with one of `keys`. Else: why not. `files`: what stands
    beside it in its container, by name.

    `now` (aware) only ends policies that are dated exceptions; None = the clock's.
    """
    try:
        check_plain(document, comments=policy.comments, stage=stage)
        root = xmldoc.parse(document, limits=limits or XmlLimits(), stage=stage)
        return check(_the_signature(root, policy, stage), root, keys, policy, now=now, files=files, stage=stage)
    except Refused as refused:
        return refused.problems


def check(
    element: etree._Element,
    root: etree._Element,
    keys: Keys,
    policy: Policy,
    *,
    now: datetime | None = None,
    files: Mapping[str, bytes] | None = None,
    stage: Stage = Stage.RECEIVE,
) -> Verified:
    """Checks one Signature element of a parsed document. The signature is taken out where it is enveloped.

    Raises:
        Refused: it is not good.
    """
    if not policy.in_force(now or datetime.now(UTC)):
        raise Refused((problem("LT-SIGN-039", stage, {"policy": policy.name, "until": policy.until}),))
    return _Check(policy, files or {}, stage).run(element, root, keys)


@dataclass(frozen=True, slots=True)
class _Check:
    policy: Policy
    files: Mapping[str, bytes]
    stage: Stage

    def run(self, element: etree._Element, root: etree._Element, keys: Keys) -> Verified:
        signature = read(element, self.policy, stage=self.stage)
        targets = targets_of(signature, root, self.policy, stage=self.stage)
        key = choose(signature.hints, keys, self.policy, stage=self.stage)
        self._key_operation(signature, key)
        files = tuple(self._file(reference) for reference in signature.references if reference.step is None)
        if len({file.name for file in files}) < len(files):
            self._refuse("LT-SIGN-034", found="URI × 2")
        paths = {id(target): _path(target.element) for target in targets}
        digested: dict[int, tuple[bytes, str]] = {}
        for target in targets:  # with the signature in its place
            if target.form is not Form.ENVELOPED:
                digested[id(target)] = self._digested(target)
        if len(digested) < len(targets):
            _take_out(element)
            digested |= {id(t): self._digested(t) for t in targets if t.form is Form.ENVELOPED}
        parts = tuple(
            Covered(
                element=target.element,
                canonical=digested[id(target)][0],
                sha256=digested[id(target)][1],
                uri=target.reference.uri or "",
                path=paths[id(target)],
                form=target.form,
            )
            for target in targets
        )
        return Verified(parts, files, key, signature.method, signature)

    def _file(self, reference: Reference) -> CoveredFile:
        name = unquote(reference.uri or "", errors="surrogateescape")  # bytes that are no text become a name nobody has
        content = self.files.get(name)
        if content is None:
            if not self.files:  # no container: the signature is over a document
                self._refuse("LT-SIGN-034", found=ascii(name))
            self._refuse("LT-ASIC-007", file=ascii(name)[:120])
        if not compare_digest(hashlib.new(reference.digest_method.hash_name, content).digest(), reference.digest):
            self._refuse("LT-ASIC-006", file=ascii(name)[:120])
        return CoveredFile(name, sha256(content).hexdigest())

    def _key_operation(self, signature: Signature, key: VerifyKey) -> None:
        if signature.method not in key.algorithms:
            expected = ", ".join(sorted(XmlSignature[algorithm.name] for algorithm in key.algorithms))
            self._refuse("LT-SIGN-033", found=ascii(XmlSignature[signature.method.name].value), expected=expected)
        form = signature.canonical
        signed = canonical(signature.signed_info, form.name, form.prefixes, stage=self.stage)
        if not key.verify(signed, signature.value, signature.method):
            self._refuse("LT-SIGN-036", key=ascii(key.key_id))

    def _digested(self, target: Target) -> tuple[bytes, str]:
        """Its canonical bytes, and their SHA-256 in hex."""
        step = target.reference.step
        if step is None:  # cannot be: files are no targets
            raise ValueError("a file has no canonical form")
        covered = canonical(target.element, step.name, step.prefixes, stage=self.stage)
        usual = sha256(covered)
        method = target.reference.digest_method
        found = usual if method is XmlDigest.SHA256 else hashlib.new(method.hash_name, covered)
        if not compare_digest(found.digest(), target.reference.digest):
            self._refuse("LT-SIGN-035")
        return covered, usual.hexdigest()

    def _refuse(self, code: str, **values: str) -> NoReturn:
        raise Refused((problem(code, self.stage, values),))


def _the_signature(root: etree._Element, policy: Policy, stage: Stage) -> etree._Element:
    found = [element for element, _ in zip(root.iter(ds("Signature")), range(2), strict=False)]
    if not found:
        raise Refused((problem("LT-SIGN-030", stage),))
    strict = not policy.key_hints and not policy.token_reference
    if len(found) > 1 or (strict and found[0].getparent() is not root):
        raise Refused((problem("LT-SIGN-031", stage),))
    return found[0]


def _path(element: etree._Element) -> str:
    names = [str(each.tag).rpartition("}")[2] for each in (element, *element.iterancestors())]
    return "/" + "/".join(reversed(names))


def _take_out(element: etree._Element) -> None:
    """Removes the element and leaves the text that follows it, as the enveloped-signature transform does."""
    parent, before, tail = element.getparent(), element.getprevious(), element.tail or ""
    if parent is None:  # cannot be: it stands in what it signs
        raise ValueError("the root itself cannot be taken out")
    element.tail = None
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)
