"""Binds one `<field>` to its two elements and its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from adapters.mapping.kinds import Kind, Pair, Setting
from adapters.mapping.look import Looker
from adapters.mapping.rules import Field, Path, spelled
from adapters.mapping.scope import Bound, Value
from adapters.mapping.values import Fault, Side, hint
from schemas.codes import CodeTables
from schemas.problem import Stage
from schemas.shape import Scalar, Shape

Spot = tuple[Shape, Path]  # the element of the scope and a path below it


class ValueBinder:
    """Checks kind, options, types and reversibility of a field."""

    def __init__(self, look: Looker, tables: CodeTables, kinds: Mapping[str, Kind], *, both_ways: bool) -> None:
        self._look = look
        self._tables = tables
        self._kinds = kinds
        self._both_ways = both_ways

    def field(self, rule: Field, legacy: Spot, canonical: Spot) -> Value | None:
        """The bound value, or None where a problem was noted."""
        before = len(self._look.problems)
        one = self._look.value(rule, Side.LEGACY, *legacy)
        two = self._look.value(rule, Side.CANONICAL, *canonical)
        kind = self._kind(rule)
        if one is None or two is None or kind is None:
            return None
        self._fits(rule, kind, Side.LEGACY, one, legacy[1])
        self._fits(rule, kind, Side.CANONICAL, two, canonical[1])
        if len(self._look.problems) > before:
            return None
        setting = Setting(rule.options, self._tables, one, two, lossy=bool(rule.lossy))
        pair = self._pair(rule, kind, setting)
        return Value(rule, legacy[1], canonical[1], (), Bound(kind, setting, pair)) if pair is not None else None

    def _kind(self, rule: Field) -> Kind | None:
        kind = self._kinds.get(rule.kind)
        if kind is None:
            self._look.wrong("LT-MAP-006", rule, name=rule.kind, **hint(rule.kind, self._kinds))
            return None
        for needed in kind.needs:
            if not rule.options.get(needed):
                self._look.wrong("LT-MAP-003", rule, element=f'field kind="{kind.name}"', name=needed)
        known = kind.needs + kind.takes
        for given in rule.options:
            if given not in known:
                self._look.wrong(
                    "LT-MAP-002", rule, element=f'field kind="{kind.name}"', name=given, **hint(given, known)
                )
        return kind

    def _fits(self, rule: Field, kind: Kind, side: Side, scalar: Scalar, path: Path) -> None:
        if scalar in (kind.legacy if side is Side.LEGACY else kind.canonical):
            return
        fits = sorted(
            k.name for k in self._kinds.values() if scalar in (k.legacy if side is Side.LEGACY else k.canonical)
        )
        self._look.wrong(
            "LT-MAP-008",
            rule,
            kind=kind.name,
            path=spelled(path),
            side=side.value,
            scalar=scalar.value,
            fits=", ".join(fits) or "–",
        )

    def _pair(self, rule: Field, kind: Kind, setting: Setting) -> Pair | None:
        made = kind.make(setting)
        if isinstance(made, Fault):
            self._look.problems.append(made.problem(Stage.CONFIGURE).at(ours=rule.place()))
            return None
        sentinel = f'none="{rule.none}" là một giá trị / is a value' if rule.none else ""
        loss = made.loss or sentinel
        if loss and not rule.lossy and self._both_ways and rule.only is None:
            self._look.wrong("LT-MAP-010", rule, why=loss)
        return replace(made, loss=loss)
