"""Formats of documents that stand inside a text node. JSON enters from the wires through the same door as XML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lxml import etree

from schemas import jsondoc, xmldoc
from schemas.jsondoc import JsonValue
from schemas.problem import Stage
from schemas.shape import Shape


@dataclass(frozen=True, slots=True)
class Document:
    """How one format is opened and packed, for a root of a known shape."""

    parser: Callable[[Shape], Callable[[str], etree._Element]]  # raises Refused for a text that is none
    packer: Callable[[Shape], Callable[[etree._Element], str]]


def _open_xml(text: str) -> etree._Element:
    # The declaration inside a text may say utf-16 (.NET StringWriter): what we hold is text already.
    return xmldoc.parse(text.strip().encode("utf-8"), charset="utf-8", stage=Stage.TRANSLATE_IN)


def _pack_xml(element: etree._Element) -> str:
    return etree.tostring(element, encoding="unicode", with_tail=False)


def json_with(
    read: Callable[[JsonValue, Shape], etree._Element], write: Callable[[etree._Element, Shape], str]
) -> Document:
    """JSON inside a text, by the wires' rule between JSON and XML: `adapters.wire.jsonxml` may not be imported here.

    `read` raises Refused; `write` gives the JSON text.
    """

    def parser(shape: Shape) -> Callable[[str], etree._Element]:
        return lambda text: read(jsondoc.loads(text.strip().encode("utf-8"), stage=Stage.TRANSLATE_IN), shape)

    return Document(parser, lambda shape: lambda element: write(element, shape))


XML: Mapping[str, Document] = MappingProxyType({"xml": Document(lambda _: _open_xml, lambda _: _pack_xml)})
