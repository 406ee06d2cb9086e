"""The rules of a map as frozen values, each with the line it stands in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.mapping.values import Side, Way
from schemas.problem import Place

Path = tuple[str, ...]  # plain steps; the last may be "@name"; () = the element of the scope itself


@dataclass(frozen=True, slots=True)
class Rule:
    """What every rule knows of itself."""

    file: str  # name of the map file
    line: int
    quote: str  # the start tag as written
    only: Way | None  # the one direction it works in; None = both

    def place(self, path: str = "") -> Place:
        """The rule's place in our file."""
        return Place(self.file, self.line, path, self.quote)


@dataclass(frozen=True, slots=True)
class Field(Rule):
    """One value on each side."""

    legacy: Path
    canonical: Path
    kind: str
    options: Mapping[str, str]  # what the kind takes
    lossy: str  # why it is right to lose something; "" = nothing is lost
    none: str  # legacy text that means "no value"; "" = only absence does
    max: int  # longest legacy text in characters; 0 = any
    keep_empty: bool  # the partner needs the empty element


@dataclass(frozen=True, slots=True)
class Constant(Rule):
    """One side always holds this value."""

    side: Side
    path: Path
    value: str


@dataclass(frozen=True, slots=True)
class Group(Rule):
    """Inner paths begin at these elements."""

    legacy: Path
    canonical: Path
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Where:
    """Which canonical items belong to this list: those whose value at `path` equals `value`."""

    path: Path
    value: str


@dataclass(frozen=True, slots=True)
class Each(Rule):
    """One canonical item for each legacy item, and back."""

    legacy: Path
    canonical: Path
    order_by: Path | None
    where: Where | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class When(Rule):
    """The inner rules hold only where a value equals, or does not equal, a text."""

    side: Side
    path: Path
    equals: str
    negated: bool
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Zip(Rule):
    """Canonical items whose values stand packed in parallel legacy texts. `<split>` is a zip of one."""

    name: str  # "zip" or "split"
    canonical: Path
    separator: str
    rules: tuple[Field, ...]  # legacy paths from the scope, canonical paths from the item


@dataclass(frozen=True, slots=True)
class Lookup(Rule):
    """A value that a table's column gives for a canonical code; filled where absent, never read back."""

    side: Side  # where it is written
    path: Path
    source: Path  # canonical
    table: str
    column: str


@dataclass(frozen=True, slots=True)
class Embedded(Rule):
    """A document inside a text node; inner legacy paths begin at its root."""

    legacy: Path
    canonical: Path
    format: str
    element: str  # its root: a global element of the legacy schema
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Ignore(Rule):
    """Left out on purpose, with everything below it."""

    side: Side
    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Map(Rule):
    """One file."""

    id: str
    legacy: Path  # from a global element of the legacy schema to the element this map takes
    canonical: Path
    rules: tuple[Rule, ...]


def spelled(path: Path) -> str:
    """A path as it is written in a map.

    >>> spelled(("ThuTuc", "Ma")), spelled(())
    ('ThuTuc/Ma', '.')
    """
    return "/".join(path) or "."
