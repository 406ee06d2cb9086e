"""One trust store: whom we believe for one purpose. Loaded from a folder, replaced while running, never mixed.

```
trust/<purpose>/*.pem  *.crt  *.cer  *.der     authorities: self-signed ones are anchors, the others intermediates;
                                               a signer's own certificate that stands here is pinned: believed as it is
trust/<purpose>/*.crl                          revocation lists of these authorities
```
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from cryptography import x509

from schemas.problem import Refused, Stage, problem
from signing.trust.papers import certificates_in, der_of, is_authority, lists_in, read_certificates, stamp_of
from signing.trust.revocation import Evidence


class Purpose(StrEnum):
    """What a store is good for. A certificate good for one says nothing for another."""

    PUBLIC = "public"  # citizens and firms, by licensed public authorities
    PUBLIC_SERVICE = "public_service"  # agencies, by the authority of the public service
    PARTNER = "partner"  # connections agreed with one partner: pinned


@dataclass(frozen=True, slots=True)
class TrustRules:
    """How strict a store is."""

    depth: int = 4  # authorities between a certificate and its anchor at most
    revocation: bool = True  # False: whether it was revoked is not asked; only for pinned partners
    max_age: timedelta = timedelta(days=7)  # of a revocation list, whatever it says itself
    cache: timedelta = timedelta(seconds=60)  # how long a verdict is good


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Immutable; replaced as a whole."""

    purpose: str
    anchors: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...]
    pinned: frozenset[bytes] = field(repr=False)  # DER of all of them: who stands here himself needs no path
    evidence: Evidence = field(repr=False)
    rules: TrustRules
    digest: str  # of all of it: what a verdict rests on

    @classmethod
    def of(
        cls,
        papers: tuple[x509.Certificate, ...],
        evidence: Evidence = Evidence(),  # noqa: B008 - immutable
        *,
        purpose: str,
        rules: TrustRules = TrustRules(),
    ) -> TrustStore:
        """Sorted into anchors, intermediates and pinned ones."""
        authorities = [paper for paper in papers if is_authority(paper)]
        anchors = tuple(paper for paper in authorities if paper.issuer == paper.subject)
        lists = tuple(str(each.signature.hex()) for each in evidence.lists)
        content = "|".join(
            (purpose, repr(rules), *sorted(sha256(der_of(p)).hexdigest() for p in papers), *sorted(lists))
        )
        return cls(
            purpose=purpose,
            anchors=anchors,
            intermediates=tuple(paper for paper in authorities if paper not in anchors),
            pinned=frozenset(der_of(paper) for paper in papers),
            evidence=evidence,
            rules=rules,
            digest=sha256(content.encode()).hexdigest(),
        )

    @classmethod
    def pinning(cls, pems: Sequence[bytes], *, purpose: str) -> TrustStore:
        """Of certificates that are believed as they are: who owns one of them needs no path, and nobody is asked
        whether it was revoked.

        Raises:
            Refused: one cannot be read.
        """
        papers = tuple(paper for pem in pems for paper in read_certificates(pem, name=purpose)[:1])
        return cls.of(papers, purpose=purpose, rules=TrustRules(revocation=False))

    @classmethod
    def load(
        cls, folder: Path, *, purpose: str, rules: TrustRules = TrustRules(), lists: Path | None = None
    ) -> TrustStore:
        """From a folder; further revocation lists from a second one, where it is there.

        Raises:
            Refused: not there, empty, or a file of it cannot be read.
        """
        if not folder.is_dir():
            raise Refused((problem("LT-TRUST-002", Stage.CONFIGURE, {"folder": folder.name}),))
        papers = tuple(certificates_in(folder))
        if not papers:
            raise Refused((problem("LT-TRUST-002", Stage.CONFIGURE, {"folder": folder.name}),))
        found = (*lists_in(folder), *(lists_in(lists) if lists is not None and lists.is_dir() else ()))
        return cls.of(papers, Evidence(found), purpose=purpose, rules=rules)


class WatchedStore:
    """A store whose folder may change while we run. Thread-safe: readers see the old or the new one as a whole."""

    def __init__(
        self, folder: Path, *, purpose: str, rules: TrustRules = TrustRules(), lists: Path | None = None
    ) -> None:
        """`lists`: as `TrustStore.load` takes it."""
        self._folder, self._lists, self._purpose, self._rules = folder, lists, purpose, rules
        self._stamp = self._now()
        self.current = TrustStore.load(folder, purpose=purpose, rules=rules, lists=lists)

    def refresh(self) -> bool:
        """Loads the folder anew if it changed; True if so. A folder that cannot be read leaves the old store.

        Raises:
            Refused: what is wrong with the new one; the old one stays.
        """
        stamp = self._now()
        if stamp == self._stamp:
            return False
        self.current = TrustStore.load(self._folder, purpose=self._purpose, rules=self._rules, lists=self._lists)
        self._stamp = stamp
        return True

    def _now(self) -> tuple[tuple[tuple[str, int, int], ...], ...]:
        folders = (self._folder, *((self._lists,) if self._lists is not None else ()))
        return tuple(stamp_of(folder) if folder.is_dir() else () for folder in folders)
