"""Wires sealing and evidence: our key with its certificate, the authorities of time."""

from __future__ import annotations

from datetime import datetime

from adapters.wire.http_client import HttpClient
from bus.evidence.authorities import Authorities, authorities_of
from bus.evidence.check import Believed
from bus.evidence.sealing import Sealer, rules_of
from bus.key_cupboard import Cupboard
from bus.keyring import KeySigner, practice_certificate, practice_key
from bus.ports import Clock, Journal
from bus.settings import Settings
from schemas.problem import Refused
from signing.keys import SigningKey
from signing.policy import XADES
from signing.trust import TrustRules, TrustStore
from signing.xades.sign import NOTHING, LongTerm


def make_sealer(settings: Settings, journal: Journal, clock: Clock, *, signer: KeySigner | None = None) -> Sealer:
    """The job that seals the journal's chain.

    Raises:
        Refused: no key, or the authorities' certificates are not there.
    """
    rule = settings.evidence
    rules = rules_of(every_s=rule.seal_every_s, batch=rule.batch, grace_s=rule.grace_s)
    return Sealer(journal, clock, (signer or KeySigner.of(settings)).jws, make_authorities(settings), rules)


def make_believed(settings: Settings) -> Believed:
    """By whom the seals in the journal are judged: the keys the settings name, also those that sign no more, and the
    authorities' certificates. What is not there judges nothing, and the chain is walked all the same.
    """
    try:
        keys = KeySigner.of(settings).ring.public()
    except Refused:
        keys = {}
    try:
        authorities = _time_trust(settings) if settings.evidence.trust else None
    except Refused:
        authorities = None
    return Believed(keys, authorities)


def make_authorities(settings: Settings) -> Authorities | None:
    """Whom to ask for time-stamps; None = nobody.

    Raises:
        Refused: their certificates are not there.
    """
    rule = settings.evidence
    if not rule.authorities:
        return None
    return authorities_of(rule.authorities, _time_trust(settings), HttpClient())


def _time_trust(settings: Settings) -> TrustStore:
    rules = TrustRules(revocation=False)  # judged at the time they state; lists in the folder count where they are
    return TrustStore.load(settings.folder / settings.evidence.trust, purpose="time", rules=rules)


def lasting_proof(settings: Settings, key: SigningKey, *, now: datetime) -> LongTerm:
    """What lets our signature be judged much later; nothing where the settings name no store for our certificate.

    Raises:
        Refused: our certificate is not to be believed now, by that store.
    """
    if not settings.evidence.own_trust:
        return NOTHING
    cupboard = Cupboard()
    try:
        return cupboard.store(settings, settings.evidence.own_trust, XADES).lasting(key.certificate, now=now)
    finally:
        cupboard.close()


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
