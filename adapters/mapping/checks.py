"""What a single rule cannot know: targets written twice, conditions that depend on themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from adapters.mapping.look import Looker
from adapters.mapping.rules import Each, Lookup, Path, Rule, spelled
from adapters.mapping.scope import Guard, Items, Scope, Value
from adapters.mapping.values import Side, Way


def check_scope(scope: Scope, ways: tuple[Way, ...], look: Looker) -> None:
    """Notes every problem of a scope and of the scopes inside it."""
    for way in ways:
        _check_doubles(scope, way, look)
        _check_cycles(scope, way, look)
    for items in scope.lists:
        if isinstance(items.rule, Each):
            check_scope(items.inner, ways, look)


def writers(scope: Scope, way: Way) -> Iterator[tuple[Path, Rule, tuple[Guard, ...]]]:
    """Every target path of a scope with the rule that writes it. Lookups come last: they only fill gaps."""
    values = [value for value in scope.values if value.goes(way)]
    for value in values:
        if not isinstance(value.rule, Lookup):
            yield value.path(way.target) or (), value.rule, value.guards
    for items in scope.lists:
        if items.flat and way is Way.TO_LEGACY:
            for inner in items.inner.values:
                if inner.goes(way):
                    yield inner.legacy or (), inner.rule, (*items.guards, *inner.guards)
        else:
            yield items.path(way.target), items.rule, items.guards
    for value in values:
        if isinstance(value.rule, Lookup):
            yield value.path(way.target) or (), value.rule, value.guards


def exclusive(one: tuple[Guard, ...], other: tuple[Guard, ...]) -> bool:
    """Whether two rules can never hold at once."""
    return any(a.excludes(b) for a in one for b in other)


def _check_doubles(scope: Scope, way: Way, look: Looker) -> None:
    seen: dict[Path, list[tuple[Rule, tuple[Guard, ...]]]] = defaultdict(list)
    for path, rule, guards in writers(scope, way):
        for first, other in seen[path]:
            if not exclusive(guards, other) and not _may_share(first, rule, way):
                look.wrong("LT-MAP-009", rule, path=spelled(path), way=way.value, other=first.line)
                break
        seen[path].append((rule, guards))
    _check_shadows(scope, way, look)


def _check_shadows(scope: Scope, way: Way, look: Looker) -> None:
    """What is written as a whole (a list, an embedded document) cannot also be written from inside or outside."""
    targets = [(path, rule) for path, rule, _ in writers(scope, way)]
    nested = [(each.path, each.rule) for each in scope.nested if way.target is Side.LEGACY]
    for path, rule in targets:
        above: list[Rule] = [each for whole, each in targets if isinstance(each, Each) and _inside(path, whole)]
        above += [each for whole, each in nested if path == whole]
        for each in above:
            look.wrong("LT-MAP-009", rule, path=spelled(path), way=way.value, other=each.line)


def _inside(path: Path, whole: Path) -> bool:
    return len(path) > len(whole) and path[: len(whole)] == whole


def _may_share(first: Rule, second: Rule, way: Way) -> bool:
    """A lookup fills the gap another rule leaves; lists that part their items by `where` stand side by side."""
    if isinstance(second, Lookup):
        return not isinstance(first, Lookup)
    if way is Way.TO_CANONICAL and isinstance(first, Each) and isinstance(second, Each):
        if first.where is None or second.where is None:
            return False
        return first.where.path == second.where.path and first.where.value != second.where.value
    return False


def _check_cycles(scope: Scope, way: Way, look: Looker) -> None:
    needs = _needs(scope, way)
    for guard in scope.guards():
        if guard.side is way.target and _reaches(guard.path, guard.path, needs, set()):
            look.wrong("LT-MAP-016", guard.rule, path=spelled(guard.path))
            return


def _needs(scope: Scope, way: Way) -> Mapping[Path, set[Path]]:
    """Which other targets must be known before a target can be written."""
    needs: dict[Path, set[Path]] = defaultdict(set)
    for path, rule, guards in writers(scope, way):
        needs[path] |= {guard.path for guard in guards if guard.side is way.target}
        if isinstance(rule, Lookup) and way.target is Side.CANONICAL:
            needs[path].add(rule.source)
    return needs


def _reaches(start: Path, goal: Path, needs: Mapping[Path, set[Path]], seen: set[Path]) -> bool:
    for path in needs.get(start, ()):
        if path == goal or (path not in seen and _reaches(path, goal, needs, seen | {path})):
            return True
    return False


def all_values(scope: Scope) -> Iterator[Value]:
    """Every value rule, also of the scopes inside."""
    yield from scope.values
    for items in scope.lists:
        yield from all_values(items.inner)


def all_lists(scope: Scope) -> Iterator[Items]:
    """Every list rule, also of the scopes inside."""
    for items in scope.lists:
        yield items
        yield from all_lists(items.inner)
