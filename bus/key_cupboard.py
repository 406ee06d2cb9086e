"""What a process loads once and shares: our keys, and the stores of those we believe."""

from __future__ import annotations

import threading
import time

from bus.key_sections import TrustSettings
from bus.keyring import KeySigner
from bus.live_trust import LiveTrust
from bus.settings import Settings
from signing.policy import Policy


class Cupboard:
    """One per process. Thread-safe. Nothing is loaded before it is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._signer: KeySigner | None = None
        self._stores: dict[tuple[str, str], LiveTrust] = {}

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
                found = self._stores[name, policy.name] = open_store(settings, name, settings.trust[name], policy)
            return found


def open_store(settings: Settings, name: str, rule: TrustSettings, policy: Policy) -> LiveTrust:
    """The folder of a store, and where its fetched lists are.

    Raises:
        Refused: as above.
    """
    fetched = settings.data / "trust" / name if rule.lists else None
    return LiveTrust(
        settings.folder / rule.folder, fetched, name=name, purpose=rule.purpose.value, rules=rule.rules(),
        policy=policy, monotonic=time.monotonic,
    )  # fmt: skip
