"""Binds the rules of a map to two schemas: every path checked, every kind made, groups and conditions resolved."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from adapters.mapping.kinds import Kind
from adapters.mapping.look import Looker, fits_scalar
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
    Zip,
    spelled,
)
from adapters.mapping.scope import Guard, Items, Left, Nested, Scope, Value, grafted, repeats
from adapters.mapping.value_rules import ValueBinder
from adapters.mapping.values import Side, hint
from schemas.codes import CodeTables
from schemas.shape import Scalar, Shape
from schemas.validate import Schema


@dataclass(slots=True)
class _Open:
    """A scope while it is being filled."""

    legacy: Shape
    canonical: Shape
    values: list[Value] = field(default_factory=list)
    lists: list[Items] = field(default_factory=list)
    nested: list[Nested] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)

    def shape(self, side: Side) -> Shape:
        return self.legacy if side is Side.LEGACY else self.canonical

    def closed(self) -> Scope:
        lists = tuple(self.values), tuple(self.lists), tuple(self.nested), tuple(self.left)
        return Scope(self.legacy, self.canonical, *lists)


@dataclass(frozen=True, slots=True)
class _Here:
    """Where the walk stands: inside which elements, under which conditions."""

    legacy: Path = ()
    canonical: Path = ()
    guards: tuple[Guard, ...] = ()

    def full(self, side: Side, path: Path) -> Path:
        return (self.legacy if side is Side.LEGACY else self.canonical) + path


class Binder:
    """Walks the rules once. Problems are collected in `problems`."""

    def __init__(
        self, map: Map, *, legacy: Schema, tables: CodeTables, kinds: dict[str, Kind], formats: Collection[str]
    ) -> None:
        self._map = map
        self._schema = legacy
        self._tables = tables
        self._formats = formats
        self.look = Looker()
        self._values = ValueBinder(self.look, tables, kinds, both_ways=map.only is None)

    def scope(self, legacy: Shape, canonical: Shape) -> Scope:
        """The whole map as a tree of scopes."""
        return self._scope(self._map.rules, legacy, canonical)

    def _scope(self, rules: tuple[Rule, ...], legacy: Shape, canonical: Shape) -> Scope:
        into = _Open(legacy, canonical)
        self._walk(rules, into, _Here())
        return into.closed()

    def _walk(self, rules: tuple[Rule, ...], into: _Open, here: _Here) -> None:
        for rule in rules:
            match rule:
                case Field():
                    self._field(rule, into, here)
                case Constant():
                    self._constant(rule, into, here)
                case Lookup():
                    self._lookup(rule, into, here)
                case Group():
                    self._group(rule, into, here)
                case Each():
                    self._each(rule, into, here)
                case When():
                    self._when(rule, into, here)
                case Zip():
                    self._zip(rule, into, here)
                case Embedded():
                    self._embedded(rule, into, here)
                case Ignore():
                    self._ignore(rule, into, here)

    def _field(self, rule: Field, into: _Open, here: _Here) -> None:
        value = self._values.field(
            rule,
            (into.legacy, here.legacy + rule.legacy),
            (into.canonical, here.canonical + rule.canonical),
        )
        if value is not None:
            into.values.append(replace(value, guards=here.guards))

    def _constant(self, rule: Constant, into: _Open, here: _Here) -> None:
        path = here.full(rule.side, rule.path)
        scalar = self.look.value(rule, rule.side, into.shape(rule.side), path)
        if scalar is None:
            return
        if not fits_scalar(rule.value, scalar):
            self.look.wrong("LT-MAP-018", rule, path=spelled(path), side=rule.side.value, scalar=scalar.value)
        into.values.append(_one_sided(rule, rule.side, path, here.guards))

    def _lookup(self, rule: Lookup, into: _Open, here: _Here) -> None:
        source = here.canonical + rule.source
        path = here.full(rule.side, rule.path)
        found = self.look.value(rule, rule.side, into.shape(rule.side), path)
        asked = self.look.value(rule, Side.CANONICAL, into.canonical, source)
        if rule.table not in self._tables.names():
            self.look.wrong("LT-MAP-007", rule, name=rule.table, **hint(rule.table, self._tables.names()))
        if found is not None and asked is not None:
            full = replace(rule, source=source)
            into.values.append(_one_sided(full, rule.side, path, here.guards))

    def _group(self, rule: Group, into: _Open, here: _Here) -> None:
        legacy, canonical = here.legacy + rule.legacy, here.canonical + rule.canonical
        one = self.look.element(rule, Side.LEGACY, into.legacy, legacy)
        two = self.look.element(rule, Side.CANONICAL, into.canonical, canonical)
        if one is not None and two is not None:
            self._walk(rule.rules, into, replace(here, legacy=legacy, canonical=canonical))

    def _when(self, rule: When, into: _Open, here: _Here) -> None:
        path = here.full(rule.side, rule.path)
        if self.look.value(rule, rule.side, into.shape(rule.side), path) is not None:
            guard = Guard(rule.side, path, rule.equals, rule.negated, rule)
            self._walk(rule.rules, into, replace(here, guards=(*here.guards, guard)))

    def _each(self, rule: Each, into: _Open, here: _Here) -> None:
        legacy, canonical = here.legacy + rule.legacy, here.canonical + rule.canonical
        one = self.look.element(rule, Side.LEGACY, into.legacy, legacy, item=True)
        two = self.look.element(rule, Side.CANONICAL, into.canonical, canonical, item=True)
        if one is None or two is None or self._nameless(rule):
            return
        if not repeats(one) and not repeats(two):
            self.look.wrong("LT-MAP-013", rule, element="each", path=f"{spelled(legacy)}, {spelled(canonical)}")
        rules = rule.rules
        if rule.where is not None:
            mark = Constant(rule.file, rule.line, rule.quote, None, Side.CANONICAL, rule.where.path, rule.where.value)
            rules = (mark, *rules)
        inner = self._scope(rules, one, two)
        written = {value.canonical for value in inner.values}
        if rule.order_by is not None and rule.order_by not in written:
            self.look.wrong("LT-MAP-017", rule, option="order-by", path=spelled(rule.order_by))
        if not legacy:
            # One item spread over the scope's own element: its values can stand there, lists cannot.
            for deeper in (*(each.rule for each in inner.lists), *(each.rule for each in inner.nested)):
                self.look.wrong("LT-MAP-019", deeper, element=_tag(deeper), parent='each legacy="."')
        into.lists.append(Items(rule, legacy, canonical, here.guards, inner))

    def _nameless(self, rule: Each | Zip) -> bool:
        """Canonical items need a name of their own: the element one stands at is not a list."""
        if rule.canonical:
            return False
        why = "danh sách cần tên phần tử / a list needs an element's name"
        self.look.wrong("LT-MAP-014", rule, option="canonical", value=".", why=why)
        return True

    def _zip(self, rule: Zip, into: _Open, here: _Here) -> None:
        canonical = here.canonical + rule.canonical
        item = self.look.element(rule, Side.CANONICAL, into.canonical, canonical, item=True)
        if item is None or self._nameless(rule):
            return
        if not repeats(item):
            self.look.wrong("LT-MAP-013", rule, element=rule.name, path=spelled(canonical))
        inner = _Open(into.legacy, item)
        for each in rule.rules:
            value = self._values.field(each, (into.legacy, here.legacy + each.legacy), (item, each.canonical))
            if value is not None:
                inner.values.append(value)
        into.lists.append(Items(rule, here.legacy, canonical, here.guards, inner.closed()))

    def _embedded(self, rule: Embedded, into: _Open, here: _Here) -> None:
        path, canonical = here.legacy + rule.legacy, here.canonical + rule.canonical
        scalar = self.look.value(rule, Side.LEGACY, into.legacy, path)
        outer = self.look.element(rule, Side.CANONICAL, into.canonical, canonical)
        if rule.format not in self._formats:
            self.look.wrong("LT-MAP-020", rule, name=rule.format, **hint(rule.format, self._formats))
        if scalar is not None and scalar is not Scalar.STRING:
            self.look.wrong("LT-MAP-018", rule, path=spelled(path), side="legacy", scalar=scalar.value)
        try:
            document = self._schema.shape(rule.element)
        except KeyError:
            self.look.wrong("LT-MAP-005", rule, side="legacy", name=rule.element)
            return
        if scalar is None or outer is None:
            return
        into.legacy = grafted(into.legacy, path, document)
        into.nested.append(Nested(rule, path))
        self._walk(rule.rules, into, replace(here, legacy=(*path, document.name), canonical=canonical))

    def _ignore(self, rule: Ignore, into: _Open, here: _Here) -> None:
        path = here.full(rule.side, rule.path)
        if self.look.anything(rule, rule.side, into.shape(rule.side), path):
            into.left.append(Left(rule, path))


def _one_sided(rule: Constant | Lookup, side: Side, path: Path, guards: tuple[Guard, ...]) -> Value:
    if side is Side.LEGACY:
        return Value(rule, path, None, guards)
    return Value(rule, None, path, guards)


def _tag(rule: Rule) -> str:
    return rule.quote[1:].split(" ")[0].rstrip("/>")
