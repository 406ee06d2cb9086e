"""A trust store that is looked at again while we run: a file laid into its folder counts within seconds.

What cannot be read is said once, in the log, and the store that was read before stays.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from schemas.problem import Problem, Refused, Stage
from signing.dsig.key_info import Hints
from signing.keys import VerifyKey
from signing.policy import Policy
from signing.trust import Trust, TrustRules, TrustStore, WatchedStore
from signing.trust.asking import StatusSource
from signing.xades import LongTerm
from signing.xades.lasting import long_term

log = logging.getLogger("lienthong.trust")

_LOOK_S = 2.0  # at most so often


class LiveTrust:
    """Thread-safe: whoever judges has the old or the new store as a whole."""

    def __init__(
        self, folder: Path, lists: Path | None, *, name: str, purpose: str, rules: TrustRules, policy: Policy,
        monotonic: Callable[[], float], source: StatusSource | None = None,
    ) -> None:  # fmt: skip
        """`lists`: a second folder, of fetched revocation lists alone; it may not be there yet.
        `source`: asked about certificates beside the lists.

        Raises:
            Refused: the folder is not there, empty, or a file of it cannot be read.
        """
        self.name = name
        self._policy, self._monotonic, self._source = policy, monotonic, source
        self._watched = WatchedStore(folder, purpose=purpose, rules=rules, lists=lists)
        self._trust, self._quiet = Trust(self._watched.current, policy, source), self._asking_nobody()
        self._looked = monotonic()
        self._said = ""
        self._lock = threading.Lock()

    @property
    def store(self) -> TrustStore:
        """As it stands now."""
        self.look()
        return self._watched.current

    @property
    def trust(self) -> Trust:
        """What judges by it now, responders asked where the store names some."""
        self.look()
        return self._trust

    def look(self) -> None:
        """Reads the folder anew if it changed; others go on with the old store meanwhile."""
        if self._monotonic() - self._looked < _LOOK_S or not self._lock.acquire(blocking=False):
            return
        try:
            self._looked = self._monotonic()
            if self._watched.refresh():
                self._trust = Trust(self._watched.current, self._policy, self._source)
                self._quiet = self._asking_nobody()
                log.info("trust store %s was read anew digest=%s", self.name, self._watched.current.digest[:16])
            self._said = ""
        except (Refused, OSError) as wrong:
            said = wrong.problems[0].text_en if isinstance(wrong, Refused) else f"{type(wrong).__name__}"
            if said != self._said:
                log.error("trust store %s cannot be read anew, the old one stays: %s", self.name, said)
            self._said = said
        finally:
            self._lock.release()

    def lasting(self, paper: bytes, *, now: datetime) -> LongTerm:
        """What a verifier in twenty years needs to believe this certificate: its chain, lists and answers about it.

        Raises:
            Refused: it is not to be believed now.
        """
        self.look()
        trust, store = self._trust, self._watched.current
        return long_term(trust.judge(paper, now=now, stage=Stage.SIGN), store, self._source, now=now)

    def stranger(self, hints: Hints, *, now: datetime, stage: Stage = Stage.RECEIVE) -> VerifyKey | tuple[Problem, ...]:
        """The same of a certificate that is nobody's here and will be refused: only the record asks. Certificates are
        public, and whoever sends other people's must not make us ask responders, or have callers wait for that."""
        self.look()
        return self._quiet.keys(now=now, stage=stage)(hints)

    def key(self, hints: Hints, *, now: datetime, stage: Stage = Stage.RECEIVE) -> VerifyKey | tuple[Problem, ...]:
        """The key of the first certificate, if it is to be believed now."""
        self.look()
        return self._trust.keys(now=now, stage=stage)(hints)

    def _asking_nobody(self) -> Trust:
        store = self._watched.current
        return Trust(replace(store, rules=replace(store.rules, revocation=False)), self._policy)
