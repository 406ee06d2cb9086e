"""Our keys over time: one signs, the next is known to partners before it does, the last is still believed after.

The days of two keys may overlap: of those in force the one that begins latest signs, so that a new key takes over on
its first day by itself. Every use is counted by key.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.problem import Refused, Stage, problem
from signing.keys import SigningKey, VerifyKey

_ALWAYS = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Term:
    """A key and its days."""

    key: SigningKey
    first: datetime | None = None  # signs from here on; None = always has
    last: datetime | None = None  # signs until here; None = until its certificate ends


class KeyRing:
    """Thread-safe."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = tuple(sorted(terms, key=lambda term: term.first or _ALWAYS))
        self._uses: Counter[str] = Counter()
        self._lock = threading.Lock()

    def active(self, now: datetime) -> SigningKey:
        """The key that signs now.

        Raises:
            Refused: none is in force (LT-SIGN-008).
        """
        for term in reversed(self._terms):
            ends = min((end for end in (term.last, term.key.valid_until) if end is not None), default=None)
            if (term.first is None or term.first <= now) and (ends is None or now < ends):
                return term.key
        known = ", ".join(term.key.key_id for term in self._terms) or "–"
        raise Refused((problem("LT-SIGN-008", Stage.SIGN, {"known": known}),))

    def sign(self, data: bytes, *, now: datetime) -> tuple[SigningKey, bytes]:
        """Signs with the key in force; says which. The use is counted."""
        key = self.active(now)
        signature = key.sign(data)
        with self._lock:
            self._uses[key.key_id] += 1
        return key, signature

    def used(self, key_id: str) -> None:
        """Counts a use that was made elsewhere."""
        with self._lock:
            self._uses[key_id] += 1

    @property
    def uses(self) -> Mapping[str, int]:
        """How often each key signed since this process began."""
        with self._lock:
            return dict(self._uses)

    def public(self) -> dict[str, VerifyKey]:
        """All of them, as receivers should know them before, while and after they sign."""
        return {term.key.key_id: term.key.public() for term in self._terms}
