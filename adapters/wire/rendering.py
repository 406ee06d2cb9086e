"""From a valid element in the partner's form to the content bytes that are kept, signed and sent."""

from __future__ import annotations

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Direction, Operation
from adapters.wire.contract import SendOrder
from adapters.wire.jsonxml import bare_child, compact, xml_to_json

LIST, MEMBERS = "list", "members"
_BARE = (Direction.ASK_OUT, Direction.POLL, Direction.TELL)
JSON_TYPE = "application/json; charset=utf-8"
XML_TYPE = "text/xml; charset=utf-8"


def render_xml(adapter: Adapter, name: str, operation: Operation, element: etree._Element) -> tuple[bytes, str]:
    """SOAP: the operation's element, without XML declaration, ready to stand inside an envelope."""
    return etree.tostring(element, encoding="utf-8", xml_declaration=False, with_tail=False), XML_TYPE


def render_json(adapter: Adapter, name: str, operation: Operation, element: etree._Element) -> tuple[bytes, str]:
    """JSON: an array with the element as its item, or its object, as the operation's `data_form` says.

    An element that is nothing but one repeated child is always that array.
    """
    shape = adapter.schema.shape(operation.element or name)
    value = xml_to_json(element, shape, quirks=adapter.manifest.quirks)
    if len(shape.children) == 1 and (only := bare_child(shape)) is not None and isinstance(value, dict):
        value = value.get(only.name, [])
    elif data_form(operation) == LIST:
        value = [value]
    return compact(value), JSON_TYPE


def data_form(operation: Operation) -> str:
    """How the content travels: "list", "object" (both as `data`), or "members" (at the top, beside `service`)."""
    return operation.data_form or (MEMBERS if operation.direction in _BARE else LIST)


def update_flag(order: SendOrder) -> dict[str, str]:
    """`isUpdating` for operations that tell create from update (a reply of theirs can ask for the other).

    Text on these wires, not a boolean.
    """
    operation = order.adapter.manifest.operations[order.name]
    if not order.variant or not any(rule.again == "update" for rule in operation.replies):
        return {}
    return {"isUpdating": "True" if order.variant == "update" else "False"}
