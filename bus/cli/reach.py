"""From what a person types to one message or one delivery: an id, its beginning, a delivery id, a dossier code."""

from __future__ import annotations

import re

from bus.cli import out
from bus.cli.context import refused
from bus.delivery import Delivery
from bus.ports import Journal
from bus.records import Act, Journey, Query
from schemas.message import Envelope

_ID = re.compile(r"[0-9a-f]{32}")
_FEW = 8  # candidates named in a refusal


def message_of(journal: Journal, text: str) -> Journey:
    """The one message that is meant.

    Raises:
        Refused: there is none (LT-CLI-001), or there are several (LT-CLI-002).
    """
    text = text.strip()
    whole = text.partition(":")[0]
    if _ID.fullmatch(whole):
        journey = journal.journey(whole)
        if journey is not None:
            return journey
        raise refused("LT-CLI-001", id=text)
    lines = journal.find(Query(text=text, limit=500)) if text else ()
    found = {line.envelope.id: line.envelope for line in lines}
    ids = [one for one in found if one.startswith(text)] or list(found)
    if not ids:
        raise refused("LT-CLI-001", id=text)
    if len(ids) > 1:
        named = "; ".join(_said(found[one]) for one in ids[:_FEW]) + (" …" if ids[_FEW:] else "")
        raise refused("LT-CLI-002", id=text, count=len(ids), ids=named)
    journey = journal.journey(ids[0])
    assert journey is not None, "found a moment ago, and nothing is ever deleted"
    return journey


def _said(one: Envelope) -> str:
    """An id, and enough to know which it is: kind, dossier, who sent it, when."""
    about = " · ".join(filter(None, (one.kind, one.order_key, one.sender.system, out.moment(one.received_at))))
    return f"{one.id} ({about})"


def delivery_of(journal: Journal, text: str, act: Act) -> tuple[Journey, Delivery]:
    """The one delivery an act is meant for: the one named, else the message's only open one (or only one).

    Raises:
        Refused: none (LT-CLI-001, LT-CLI-003), or several (LT-CLI-002, LT-CLI-004).
    """
    journey = message_of(journal, text)
    every = journey.deliveries
    if ":" in text:
        named = [one for one in every if one.id == text.strip()]
        if not named:
            raise refused("LT-CLI-001", id=text)
        return journey, named[0]
    opened = [one for one in every if not one.state.final]
    meant = opened if act is not Act.REPLAY and opened else list(every)
    if not meant:
        raise refused("LT-CLI-003", id=journey.envelope.id)
    if len(meant) > 1:
        raise refused("LT-CLI-004", id=journey.envelope.id, deliveries=", ".join(one.id for one in meant))
    return journey, meant[0]
