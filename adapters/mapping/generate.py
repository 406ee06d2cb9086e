"""Invents documents of either side of a map, to try the law on. The same seed gives the same document."""

from __future__ import annotations

from random import Random

from lxml import etree

from adapters.mapping.kinds.coded import canonical_codes
from adapters.mapping.plan import MapPlan
from adapters.mapping.rules import Constant, Each, Field, Lookup, Path, Zip
from adapters.mapping.scope import Items, Scope, Value, repeats, tag
from adapters.mapping.target import nsmap
from adapters.mapping.values import Fault, MapContext, Side, Way
from schemas.codes import CodeTables
from schemas.shape import Scalar, Shape

_TRIES = 20
_CONTRADICTS = "LT-MAP-131"
_PLAIN = {
    Scalar.STRING: "Mẫu",
    Scalar.INTEGER: "7",
    Scalar.DECIMAL: "1.5",
    Scalar.BOOLEAN: "true",
    Scalar.DATE: "2026-07-06",
    Scalar.DATETIME: "2026-07-06T08:30:00+07:00",
    Scalar.BASE64: "aG8gc28=",
}


def canonical_sample(plan: MapPlan, seed: int, context: MapContext) -> etree._Element:
    """A canonical document the map can write. Where chance keeps contradicting constants, only what it carries."""
    chance = Random(seed)  # noqa: S311  # no secret is made
    for _ in range(_TRIES):
        document = _Inventor(Side.CANONICAL, chance, context, plan.tools.tables).document(plan.scope)
        if not plan.goes(Way.TO_LEGACY):
            return document
        if all(found.code != _CONTRADICTS for found in plan.to_legacy(document, context).problems):
            return document
    return plan.project(document, context)


def legacy_sample(plan: MapPlan, seed: int, context: MapContext) -> etree._Element:
    """A legacy document the map can read, unless constants that stand under a condition contradict it."""
    chance = Random(seed)  # noqa: S311  # no secret is made
    return _Inventor(Side.LEGACY, chance, context, plan.tools.tables).document(plan.scope)


class _Inventor:
    """Fills one side of a scope by chance."""

    def __init__(self, side: Side, chance: Random, context: MapContext, tables: CodeTables) -> None:
        self._side = side
        self._chance = chance
        self._context = context
        self._tables = tables
        self._counts: dict[int, int] = {}

    def document(self, scope: Scope) -> etree._Element:
        shape = scope.shape(self._side)
        root = etree.Element(tag(shape), nsmap=nsmap(shape))
        self._fill(root, shape, (), scope)
        return root

    def _fill(self, element: etree._Element, shape: Shape, path: Path, scope: Scope) -> None:
        own = self._text(scope, path, shape)
        if own:
            element.text = own
        for child in shape.children:
            here = (*path, child.name)
            lists = [items for items in scope.lists if items.path(self._side) == here and self._is_list(items)]
            if lists:
                self._items(element, child, lists)
            elif self._needed(scope, here, child) or self._chance.random() < 0.7:
                self._one(element, child, here, scope)

    def _needed(self, scope: Scope, path: Path, shape: Shape) -> bool:
        """Whether this side's schema, or the other's, cannot do without something at or below a path."""
        if shape.min_occurs:
            return True
        if self._side is Side.LEGACY and any(
            value.legacy == path for items in scope.lists if items.flat for value in items.inner.values
        ):
            return True
        if self._side is Side.CANONICAL and self._asked(path, scope, None):
            return True
        if any(isinstance(v.rule, Constant) and not v.guards and v.path(self._side) == path for v in scope.values):
            return True
        below = [value for value in scope.values if (value.path(self._side) or ())[: len(path)] == path]
        others = ((value.path(self._side) == path, value.path(self._side.other)) for value in below)
        there = scope.shape(self._side.other)
        return any(_required(there, other, whole=not exact) for exact, other in others if other is not None)

    def _is_list(self, items: Items) -> bool:
        return isinstance(items.rule, Each) or self._side is Side.CANONICAL

    def _items(self, element: etree._Element, shape: Shape, lists: list[Items]) -> None:
        for items in lists:
            most = 3 if repeats(shape) and items.legacy else 1
            for _ in range(self._chance.randint(shape.min_occurs and 1, most)):
                item = etree.SubElement(element, tag(shape))
                self._fill(item, items.inner.shape(self._side), (), items.inner)
                if not len(item) and not item.text:
                    element.remove(item)

    def _one(self, element: etree._Element, shape: Shape, path: Path, scope: Scope) -> None:
        if shape.scalar is not None:
            text = self._text(scope, path, shape)
            if text:
                etree.SubElement(element, tag(shape)).text = text
            return
        if any(nested.path == path for nested in scope.nested):
            return  # documents inside texts are tried by samples
        child = etree.SubElement(element, tag(shape))
        self._fill(child, shape, path, scope)
        if not len(child) and not shape.min_occurs:
            element.remove(child)

    def _text(self, scope: Scope, path: Path, shape: Shape) -> str:
        conditions = [guard.equals for guard in scope.guards() if (guard.side, guard.path) == (self._side, path)]
        if conditions and self._chance.random() < 0.5:
            return self._chance.choice(conditions)
        if self._side is Side.LEGACY:
            for items in scope.lists:
                if items.flat and any(value.legacy == path for value in items.inner.values):
                    return self._flat(items, path)
        values = [value for value in scope.values if value.path(self._side) == path]
        constants = [value.rule.value for value in values if isinstance(value.rule, Constant)]
        if constants:
            return self._chance.choice(constants)
        fields = [value for value in values if isinstance(value.rule, Field)]
        if fields:
            return self._of_field(fields[0], scope)
        if self._side is Side.CANONICAL and (codes := self._asked(path, scope, None)):
            return self._chance.choice(codes)
        return _PLAIN[shape.scalar] if shape.min_occurs and shape.scalar is not None else ""

    def _flat(self, items: Items, path: Path) -> str:
        """Values of every item of a parallel list, whose texts all have the same number; or of a single item."""
        value = next(value for value in items.inner.values if value.legacy == path)
        if not isinstance(items.rule, Zip):
            return value.rule.value if isinstance(value.rule, Constant) else self._of_field(value, items.inner)
        count = self._counts.setdefault(id(items), self._chance.randint(1, 3))
        return items.rule.separator.join(self._of_field(value, items.inner) for _ in range(count))

    def _of_field(self, value: Value, scope: Scope) -> str:
        bound, rule = value.bound, value.rule
        if bound is None or not isinstance(rule, Field):
            return ""
        known = bound.kind.samples(bound.setting, self._context) or (_PLAIN[bound.setting.canonical],)
        known = self._asked(value.canonical, scope, known) or known
        pairs = [(sample, bound.pair.to_legacy(sample, self._context)) for sample in known]
        fit = [(one, two) for one, two in pairs if isinstance(two, str) and (not rule.max or len(two) <= rule.max)]
        if self._side is Side.CANONICAL:
            # A canonical code without a way back must come up, unless declared: it is what the law is to find.
            lost = [one for one, two in pairs if isinstance(two, Fault) and not rule.lossy]
            return self._chance.choice([one for one, _ in fit] + lost or [""])
        return self._chance.choice([two for _, two in fit] or [""])

    def _asked(self, path: Path | None, scope: Scope, known: tuple[str, ...] | None) -> tuple[str, ...]:
        """The codes, of those known, that every lookup on a canonical value can answer."""
        for other in scope.values:
            rule = other.rule
            if isinstance(rule, Lookup) and rule.source == path:
                codes = canonical_codes(rule.table, self._context, self._tables)
                known = tuple(code for code in known or codes if code in codes) or codes
        return known or ()


def _required(shape: Shape, path: Path, *, whole: bool) -> bool:
    """Whether the element at a path must stand; `whole`: with everything above it."""
    least = []
    for step in path:
        found = shape.child(step)
        if found is None:
            return False
        least.append(found.min_occurs)
        shape = found
    return bool(least) and (all(least) if whole else bool(least[-1]))
