"""What a map leaves out without saying so: legacy elements without a rule, required canonical ones without a source."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.mapping.checks import writers
from adapters.mapping.rules import Each, Map, Path, spelled
from adapters.mapping.scope import Scope, optional
from adapters.mapping.values import Side, Way
from schemas.problem import Problem, Stage, problem
from schemas.shape import Shape


def coverage(map: Map, scope: Scope) -> tuple[Problem, ...]:
    """Every gap of a map, in the order of the schemas."""
    codes = {"LT-MAP-201": _without_rule(scope, ())}
    if map.only is not Way.TO_LEGACY:
        codes["LT-MAP-202"] = _without_source(scope, ())
    return tuple(
        problem(code, Stage.CONFIGURE, {"path": spelled(path)}).at(ours=map.place(spelled(path)))
        for code, paths in codes.items()
        for path in paths
    )


def _without_rule(scope: Scope, above: Path) -> Iterator[Path]:
    known = _legacy_paths(scope)
    yield from (above + path for path in _gaps(scope.legacy, (), known))
    for items in scope.lists:
        if not items.flat:
            yield from _without_rule(items.inner, above + items.legacy)


def _legacy_paths(scope: Scope) -> set[Path]:
    """Paths that some rule names: as a value, a list, a condition, or left out on purpose."""
    known = {value.legacy for value in scope.values if value.legacy is not None}
    known |= {guard.path for guard in scope.guards() if guard.side is Side.LEGACY}
    known |= {left.path for left in scope.left if left.rule.side is Side.LEGACY}
    for items in scope.lists:
        known |= _legacy_paths(items.inner) if items.flat else {items.legacy}
    return known


def _gaps(shape: Shape, path: Path, known: set[Path]) -> Iterator[Path]:
    """The highest elements below which nothing is named."""
    if path in known:
        return
    if path and not any(each[: len(path)] == path for each in known):
        yield path
        return
    for name in shape.attributes:
        if (*path, f"@{name}") not in known:
            yield (*path, f"@{name}")
    for child in shape.children:
        yield from _gaps(child, (*path, child.name), known)


def _without_source(scope: Scope, above: Path) -> Iterator[Path]:
    written = {path for path, _, _ in writers(scope, Way.TO_CANONICAL)}
    left = {each.path for each in scope.left if each.rule.side is Side.CANONICAL}
    yield from (above + path for path in _hollow(scope.canonical, (), written, left))
    for items in scope.lists:
        inner = items.inner
        if isinstance(items.rule, Each):
            yield from _without_source(inner, above + items.canonical)
        else:
            packed = {value.canonical or () for value in inner.values}
            yield from (above + items.canonical + path for path in _hollow(inner.canonical, (), packed, set()))


def _hollow(shape: Shape, path: Path, written: set[Path], left: set[Path]) -> Iterator[Path]:
    """Required elements that nothing writes, below elements that are written."""
    for child in shape.children:
        here = (*path, child.name)
        if here in written or here in left:
            continue
        inside = any(each[: len(here)] == here for each in written)
        if inside:
            yield from _hollow(child, here, written, left)
        elif not optional(child):
            yield here
