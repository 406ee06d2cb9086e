"""The part of the journal's port that the keys of bodies use."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """What one step of rewrapping did."""

    position: str  # where the next step goes on; "" = nothing is left behind it
    count: int  # bodies now under the active key


class KeyBook(Protocol):
    """Which key each body is kept under."""

    def active_key(self) -> str:
        """Id of the key that new bodies are kept under; "" = none, in clear."""

    def bodies_by_key(self) -> Mapping[str, int]:
        """How many bodies are kept under each key id ever used; "" = in clear; erased ones
        are none. Looks at every body."""

    def rewrap(self, position: str, limit: int) -> Future[Rewrapped]:
        """Brings at most `limit` bodies behind `position` under the active key; the future is done when they are
        on the disk. What was under another key gets a new wrap of its data key, what was in clear is locked."""
