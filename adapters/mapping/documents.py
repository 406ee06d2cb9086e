"""Formats of documents that stand inside a text node. JSON enters from the wires through the same door as XML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lxml import etree

from schemas import xmldoc
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


XML: Mapping[str, Document] = MappingProxyType({"xml": Document(lambda _: _open_xml, lambda _: _pack_xml)})
