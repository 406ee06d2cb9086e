"""What a door keeps of signed messages, so that one that comes again is known, also after a restart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Fate(StrEnum):
    """What a mark meets."""

    FIRST = "first"  # never seen within its time
    SAME = "same"  # seen, in the very same bytes: sent again
    OTHER = "other"  # seen, in other bytes: a replay


@dataclass(frozen=True, slots=True)
class Seen:
    """One mark of a message: of its signature, of a nonce."""

    mark: str  # SHA-256, lower-case hex
    body_sha256: str  # of the bytes it came in
    until: datetime  # so long the message could come again and be taken for new


@dataclass(frozen=True, slots=True)
class Sight:
    """What became of it."""

    fate: Fate
    answer: str = ""  # SAME: what the first copy was answered, as its door wrote it; "" = not known
