"""Which certificates, keys and revocation lists end soon: said 60, 30, 7 and 1 days before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from signing.trust.store import TrustStore

STEPS_DAYS = (60, 30, 7, 1)


def step_of(ends: datetime, *, now: datetime) -> int | None:
    """The tightest step that is reached: 60, 30, 7, 1; 0 = ended; None = far away.

    >>> from datetime import UTC, timedelta
    >>> now = datetime(2026, 7, 6, tzinfo=UTC)
    >>> [step_of(now + timedelta(days=days), now=now) for days in (61, 60, 8, 7, 1, -1)]
    [None, 60, 30, 7, 1, 0]
    """
    left = (ends - now).total_seconds() / 86_400
    if left <= 0:
        return 0
    return min((step for step in STEPS_DAYS if left <= step), default=None)


@dataclass(frozen=True, slots=True)
class End:
    """Something that will end."""

    kind: str  # "certificate" | "list"
    name: str  # whose
    ends: datetime


def ends_of(store: TrustStore) -> tuple[End, ...]:
    """The certificates of a store, and its revocation lists: of each issuer the newest."""
    found = [
        End(
            "certificate",
            f"{paper.subject.rfc4514_string()} {hex(paper.serial_number)[2:10]}",
            paper.not_valid_after_utc,
        )
        for paper in (x509.load_der_x509_certificate(der) for der in sorted(store.pinned))
    ]
    newest: dict[str, datetime] = {}
    for each in store.evidence.lists:
        issuer = each.issuer.rfc4514_string()
        until = each.last_update_utc + store.rules.max_age
        until = min(each.next_update_utc or until, until)
        newest[issuer] = max(newest.get(issuer, until), until)
    return (*found, *(End("list", issuer, until) for issuer, until in sorted(newest.items())))
