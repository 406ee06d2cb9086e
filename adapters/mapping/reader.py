"""Reads a map file into rules. What is wrong with the file comes back as Problems with their lines, all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources
from pathlib import Path as FilePath
from types import MappingProxyType
from unicodedata import normalize

from lxml import etree

from adapters.mapping.grammar import FORMS, MAP, NAMESPACE, Form, kind_options
from adapters.mapping.kinds import Kind
from adapters.mapping.places import line_of, local
from adapters.mapping.rules import (
    Constant,
    Each,
    Embedded,
    Field,
    Group,
    Ignore,
    Lookup,
    Map,
    Path,
    Rule,
    When,
    Where,
    Zip,
)
from adapters.mapping.values import Side, Way, hint
from schemas import xmldoc
from schemas.problem import Place, Problem, Refused, Stage, problem
from schemas.validate import Schema


def read_map(file: FilePath, *, kinds: Iterable[Kind]) -> Map:
    """The rules of one `*.map.xml`. The kinds say which attributes a value may have.

    Raises:
        Refused: with every problem of the file's form.
    """
    options = kind_options(kinds)
    try:
        root = xmldoc.parse(file.read_bytes(), stage=Stage.CONFIGURE)
    except Refused as refused:
        raise Refused(tuple(each.at(ours=Place(file.name)) for each in refused.problems)) from None
    problems = [*_form_problems(root, MAP, file.name, options)]
    if not problems:
        problems = [each.at(ours=_ours(each, file.name)) for each in _schema().check(root, stage=Stage.CONFIGURE)]
    if problems:
        raise Refused(tuple(problems))
    return _Reader(file.name, options).map(root)


@cache
def _schema() -> Schema:
    with resources.as_file(resources.files("adapters.mapping") / "mapping.xsd") as path:
        return Schema.load(path)


def _ours(found: Problem, name: str) -> Place:
    theirs = found.theirs
    return Place(name, theirs.line, theirs.path, theirs.quote) if theirs else Place(name)


def _form_problems(element: etree._Element, form: Form, name: str, options: frozenset[str]) -> list[Problem]:
    """Unknown and missing names, with the nearest known one: more helpful than what a schema says."""
    here = Place(name, line_of(element), "", quoted(element))
    tag = local(element)
    problems: list[Problem] = []
    known = form.names(options)
    for given in map(str, element.attrib):
        if given not in known:
            problems.append(_wrong("LT-MAP-002", here, element=tag, name=given, **hint(given, known)))
    for needed in form.needs:
        if needed not in element.attrib:
            problems.append(_wrong("LT-MAP-003", here, element=tag, name=needed))
    for choice in form.choices:
        if sum(each in element.attrib for each in choice) != 1:
            problems.append(_wrong("LT-MAP-003", here, element=tag, name=" | ".join(choice)))
    if ("where" in element.attrib) != ("equals" in element.attrib) and tag == "each":
        problems.append(_wrong("LT-MAP-003", here, element=tag, name="where + equals"))
    for child in element:
        problems += _child_problems(child, form, name, options, parent=tag)
    return problems


def _child_problems(
    child: etree._Element, form: Form, name: str, options: frozenset[str], *, parent: str
) -> list[Problem]:
    here = Place(name, line_of(child), "", quoted(child))
    tag = etree.QName(child)
    if tag.namespace != NAMESPACE or tag.localname not in FORMS:
        return [_wrong("LT-MAP-001", here, name=tag.localname, **hint(tag.localname, FORMS))]
    if not form.block or (parent == "zip" and tag.localname != "field"):
        return [_wrong("LT-MAP-019", here, element=tag.localname, parent=parent)]
    return _form_problems(child, FORMS[tag.localname], name, options)


def _wrong(code: str, here: Place, **values: object) -> Problem:
    return problem(code, Stage.CONFIGURE, values).at(ours=here)


def quoted(element: etree._Element) -> str:
    """The start tag of a rule as it is written in the map."""
    written = "".join(f' {name}="{element.get(name)}"' for name in map(str, element.attrib))
    return f"<{local(element)}{written}{'' if len(element) else '/'}>"


class _Reader:
    """Turns a checked element into its rule."""

    def __init__(self, file: str, options: frozenset[str]) -> None:
        self._file = file
        self._options = options
        self._rules: dict[str, Callable[[etree._Element], Rule]] = {
            "field": self._field,
            "constant": lambda e: Constant(*self._head(e), *_side(e), value=_text(e, "value")),
            "group": lambda e: Group(*self._head(e), _path(e, "legacy"), _path(e, "canonical"), self._block(e)),
            "each": self._each,
            "when": self._when,
            "split": self._split,
            "zip": self._zip,
            "lookup": lambda e: Lookup(
                *self._head(e), *_side(e), _path(e, "from"), table=_text(e, "table"), column=_text(e, "column")
            ),
            "embedded": lambda e: Embedded(
                *self._head(e),
                _path(e, "legacy"),
                _path(e, "canonical"),
                format=_text(e, "format"),
                element=_text(e, "element"),
                rules=self._block(e),
            ),
            "ignore": lambda e: Ignore(*self._head(e), *_side(e), reason=_text(e, "reason")),
        }

    def map(self, root: etree._Element) -> Map:
        """The whole file."""
        paths = _path(root, "legacy"), _path(root, "canonical")
        return Map(*self._head(root), _text(root, "id"), *paths, rules=self._block(root))

    def _head(self, element: etree._Element) -> tuple[str, int, str, Way | None]:
        only = element.get("only")
        return self._file, line_of(element), quoted(element), Way(only) if only else None

    def _block(self, element: etree._Element) -> tuple[Rule, ...]:
        return tuple(self._rules[local(child)](child) for child in element)

    def _field(self, element: etree._Element) -> Field:
        return self._value(element, _path(element, "legacy"), _path(element, "canonical"))

    def _value(self, element: etree._Element, legacy: Path, canonical: Path) -> Field:
        options = {name: _text(element, name) for name in map(str, element.attrib) if name in self._options}
        return Field(
            *self._head(element),
            legacy,
            canonical,
            kind=element.get("kind", "text"),
            options=MappingProxyType(options),
            lossy=_text(element, "lossy"),
            none=_text(element, "none"),
            max=int(element.get("max", "0")),
            keep_empty=element.get("empty") == "keep",
        )

    def _each(self, element: etree._Element) -> Each:
        order_by = element.get("order-by")
        where = element.get("where")
        return Each(
            *self._head(element),
            _path(element, "legacy"),
            _path(element, "canonical"),
            order_by=_steps(order_by) if order_by else None,
            where=Where(_steps(where), _text(element, "equals")) if where else None,
            rules=self._block(element),
        )

    def _when(self, element: etree._Element) -> When:
        negated = "not-equals" in element.attrib
        value = _text(element, "not-equals" if negated else "equals")
        return When(*self._head(element), *_side(element), value, negated, rules=self._block(element))

    def _split(self, element: etree._Element) -> Zip:
        field = self._value(element, _path(element, "legacy"), _path(element, "item"))
        return Zip(
            *self._head(element), "split", _path(element, "canonical"), _text(element, "separator"), rules=(field,)
        )

    def _zip(self, element: etree._Element) -> Zip:
        fields = tuple(self._field(child) for child in element)
        return Zip(*self._head(element), "zip", _path(element, "canonical"), _text(element, "separator"), rules=fields)


def _text(element: etree._Element, name: str) -> str:
    return normalize("NFC", element.get(name, ""))


def _path(element: etree._Element, name: str) -> Path:
    return _steps(element.get(name, "."))


def _steps(written: str) -> Path:
    return () if written == "." else tuple(written.split("/"))


def _side(element: etree._Element) -> tuple[Side, Path]:
    side = Side.LEGACY if "legacy" in element.attrib else Side.CANONICAL
    return side, _path(element, side.value)
