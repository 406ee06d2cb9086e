"""Who is asked whether a certificate was revoked, and how long for: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from signing.trust.asking import Certificate, name_of, responders_of

ANY = "*"
_LONGEST = 512
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class StatusRule:
    """Of one store."""

    addresses: Mapping[str, str] = field(default_factory=dict)  # issuer's common name, or "*" → address
    hosts: frozenset[str] = frozenset()  # "host" or "host:port": addresses in certificates may be asked there only
    needs_nonce: bool = False
    list_suffices: bool = False  # a good revocation list is enough where there is no answer
    wait_s: float = 3.0  # for the first answer about a certificate
    timeout_s: float = 5.0  # of one question
    every_s: float = 3600.0  # an answer is asked for anew after so long, if it does not end sooner

    def address_of(self, paper: Certificate, issuer: Certificate) -> str | None:
        """Whom to ask about a certificate; None = nobody is named for it."""
        if (found := self.addresses.get(name_of(issuer)) or self.addresses.get(ANY)) is not None:
            return found
        if not self.hosts:
            return None
        return next((address for address in responders_of(paper) if self.allows(address)), None)

    def allows(self, address: str) -> bool:
        """Whether an address that a stranger wrote leads to a host that was agreed on, and nowhere else."""
        parts = parts_of(address)
        if parts is None or parts.hostname is None:
            return False
        port = parts.port or _PORTS[parts.scheme]
        named = (f"{parts.hostname}:{port}", *((parts.hostname,) if port == _PORTS[parts.scheme] else ()))
        return not self.hosts.isdisjoint(named)


def parts_of(address: str) -> SplitResult | None:
    """Of a plain http address; None where two readers could understand two things."""
    if len(address) > _LONGEST or not address.isascii() or not address.isprintable():
        return None
    if any(sign in address for sign in ' \\@#"<>'):
        return None
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in _PORTS and parts.hostname else None
