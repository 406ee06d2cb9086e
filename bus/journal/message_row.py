"""Messages and their envelopes as rows."""

from __future__ import annotations

import json
from functools import partial
from types import MappingProxyType

from sqlalchemy import RowMapping

from bus.journal.bodies import Packed
from bus.journal.moments import from_us, to_us
from schemas.message import Envelope, Party

_dumps = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))


def message_values(envelope: Envelope, *, month: str, verdict: str, party: str, media_type: str) -> dict[str, object]:
    """The row of one message."""
    return {
        "id": envelope.id,
        "month": month,
        "verdict": verdict,
        "kind": envelope.kind,
        "sender": _party_text(envelope.sender),
        "receiver": _party_text(envelope.receiver),
        "operation": envelope.operation,
        "business_ids": _dumps(envelope.business_ids),
        "received_us": to_us(envelope.received_at),
        "sha256": envelope.sha256,
        "order_key": envelope.order_key,
        "correlation": envelope.correlation,
        "caused_by": envelope.caused_by,
        "profile": envelope.profile,
        "facts": _dumps(dict(envelope.facts)),
        "party": party,
        "media_type": media_type,
    }


def body_values(message_id: str, role: str, packed: Packed, *, month: str, profile: str = "") -> dict[str, object]:
    """The row of one body."""
    return {
        "message_id": message_id,
        "role": role,
        "month": month,
        "media_type": packed.media_type,
        "sha256": packed.sha256,
        "size": packed.size,
        "coding": packed.coding,
        "data": packed.data,
        "profile": profile,
    }


def envelope_of(row: RowMapping) -> Envelope:
    """The envelope of a row of messages."""
    return Envelope(
        id=row["id"],
        kind=row["kind"],
        sender=_party(row["sender"]) or Party("", "", ""),
        receiver=_party(row["receiver"]),
        operation=row["operation"],
        business_ids=tuple((party, code) for party, code in json.loads(row["business_ids"])),
        received_at=from_us(row["received_us"]),
        sha256=row["sha256"],
        order_key=row["order_key"],
        correlation=row["correlation"],
        caused_by=row["caused_by"],
        profile=row["profile"],
        facts=MappingProxyType(json.loads(row["facts"])),
    )


def _party_text(party: Party | None) -> str:
    return "" if party is None else _dumps([party.agency, party.name, party.system])


def _party(text: str) -> Party | None:
    return Party(*json.loads(text)) if text else None
