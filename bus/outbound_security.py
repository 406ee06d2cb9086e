"""WS-Security of what we send: signed anew for each try, since a timestamp expires; and of what is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from adapters.wire.contract import Security, Unsecured
from bus.key_cupboard import Cupboard
from bus.key_places import kept_at
from bus.keyring import KeySigner
from bus.settings import EndpointSettings, Settings
from schemas import xmldoc
from schemas.problem import Problem, Refused, Stage, problem
from schemas.xmldoc import XmlLimits
from signing.dsig import Keys
from signing.dsig.key_info import Hints
from signing.gate import GateRules, Stopped, pass_gate
from signing.keys import VerifyKey
from signing.policy import PARTNER_SOAP
from signing.trust import Trust, TrustStore
from signing.wss import Login, MemoryReplays, secure

_SECURITY = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}Security"


@dataclass(frozen=True, slots=True)
class WssLine:
    """The security of one endpoint. Thread-safe."""

    signer: KeySigner
    login: Login | None
    reply: str  # "" = not looked at | "optional" | "required"
    keys: Callable[[datetime], Keys] | None
    replays: MemoryReplays
    limit_bytes: int

    def secure(self, envelope: bytes) -> bytes:
        """See `Security`."""
        try:
            return self.signer.using(lambda key: secure(envelope, key, now=self.signer.now(), login=self.login))[1]
        except Refused as refused:
            found = refused.problems[0]
            raise Unsecured(f"{found.code}: {found.text_vi}") from refused

    def check(self, reply: bytes) -> tuple[Problem, ...]:
        """See `Security`. What is read of the reply afterwards is read of these very bytes, whose Body was signed."""
        if self.keys is None or not self.reply:
            return ()
        now, limits = self.signer.now(), XmlLimits(size_bytes=self.limit_bytes)
        if self.reply == "optional" and not _is_secured(reply, limits):
            return ()
        rules = GateRules(policy=PARTNER_SOAP, limits=limits)
        found = pass_gate(reply, rules, self.keys(now), replays=self.replays, now=now, stage=Stage.DELIVER)
        return found.problems if isinstance(found, Stopped) else ()


def _is_secured(reply: bytes, limits: XmlLimits) -> bool:
    try:
        root = xmldoc.parse(reply, limits=limits, stage=Stage.DELIVER)
    except Refused:
        return False
    return root.find(f".//{_SECURITY}") is not None


def security_of(
    settings: Settings, name: str, endpoint: EndpointSettings, cupboard: Cupboard, *, limit_bytes: int
) -> Security | None:
    """None where the endpoint asks for none.

    Raises:
        Refused: our key has no certificate (LT-WSS-004), a store or a certificate of theirs cannot be read.
    """
    if not endpoint.security:
        return None
    login = None
    if endpoint.login:
        login = Login(endpoint.user, settings.secret(endpoint.secret), digest=endpoint.login == "digest")
    keys: Callable[[datetime], Keys] | None = None
    if endpoint.trust:
        store = cupboard.store(settings, endpoint.trust, PARTNER_SOAP)
        pins = _fingerprints(settings, name, endpoint)

        def by_store(now: datetime) -> Keys:
            def key(hints: Hints) -> VerifyKey | tuple[Problem, ...]:
                found = store.key(hints, now=now, stage=Stage.DELIVER)
                if isinstance(found, VerifyKey) and pins and found.fingerprint not in pins:
                    return (problem("LT-SIGN-037", Stage.DELIVER, {"found": "X509Certificate"}),)
                return found

            return key

        keys = by_store
    elif endpoint.certificates:
        pems = [settings.secret(reference).encode() for reference in endpoint.certificates]
        trust = Trust(TrustStore.pinning(pems, purpose="partner"), PARTNER_SOAP)
        keys = lambda now: trust.keys(now=now, stage=Stage.DELIVER)  # noqa: E731 - one of two
    return WssLine(cupboard.signer(settings), login, endpoint.reply_signature, keys, MemoryReplays(), limit_bytes)


def _fingerprints(settings: Settings, name: str, endpoint: EndpointSettings) -> frozenset[str]:
    found: set[str] = set()
    for one in endpoint.certificates:
        with kept_at(one):
            found.add(VerifyKey.from_pem(settings.secret(one).encode(), key_id=name, policy=PARTNER_SOAP).fingerprint)
    return frozenset(found)
