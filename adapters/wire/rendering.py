"""From a valid element in the partner's form to the content bytes that are kept, signed and sent."""

from __future__ import annotations

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Operation
from adapters.wire.contract import SendOrder
from adapters.wire.jsonxml import bare_child, compact, xml_to_json
from schemas.shape import Shape

DATA = "data"
JSON_TYPE = "application/json; charset=utf-8"
XML_TYPE = "text/xml; charset=utf-8"


def render_xml(adapter: Adapter, name: str, operation: Operation, element: etree._Element) -> tuple[bytes, str]:
    """SOAP: the operation's element, without XML declaration, ready to stand inside an envelope."""
    return etree.tostring(element, encoding="utf-8", xml_declaration=False, with_tail=False), XML_TYPE


def render_json(adapter: Adapter, name: str, operation: Operation, element: etree._Element) -> tuple[bytes, str]:
    """JSON: the value of `data` or of the only repeated child where that is all there is, else the whole object."""
    shape = adapter.schema.shape(operation.element or name)
    value = xml_to_json(element, shape, quirks=adapter.manifest.quirks)
    only = _only(shape)
    if only is not None and isinstance(value, dict):
        return compact(value.get(only.name, [])), JSON_TYPE
    return compact(value), JSON_TYPE


def carries_data(adapter: Adapter, name: str) -> bool:
    """True where the content of an operation is a value for `data`, not an object of members."""
    operation = adapter.manifest.operations[name]
    return _only(adapter.schema.shape(operation.element or name)) is not None


def _only(shape: Shape) -> Shape | None:
    """The child that stands for the whole element: the only one, if it repeats or is called `data`."""
    if len(shape.children) != 1:
        return None
    return bare_child(shape) or shape.child(DATA)


def update_flag(order: SendOrder) -> dict[str, str]:
    """`isUpdating` for operations that tell create from update (a reply of theirs can ask for the other).

    Text on these wires, not a boolean.
    """
    operation = order.adapter.manifest.operations[order.name]
    if not order.variant or not any(rule.again == "update" for rule in operation.replies):
        return {}
    return {"isUpdating": "True" if order.variant == "update" else "False"}
