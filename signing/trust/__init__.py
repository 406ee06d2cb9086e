"""Whom to believe: stores by purpose, paths, revocation, entitlement."""

from signing.trust.entitlement import Entitlement, entitled
from signing.trust.judge import Believed, Trust
from signing.trust.revocation import Evidence
from signing.trust.store import Purpose, TrustRules, TrustStore, WatchedStore

__all__ = [
    "Believed",
    "Entitlement",
    "Evidence",
    "Purpose",
    "Trust",
    "TrustRules",
    "TrustStore",
    "WatchedStore",
    "entitled",
]
