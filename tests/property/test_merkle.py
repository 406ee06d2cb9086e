"""Merkle trees: every record has its proof, and no other record has."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.stamp.merkle import Proof, leads_to, tree

RECORDS = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


@given(RECORDS)
def test_every_record_leads_to_the_root(records: list[bytes]) -> None:
    """Alone with its proof, kept as text and read again."""
    root, proofs = tree(records)
    for record, proof in zip(records, proofs, strict=True):
        kept = Proof.of_text(proof.as_text())
        assert kept == proof
        assert leads_to(root, record, proof)
        assert len(proof.steps) <= (len(records) - 1).bit_length()


@given(RECORDS, st.binary(max_size=8), st.data())
def test_no_other_record_does(records: list[bytes], other: bytes, data: st.DataObject) -> None:
    """Not with another's proof, not with a changed step, not an inner node passed off as a record."""
    root, proofs = tree(records)
    at = data.draw(st.integers(0, len(records) - 1))
    if other not in records:
        assert not leads_to(root, other, proofs[at])
    if proofs[at].steps:
        step = data.draw(st.integers(0, len(proofs[at].steps) - 1))
        left, sibling = proofs[at].steps[step]
        changed = list(proofs[at].steps)
        changed[step] = (left, sha256(sibling).digest())
        assert not leads_to(root, records[at], Proof(tuple(changed)))
        assert not leads_to(root, records[at], Proof(proofs[at].steps[1:]))


def test_inner_node_is_no_record() -> None:
    """Leaves and nodes are hashed differently: the two children of the root are not a record of it."""
    root, proofs = tree([b"a", b"b"])
    left = proofs[1].steps[0][1]
    right = proofs[0].steps[0][1]
    assert not leads_to(root, left + right, Proof(()))


@pytest.mark.parametrize("text", ["X" + "0" * 64, "L00", "L" + "g" * 64, "\n".join(["L" + "0" * 64] * 65)])
def test_rubbish_is_no_proof(text: str) -> None:
    """What was kept wrongly is not read as a proof."""
    assert Proof.of_text(text) is None
