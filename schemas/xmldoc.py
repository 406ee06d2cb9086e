"""The only XML parser. No DTD, entities, XInclude, network or recovery; comments and instructions are dropped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import cast
from xml.parsers import expat

from lxml import etree

from schemas.charset import UTF8, charset_of, to_utf8, utf8_fault
from schemas.problem import Place, Problem, Refused, Stage, problem
from schemas.xmlguard import first_look, guard
from schemas.xmlreasons import INVALID_ENCODING, RESOURCE_LIMIT, reason

_DRAFT_TREE_BYTES = 14_000_000  # a tree that may grow larger is tried without a tree first
_GLANCE_BYTES = 65_536
_BYTES_PER_TAG, _BYTES_PER_ATTRIBUTE = 130, 220  # of libxml2's tree, generously


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """How much is too much. Counted on the bytes, before anything is parsed."""

    size_bytes: int = 10_485_760
    depth: int = 64
    tags: int = 200_000  # how often "<" stands there: both tags of an element count
    equals: int = 200_000  # how often "=" stands there, as a bound on attributes
    namespaces: int = 2_000  # how often "xmlns" stands there
    attributes: int = 256  # of one element: whoever reads them by name looks through all of them for each
    prefixes: int = 64  # in force at one place: whoever resolves names gathers them anew for each element
    charsets: tuple[str, ...] = ()  # allowed for this partner besides UTF-8 and UTF-16 with BOM


_DEFAULT = XmlLimits()


def parse(
    body: bytes, *, limits: XmlLimits = _DEFAULT, charset: str | None = None, stage: Stage = Stage.PARSE
) -> etree._Element:
    """The root element of `body`.

    `charset` is the channel's word (HTTP header, partner setting); it stands over the XML declaration.

    Raises:
        Refused: with the one problem that made the bytes unfit.
    """
    text = _guarded(body, limits, charset, stage=stage)
    if isinstance(text, Problem):
        raise Refused((text,))
    if _tree_bytes(text) > limits.size_bytes - len(body) + _DRAFT_TREE_BYTES:
        fault = _draft(text, limits, stage=stage)
        if fault is not None:
            raise Refused((fault,))
    return _tree(text, limits, stage=stage)


def to_bytes(element: etree._Element) -> bytes:
    """UTF-8 with XML declaration; only this element, not what follows it."""
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True, with_tail=False)


def c14n(element: etree._Element) -> bytes:
    """Exclusive C14N 1.0 without comments, for content hashes."""
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False, with_tail=False)


def reread(written: bytes) -> etree._Element:
    """Reads what lxml itself has just written, for a form it can only give of whole documents. Never for bytes from
    outside: those go through `parse`."""
    return etree.fromstring(written, _parser())


def _guarded(body: bytes, limits: XmlLimits, charset: str | None, *, stage: Stage) -> bytes | Problem:
    """The body as UTF-8 that has passed the guard."""
    fault = first_look(body, limits, stage=stage)
    if fault is not None:
        return fault
    name = charset_of(body, charset, extra=limits.charsets, stage=stage)
    if isinstance(name, Problem):
        return name
    if name == UTF8 and len(body) > 4 * _GLANCE_BYTES:
        fault = _glance(body[:_GLANCE_BYTES], limits, stage=stage)
    fault = fault or guard(body, limits, stage=stage)
    if fault is not None:
        return fault
    if name == UTF8:
        return utf8_fault(body, stage=stage) or body
    text = to_utf8(body, name, stage=stage)
    return text if isinstance(text, Problem) else guard(text, limits, stage=stage) or text


def _glance(start: bytes, limits: XmlLimits, *, stage: Stage) -> Problem | None:
    """What is wrong with the beginning of a large body: most bombs are, from their first bytes on."""
    fault = guard(start, limits, stage=stage)
    if fault is not None:
        return fault
    try:
        _parser().feed(start)
    except etree.XMLSyntaxError as error:
        wrong_byte = getattr(error, "code", 0) == INVALID_ENCODING  # told with its offset later on
        return None if wrong_byte else _malformed(error, limits, stage=stage)
    return None


def _tree(text: bytes, limits: XmlLimits, *, stage: Stage) -> etree._Element:
    try:
        root = etree.fromstring(text, _parser())
    except etree.XMLSyntaxError as fault:
        raise Refused((_malformed(fault, limits, stage=stage),)) from None
    if _deeper_than(limits.depth)(root):
        raise Refused((problem("LT-XML-004", stage, {"limit": limits.depth}),))
    crowded = _crowded(root, text, limits, stage=stage)
    if crowded is not None:
        raise Refused((crowded,))
    return root


def _crowded(root: etree._Element, text: bytes, limits: XmlLimits, *, stage: Stage) -> Problem | None:
    """What the counts over the whole text allow, but at one place would cost its square."""
    found = _more_than(limits.attributes)(root) if text.count(b"=") > limits.attributes else ()
    for element in cast("list[etree._Element]", found):
        values = {"what_vi": "thuộc tính trong một phần tử", "what_en": "attributes in one element"}
        fault = problem("LT-XML-002", stage, {**values, "limit": limits.attributes})
        line = element.sourceline
        return fault.at(theirs=Place("message", line if isinstance(line, int) else 0))
    if text.count(b"xmlns") > limits.prefixes and _most_prefixes(root) > limits.prefixes:
        values = {"what_vi": "tiền tố xmlns tại một chỗ", "what_en": "xmlns prefixes at one place"}
        return problem("LT-XML-002", stage, {**values, "limit": limits.prefixes})
    return None


def _most_prefixes(root: etree._Element) -> int:
    most = now = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        now += 1 if event == "start-ns" else -1
        most = max(most, now)
    return most


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding=UTF8,
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        collect_ids=False,
        remove_comments=True,
        remove_pis=True,
    )


def _malformed(fault: etree.XMLSyntaxError, limits: XmlLimits, *, stage: Stage) -> Problem:
    line, column = fault.position if fault.position[0] else (fault.lineno or 1, 1)
    code = int(getattr(fault, "code", 0) or 0)  # the stubs do not know it
    if code == RESOURCE_LIMIT:
        if "depth" in str(fault):
            return problem("LT-XML-004", stage, {"limit": limits.depth}).at(theirs=Place("message", line))
        return problem("LT-XML-007", stage, {"line": line}).at(theirs=Place("message", line))
    return _syntax(line, column, code=code, stage=stage)


def _syntax(line: int, column: int, *, code: int, stage: Stage) -> Problem:
    vi, en = reason(code)
    values = {"line": line, "column": column, "reason_vi": vi, "reason_en": en}
    return problem("LT-XML-005", stage, values).at(theirs=Place("message", line, f"{line}:{column}"))


def _tree_bytes(text: bytes) -> int:
    return len(text) + text.count(b"<") * _BYTES_PER_TAG + text.count(b"=") * _BYTES_PER_ATTRIBUTE


def _draft(text: bytes, limits: XmlLimits, *, stage: Stage) -> Problem | None:
    """Reads the whole text without building anything, so that a bad one costs no memory."""
    reader = expat.ParserCreate(UTF8, namespace_separator=" ")
    level = 0

    def opened(name: str, attributes: object) -> None:
        nonlocal level
        level += 1
        if level > limits.depth:
            raise Refused((problem("LT-XML-004", stage, {"limit": limits.depth}),))

    def closed(name: str) -> None:
        nonlocal level
        level -= 1

    reader.StartElementHandler, reader.EndElementHandler = opened, closed
    try:
        reader.Parse(text, True)
    except Refused as refused:
        return refused.problems[0]
    except expat.ExpatError as fault:
        return _syntax(fault.lineno, fault.offset + 1, code=-fault.code, stage=stage)
    return None


@lru_cache(maxsize=16)
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath("boolean(/*" + "/*" * depth + ")")


@lru_cache(maxsize=16)
def _more_than(attributes: int) -> etree.XPath:
    return etree.XPath(f"(//*[@*[{attributes + 1}]])[1]")
