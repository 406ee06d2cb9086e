"""Loads a key of ours from where it lives: PEM, a PKCS#12 container, hardware, a remote signer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.wire.contract import Fault, Target
from adapters.wire.http_client import HttpClient, Outgoing
from bus.key_sections import KeySettings, RemoteSettings, TokenSettings
from bus.settings import Settings
from schemas.problem import Place as Ours
from schemas.problem import Refused
from signing.keys import KeyUnavailable, SigningKey
from signing.stores.pkcs11 import Place, from_pkcs11
from signing.stores.pkcs12 import from_pkcs12
from signing.stores.remote import Credential, Transport, from_remote

_LIMIT = 1_048_576  # of a remote signer's answer


@contextmanager
def kept_at(reference: str) -> Iterator[None]:
    """What is refused of a key names where the key is kept, not only what it is called: `file:…`, `env:…`."""
    try:
        yield
    except Refused as refused:
        place = Ours(reference)
        raise Refused(tuple(one if one.ours else one.at(ours=place) for one in refused.problems)) from refused


def load_key(settings: Settings, key_id: str, rule: KeySettings) -> SigningKey:
    """The key, checked.

    Raises:
        Refused: not there, unreadable, weak, or of another certificate.
    """
    with kept_at(rule.pkcs12 or rule.key or rule.certificate):
        return _load(settings, key_id, rule)


def _load(settings: Settings, key_id: str, rule: KeySettings) -> SigningKey:
    certificate = settings.secret(rule.certificate).encode() if rule.certificate else None
    password = settings.secret(rule.password).encode() or None
    if rule.pkcs12:
        data = settings.secret_bytes(rule.pkcs12)
        return from_pkcs12(data, key_id=key_id, password=password, algorithm=rule.algorithm)
    if rule.pkcs11 is not None:
        place = _place(settings, rule.pkcs11)
        return from_pkcs11(place, key_id=key_id, certificate=certificate, algorithm=rule.algorithm)
    if rule.remote is not None:
        credential = Credential(rule.remote.credential, settings.secret(rule.remote.activation))
        return from_remote(
            _transport(settings, rule.remote), credential, key_id=key_id, certificate=certificate or b"",
            algorithm=rule.algorithm,
        )  # fmt: skip
    pem = settings.secret(rule.key).encode()
    return SigningKey.from_pem(pem, key_id=key_id, password=password, certificate=certificate, algorithm=rule.algorithm)


def _place(settings: Settings, rule: TokenSettings) -> Place:
    return Place(rule.module, rule.token, rule.label, settings.secret(rule.pin), rule.sessions)


def _transport(settings: Settings, rule: RemoteSettings) -> Transport:
    """One question to the signer. What goes wrong on the line makes the key unavailable: nothing was signed."""
    http = HttpClient()
    target = Target("remote-signer", rule.address, {"tls_ca": rule.tls_ca}, reply_limit_bytes=_LIMIT)

    def ask(question: bytes) -> bytes:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if rule.authorization:
            headers["Authorization"] = f"Bearer {settings.secret(rule.authorization)}"
        outgoing = Outgoing(f"{rule.address}/signatures/signHash", question, headers, rule.timeout_s)
        exchange = http.exchange(target, outgoing)
        if exchange.fault is not Fault.NONE:
            raise KeyUnavailable(f"remote signer: {exchange.fault.value} {exchange.detail}")
        if exchange.status != 200:
            raise KeyUnavailable(f"remote signer: HTTP {exchange.status}")
        return exchange.body

    return ask
