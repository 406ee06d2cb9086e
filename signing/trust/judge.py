"""Whether a certificate is to be believed for a purpose, now: pinned, or path and revocation. Verdicts are kept for a
minute at most, by certificate, store and revocation evidence.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import pairwise

from cryptography import x509

from schemas.problem import Problem, Refused, Stage, problem
from signing.dsig.key_info import Hints
from signing.keys import VerifyKey
from signing.policy import Policy
from signing.trust.asking import NOT_ASKED, StatusSource
from signing.trust.ocsp import Status
from signing.trust.papers import der_of, is_in_its_days, may_sign, read_certificates
from signing.trust.path import path_of, subject_of
from signing.trust.revocation import Evidence, Standing, standing
from signing.trust.store import TrustStore

_KEPT = 4_096


@dataclass(frozen=True, slots=True)
class Believed:
    """Why a certificate is believed."""

    key: VerifyKey
    subject: str
    purpose: str
    store: str  # its digest
    pinned: bool
    chain: tuple[bytes, ...]  # DER, from the certificate to the anchor
    standings: tuple[Standing, ...]  # of each certificate of the chain but the anchor


class Trust:
    """Judges by one store. Thread-safe."""

    def __init__(self, store: TrustStore, policy: Policy, source: StatusSource | None = None) -> None:
        """`source`: asked about each certificate of a path that is good otherwise."""
        self._store, self._policy, self._source = store, policy, source
        self._kept: OrderedDict[tuple[bytes, str, str], tuple[datetime, Believed]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def store(self) -> TrustStore:
        """What it judges by."""
        return self._store

    def judge(
        self,
        paper: bytes,
        sent: Sequence[bytes] = (),
        *,
        now: datetime,
        evidence: Evidence = Evidence(),  # noqa: B008 - immutable
        stage: Stage = Stage.RECEIVE,
    ) -> Believed:
        """Of a certificate (DER); `sent`: others that came with it; `evidence`: beyond the store's own.

        Raises:
            Refused: LT-TRUST-…
        """
        if evidence.answers or evidence.lists:  # what one message brought says nothing for the next one
            return self._judged(paper, sent, evidence, now=now, stage=stage)
        key = (sha256(paper).digest(), self._store.digest, self._policy.name)
        known = self._known(key, now)
        if known is not None:
            return known
        believed = self._judged(paper, sent, evidence, now=now, stage=stage)
        until = now + self._store.rules.cache
        for each in believed.standings:
            until = min(until, each.until) if each.until is not None else until
        with self._lock:
            self._kept[key] = (until, believed)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return believed

    def keys(
        self,
        *,
        now: datetime,
        evidence: Evidence = Evidence(),  # noqa: B008 - immutable
        stage: Stage = Stage.RECEIVE,
    ) -> _ByHints:
        """As `signing.dsig` asks for keys: by the certificates a signature carries. The first is the signer's."""
        return _ByHints(self, now, evidence, stage)

    def _known(self, key: tuple[bytes, str, str], now: datetime) -> Believed | None:
        with self._lock:
            until, believed = self._kept.get(key, (None, None))
            # A clock that was set back must not make an old verdict good for long.
            if until is None or not now < until <= now + self._store.rules.cache:
                self._kept.pop(key, None)
                return None
            return believed

    def _judged(
        self, paper: bytes, sent: Sequence[bytes], evidence: Evidence, *, now: datetime, stage: Stage
    ) -> Believed:
        (leaf,) = _read(paper, stage)[:1]
        key = VerifyKey.of_certificate(leaf, key_id=f"cert:{sha256(paper).hexdigest()[:32]}", policy=self._policy)
        pinned = der_of(leaf) in self._store.pinned
        others = [each for data in sent for each in _read(data, stage)]
        is_enough = pinned and is_in_its_days(leaf, now) and may_sign(leaf)
        chain = (leaf,) if is_enough else path_of(leaf, others, self._store, now=now, stage=stage)
        all_evidence = Evidence(
            (*self._store.evidence.lists, *evidence.lists), (*self._store.evidence.answers, *evidence.answers)
        )
        standings = tuple(self._standings(chain, all_evidence, now=now, stage=stage))
        return Believed(
            key=key,
            subject=subject_of(leaf),
            purpose=self._store.purpose,
            store=self._store.digest,
            pinned=pinned,
            chain=tuple(der_of(each) for each in chain),
            standings=standings,
        )

    def _standings(
        self, chain: Sequence[x509.Certificate], evidence: Evidence, *, now: datetime, stage: Stage
    ) -> list[Standing]:
        found = []
        for paper, issuer in pairwise(chain):
            asked = self._source.ask(paper, issuer, now=now) if self._source is not None else NOT_ASKED
            each = standing(paper, issuer, evidence, now=now, max_age=self._store.rules.max_age, asked=asked)
            if each.status is Status.REVOKED:
                at = f"{each.revoked_at:%Y-%m-%d}" if each.revoked_at is not None else "?"
                raise Refused((problem("LT-TRUST-013", stage, {"subject": subject_of(paper), "at": at}),))
            if each.status is Status.UNKNOWN and self._store.rules.revocation:
                values = {"subject": subject_of(paper), "reason": each.why}
                raise Refused((problem("LT-TRUST-014", stage, values),))
            found.append(each)
        return found


@dataclass(frozen=True, slots=True)
class _ByHints:
    trust: Trust
    now: datetime
    evidence: Evidence
    stage: Stage

    def __call__(self, hints: Hints) -> VerifyKey | tuple[Problem, ...]:
        """The key of the first certificate, if it is to be believed."""
        if not hints.certificates:
            return (problem("LT-TRUST-015", self.stage),)
        first, *others = hints.certificates
        try:
            return self.trust.judge(first, others, now=self.now, evidence=self.evidence, stage=self.stage).key
        except Refused as refused:
            return refused.problems


def _read(data: bytes, stage: Stage) -> tuple[x509.Certificate, ...]:
    try:
        return read_certificates(data, name="X509Certificate")
    except Refused as refused:
        raise Refused((problem("LT-TRUST-015", stage),)) from refused
