"""Says what a map does: every rule as a row, and for one sample what each rule did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lxml import etree

from adapters.mapping.build import TO_CANONICAL, TO_LEGACY, build
from adapters.mapping.places import Element, line_of, local
from adapters.mapping.plan import MapPlan
from adapters.mapping.program import Run, run_program
from adapters.mapping.rules import Constant, Field, Lookup, Path, Rule, Zip, spelled
from adapters.mapping.scope import Guard, Items, Scope, Value
from adapters.mapping.values import MapContext, Way

_OPEN_KINDS = frozenset({"table", "flag"})  # their values are words of a list, never a citizen's


@dataclass(frozen=True, slots=True)
class Row:
    """One rule of a map, for people. Paths are from the root; `[]` marks a list."""

    line: int  # in the map
    rule: str  # field | constant | lookup | each | zip | split | embedded | ignore
    legacy: str  # "" = not on this side
    canonical: str
    way: str  # "↔", "→" (to canonical) or "←" (to legacy)
    kind: str  # of a field; value of a constant; "from" of a lookup
    options: str  # of the kind, and max/none
    table: str
    when: str  # the conditions it stands under
    lossy: str  # why it is right to lose something
    reason: str  # why something is ignored


@dataclass(frozen=True, slots=True)
class Step:
    """What one rule did with one sample."""

    row: Row
    line: int  # in the message; 0 = unknown
    given: str | None  # what stood in the source, masked unless asked
    made: str | None  # what was written; None = nothing


def explain(plan: MapPlan) -> list[Row]:
    """Every rule of a map in the order of its lines."""
    return sorted(_rows(plan.scope, "", ""), key=lambda row: row.line)


def explain_value(plan: MapPlan, element: etree._Element, context: MapContext, *, reveal: bool = False) -> list[Step]:
    """What each value rule did with a sample of either side. A citizen's values are masked unless `reveal`."""
    direction = TO_CANONICAL if local(element) == plan.legacy_root else TO_LEGACY
    rows = {id(value): _value_row(value, *above) for value, above in _values(plan.scope, "", "")}
    steps: list[Step] = []

    def watch(value: Value, holder: Element, given: str | None, made: str | None) -> None:
        # Conditions of a rule are judged before it is asked: only rules that held come here.
        row = rows[id(value)]
        plain = reveal or not isinstance(value.rule, Field) or value.rule.kind in _OPEN_KINDS
        steps.append(Step(row, line_of(holder), *((given, made) if plain else (mask(given), mask(made)))))

    program = build(plan.scope, direction, replace(plan.tools, watch=watch))
    run_program(program, Run(direction.way, context), element)
    return sorted(steps, key=lambda step: step.row.line)


def mask(text: str | None) -> str | None:
    """The form of a value without the value.

    >>> mask("Đỗ Thị Mẫu"), mask("099000000017"), mask(None)
    ('•• T•• M••', '0•••••••••••', None)
    """
    if text is None:
        return None
    return " ".join("•" * len(word) if len(word) < 3 else word[0] + "•" * (len(word) - 1) for word in text.split())


def _rows(scope: Scope, legacy: str, canonical: str) -> Iterator[Row]:
    for value in scope.values:
        if value.rule.quote.startswith(f"<{_name(value.rule)}"):
            yield _value_row(value, legacy, canonical)
    for nested in scope.nested:
        yield _row(nested.rule, "embedded", legacy + spelled(nested.path), "", options=nested.rule.format)
    for left in scope.left:
        paths = {left.rule.side.value: (legacy if left.rule.side == "legacy" else canonical) + spelled(left.path)}
        row = _row(left.rule, "ignore", paths.get("legacy", ""), paths.get("canonical", ""), way="")
        yield replace(row, reason=left.rule.reason)
    for items in scope.lists:
        yield _list_row(items, legacy, canonical)
        yield from _rows(items.inner, *_below(items, legacy, canonical))


def _values(scope: Scope, legacy: str, canonical: str) -> Iterator[tuple[Value, tuple[str, str]]]:
    for value in scope.values:
        yield value, (legacy, canonical)
    for items in scope.lists:
        yield from _values(items.inner, *_below(items, legacy, canonical))


def _below(items: Items, legacy: str, canonical: str) -> tuple[str, str]:
    inside = legacy if items.flat else f"{legacy}{spelled(items.legacy)}[]/"
    return inside, f"{canonical}{spelled(items.canonical)}[]/"


def _value_row(value: Value, legacy: str, canonical: str) -> Row:
    rule = value.rule
    row = _row(
        rule,
        _name(rule),
        _full(legacy, value.legacy),
        _full(canonical, value.canonical),
        when=_conditions(value.guards),
    )
    if isinstance(rule, Constant):
        return replace(row, kind=rule.value)
    if isinstance(rule, Lookup):
        way = "→" if value.canonical is not None else "←"
        return replace(row, way=way, kind=f"{spelled(rule.source)} . {rule.column}", table=rule.table)
    return _with_kind(row, rule)


def _with_kind(row: Row, rule: Field) -> Row:
    options = {**rule.options, **({"none": rule.none} if rule.none else {}), **({"max": rule.max} if rule.max else {})}
    table = str(options.pop("table", ""))
    written = " ".join(filter(None, (row.options, *(f"{name}={text}" for name, text in options.items()))))
    return replace(row, kind=rule.kind, options=written, table=table, lossy=rule.lossy)


def _list_row(items: Items, legacy: str, canonical: str) -> Row:
    rule = items.rule
    if isinstance(rule, Zip):
        packed = ", ".join(_full(legacy, value.legacy) for value in items.inner.values)
        row = _row(
            rule, rule.name, packed, _full(canonical, items.canonical) + "[]", options=f"separator={rule.separator}"
        )
        row = replace(row, when=_conditions(items.guards))
        return _with_kind(row, rule.rules[0]) if rule.name == "split" else row
    order = f"order-by={spelled(rule.order_by)}" if rule.order_by is not None else ""
    where = f"where {spelled(rule.where.path)}={rule.where.value}" if rule.where is not None else ""
    row = _row(
        rule,
        "each",
        _full(legacy, items.legacy) + ("[]" if items.legacy else ""),
        _full(canonical, items.canonical) + "[]",
        options=order,
    )
    return replace(row, when=" ".join(filter(None, (_conditions(items.guards), where))))


def _row(
    rule: Rule, name: str, legacy: str, canonical: str, *, way: str | None = None, options: str = "", when: str = ""
) -> Row:
    arrow = {None: "↔", Way.TO_CANONICAL: "→", Way.TO_LEGACY: "←"}[rule.only] if way is None else way
    return Row(rule.line, name, legacy, canonical, arrow, "", options, "", when, "", "")


def _name(rule: Field | Constant | Lookup) -> str:
    return type(rule).__name__.lower()


def _full(above: str, path: Path | None) -> str:
    return "" if path is None else above + spelled(path)


def _conditions(guards: tuple[Guard, ...]) -> str:
    signs = {True: "≠", False: "="}
    return " ".join(f"{each.side.value}:{spelled(each.path)}{signs[each.negated]}{each.equals}" for each in guards)


__all__ = ["Row", "Step", "explain", "explain_value", "mask"]
