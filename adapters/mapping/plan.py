"""MapPlan: a compiled map. Immutable and thread-safe; sees no clock, no network, no store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from adapters.mapping.build import TO_CANONICAL, TO_LEGACY, Direction, Tools
from adapters.mapping.coverage import coverage
from adapters.mapping.places import local, place_of
from adapters.mapping.program import Program, Run, run_program
from adapters.mapping.rules import Map
from adapters.mapping.scope import Scope
from adapters.mapping.values import Fault, MapContext, Translation, Way
from schemas.problem import Problem

__all__ = ["Finish", "MapContext", "MapPlan", "Translation"]

Finish = Callable[[etree._Element, etree._Element], None]  # the canonical element, the legacy element it became


@dataclass(frozen=True, slots=True)
class MapPlan:
    """Both directions of one map, and what is needed to explain them."""

    id: str
    legacy_root: str  # local name of the element it takes and gives
    canonical_root: str
    digest: str  # SHA-256 of the map file, lower-case hex
    map: Map
    scope: Scope
    tools: Tools
    reads: Program  # legacy → canonical
    writes: Program  # canonical → legacy
    keeps: Program  # canonical → what is carried of it
    finish: Finish | None = None  # from hooks.py: what no pair can say, written into a legacy element that is made

    def to_canonical(self, element: etree._Element, context: MapContext) -> Translation:
        """The canonical form of a legacy element. With problems there is no element."""
        return self._translate(element, context, self.reads, TO_CANONICAL, self.legacy_root)

    def to_legacy(self, element: etree._Element, context: MapContext) -> Translation:
        """The partner's form of a canonical element. With problems there is no element."""
        done = self._translate(element, context, self.writes, TO_LEGACY, self.canonical_root)
        if self.finish is not None and done.element is not None:
            self.finish(element, done.element)
        return done

    def project(self, element: etree._Element, context: MapContext) -> etree._Element:
        """A canonical element reduced to what the map declares it carries both ways."""
        run = Run(Way.TO_CANONICAL, context)
        return run_program(self.keeps, run, element)

    def coverage(self) -> tuple[Problem, ...]:
        """Legacy elements without a rule, required canonical elements without a source."""
        return coverage(self.map, self.scope)

    def goes(self, way: Way) -> bool:
        """Whether the map works in this direction."""
        return self.map.only in (None, way)

    def _translate(
        self, element: etree._Element, context: MapContext, program: Program, direction: Direction, expected: str
    ) -> Translation:
        fault = self._unfit(element, direction.way, expected)
        if fault is not None:
            found = fault.problem(direction.way.stage).at(ours=self.map.place(), theirs=place_of(element))
            return Translation(None, (found,))
        run = Run(direction.way, context)
        made = run_program(program, run, element)
        problems = run.finish()
        return Translation(None if problems else made, problems)

    def _unfit(self, element: etree._Element, way: Way, expected: str) -> Fault | None:
        if not self.goes(way):
            return Fault("LT-MAP-138", {"id": self.id, "only": self.map.only or ""})
        if local(element) != expected:
            return Fault("LT-MAP-137", {"expected": expected, "got": local(element)})
        return None
