"""Looks a map's paths up in a schema, and says what is wrong with them in the map's own lines."""

from __future__ import annotations

import re

from adapters.mapping.rules import Path, Rule, spelled
from adapters.mapping.scope import repeats
from adapters.mapping.values import Side, hint
from schemas.problem import Problem, Stage, problem
from schemas.shape import Scalar, Shape

_FORMS = {
    Scalar.INTEGER: re.compile(r"[+-]?[0-9]+"),
    Scalar.DECIMAL: re.compile(r"[+-]?[0-9]+(\.[0-9]+)?"),
    Scalar.BOOLEAN: re.compile(r"true|false|0|1"),
    Scalar.DATE: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    Scalar.DATETIME: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}.*"),
}


def fits_scalar(text: str, scalar: Scalar) -> bool:
    """Whether a constant can stand in an element of this type.

    >>> fits_scalar("007", Scalar.INTEGER), fits_scalar("H99", Scalar.INTEGER), fits_scalar("H99", Scalar.STRING)
    (True, False, True)
    """
    form = _FORMS.get(scalar)
    return form is None or form.fullmatch(text) is not None


class Looker:
    """Finds shapes; collects problems."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, code: str, rule: Rule, **values: object) -> None:
        """Notes a problem of a rule."""
        self.problems.append(problem(code, Stage.CONFIGURE, values).at(ours=rule.place()))

    def element(self, rule: Rule, side: Side, scope: Shape, path: Path, *, item: bool = False) -> Shape | None:
        """The element at a path; only with `item` may the last step repeat."""
        shape = scope
        for number, step in enumerate(path, 1):
            found = shape.child(step)
            if found is None:
                self._unknown(rule, side, shape, step)
                return None
            if repeats(found) and not (item and number == len(path)):
                self.wrong("LT-MAP-012", rule, path=spelled(path[:number]), side=side.value)
                return None
            shape = found
        return shape

    def value(self, rule: Rule, side: Side, scope: Shape, path: Path) -> Scalar | None:
        """The type of the value at a path: an element without children, or an attribute."""
        if path and path[-1].startswith("@"):
            holder = self.element(rule, side, scope, path[:-1])
            if holder is None:
                return None
            if path[-1][1:] not in holder.attributes:
                self._unknown(rule, side, holder, path[-1])
                return None
            return Scalar.STRING
        shape = self.element(rule, side, scope, path)
        if shape is not None and shape.scalar is None:
            self.wrong("LT-MAP-011", rule, path=spelled(path), side=side.value)
        return shape.scalar if shape is not None else None

    def anything(self, rule: Rule, side: Side, scope: Shape, path: Path) -> bool:
        """Whether there is an element or attribute at a path, repeated or not."""
        shape = scope
        for step in path:
            if step.startswith("@") and step[1:] in shape.attributes:
                return True
            found = shape.child(step)
            if found is None:
                self._unknown(rule, side, shape, step)
                return False
            shape = found
        return True

    def _unknown(self, rule: Rule, side: Side, parent: Shape, step: str) -> None:
        known = [child.name for child in parent.children] + [f"@{name}" for name in parent.attributes]
        self.wrong("LT-MAP-004", rule, step=step, parent=parent.name, side=side.value, **hint(step, known))
