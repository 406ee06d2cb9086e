"""Before bytes are sent: contents are kept, intents are granted. One commit for a claimed batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bus.journal import tables as t
from bus.journal.bodies import Packed, content_role, pack, signature_role
from bus.journal.burden import Touch
from bus.journal.delivery_row import DeliveryRow
from bus.journal.derive import heads
from bus.journal.message_row import body_values
from bus.journal.moments import to_us
from bus.journal.transitions import granted, may_grant
from bus.journal.unit import Unit
from bus.journal.vault import OPEN, Vault
from bus.records import Content, Intent, Preparation

_b = t.bodies.c
_KEPT = sa.select(_b.message_id, _b.role).where(
    _b.message_id.in_(sa.bindparam("many", expanding=True)), _b.role.in_(sa.bindparam("roles", expanding=True))
)


@dataclass(frozen=True, slots=True)
class PackedContent:
    """A content ready to be written."""

    delivery_id: str
    body: Packed
    signature: Packed | None
    profile: str
    key_id: str  # of ours that signed it; "" = nothing was signed

    @classmethod
    def of(cls, delivery_id: str, content: Content, vault: Vault = OPEN) -> PackedContent:
        """Packs it, outside the writer thread."""
        of, _, endpoint = delivery_id.partition(":")
        body = pack(content.body, content.media_type, of=of, role=content_role(endpoint), vault=vault)
        signature = None
        if content.signature:
            text, role = content.signature.encode(), signature_role(endpoint)
            signature = pack(text, "application/jose", of=of, role=role, vault=vault)
        return cls(delivery_id, body, signature, content.profile, content.key_id)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A preparation with its bodies packed."""

    contents: tuple[PackedContent, ...]
    intents: tuple[Intent, ...]

    @classmethod
    def of(cls, preparation: Preparation, vault: Vault = OPEN) -> Prepared:
        """Packs the contents."""
        return cls(tuple(PackedContent.of(*content, vault) for content in preparation.contents), preparation.intents)

    def size_bytes(self) -> int:
        """Of the contents as they are kept."""
        return sum(len(content.body.data) for content in self.contents)

    def touch(self) -> Touch:
        """The deliveries that are to be sent."""
        ids = [content.delivery_id for content in self.contents]
        return Touch(deliveries=(*ids, *(intent.delivery_id for intent in self.intents)))


def prepare_many(unit: Unit, many: Sequence[Prepared]) -> list[frozenset[str]]:
    """A run of preparations, in order."""
    ids = [content.delivery_id for one in many for content in one.contents]
    ids += [intent.delivery_id for one in many for intent in one.intents]
    rows = unit.deliveries(ids)
    first = heads(unit.connection, [row.lane for row in rows.values()])
    _keep_contents(unit, [content for one in many for content in one.contents], rows)
    return [frozenset(_grant(unit, one.intents, first)) for one in many]


def _keep_contents(unit: Unit, contents: Sequence[PackedContent], rows: dict[str, DeliveryRow]) -> None:
    """The first content counts: every retry sends the same bytes."""
    known = [(content, rows[content.delivery_id]) for content in contents if content.delivery_id in rows]
    if not known:
        return
    values = {
        "many": sorted({row.message_id for _, row in known}),
        "roles": sorted({content_role(row.endpoint) for _, row in known}),
    }
    kept = {(row["message_id"], row["role"]) for row in unit.read(_KEPT, values)}
    for content, row in known:
        role = content_role(row.endpoint)
        if (row.message_id, role) in kept:
            continue
        kept.add((row.message_id, role))
        unit.insert(t.bodies, body_values(row.message_id, role, content.body, month=row.month, profile=content.profile))
        if content.signature is not None:
            signature = signature_role(row.endpoint)
            unit.insert(t.bodies, body_values(row.message_id, signature, content.signature, month=row.month))
        digest = content.signature.sha256 if content.signature else ""
        facts = {"sha256": content.body.sha256, "signature_sha256": digest, "profile": content.profile}
        if content.key_id:
            facts["key_id"] = content.key_id
        unit.entry("content", row.id, facts)


def _grant(unit: Unit, intents: Sequence[Intent], first: dict[str, str]) -> list[str]:
    said: list[str] = []
    for intent in intents:
        row = unit.deliveries([intent.delivery_id]).get(intent.delivery_id)
        if row is None:
            continue
        if not may_grant(row, intent, is_head=first.get(row.lane) == row.id, now_us=unit.now_us):
            continue
        if intent.number > row.last_number:
            lease_us = to_us(intent.lease_until)
            unit.insert(
                t.intents,
                {
                    "delivery_id": row.id, "number": intent.number, "month": row.month, "token": intent.token,
                    "worker": intent.worker, "granted_us": unit.now_us, "lease_us": lease_us,
                },
            )  # fmt: skip
            unit.entry("intent", row.id, {"number": intent.number, "token": intent.token, "worker": intent.worker})
        unit.put(granted(row, intent, now_us=unit.now_us))
        said.append(row.id)
    return said
