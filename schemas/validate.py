"""Checks an element against an XSD: lxml decides, xmlschema explains. Thread-safe; nothing is ever fetched."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import cast

import xmlschema
from lxml import etree

from schemas.crowd import is_crowd, shortened
from schemas.explain import declared_children, explain
from schemas.findings import Finding, local
from schemas.loglines import LogLine, read_log
from schemas.pack import collect
from schemas.problem import Place, Problem, Refused, Stage, problem
from schemas.shape import Shape, shape_of

log = logging.getLogger("lienthong.schemas")

MAX_PROBLEMS = 50
_EXPLAINED_ELEMENTS = 5_000  # above this the second validator would cost seconds: libxml2's own log explains


class Schema:
    """One XSD with everything it includes.

    libxml2's compiled form keeps the last error log, so one check at a time has it: as many are compiled as checks ever
    ran at once, not one for each of many threads. The form for explaining and for shapes is made once, on first use.
    """

    def __init__(self, path: Path, digest: str) -> None:
        self.name = path.name
        self.digest = digest  # over the names and bytes of all its files
        self.path = path
        self._idle: list[etree.XMLSchema] = []  # compiled, lent to nobody
        self._lock = threading.RLock()
        self._explainer: xmlschema.XMLSchema | None = None
        self._shapes: dict[str, Shape] = {}

    @classmethod
    def load(cls, path: Path) -> Schema:
        """Reads and compiles `path`; a schemaLocation is followed only inside the pack's folder.

        Raises:
            Refused: files missing or outside the folder, or a schema that does not compile.
        """
        path = path.resolve()
        files = collect(path)
        summed = hashlib.sha256("".join(f"{name}\0{digest}\n" for name, digest in sorted(files.items())).encode())
        schema = cls(path, summed.hexdigest())
        with schema._lent():
            return schema

    def check(self, element: etree._Element, *, stage: Stage) -> tuple[Problem, ...]:
        """All problems, at most `MAX_PROBLEMS` and one that says there are more; () = valid."""
        with self._lent() as compiled:
            return self._checked(element, compiled, stage=stage)

    def shape(self, element: str) -> Shape:
        """The shape of a global element, or of a global complexType, by local name.

        Raises:
            KeyError: the schema has neither.
        """
        with self._lock:
            if element not in self._shapes:
                self._shapes[element] = shape_of(self._explaining(), element)
            return self._shapes[element]

    def _checked(self, element: etree._Element, compiled: etree.XMLSchema, *, stage: Stage) -> tuple[Problem, ...]:
        crowd = is_crowd(element, compiled, MAX_PROBLEMS)
        if crowd:
            element = shortened(element)
        if compiled.validate(element):
            return (_too_many(element, stage=stage),) if crowd else ()
        found = list(islice(self._findings(element, compiled), MAX_PROBLEMS + 1))
        problems = [one.problem(element, schema=self.name, stage=stage) for one in found[:MAX_PROBLEMS]]
        if crowd:
            problems.append(_too_many(element, stage=stage))
        elif len(found) > MAX_PROBLEMS:
            problems.append(problem("LT-SCH-021", stage, {"limit": MAX_PROBLEMS}))
        return tuple(problems)

    def _findings(self, element: etree._Element, compiled: etree.XMLSchema) -> Iterator[Finding]:
        lines = list(cast("Iterable[LogLine]", compiled.error_log))  # the stubs do not know that it can be walked
        small = sum(1 for _ in islice(element.iter(), _EXPLAINED_ELEMENTS + 1)) <= _EXPLAINED_ELEMENTS
        if small:
            told = self._told(element)
            if told:
                yield from told
                return
        with self._lock:
            schema = self._explaining()
        yield from read_log(iter(lines), element, lambda parent: declared_children(schema, parent, element))

    def _told(self, element: etree._Element) -> list[Finding]:
        """By the second validator. It only explains: where it breaks on what libxml2 refused, the log has to do."""
        with self._lock:
            try:
                return list(islice(explain(self._explaining(), element), MAX_PROBLEMS + 1))
            except Exception as error:  # e.g. an xsi:type that is not declared
                log.info("%s: no explanation, %s", self.name, type(error).__name__)
                return []

    @contextmanager
    def _lent(self) -> Iterator[etree.XMLSchema]:
        try:
            compiled = self._idle.pop()
        except IndexError:
            compiled = _compile(self.path)
        try:
            yield compiled
        finally:
            self._idle.append(compiled)

    def _explaining(self) -> xmlschema.XMLSchema:
        if self._explainer is None:
            self._explainer = _explainer_of(self.path)
        return self._explainer


def _too_many(element: etree._Element, *, stage: Stage) -> Problem:
    return problem("LT-SCH-022", stage, {"limit": MAX_PROBLEMS, "name": local(element.tag)})


def _explainer_of(path: Path) -> xmlschema.XMLSchema:
    """Each part is built strictly. That the files are schemas at all, libxml2 has said: to check them by the schema of
    schemas once more would be a third of the time it takes to load the systems."""
    made = xmlschema.XMLSchema(
        path, validation="skip", build=False, allow="local", defuse="never", use_fallback=False
    )  # fmt: skip
    for each in made.maps.iter_schemas():
        each.validation = "strict"
    made.build()
    return made


def _compile(path: Path) -> etree.XMLSchema:
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        return etree.XMLSchema(etree.parse(str(path), parser))
    except etree.XMLSchemaParseError as fault:
        line = next((entry.line for entry in fault.error_log), 0)
        values = {"file": path.name, "reason": str(fault)}
        raise Refused((problem("LT-SCH-103", Stage.CONFIGURE, values).at(ours=Place(path.name, line)),)) from None
