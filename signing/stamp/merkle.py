"""One time-stamp for many records: a Merkle tree, and for each record the short proof that it was in it.

Leaves and inner nodes are hashed with different first bytes, so that none can be taken for the other. A node without a
sibling goes up as it is. A record's proof is checked with SHA-256 alone. Source: rfc9162 (the two first bytes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

_LEAF, _NODE = b"\x00", b"\x01"


@dataclass(frozen=True, slots=True)
class Proof:
    """How one leaf leads to the root: siblings from below, each on its side."""

    steps: tuple[tuple[bool, bytes], ...]  # (the sibling stands left, its hash)

    def as_text(self) -> str:
        """For keeping: `L` or `R` and the sibling in hex, one a line."""
        return "\n".join(f"{'L' if left else 'R'}{digest.hex()}" for left, digest in self.steps)

    @classmethod
    def of_text(cls, text: str) -> Proof | None:
        """None = not such a text."""
        steps = []
        for line in text.splitlines():
            if line[:1] not in ("L", "R") or len(line) != 65:
                return None
            try:
                steps.append((line[0] == "L", bytes.fromhex(line[1:])))
            except ValueError:
                return None
        return cls(tuple(steps)) if len(steps) <= 64 else None


def leaf_of(record: bytes) -> bytes:
    """The hash of a record as a leaf."""
    return sha256(_LEAF + record).digest()


def tree(records: Sequence[bytes]) -> tuple[bytes, tuple[Proof, ...]]:
    """The root, and each record's proof, in order.

    Raises:
        ValueError: no records.
    """
    if not records:
        raise ValueError("a tree needs a record")
    level = [leaf_of(record) for record in records]
    members = [[number] for number in range(len(records))]
    steps: list[list[tuple[bool, bytes]]] = [[] for _ in records]
    while len(level) > 1:
        above, groups = [], []
        for at in range(0, len(level) - 1, 2):
            left, right = level[at], level[at + 1]
            for number in members[at]:
                steps[number].append((False, right))
            for number in members[at + 1]:
                steps[number].append((True, left))
            above.append(sha256(_NODE + left + right).digest())
            groups.append(members[at] + members[at + 1])
        if len(level) % 2:
            above.append(level[-1])
            groups.append(members[-1])
        level, members = above, groups
    return level[0], tuple(Proof(tuple(each)) for each in steps)


def leads_to(root: bytes, record: bytes, proof: Proof) -> bool:
    """True if the record was in the tree with this root."""
    current = leaf_of(record)
    for left, sibling in proof.steps:
        current = sha256(_NODE + (sibling + current if left else current + sibling)).digest()
    return compare_digest(current, root)
