"""Asks time-stamp authorities over HTTP. What they answer is judged in `signing.stamp`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.wire.contract import Fault, Target
from adapters.wire.http_client import HttpClient, Outgoing
from schemas.problem import Refused, Stage, problem
from signing.stamp import MEDIA_QUERY, MEDIA_REPLY, Stamped, accept, query
from signing.trust import TrustStore

_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Authorities:
    """Whom to ask, in order, and whom to believe. Thread-safe."""

    addresses: tuple[str, ...]
    trusted: TrustStore
    http: HttpClient

    def stamp(self, data: bytes, *, at: int = 0) -> Stamped:
        """A token over these bytes by one authority: `at` its place in the order.

        Raises:
            Refused: it did not answer, or its answer proves nothing.
        """
        address = self.addresses[at % len(self.addresses)]
        asked = query(data)
        target = Target("tsa", address, {}, reply_limit_bytes=262_144)
        outgoing = Outgoing(address, asked.body, {"Content-Type": MEDIA_QUERY, "Accept": MEDIA_REPLY}, _TIMEOUT_S)
        exchange = self.http.exchange(target, outgoing)
        if exchange.fault is not Fault.NONE or exchange.status != 200:
            reason = exchange.detail or f"HTTP {exchange.status}"
            raise Refused((problem("LT-STAMP-005", Stage.SIGN, {"address": address, "reason": reason[:120]}),))
        return accept(exchange.body, asked, self.trusted)

    def stamp_by_any(self, data: bytes) -> Stamped:
        """By the first that answers well.

        Raises:
            Refused: by the last of them, if none does.
        """
        for at in range(len(self.addresses) - 1):
            try:
                return self.stamp(data, at=at)
            except Refused:
                continue
        return self.stamp(data, at=len(self.addresses) - 1)


def authorities_of(addresses: Sequence[str], trusted: TrustStore | None, http: HttpClient) -> Authorities | None:
    """None where nobody is to be asked."""
    return Authorities(tuple(addresses), trusted, http) if addresses and trusted is not None else None
