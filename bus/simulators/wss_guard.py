"""WS-Security of a simulated office: takes only what the bus signed, now and once, and signs what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from schemas import xmldoc
from schemas.problem import Refused
from schemas.xmldoc import XmlLimits
from signing.keys import SigningKey, VerifyKey
from signing.policy import PARTNER_SOAP
from signing.wss import REQUIRED, MemoryReplays, secure, verify_soap

_LIMITS = XmlLimits(size_bytes=64 * 1024 * 1024)


@dataclass(slots=True)
class WssGuard:
    """Thread-safe but for its counts, which are for reading."""

    trusted: VerifyKey | None  # the bus's; None = nothing is asked of calls
    key: SigningKey | None  # ours; None = answers go bare
    replays: MemoryReplays = field(default_factory=MemoryReplays)
    good: int = 0
    refused: list[str] = field(default_factory=list)  # codes

    @classmethod
    def of(cls, certificate: Path | None, key: Path | None, paper: Path | None) -> WssGuard:
        """From PEM files.

        Raises:
            ValueError: one of them cannot be used.
        """
        try:
            trusted = None
            if certificate is not None:
                trusted = VerifyKey.from_pem(certificate.read_bytes(), key_id="bus", policy=PARTNER_SOAP)
            ours = None
            if key is not None and paper is not None:
                ours = SigningKey.from_pem(key.read_bytes(), key_id="office", certificate=paper.read_bytes())
        except (OSError, Refused) as wrong:
            raise ValueError(f"WS-Security: {wrong}") from wrong
        return cls(trusted, ours)

    def refusal(self, body: bytes) -> str:
        """The code of what is wrong with a call; "" = it may come in."""
        if self.trusted is None:
            return ""
        now = datetime.now(UTC)
        try:
            root = xmldoc.parse(body, limits=_LIMITS)
            verify_soap(root, {"bus": self.trusted}, required=REQUIRED, replays=self.replays, now=now)
        except Refused as refused:
            self.refused.append(refused.problems[0].code)
            return refused.problems[0].code
        self.good += 1
        return ""

    def answer(self, body: bytes) -> bytes:
        """The same, signed where we sign."""
        return secure(body, self.key, now=datetime.now(UTC)) if self.key is not None else body
