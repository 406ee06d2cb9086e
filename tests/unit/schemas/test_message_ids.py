"""Message ids sort by time and are UUIDs of version 7."""

from __future__ import annotations

import uuid

from schemas.message import new_id


def test_ids_are_uuid7_and_unique() -> None:
    """Any tool reads them as what they are."""
    ids = [new_id() for _ in range(2000)]
    assert len(set(ids)) == 2000
    assert {(uuid.UUID(one).version, uuid.UUID(one).variant) for one in ids} == {(7, uuid.RFC_4122)}


def test_ids_made_a_moment_apart_sort_by_time() -> None:
    """Also within one millisecond, as far as the clock tells moments apart."""
    ids: list[str] = []
    while len(ids) < 50:
        one = new_id()
        if not ids or one[:16] != ids[-1][:16]:
            ids.append(one)
    assert ids == sorted(ids)
