"""The compiled form of one direction, and how it is run: read the source once, write the target in schema order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lxml import etree

from adapters.mapping.places import Element, local, place_of
from adapters.mapping.rules import Rule
from adapters.mapping.values import Fault, MapContext, Way
from schemas.problem import Place, Problem, Refused

Guarded = Callable[["Frame"], bool]
Producer = Callable[["Frame"], str | None]  # the text to be written, None = nothing, FAULTED = a problem was noted
Entry = tuple[int, int, "Trie | None", "Opening | None"]  # slot for one, slot for many, below it, embedded below it
Trie = Mapping[str, Entry]  # by tag, and by local name

FAULTED = "\x00faulted"  # compared by identity; no XML text can hold it
_UNSET = "\x00unset"


@dataclass(frozen=True, slots=True)
class Opening:
    """How the document inside a text node is read."""

    parse: Callable[[str], Element]  # raises Refused
    rule: Rule


@dataclass(frozen=True, slots=True)
class ItemList:
    """Where the items of a list come from and how one is written."""

    frames: Callable[[Frame], list[Frame]]
    order: Callable[[Frame], tuple[int, object]] | None
    max: int | None
    constants_only: bool


@dataclass(frozen=True, slots=True)
class Node:
    """One element or attribute of the target. Children stand in the order of the schema."""

    tag: str
    name: str  # for people: path from the scope
    required: bool = False
    leaf: int = -1  # number of its producer; -1 = none
    attribute: bool = False
    constant: bool = False  # always the same: does not make an optional parent stand
    constants_only: bool = False
    keep_empty: bool = False
    children: tuple[Node, ...] = ()
    items: ItemList | None = None
    embed: Callable[[Element], str] | None = None  # the first child is a document, packed into this element's text
    nsmap: Mapping[str, str] | None = None  # of a root: the scope's or that document's
    rule: Rule | None = None  # for a message about what is missing
    source: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """One scope in one direction. Immutable: shared by all threads."""

    way: Way
    trie: Trie
    singles: int
    lists: int
    producers: tuple[Producer, ...]
    checks: tuple[Callable[[Frame], None], ...]  # constants that must hold in what is read
    root: Node
    own: bool = False  # slot 0 is the scope's own element


class Run:
    """One translation: its context and what went wrong. Never shared."""

    __slots__ = ("context", "missing", "problems", "way")

    def __init__(self, way: Way, context: MapContext) -> None:
        self.way = way
        self.context = context
        self.problems: list[Problem] = []
        self.missing: list[tuple[Node, Element | None]] = []

    def fault(
        self,
        fault: Fault,
        rule: Rule | None,
        *,
        path: str,
        element: Element | None,
        name: str = "",
        shows: bool = False,
    ) -> None:
        """Notes a fault with both places. Only what may be shown is quoted; `name` is a child of `element`."""
        found = fault.problem(self.way.stage)
        theirs, label = Place("message", path=path), name or path
        if element is not None:
            text = str(fault.values.get("value", "")) if shows and not name else ""
            theirs, label = place_of(element, text, child=name), name or local(element)
        self.problems.append(
            replace(
                found,
                text_vi=f"{label}: {found.text_vi}",
                text_en=f"{label}: {found.text_en}",
                ours=rule.place(path) if rule is not None else None,
                theirs=theirs,
            )
        )

    def finish(self) -> tuple[Problem, ...]:
        """Every problem, those about missing values last."""
        for node, element in self.missing:
            if node.rule is not None:
                fault = Fault("LT-MAP-130", {"target": node.name, "source": node.source})
                self.fault(fault, node.rule, path=node.source, element=element)
        return tuple(self.problems)


class Frame:
    """One scope of one translation: what was read, what was made of it."""

    __slots__ = ("cache", "element", "lists", "program", "run", "singles", "texts", "values")

    def __init__(self, program: Program, run: Run, element: Element, texts: tuple[str | None, ...] = ()) -> None:
        self.program = program
        self.run = run
        self.element = element
        self.texts = texts  # of a zip: one text a field
        self.singles: list[Element | None] = [None] * program.singles
        self.lists: list[list[Element] | None] = [None] * program.lists
        self.values: list[str | None] = [_UNSET] * len(program.producers)
        self.cache: dict[int, list[Frame]] = {}
        if program.own:
            self.singles[0] = element
        if program.trie:
            self._read(element, program.trie)

    def value(self, number: int) -> str | None:
        """What a producer gives, asked once."""
        value = self.values[number]
        if value is _UNSET:
            value = self.values[number] = self.program.producers[number](self)
        return value

    def _read(self, element: Element, trie: Trie) -> None:
        singles = self.singles
        for child in element:
            tag = child.tag
            entry = trie.get(tag)
            if entry is None:
                # Another namespace or prefix than declared; a comment's tag is not a string.
                entry = trie.get(tag.rpartition("}")[2]) if isinstance(tag, str) else None
                if entry is None:
                    continue
            single, many, below, opening = entry
            if single >= 0:
                if singles[single] is None:
                    singles[single] = child
                else:
                    self._second(child)
                    continue
            if many >= 0:
                items = self.lists[many]
                if items is None:
                    self.lists[many] = [child]
                else:
                    items.append(child)
            if below is not None:
                if opening is None:
                    self._read(child, below)
                else:
                    self._open(child, below, opening)

    def _open(self, element: Element, below: Trie, opening: Opening) -> None:
        text = element.text
        if not text or text.isspace():
            return
        try:
            document = opening.parse(text)
        except Refused as refused:
            ours, theirs = opening.rule.place(local(element)), place_of(element)
            self.run.problems += [each.at(ours=ours, theirs=theirs) for each in refused.problems]
            return
        entry = below.get(local(document))
        if entry is None:
            names = " | ".join(name for name in below if not name.startswith("{"))
            fault = Fault("LT-MAP-137", {"expected": names, "got": local(document)})
            self.run.fault(fault, opening.rule, path=local(document), element=element)
        elif entry[2] is not None:
            self._read(document, entry[2])

    def _second(self, element: Element) -> None:
        self.run.fault(Fault("LT-MAP-132", {}), None, path=local(element), element=element)


def run_program(program: Program, run: Run, element: Element) -> Element:
    """The whole translation of one element."""
    frame = Frame(program, run, element)
    target = etree.Element(program.root.tag, nsmap=program.root.nsmap)
    _check(frame)
    _fill(target, program.root, frame)
    return target


def _check(frame: Frame) -> None:
    for check in frame.program.checks:
        check(frame)


def _fill(parent: Element, node: Node, frame: Frame) -> bool:
    """Writes the children of `node`; True if there was anything but constants."""
    content = False
    for child in node.children:
        if child.leaf >= 0:
            value = frame.value(child.leaf)
            if value is None:
                if child.keep_empty:
                    etree.SubElement(parent, child.tag)
                elif child.required:
                    frame.run.missing.append((child, frame.element))
            elif value is FAULTED:
                content = True
            else:
                if child.attribute:
                    parent.set(child.tag, value)
                elif child.tag:
                    etree.SubElement(parent, child.tag).text = value
                else:
                    parent.text = value
                if not child.constant:
                    content = True
        elif child.items is not None:
            if _fill_items(parent, child, child.items, frame):
                content = True
        elif _fill_element(parent, child, frame):
            content = True
    return content


def _fill_element(parent: Element, node: Node, frame: Frame) -> bool:
    missing = frame.run.missing
    mark = len(missing)
    element = etree.SubElement(parent, node.tag)
    content = _pack(element, node, frame) if node.embed is not None else _fill(element, node, frame)
    if content or node.required or (node.constants_only and (len(element) or element.attrib or element.text)):
        return content
    parent.remove(element)
    del missing[mark:]
    return False


def _pack(element: Element, node: Node, frame: Frame) -> bool:
    """Writes the document that stands inside this element's text."""
    inner = node.children[0]
    document = etree.Element(inner.tag, nsmap=node.nsmap)
    content = _fill(document, inner, frame)
    if content and node.embed is not None:
        element.text = node.embed(document)
    return content


def _fill_items(parent: Element, node: Node, items: ItemList, frame: Frame) -> bool:
    missing = frame.run.missing
    written: list[tuple[Element, Frame]] = []
    for sub in items.frames(frame):
        mark = len(missing)
        element = etree.SubElement(parent, node.tag)
        _check(sub)
        if _fill(element, sub.program.root, sub) or items.constants_only:
            written.append((element, sub))
        else:
            parent.remove(element)
            del missing[mark:]
    if items.order is not None and len(written) > 1:
        order = items.order
        for element, _ in sorted(written, key=lambda pair: order(pair[1])):
            parent.append(element)
    if items.max is not None and len(written) > items.max and node.rule is not None:
        fault = Fault("LT-MAP-133", {"target": node.name, "max": items.max, "count": len(written)})
        frame.run.fault(fault, node.rule, path=node.source, element=frame.element)
    if not written and node.required:
        missing.append((node, frame.element))
    return bool(written)
