"""Fetches the revocation lists of a trust store from the addresses the settings name; never from one that stands in a
certificate or a message. Each host fetches its own: the lists lie in its data folder.

What is fetched is kept only if an authority of the store signed it and it is newer than what is there: whoever can
change what a plain http address answers can neither lift a revocation nor bring an old list back.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path

from adapters.wire.contract import Fault, Target
from adapters.wire.http_client import HttpClient, Outgoing
from bus.key_cupboard import Cupboard
from bus.records.jobs import JobResult
from bus.settings import Settings
from bus.turn import Finished, Turn
from schemas.problem import Problem, Refused, Stage, problem
from signing.policy import PARTNER_SOAP
from signing.trust.fetched import judge_list

log = logging.getLogger("lienthong.trust")

_TIMEOUT_S = 30.0
_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ListFetch:
    """The job of one store."""

    store: str
    settings: Settings
    cupboard: Cupboard
    http: HttpClient = field(default_factory=HttpClient)

    @property
    def name(self) -> str:
        """As operators know it; each host has its own."""
        return f"thu_hoi.{self.store}@{socket.gethostname()}"

    @property
    def endpoint(self) -> str:
        """Nobody's."""
        return ""

    @property
    def every_s(self) -> float:
        """Pause between two runs."""
        return self.settings.trust[self.store].lists_every_s

    def run(self, turn: Turn) -> Finished:
        """Every address once; the others go on where one fails."""
        kept, wrong = 0, []
        for address in self.settings.trust[self.store].lists:
            turn.keep()
            try:
                kept += self._fetch(address)
            except Refused as refused:
                wrong.append(refused.problems[0])
                log.warning("revocation list not fetched store=%s: %s", self.store, refused.problems[0].text_en)
        if wrong:
            return Finished(JobResult.AGAIN, wrong[0].text_vi, kept)
        return Finished(JobResult.DONE, f"{kept} danh sách mới", kept, 0)

    def _fetch(self, address: str) -> bool:
        target = Target("revocation-list", address, {}, reply_limit_bytes=_LIMIT)
        exchange = self.http.exchange(target, Outgoing(address, b"", {}, _TIMEOUT_S, method="GET"))
        if exchange.fault is not Fault.NONE or exchange.status != 200:
            raise Refused((_said(address, exchange.detail or f"HTTP {exchange.status}"),))
        store = self.cupboard.store(self.settings, self.store, PARTNER_SOAP).store
        file = self._file(address)
        before = file.read_bytes() if file.is_file() else None
        if (reason := judge_list(exchange.body, store, before=before)) is not None:
            if reason == "":  # the same one
                return False
            raise Refused((_said(address, reason),))
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.urandom(8).hex()}")
        draft.write_bytes(exchange.body)
        draft.replace(file)
        log.info("revocation list kept store=%s from=%s bytes=%d", self.store, address, len(exchange.body))
        return True

    def _file(self, address: str) -> Path:
        name = hashlib.sha256(address.encode()).hexdigest()[:32]
        return self.settings.data / "trust" / self.store / f"{name}.crl"


def _said(address: str, reason: str) -> Problem:
    return problem("LT-TRUST-021", Stage.CONFIGURE, {"address": address, "reason": reason[:200]})
