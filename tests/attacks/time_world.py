"""A time-stamp authority inside the process, for attacks: it says what it is told to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from asn1crypto import algos, keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing.trust import TrustRules, TrustStore
from tests.interop.time_authority import _paper as paper_of
from tests.unit.signing.issuer import NOW, Holder


@dataclass(frozen=True)
class Clock:
    """An authority with its root."""

    root: Holder
    signer: Holder

    @classmethod
    def made(cls, *, purpose: bool = True) -> Clock:
        """`purpose`: its certificate is for time-stamping."""
        top, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        root = Holder(top, paper_of("Gốc giờ", top, "Gốc giờ", top, authority=True))
        return cls(root, Holder(key, paper_of("Giờ", key, "Gốc giờ", top, purpose=purpose)))

    def answer(self, query: bytes, *, at: datetime = NOW, nonce: bool = True) -> bytes:
        """DER of its response."""
        asked = tsp.TimeStampReq.load(query)
        if not nonce:
            asked["nonce"] = None
        return self._maker(at).request_tsa_response(asked).dump()

    def token(self, data_digest: bytes, *, at: datetime = NOW, algorithm: str = "sha256") -> bytes:
        """DER of a token over this digest."""
        imprint = {"hash_algorithm": algos.DigestAlgorithm({"algorithm": algorithm}), "hashed_message": data_digest}
        asked = tsp.TimeStampReq({"version": "v1", "message_imprint": tsp.MessageImprint(imprint), "cert_req": True})
        return self._maker(at).request_tsa_response(asked)["time_stamp_token"].dump()

    def trusted(self, *more: Holder) -> TrustStore:
        """Whom a receiver trusts."""
        papers = (self.root.paper, *(each.paper for each in more))
        return TrustStore.of(papers, purpose="time", rules=TrustRules(revocation=False))

    def _maker(self, at: datetime) -> DummyTimeStamper:
        private = self.signer.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        embedded = SimpleCertificateStore()
        embedded.register(_asn1(self.root))
        return DummyTimeStamper(_asn1(self.signer), keys.PrivateKeyInfo.load(private), embedded, fixed_dt=at)


def _asn1(holder: Holder) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(holder.der)


@cache
def clock() -> Clock:
    """The good one."""
    return Clock.made()


@cache
def strange_clock() -> Clock:
    """A good one nobody trusts."""
    return Clock.made()


@cache
def purposeless_clock() -> Clock:
    """Trusted, but its certificate is not for time-stamping."""
    return Clock.made(purpose=False)


__all__: Sequence[str] = ["Clock", "clock", "purposeless_clock", "strange_clock"]
