"""Seals over the journal's chain: runs of entries under one Merkle root, with who vouches for it and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

FIRST = "0" * 64  # what the first seal names as the one before it


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive entries of one writer."""

    writer: str
    first: int
    last: int  # including this one

    @property
    def count(self) -> int:
        """How many."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Unsealed:
    """What waits for a seal, oldest first within each writer."""

    spans: tuple[Span, ...]
    hashes: tuple[str, ...]  # of the entries of the spans, in order; lower-case hex
    waiting: int  # entries in all, also beyond these
    oldest: datetime | None  # when the oldest of them was made; None = nothing waits


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal. Numbers are consecutive from 1."""

    number: int
    at: datetime
    root: str  # of the Merkle tree over the entries' hashes, lower-case hex
    spans: tuple[Span, ...]
    previous: str  # SHA-256 of the text of the seal before it; 64 zeros for the first
    signature: str = ""  # detached JWS by our own key over `text`
    token: bytes = b""  # time-stamp token over `text`; b"" = no authority is asked here
    authority: str = ""  # whose token

    @property
    def text(self) -> bytes:
        """What is signed and stamped."""
        return f"lienthong seal 1\n{self.number}\n{self.previous}\n{self.root}\n".encode("ascii")

    @property
    def sha256(self) -> str:
        """Of its text: what the next seal names."""
        return sha256(self.text).hexdigest()


@dataclass(frozen=True, slots=True)
class ChainEntry:
    """One entry of a chain, as it is kept."""

    writer: str
    number: int
    kind: str
    subject: str
    at: datetime
    text: str  # exactly what is hashed, after the previous hash
    previous: str
    hash: str
