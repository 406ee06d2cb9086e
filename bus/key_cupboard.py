"""What a process loads once and shares: our keys, and the stores of those we believe."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from bus.key_sections import TrustSettings
from bus.keyring import KeySigner
from bus.live_trust import LiveTrust
from bus.settings import Settings
from bus.status_answers import Away, StatusAnswers
from signing.policy import Policy


class Cupboard:
    """One per process. Thread-safe. Nothing is loaded before it is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._signer: KeySigner | None = None
        self._stores: dict[tuple[str, str], LiveTrust] = {}
        self._answers: dict[str, StatusAnswers] = {}
        self.tellers: list[Callable[[str, str, int], None]] = []  # (store, answer, responders away), at each question

    def signer(self, settings: Settings) -> KeySigner:
        """Our keys.

        Raises:
            Refused: none is declared, or one cannot be loaded.
        """
        with self._lock:
            if self._signer is None:
                self._signer = KeySigner.of(settings)
            return self._signer

    def store(self, settings: Settings, name: str, policy: Policy) -> LiveTrust:
        """A declared store, judging by a policy.

        Raises:
            Refused: its folder is not there, empty, or cannot be read.
        """
        with self._lock:
            found = self._stores.get((name, policy.name))
            if found is None:
                rule = settings.trust[name]
                found = open_store(settings, name, rule, policy, self._source(name, rule))
                self._stores[name, policy.name] = found
            return found

    def away(self) -> Mapping[str, tuple[Away, ...]]:
        """Responders that give no answer, by store; of stores that were used and ask any."""
        with self._lock:
            answers = dict(self._answers)
        return {name: one.away() for name, one in answers.items()}

    def close(self) -> None:
        """Asks nobody any more."""
        with self._lock:
            for one in self._answers.values():
                one.close()

    def _source(self, name: str, rule: TrustSettings) -> StatusAnswers | None:
        """One for all policies of a store; under the lock."""
        asked = rule.status_rule()
        if asked is None:
            return None
        if name not in self._answers:
            self._answers[name] = StatusAnswers(name, asked, tellers=[lambda result: self._tell(name, result)])
        return self._answers[name]

    def _tell(self, name: str, result: str) -> None:
        away = len(self.away().get(name, ()))
        for tell in self.tellers:
            tell(name, result, away)


def open_store(
    settings: Settings, name: str, rule: TrustSettings, policy: Policy, source: StatusAnswers | None = None
) -> LiveTrust:
    """The folder of a store, and where its fetched lists are.

    Raises:
        Refused: as above.
    """
    fetched = settings.data / "trust" / name if rule.lists else None
    return LiveTrust(
        settings.folder / rule.folder, fetched, name=name, purpose=rule.purpose.value, rules=rule.rules(),
        policy=policy, monotonic=time.monotonic, source=source,
    )  # fmt: skip
