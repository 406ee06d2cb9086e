"""Wires sealing and evidence: our key with its certificate, the authorities of time."""

from __future__ import annotations

from adapters.wire.http_client import HttpClient
from bus.evidence.authorities import Authorities, authorities_of
from bus.evidence.sealing import Sealer, rules_of
from bus.keyring import KeySigner, practice_certificate, practice_key
from bus.ports import Clock, Journal
from bus.settings import Settings
from signing.keys import SigningKey
from signing.trust import TrustRules, TrustStore


def make_sealer(settings: Settings, journal: Journal, clock: Clock, *, signer: KeySigner | None = None) -> Sealer:
    """The job that seals the journal's chain.

    Raises:
        Refused: no key, or the authorities' certificates are not there.
    """
    rule = settings.evidence
    rules = rules_of(every_s=rule.seal_every_s, batch=rule.batch, grace_s=rule.grace_s)
    return Sealer(journal, clock, (signer or KeySigner.of(settings)).jws, make_authorities(settings), rules)


def make_authorities(settings: Settings) -> Authorities | None:
    """Whom to ask for time-stamps; None = nobody.

    Raises:
        Refused: their certificates are not there.
    """
    rule = settings.evidence
    if not rule.authorities:
        return None
    rules = TrustRules(revocation=False)  # judged at the time they state; lists in the folder count where they are
    trusted = TrustStore.load(settings.folder / rule.trust, purpose="time", rules=rules)
    return authorities_of(rule.authorities, trusted, HttpClient())


def evidence_key(settings: Settings) -> SigningKey:
    """Our key with its certificate; for practice keys a certificate of their own is made.

    Raises:
        Refused: no key, or a real key without a certificate.
    """
    key = KeySigner.of(settings).key
    if key.certificate or not settings.signing.dangerous_make_key or settings.signing.declared():
        return key
    pem = practice_key(settings.data)
    return SigningKey.from_pem(pem.read_bytes(), key_id=key.key_id, certificate=practice_certificate(settings.data))
