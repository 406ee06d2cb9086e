"""Small canonical messages that we ask ourselves: “is this dossier there?”, “what is its status now?”."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Operation
from adapters.mapping.plan import MapContext
from bus.canonical import complete, new_root, text_at
from bus.days import day_of
from bus.records import WorkItem
from schemas.problem import Refused
from schemas.xmldoc import parse

# What a question or a status carries over from the message that caused it.
CARRIED = ("MaHoSo", "MaHoSoDonVi", "NguonGoc")


def carried(item: WorkItem) -> dict[str, str]:
    """The dossier's names and origin, as the causing message has them."""
    element = parse(item.message.body)
    return {path: value for path in CARRIED if (value := text_at(element, path))}


def build(kind: str, values: Mapping[str, str]) -> etree._Element:
    """A canonical element of a kind with the given leaves, in the schema's order; others are left out."""
    return complete(new_root(kind), values)


def question_element(item: WorkItem, adapter: Adapter, operation: Operation) -> etree._Element:
    """The partner's form of “is this dossier there?”.

    Raises:
        Refused: the ask operation's map cannot make it: a mistake in the system folder.
    """
    question = build(operation.kind or "tra_cuu", carried(item))
    context = MapContext(on=day_of(item.message.envelope), identities=dict(item.identities))
    done = adapter.maps[operation.map].to_legacy(question, context)
    if done.element is None or done.problems:
        raise Refused(done.problems)
    return done.element
