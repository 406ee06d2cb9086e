"""Small canonical messages that we ask ourselves: “is this dossier there?”, “what is its status now?”."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Operation
from adapters.mapping.plan import MapContext
from bus.pipeline import new_root, text_at
from bus.records import WorkItem
from schemas.catalog import CANONICAL_NAMESPACE, canonical
from schemas.problem import Refused
from schemas.shape import Shape
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


def complete(element: etree._Element, values: Mapping[str, str]) -> etree._Element:
    """Adds the leaves that are missing and that the schema knows, each at its place; never changes one."""
    shape = canonical().shape(etree.QName(element).localname)
    present: dict[str, list[etree._Element]] = {}
    for child in element:
        present.setdefault(etree.QName(child).localname, []).append(child)
    for name, value in values.items():
        if name not in present and _known(shape, name):
            leaf = etree.Element(f"{{{CANONICAL_NAMESPACE}}}{name}")
            leaf.text = value
            present[name] = [leaf]
    element[:] = [child for part in shape.children for child in present.get(part.name, ())]
    return element


def _known(shape: Shape, name: str) -> bool:
    return any(part.name == name for part in shape.children)


def question_element(item: WorkItem, adapter: Adapter, operation: Operation) -> etree._Element:
    """The partner's form of “is this dossier there?”.

    Raises:
        Refused: the ask operation's map cannot make it: a mistake in the system folder.
    """
    question = build(operation.kind or "tra_cuu", carried(item))
    done = adapter.maps[operation.map].to_legacy(question, MapContext(on=_day(item), identities=dict(item.identities)))
    if done.element is None or done.problems:
        raise Refused(done.problems)
    return done.element


def _day(item: WorkItem) -> date:
    return item.message.envelope.received_at.date()
