"""Invents documents of either side of a map, to try the law on. The same seed gives the same document."""

from __future__ import annotations

from random import Random

from lxml import etree

from adapters.mapping.plan import MapPlan
from adapters.mapping.rules import Constant, Each, Field, Path, Zip
from adapters.mapping.scope import Items, Scope, Value, at, repeats, tag
from adapters.mapping.target import nsmap
from adapters.mapping.values import Fault, MapContext, Side
from schemas.shape import Scalar, Shape

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
    """A canonical document that the map carries whole: constants hold, nothing stands outside the map."""
    return plan.project(_Inventor(Side.CANONICAL, Random(seed), context).document(plan.scope), context)  # noqa: S311


def legacy_sample(plan: MapPlan, seed: int, context: MapContext) -> etree._Element:
    """A legacy document the map can read. Constants that stand under a condition may contradict it."""
    return _Inventor(Side.LEGACY, Random(seed), context).document(plan.scope)  # noqa: S311  # no secret is made


class _Inventor:
    """Fills one side of a scope by chance."""

    def __init__(self, side: Side, chance: Random, context: MapContext) -> None:
        self._side = side
        self._chance = chance
        self._context = context

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
        """Whether this side's schema, or the other's, cannot do without."""
        if shape.min_occurs:
            return True
        others = [value.path(self._side.other) for value in scope.values if value.path(self._side) == path]
        found = [at(scope.shape(self._side.other), other) for other in others if other is not None]
        return any(other is not None and other.min_occurs for other in found)

    def _is_list(self, items: Items) -> bool:
        return isinstance(items.rule, Each) or self._side is Side.CANONICAL

    def _items(self, element: etree._Element, shape: Shape, lists: list[Items]) -> None:
        for items in lists:
            most = 3 if repeats(shape) else 1
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
        values = [value for value in scope.values if value.path(self._side) == path]
        if self._side is Side.LEGACY:
            packed = [z.inner.values for z in scope.lists if isinstance(z.rule, Zip)]
            values += [value for inner in packed for value in inner if value.legacy == path]
        constants = [value.rule.value for value in values if isinstance(value.rule, Constant)]
        if constants:
            return self._chance.choice(constants)
        fields = [value for value in values if isinstance(value.rule, Field)]
        if fields:
            return self._of_field(fields[0], shape)
        return _PLAIN[shape.scalar] if shape.min_occurs and shape.scalar is not None else ""

    def _of_field(self, value: Value, shape: Shape) -> str:
        bound, rule = value.bound, value.rule
        if bound is None or not isinstance(rule, Field):
            return ""
        known = bound.kind.samples(bound.setting, self._context) or (_PLAIN[bound.setting.canonical],)
        pairs = [(sample, bound.pair.to_legacy(sample, self._context)) for sample in known]
        fit = [(one, two) for one, two in pairs if isinstance(two, str) and (not rule.max or len(two) <= rule.max)]
        if self._side is Side.CANONICAL:
            # A canonical code without a way back must come up, unless declared: it is what the law is to find.
            lost = [one for one, two in pairs if isinstance(two, Fault) and not rule.lossy]
            return self._chance.choice([one for one, _ in fit] + lost or [""])
        return self._chance.choice([two for _, two in fit] or [""])
