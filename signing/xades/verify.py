"""Checks signatures that last: the signature itself, the certificate it was signed to be by, the time that is proved.

With a time-stamp the certificate is judged at the stamped moment, by the revocation evidence kept inside or at hand;
without one at the present moment: what the signer says of his clock proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import NoReturn

from cryptography import x509
from lxml import etree

from schemas import xmldoc
from schemas.problem import Problem, Refused, Stage, problem
from schemas.xmldoc import XmlLimits
from signing.c14n import canonical, check_plain
from signing.dsig import Keys, Verified, check
from signing.dsig.choosing import choose
from signing.dsig.key_info import Hints
from signing.dsig.names import ds
from signing.encoding import from_base64
from signing.keys import VerifyKey
from signing.policy import XADES, Form, Policy, XmlDigest, XmlTransform
from signing.stamp.tokens import Stamped
from signing.stamp.tokens import check as check_token
from signing.trust import Believed, Evidence, Trust, TrustStore
from signing.trust.papers import read_certificates, read_list
from signing.trust.path import subject_of
from signing.wss.freshness import moment_of
from signing.xades.names import SIGNED_PROPERTIES, xades

_VALUES = 64  # certificates, lists and answers kept inside, at most
_VALUE_CHARACTERS = 8_388_608


class Level(StrEnum):
    """How much a signature carries."""

    B = "B"
    T = "T"
    LT = "LT"


@dataclass(frozen=True, slots=True)
class Lasting:
    """What a XAdES signature proves."""

    verified: Verified
    level: Level
    claimed_at: datetime  # what the signer said
    stamped: Stamped | None  # what an authority proves
    subject: str  # whom the certificate names
    pinned: bool


def verify_lasting(
    document: bytes,
    signers: TrustStore,
    authorities: TrustStore | None,
    *,
    now: datetime,
    evidence: Evidence = Evidence(),  # noqa: B008 - immutable
    files: Mapping[str, bytes] | None = None,
    policy: Policy = XADES,
    stage: Stage = Stage.RECEIVE,
) -> Lasting | tuple[Problem, ...]:
    """Checks the one signature of a document (or of the files beside it). `authorities`: of time; None = time-stamps
    are not believed. `evidence`: of revocation, beyond what stands inside."""
    try:
        check_plain(document, stage=stage)
        root = xmldoc.parse(document, stage=stage)
        check = _Check(signers, authorities, evidence, files or {}, policy, stage)
        return check.run(_the_signature(root, stage), root, now)
    except Refused as refused:
        return refused.problems


def check_lasting(
    document: bytes, keys: Keys, policy: Policy, *, now: datetime, limits: XmlLimits, stage: Stage
) -> Lasting:
    """The same where somebody else judges certificates, now: no time-stamp is looked at.

    Raises:
        Refused: why not.
    """
    check_plain(document, comments=policy.comments, stage=stage)
    root = xmldoc.parse(document, limits=limits, stage=stage)
    return _Check(keys, None, Evidence(), {}, policy, stage).run(_the_signature(root, stage), root, now)


def _the_signature(root: etree._Element, stage: Stage) -> etree._Element:
    found = root.findall(ds("Signature"))
    if len(found) != 1 or len(list(root.iter(ds("Signature")))) != 1:
        raise Refused((problem("LT-SIGN-031" if found else "LT-SIGN-030", stage),))
    return found[0]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What stands inside."""

    certificates: tuple[bytes, ...]  # DER
    lists: tuple[x509.CertificateRevocationList, ...]
    answers: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Check:
    signers: TrustStore | Keys
    authorities: TrustStore | None
    evidence: Evidence
    files: Mapping[str, bytes]
    policy: Policy
    stage: Stage

    def run(self, element: etree._Element, root: etree._Element, now: datetime) -> Lasting:
        properties = self._properties(element)
        stamped = self._stamped(element, properties)
        kept = self._kept(properties)
        judged: list[tuple[str, bool]] = []

        def keys(hints: Hints) -> VerifyKey | tuple[Problem, ...]:
            self._is_signed_certificate(hints, properties)
            if isinstance(self.signers, TrustStore):
                at = stamped.at if stamped is not None else now
                believed = self._believed(self.signers, hints, kept, at)
                judged.append((believed.subject, believed.pinned))
                return believed.key
            paper = hints.certificates[0]
            key = choose(Hints(certificates=(paper, *hints.certificates[1:], *kept.certificates)), self.signers,
                         self.policy, stage=self.stage)  # fmt: skip
            judged.append((subject_of(read_certificates(paper, name="X509Certificate")[0]), False))
            return key

        verified = check(element, root, keys, self.policy, now=now, files=self.files, stage=self.stage)
        self._covers_properties(verified, properties)
        level = Level.B if stamped is None else Level.LT if kept.lists or kept.answers else Level.T
        subject, pinned = judged[0]
        return Lasting(verified, level, self._claimed(properties), stamped, subject, pinned)

    def _believed(self, store: TrustStore, hints: Hints, kept: _Kept, at: datetime) -> Believed:
        return Trust(store, self.policy).judge(
            hints.certificates[0],
            (*hints.certificates[1:], *kept.certificates),
            now=at,
            evidence=Evidence((*self.evidence.lists, *kept.lists), (*self.evidence.answers, *kept.answers)),
            stage=self.stage,
        )

    def _properties(self, element: etree._Element) -> etree._Element:
        """The one QualifyingProperties, which is about this signature."""
        objects = element.findall(ds("Object"))
        inside = [child for each in objects for child in each]
        if len(objects) != 1 or len(inside) != 1 or inside[0].tag != xades("QualifyingProperties"):
            self._refuse("LT-XADES-002", found="Object")
        properties = inside[0]
        names = [str(child.tag) for child in properties]
        allowed = ([xades("SignedProperties")], [xades("SignedProperties"), xades("UnsignedProperties")])
        if properties.get("Target") != f"#{element.get('Id')}" or not element.get("Id") or names not in allowed:
            self._refuse("LT-XADES-002", found="QualifyingProperties")
        return properties

    def _covers_properties(self, verified: Verified, properties: etree._Element) -> None:
        """The signed properties are the very element one reference of the right type covers; something else is
        covered too."""
        typed = [each for each in verified.signature.references if each.kind == SIGNED_PROPERTIES]
        covered = [part for part in verified.parts if part.element is properties[0] and part.form is Form.ENVELOPING]
        if len(typed) != 1 or len(covered) != 1 or typed[0].uri != covered[0].uri:
            self._refuse("LT-XADES-002", found="SignedProperties")
        if len(verified.parts) + len(verified.files) < 2 or any(
            part.form is Form.ENVELOPING and part is not covered[0] for part in verified.parts
        ):
            self._refuse("LT-XADES-002", found="Reference")

    def _is_signed_certificate(self, hints: Hints, properties: etree._Element) -> None:
        """The certificate is the one the signer signed to be using: nobody puts another of the same key there. The
        older SigningCertificate says it by the same digest; the issuer and number beside it say nothing more."""
        names = ("SigningCertificateV2", "SigningCertificate")
        said = [each for name in names for each in properties.findall(f"{xades('SignedProperties')}/*/{xades(name)}")]
        values = [each for one in said for each in one.findall(f"{xades('Cert')}/{xades('CertDigest')}")]
        if not hints.certificates or len(said) != 1 or len(values) != 1 or len(values[0]) != 2:
            self._refuse("LT-XADES-003")
        method, value = values[0]
        wanted = from_base64(value.text or "")
        is_known = method.get("Algorithm") == XmlDigest.SHA256 and method.tag == ds("DigestMethod")
        if not is_known or not wanted or not compare_digest(sha256(hints.certificates[0]).digest(), wanted):
            self._refuse("LT-XADES-003")

    def _claimed(self, properties: etree._Element) -> datetime:
        found = properties.findall(f"{xades('SignedProperties')}/*/{xades('SigningTime')}")
        at = moment_of(found[0].text) if len(found) == 1 else None
        if at is None:
            self._refuse("LT-XADES-002", found="SigningTime")
        return at

    def _stamped(self, element: etree._Element, properties: etree._Element) -> Stamped | None:
        stamps = properties.findall(f"{xades('UnsignedProperties')}/*/{xades('SignatureTimeStamp')}")
        if not stamps or self.authorities is None:
            return None
        values = element.findall(ds("SignatureValue"))
        tokens = stamps[0].findall(xades("EncapsulatedTimeStamp"))
        methods = stamps[0].findall(ds("CanonicalizationMethod"))
        form = str(methods[0].get("Algorithm")) if len(methods) == 1 else ""
        if len(stamps) > 1 or len(tokens) != 1 or len(values) != 1 or form not in self.policy.canonical:
            self._refuse("LT-XADES-002", found="SignatureTimeStamp")
        token = self._value(tokens[0])
        data = canonical(values[0], XmlTransform(form), stage=self.stage)
        return check_token(token, data, self.authorities, stage=self.stage)

    def _kept(self, properties: etree._Element) -> _Kept:
        base = f"{xades('UnsignedProperties')}/{xades('UnsignedSignatureProperties')}"
        named = {
            name: properties.findall(f"{base}//{xades(name)}")
            for name in ("EncapsulatedX509Certificate", "EncapsulatedCRLValue", "EncapsulatedOCSPValue")
        }
        if sum(len(each) for each in named.values()) > _VALUES:
            self._refuse("LT-XADES-002", found="UnsignedProperties")
        papers, lists, answers = (tuple(self._value(each) for each in found) for found in named.values())
        return _Kept(papers, tuple(read_list(each, name="CRLValues") for each in lists), answers)

    def _value(self, element: etree._Element) -> bytes:
        text = element.text or ""
        value = from_base64(text) if len(text) <= _VALUE_CHARACTERS and not len(element) else None
        if not value:
            self._refuse("LT-XADES-002", found=etree.QName(element).localname)
        return value

    def _refuse(self, code: str, **values: str) -> NoReturn:
        raise Refused((problem(code, self.stage, values),))
