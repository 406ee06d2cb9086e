"""Holds kept bodies against the digests the entries tell."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from sqlalchemy import Connection, RowMapping

from bus.journal.audit_rows import Birth, Gathered
from bus.journal.bodies import CANONICAL, RAW, body_of, erased_mark
from bus.journal.reject import ANSWER
from bus.journal.vault import BodyAltered
from schemas.message import sha256_hex


def check_bodies(connection: Connection, birth: Birth, found: Gathered) -> Iterator[str]:
    """Each is as it was told; one may have been erased, on record, not changed."""
    own = CANONICAL if birth.is_item else RAW
    told = {own: str(birth.facts.get("body_sha256"))}
    if birth.kind == "ask":
        told[ANSWER] = str(birth.facts.get("answer_sha256"))
    sent = _sent(birth, found)
    kept = found.bodies.get(birth.message_id, [])
    for role in sorted(told.keys() - {row["role"] for row in kept}):
        yield f"{birth.place}: body {role} of message {birth.message_id} missing"
    for digest, (place, id) in sent.items():
        if len(kept) <= len(told) and not any(row["sha256"] == digest for row in kept):
            yield f"{place}: content of delivery {id} missing"
    on_record = any(one.kind == "erase" for one in found.about.get(birth.message_id, ()))
    for row in kept:
        wanted = told.get(row["role"])
        if wanted is None and row["role"].startswith(("content", "signature")):
            wanted = row["sha256"] if row["sha256"] in sent else ""
        word = _fault(connection, row, row["sha256"] if wanted is None else wanted, on_record=on_record)
        if word:
            yield f"{birth.place}: body {row['role']} of message {birth.message_id} {word}"


def _sent(birth: Birth, found: Gathered) -> dict[str, tuple[str, str]]:
    """Digest of what was made for a delivery, and of its signature → where it is told, and of which delivery."""
    made = (one for id in found.of_message[birth.message_id][1:] for one in found.about.get(id, ()))
    return {
        str(one.facts.get(name)): (one.place, one.subject)
        for one in made
        if one.kind == "content"
        for name in ("sha256", "signature_sha256")
        if one.facts.get(name)
    }


def _fault(connection: Connection, row: RowMapping, wanted: str, *, on_record: bool) -> str:
    if erased_mark(row["coding"]):
        return "" if on_record and row["sha256"] == wanted else "gone unsaid"
    digest = _digest(connection, row)
    return "" if digest == wanted == row["sha256"] else "altered"


def _digest(connection: Connection, row: RowMapping) -> str:
    try:
        return sha256_hex(body_of(connection, row))
    except (zlib.error, TypeError, BodyAltered):
        return ""
