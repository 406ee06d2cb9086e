"""What a partner's reply to a look-up says of one dossier, read by the system's own map. Pure."""

from __future__ import annotations

from copy import deepcopy
from datetime import date

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import LookUp
from adapters.mapping.plan import MapContext
from adapters.replies import folded
from adapters.wire.paths import namespace
from schemas.problem import Problem


def record_of(rule: LookUp, reply: etree._Element, code: str) -> etree._Element | None:
    """The record found, as the element its map begins at; of several the one that names the dossier."""
    if not rule.record:
        return reply
    records = reply.findall("/".join("{*}" + step for step in rule.record.split("/")))
    named = (one for one in records if any((leaf.text or "").strip() == code for leaf in one.iter("{*}*")))
    chosen = next(named, records[0] if records else None)
    if chosen is None:
        return None
    space = namespace(reply)
    made = deepcopy(chosen)  # the reply itself is never changed
    made.tag = f"{{{space}}}{rule.record_element}" if space else rule.record_element
    return made


def read_record(
    adapter: Adapter, rule: LookUp, reply: etree._Element, *, code: str, on: date
) -> tuple[etree._Element | None, tuple[Problem, ...]]:
    """The record in canonical form; None without problems: there is nothing to be read."""
    record = record_of(rule, reply, code) if rule.reply_map else None
    if record is None:
        return None, ()
    done = adapter.maps[rule.reply_map].to_canonical(record, MapContext(on=on, identities={}))
    return done.element, done.problems


def says_absent(rule: LookUp, text: str) -> bool:
    """The partner's words say that the dossier is not there."""
    return not rule.absent or any(folded(part) in folded(text) for part in rule.absent)
