"""A map bound to its two schemas: rules by scope, groups and conditions resolved into full paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from adapters.mapping.kinds import Kind, Pair, Setting
from adapters.mapping.rules import Constant, Each, Embedded, Field, Ignore, Lookup, Path, When, Zip
from adapters.mapping.values import Side, Way
from schemas.shape import Shape


@dataclass(frozen=True, slots=True)
class Guard:
    """One condition, on the value at a path of one side."""

    side: Side
    path: Path
    equals: str
    negated: bool
    rule: When

    def excludes(self, other: Guard) -> bool:
        """Both cannot hold at once."""
        if (self.side, self.path) != (other.side, other.path) or (self.negated and other.negated):
            return False
        return (self.equals != other.equals) if self.negated is other.negated else self.equals == other.equals


@dataclass(frozen=True, slots=True)
class Bound:
    """A kind made ready for one field."""

    kind: Kind
    setting: Setting
    pair: Pair


@dataclass(frozen=True, slots=True)
class Value:
    """A rule for one value, with full paths from its scope."""

    rule: Field | Constant | Lookup
    legacy: Path | None
    canonical: Path | None
    guards: tuple[Guard, ...]
    bound: Bound | None = None  # of a Field

    @property
    def shows(self) -> bool:
        """Whether a wrong value may be quoted."""
        return self.bound is not None and self.bound.kind.shows_value

    def path(self, side: Side) -> Path | None:
        """Where it stands on one side."""
        return self.legacy if side is Side.LEGACY else self.canonical

    def goes(self, way: Way) -> bool:
        """Whether it writes in this direction."""
        return self.path(way.target) is not None and self.rule.only in (None, way)


@dataclass(frozen=True, slots=True)
class Items:
    """A rule for a list, with the scope of one item."""

    rule: Each | Zip
    legacy: Path  # of a zip: the scope itself, its fields have paths of their own
    canonical: Path
    guards: tuple[Guard, ...]
    inner: Scope

    @property
    def flat(self) -> bool:
        """Its legacy values stand in the scope's own element: packed ones, or those of a single item."""
        return isinstance(self.rule, Zip) or not self.legacy

    def path(self, side: Side) -> Path:
        """Where the list stands on one side."""
        return self.legacy if side is Side.LEGACY else self.canonical


@dataclass(frozen=True, slots=True)
class Nested:
    """A document inside a text node: below `path` stands one step more, the document's root."""

    rule: Embedded
    path: Path


@dataclass(frozen=True, slots=True)
class Left:
    """Left out on purpose."""

    rule: Ignore
    path: Path


@dataclass(frozen=True, slots=True)
class Scope:
    """Rules that share one element on each side."""

    legacy: Shape
    canonical: Shape
    values: tuple[Value, ...]
    lists: tuple[Items, ...]
    nested: tuple[Nested, ...]
    left: tuple[Left, ...]

    def shape(self, side: Side) -> Shape:
        """The element of one side."""
        return self.legacy if side is Side.LEGACY else self.canonical

    def guards(self) -> Iterator[Guard]:
        """Every condition of the scope itself."""
        for value in self.values:
            yield from value.guards
        for items in self.lists:
            yield from items.guards


def at(shape: Shape, path: Path) -> Shape | None:
    """The shape at a path below `shape`; attributes are not followed."""
    for step in path:
        found = shape.child(step)
        if found is None:
            return None
        shape = found
    return shape


def grafted(shape: Shape, path: Path, inner: Shape) -> Shape:
    """`shape` with the document `inner` standing below the text node at `path`."""
    if not path:
        return replace(shape, scalar=None, children=(replace(inner, min_occurs=0, max_occurs=1),))
    children = tuple(grafted(child, path[1:], inner) if child.name == path[0] else child for child in shape.children)
    return replace(shape, children=children)


def tag(shape: Shape) -> str:
    """The element's name as lxml writes it."""
    return f"{{{shape.namespace}}}{shape.name}" if shape.namespace else shape.name


def optional(shape: Shape) -> bool:
    """Whether the schema lets the element be absent from its parent."""
    return shape.min_occurs == 0


def repeats(shape: Shape) -> bool:
    """Whether the element may stand more than once."""
    return shape.max_occurs is None or shape.max_occurs > 1
