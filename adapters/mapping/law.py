"""The law every map must keep, as a check over samples.

Canonical → legacy → canonical gives back what the map declares it carries; legacy → canonical → legacy is stable
after one pass. Values of rules declared `lossy` are exempt, nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from unicodedata import normalize

from lxml import etree

from adapters.mapping.kinds.layout import read_iso
from adapters.mapping.places import Element, local
from adapters.mapping.plan import MapPlan
from adapters.mapping.rules import Each, Field, Path, Rule, spelled
from adapters.mapping.scope import Scope
from adapters.mapping.values import Fault, MapContext, Side
from schemas.problem import Place, Problem, Stage, problem
from schemas.shape import Scalar, Shape


def project(plan: MapPlan, canonical: etree._Element, context: MapContext) -> etree._Element:
    """The canonical element reduced to what the map declares it carries both ways."""
    return plan.project(canonical, context)


def check_canonical(plan: MapPlan, element: etree._Element, context: MapContext) -> tuple[Problem, ...]:
    """What changes on the way canonical → legacy → canonical, or why it cannot be walked."""
    if plan.map.only is not None:
        return ()
    there = plan.to_legacy(element, context)
    if there.element is None:
        return there.problems
    back = plan.to_canonical(there.element, context)
    if back.element is None:
        return back.problems
    want, got = project(plan, element, context), project(plan, back.element, context)
    return _broken(plan, "LT-MAP-203", Side.CANONICAL, want, got)


def check_legacy(plan: MapPlan, element: etree._Element, context: MapContext) -> tuple[Problem, ...]:
    """What still changes on the second pass legacy → canonical → legacy, or why it cannot be walked."""
    if plan.map.only is not None:
        return ()
    passes: list[Element] = [element]
    for _ in range(2):
        there = plan.to_canonical(passes[-1], context)
        if there.element is None:
            return there.problems
        back = plan.to_legacy(there.element, context)
        if back.element is None:
            return back.problems
        passes.append(back.element)
    return _broken(plan, "LT-MAP-204", Side.LEGACY, passes[1], passes[2])


def _broken(plan: MapPlan, code: str, side: Side, want: Element, got: Element) -> tuple[Problem, ...]:
    rules = dict(_rules(plan.scope, side, ()))
    exempt = {path for path, rule in rules.items() if isinstance(rule, Field) and rule.lossy}
    found = dict.fromkeys(differences(want, got, plan.scope.shape(side)))
    return tuple(
        problem(code, Stage.CONFIGURE, {"path": spelled(path)}).at(
            ours=rules.get(path, plan.map).place(spelled(path)), theirs=Place("message", 0, spelled(path))
        )
        for path in found
        if not any(path[: len(each)] == each for each in exempt)
    )


def _rules(scope: Scope, side: Side, above: Path) -> Iterator[tuple[Path, Rule]]:
    for value in scope.values:
        path = value.path(side)
        if path is not None:
            yield above + path, value.rule
    for items in scope.lists:
        inside = above + items.path(side) if isinstance(items.rule, Each) or side is Side.CANONICAL else above
        yield from _rules(items.inner, side, inside)


def differences(want: Element, got: Element, shape: Shape, above: Path = ()) -> Iterator[Path]:
    """Paths (without numbers) at which two documents of one shape mean different things."""
    if shape.scalar is not None and not same(want.text, got.text, shape.scalar):
        yield above
    for name in sorted({*map(str, want.attrib), *map(str, got.attrib)}):
        if want.get(name) != got.get(name):
            yield (*above, f"@{name}")
    ours, theirs = _by_name(want), _by_name(got)
    for name in dict.fromkeys((*ours, *theirs)):
        child, path = shape.child(name), (*above, name)
        if child is None or len(ours[name]) != len(theirs[name]):
            yield path
            continue
        for one, other in zip(ours[name], theirs[name], strict=True):
            yield from differences(one, other, child, path)


def same(one: str | None, other: str | None, scalar: Scalar) -> bool:
    """Whether two texts mean the same value of a type.

    >>> same("2026-07-06T08:30:00+07:00", "2026-07-06T01:30:00Z", Scalar.DATETIME)
    True
    >>> same("1.50", "1.5", Scalar.DECIMAL), same("1", "true", Scalar.BOOLEAN), same("a", "b", Scalar.STRING)
    (True, True, False)
    """
    return _meaning(one or "", scalar) == _meaning(other or "", scalar)


def _meaning(text: str, scalar: Scalar) -> object:
    plain = normalize("NFC", text).strip()
    if scalar is Scalar.DATETIME:
        moment = read_iso(plain)
        # Fractions of a second are not carried by formats that have none.
        return plain if isinstance(moment, Fault) else moment.replace(microsecond=0)
    if scalar in (Scalar.DECIMAL, Scalar.INTEGER):
        try:
            return Decimal(plain)
        except InvalidOperation:
            return plain
    if scalar is Scalar.BOOLEAN:
        return {"1": "true", "0": "false"}.get(plain, plain)
    return "".join(plain.split()) if scalar is Scalar.BASE64 else plain


def _by_name(element: Element) -> defaultdict[str, list[Element]]:
    found: defaultdict[str, list[Element]] = defaultdict(list)
    for child in element:
        found[local(child)].append(child)
    return found
