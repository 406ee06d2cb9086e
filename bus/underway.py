"""What a worker has in hand: claims under way and settlements the queue has not heard of. Thread-safe."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence

from bus.records import Claimed, QueueSettle


class Underway:
    """Every claim is in it from before it is looked at until its settlement is ready to be told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._claims: dict[str, tuple[Claimed, float]] = {}  # delivery id → claim, when it was asked for
        self._asked: dict[str, tuple[Claimed, float]] = {}  # token → claim, when its partner was asked
        self._settles: list[QueueSettle] = []
        self.news = threading.Event()  # something for the loop to do

    def __len__(self) -> int:
        with self._lock:
            return len(self._claims)

    def add(self, claims: Sequence[Claimed], *, asked_at: float) -> None:
        """`asked_at`: monotonic time before the queue was asked, so that a lease never looks younger than it is."""
        with self._lock:
            self._claims.update({claim.delivery_id: (claim, asked_at) for claim in claims})

    def age_s(self, claim: Claimed, *, now: float) -> float | None:
        """How long ago it was claimed; None = it is not ours any more."""
        with self._lock:
            known, asked_at = self._claims.get(claim.delivery_id, (None, 0.0))
        return now - asked_at if known == claim else None

    def ask(self, claim: Claimed, *, at: float) -> None:
        """Its partner is asked now; from here on there is nothing to do but wait."""
        with self._lock:
            self._asked[claim.token] = (claim, at)
        if claim.crashes:
            self.news.set()

    def answered(self, claim: Claimed) -> None:
        """Its partner answered, or will not."""
        with self._lock:
            self._asked.pop(claim.token, None)

    def asked_before(self, at: float) -> tuple[Claimed, ...]:
        """Those whose partners have not answered since."""
        with self._lock:
            return tuple(claim for claim, asked_at in self._asked.values() if asked_at < at)

    def has_suspect(self) -> bool:
        """One that took a worker with it before is being prepared."""
        with self._lock:
            return any(claim.crashes and claim.token not in self._asked for claim, _ in self._claims.values())

    def claims(self) -> tuple[Claimed, ...]:
        """All in hand."""
        with self._lock:
            return tuple(claim for claim, _ in self._claims.values())

    def keep(self, asked: Collection[Claimed], held: Collection[str]) -> None:
        """Of those asked about, the ones the queue does not know as ours any more must not be sent."""
        with self._lock:
            for claim in asked:
                known, _ = self._claims.get(claim.delivery_id, (None, 0.0))
                if claim.delivery_id not in held and known == claim:
                    del self._claims[claim.delivery_id]

    def forget(self, claim: Claimed) -> None:
        """Its lease may run out."""
        with self._lock:
            known, _ = self._claims.get(claim.delivery_id, (None, 0.0))
            if known == claim:
                del self._claims[claim.delivery_id]
        self.news.set()

    def tell(self, settle: QueueSettle) -> None:
        """To be told to the queue with the next claim."""
        with self._lock:
            self._settles.append(settle)
        self.news.set()

    def untold(self) -> tuple[QueueSettle, ...]:
        """Oldest first."""
        with self._lock:
            return tuple(self._settles)

    def told(self, settles: Sequence[QueueSettle]) -> None:
        """The queue has heard of these, the oldest; a repeat after a lost reply would have changed nothing."""
        with self._lock:
            del self._settles[: len(settles)]
