"""A WSDL made for a folder that has only an XSD: document/literal, one part per message, both SOAP versions."""

from __future__ import annotations

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Direction, Operation
from adapters.wire.soap_fault import PROBLEM_NAMESPACE

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_SOAP11 = "http://schemas.xmlsoap.org/wsdl/soap/"
_SOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
_XSD = "http://www.w3.org/2001/XMLSchema"
_HTTP = "http://schemas.xmlsoap.org/soap/http"
_CALLED = (Direction.IN, Direction.PULL, Direction.ACK, Direction.ASK_IN)


def made_wsdl(adapter: Adapter, address: str, schema_location: str, *, only_11: bool) -> etree._Element:
    """The definitions element."""
    manifest = adapter.manifest
    names = {None: _WSDL, "tns": manifest.namespace, "s11": _SOAP11, "s12": _SOAP12, "xs": _XSD}
    names["lt"] = PROBLEM_NAMESPACE
    root = etree.Element(f"{{{_WSDL}}}definitions", nsmap=names)  # type: ignore[arg-type]  # the stubs forget the default namespace
    root.set("targetNamespace", manifest.namespace)
    root.set("name", manifest.id)
    operations = {name: o for name, o in manifest.operations.items() if o.direction in _CALLED}
    _types(root, manifest.namespace, schema_location)
    for name, operation in operations.items():
        _message(root, f"{_id(name)}In", f"tns:{operation.element or name}")
        if operation.reply_element:
            _message(root, f"{_id(name)}Out", f"tns:{operation.reply_element}")
    _message(root, "Problems", "lt:problems")
    _port_type(root, manifest.id, operations)
    versions = (("11", _SOAP11),) if only_11 else (("11", _SOAP11), ("12", _SOAP12))
    for suffix, uri in versions:
        _binding(root, f"{manifest.id}Soap{suffix}", manifest.id, uri, operations)
    service = _add(root, "service", name=manifest.id)
    for suffix, uri in versions:
        port = _add(service, "port", name=f"Soap{suffix}", binding=f"tns:{manifest.id}Soap{suffix}")
        etree.SubElement(port, f"{{{uri}}}address").set("location", address)
    return root


def _types(root: etree._Element, namespace: str, schema_location: str) -> None:
    types = _add(root, "types")
    holder = etree.SubElement(types, f"{{{_XSD}}}schema")
    etree.SubElement(holder, f"{{{_XSD}}}import", {"namespace": namespace, "schemaLocation": schema_location})
    types.append(_problem_schema())


def _problem_schema() -> etree._Element:
    """The schema of our fault detail."""
    x = f"{{{_XSD}}}"
    schema = etree.Element(f"{x}schema", {"targetNamespace": PROBLEM_NAMESPACE, "elementFormDefault": "qualified"})
    sequence = _complex(etree.SubElement(schema, f"{x}element", name="problems"))
    one = etree.SubElement(sequence, f"{x}element", name="problem", maxOccurs="unbounded")
    members = _complex(one)
    for name in ("code", "vi", "en", "do"):
        etree.SubElement(members, f"{x}element", name=name, type="xs:string")
    place = _complex(etree.SubElement(members, f"{x}element", name="place", minOccurs="0"))
    etree.SubElement(place, f"{x}element", name="line", type="xs:int", minOccurs="0")
    etree.SubElement(place, f"{x}element", name="path", type="xs:string")
    return schema


def _complex(element: etree._Element) -> etree._Element:
    return etree.SubElement(etree.SubElement(element, f"{{{_XSD}}}complexType"), f"{{{_XSD}}}sequence")


def _message(root: etree._Element, name: str, element: str) -> None:
    _add(_add(root, "message", name=name), "part", name="parameters", element=element)


def _port_type(root: etree._Element, name: str, operations: dict[str, Operation]) -> None:
    port_type = _add(root, "portType", name=name)
    for key, operation in operations.items():
        one = _add(port_type, "operation", name=_id(key))
        _add(one, "documentation").text = f"{operation.title_vi} / {operation.title_en}"
        _add(one, "input", message=f"tns:{_id(key)}In")
        if operation.reply_element:
            _add(one, "output", message=f"tns:{_id(key)}Out")
            _add(one, "fault", name="problems", message="tns:Problems")


def _binding(root: etree._Element, name: str, kind: str, uri: str, operations: dict[str, Operation]) -> None:
    binding = _add(root, "binding", name=name, type=f"tns:{kind}")
    etree.SubElement(binding, f"{{{uri}}}binding", {"style": "document", "transport": _HTTP})
    for key, operation in operations.items():
        one = _add(binding, "operation", name=_id(key))
        etree.SubElement(one, f"{{{uri}}}operation", {"soapAction": operation.soap_action, "style": "document"})
        etree.SubElement(_add(one, "input"), f"{{{uri}}}body", {"use": "literal"})
        if operation.reply_element:
            etree.SubElement(_add(one, "output"), f"{{{uri}}}body", {"use": "literal"})
            etree.SubElement(_add(one, "fault", name="problems"), f"{{{uri}}}fault", name="problems", use="literal")


def _add(parent: etree._Element, tag: str, /, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_WSDL}}}{tag}", attributes)


def _id(name: str) -> str:
    """An operation's name as an XML name."""
    return name.replace("/", "_")
