"""Compiles one scope in one direction into a Program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapters.mapping.documents import Document
from adapters.mapping.lists import Frames, Order, once, ordering, packed, parallel, repeated, single, unmatched
from adapters.mapping.produce import (
    Watch,
    both,
    constant_check,
    constant_producer,
    equality,
    field_producer,
    first_of,
    identity_producer,
    lookup_producer,
    reading,
    watched,
    writing,
)
from adapters.mapping.program import Frame, Guarded, ItemList, Node, Opening, Producer, Program
from adapters.mapping.rules import Constant, Each, Field, Lookup, Path, Zip, spelled
from adapters.mapping.scope import Guard, Items, Scope, Value, at
from adapters.mapping.source import Fetch, Source, Where
from adapters.mapping.target import Leaf, ListLeaf, Target, constants_only
from adapters.mapping.values import Side, Way
from schemas.codes import CodeTables
from schemas.shape import Shape


@dataclass(frozen=True, slots=True)
class Tools:
    """What the builder needs besides the scope."""

    tables: CodeTables
    documents: Mapping[str, Document]  # embedded formats
    watch: Watch | None = None  # told what each rule did; only for `explain`


@dataclass(frozen=True, slots=True)
class Direction:
    """What is read and what is written."""

    source: Side
    target: Side
    way: Way

    @property
    def project(self) -> bool:
        """Reads and writes the canonical form: only what the map carries is kept, nothing is converted."""
        return self.source is self.target


TO_CANONICAL = Direction(Side.LEGACY, Side.CANONICAL, Way.TO_CANONICAL)
TO_LEGACY = Direction(Side.CANONICAL, Side.LEGACY, Way.TO_LEGACY)
PROJECT = Direction(Side.CANONICAL, Side.CANONICAL, Way.TO_CANONICAL)


def build(scope: Scope, direction: Direction, tools: Tools) -> Program:
    """The program of a whole map in one direction."""
    return _Builder(scope, direction, tools).program()


class _Builder:
    """Builds one scope. The scope of an item has a builder of its own."""

    def __init__(
        self, scope: Scope, direction: Direction, tools: Tools, *, texts: Mapping[Path, int] | None = None
    ) -> None:
        self._scope = scope
        self._direction = direction
        self._tools = tools
        self._texts = texts  # in an item of a zip that is read: legacy path → number of the text
        self._documents = {each.path: tools.documents[each.rule.format] for each in scope.nested}
        reads = self._openings() if direction is TO_CANONICAL else {}
        self._source = Source(scope.shape(direction.source), reads)
        self._producers: list[Producer] = []
        self._numbers: dict[tuple[Side, Path], int] = {}
        self._flats = {number: self._flat(items) for number, items in enumerate(scope.lists)}

    def program(self, *, tree: bool = True) -> Program:
        """The finished program; without `tree` it only gives values."""
        root = self._target().tree(self._scope.shape(self._direction.target)) if tree else Node("", "")
        checks = () if self._direction.project else tuple(self._checks())
        return Program(
            self._direction.way,
            self._source.trie() if self._texts is None else {},
            self._source.singles,
            self._source.lists,
            tuple(self._producers),
            checks,
            root,
            self._source.own,
        )

    def number(self, side: Side, path: Path) -> int:
        """The producer of a value that will be written, or would be."""
        key = (side, path)
        if key not in self._numbers:
            number = self._numbers[key] = len(self._producers)
            self._producers.append(lambda _: None)
            self._producers[number] = first_of(self._candidates(side, path))
        return self._numbers[key]

    def fetch(self, path: Path) -> Fetch:
        """Reads a value of the source."""
        if self._texts is not None:
            number = self._texts[path]
            return lambda frame: frame.texts[number]
        return self._source.fetch(path)

    # ---- values

    def _candidates(self, side: Side, path: Path) -> list[tuple[Guarded | None, Producer]]:
        values = [value for value in self._writing(side) if value.path(side) == path]
        values.sort(key=lambda value: isinstance(value.rule, Lookup))
        found = [(self._guard(value.guards), self._producer(value, side)) for value in values]
        if side is Side.LEGACY:
            found += [(None, made) for flat in self._flats.values() for name, made in flat if name == path]
        return found

    def _writing(self, side: Side) -> list[Value]:
        """The rules that write to a side; in a projection only those that also come back."""
        way = Way.TO_CANONICAL if side is Side.CANONICAL else Way.TO_LEGACY
        found = [value for value in self._scope.values if value.goes(way)]
        return [each for each in found if each.rule.only is None] if self._direction.project else found

    def _producer(self, value: Value, side: Side) -> Producer:
        """What one rule gives for its path on a side."""
        rule = value.rule
        if isinstance(rule, Constant):
            return self._watched(value, constant_producer(rule), lambda _: None, lambda frame: frame.element)
        if isinstance(rule, Lookup):
            code, where = self._value_of(Side.CANONICAL, rule.source), self._where_code(rule.source)
            return self._watched(value, lookup_producer(rule, code, where, self._tools.tables), code, where)
        if self._direction.project and side is Side.CANONICAL:
            return self.fetch(value.canonical or ())
        source = value.path(side.other) or ()
        fetch, where = self.fetch(source), self._where(source)
        if side is Side.CANONICAL:
            return self._watched(value, field_producer(value, fetch, where, reading(value)), fetch, where)
        make = identity_producer if rule.kind == "identity" else field_producer
        return self._watched(value, make(value, fetch, where, writing(value), absent=rule.none), fetch, where)

    def _watched(self, value: Value, producer: Producer, fetch: Fetch, where: Where) -> Producer:
        return watched(self._tools.watch, value, producer, fetch=fetch, where=where)

    def _value_of(self, side: Side, path: Path) -> Producer:
        """The value at a path: read where the source has it, else what will be written there."""
        if side is self._direction.source:
            return self.fetch(path)
        number = self.number(side, path)
        return lambda frame: frame.value(number)

    def _guard(self, guards: tuple[Guard, ...]) -> Guarded | None:
        return both(
            [equality(self._value_of(each.side, each.path), each.equals, negated=each.negated) for each in guards]
        )

    def _where(self, path: Path) -> Where:
        return (lambda frame: frame.element) if self._texts is not None else self._source.where(path)

    def _where_code(self, path: Path) -> Where:
        """The element of the message in which a canonical code stands, or the one it is made from."""
        if self._direction.source is Side.CANONICAL:
            return self._where(path)
        legacy = [value.legacy for value in self._scope.values if value.canonical == path and value.legacy is not None]
        return self._where(legacy[0]) if legacy else (lambda frame: frame.element)

    def _checks(self) -> list[Callable[[Frame], None]]:
        """What must hold in the source: constants, and that every item belongs to a list."""
        side = self._direction.source
        checks: list[Callable[[Frame], None]] = []
        for value in self._scope.values:
            path = value.path(side)
            if isinstance(value.rule, Constant) and path is not None and value.rule.only is None:
                fetch, where = self.fetch(path), self._where(path)
                checks.append(constant_check(value.rule, fetch, where, self._guard(value.guards)))
        if side is Side.CANONICAL:
            checks += self._stray_checks()
        return checks

    def _stray_checks(self) -> list[Callable[[Frame], None]]:
        checks: list[Callable[[Frame], None]] = []
        ignored = {left.path for left in self._scope.left if left.rule.side is Side.CANONICAL}
        parted = [
            i for i in self._scope.lists if isinstance(i.rule, Each) and i.rule.where and i.canonical not in ignored
        ]
        for path in dict.fromkeys(items.canonical for items in parted):
            lists = [items for items in parted if items.canonical == path]
            checks.append(
                unmatched(
                    [items.rule for items in lists if isinstance(items.rule, Each)],
                    self._source.many(path),
                    lists[0].inner.canonical,
                )
            )
        return checks

    # ---- lists

    def belongs(self, rule: Each | Zip) -> Guarded | None:
        """Whether a canonical item is one of this list's; None: all are, or a legacy list is read."""
        if isinstance(rule, Zip) or rule.where is None or self._direction.source is Side.LEGACY:
            return None
        return equality(self.fetch(rule.where.path), rule.where.value, negated=False)

    def _list(self, items: Items) -> ListLeaf:
        rule = items.rule
        order: Order | None = None
        if isinstance(rule, Zip) and self._direction.source is Side.LEGACY:
            paths = [value.legacy or () for value in items.inner.values]
            texts = {path: number for number, path in enumerate(paths)}
            program = _Builder(items.inner, self._direction, self._tools, texts=texts).program()
            frames = parallel(rule, program, [(self.fetch(path), spelled(path)) for path in paths])
            source = ", ".join(map(spelled, paths))
        else:
            inner = _Builder(items.inner, self._direction, self._tools)
            kept = inner.belongs(rule)
            if isinstance(rule, Each) and rule.order_by is not None and self._direction.target is Side.CANONICAL:
                ordered = at(items.inner.canonical, rule.order_by)
                scalar = ordered.scalar if ordered is not None else None
                order = ordering(inner.number(Side.CANONICAL, rule.order_by), scalar)
            program = inner.program()
            path = items.path(self._direction.source)
            frames, source = repeated(program, self._source.many(path), kept), spelled(path)
        most = None if self._direction.project else items.inner.shape(self._direction.target).max_occurs
        frames = _only_if(self._guard(items.guards), frames)
        return ListLeaf(ItemList(frames, order, most, constants_only(program.root)), rule, source)

    def _flat(self, items: Items) -> list[tuple[Path, Producer]]:
        """The producers of a list whose legacy values stand in the scope's own element; none for other lists."""
        if not items.flat or self._direction.source is Side.LEGACY:
            return []
        rule, inner = items.rule, _Builder(items.inner, TO_LEGACY, self._tools)
        written = [value.legacy or () for value in items.inner.values if value.goes(Way.TO_LEGACY)]
        numbers = {path: inner.number(Side.LEGACY, path) for path in written}
        kept = inner.belongs(rule)
        frames = repeated(inner.program(tree=False), self._source.many(items.canonical), kept)
        shared = once(id(items), _only_if(self._guard(items.guards), frames))
        if isinstance(rule, Zip):
            return [(path, packed(rule, shared, number, path=spelled(path))) for path, number in numbers.items()]
        return [(path, single(rule, shared, number, path=spelled(path))) for path, number in numbers.items()]

    # ---- the tree that is written

    def _target(self) -> Target:
        side = self._direction.target
        leaves: dict[Path, Leaf] = {}
        for value in self._writing(side):
            path = value.path(side) or ()
            if path in leaves and isinstance(value.rule, Lookup):
                continue
            source = self._source_name(value)
            constant = isinstance(value.rule, Constant) and (path not in leaves or leaves[path].constant)
            keep = getattr(value.rule, "keep_empty", False) and side is Side.LEGACY
            leaves[path] = Leaf(self.number(side, path), constant, keep, value.rule, source)
        lists: dict[Path, list[ListLeaf]] = {}
        for number, items in enumerate(self._scope.lists):
            for path, _ in self._flats[number] if side is Side.LEGACY else ():
                leaves[path] = Leaf(self.number(side, path), False, False, items.rule, spelled(items.canonical))
            if side is Side.CANONICAL or not items.flat:
                lists.setdefault(items.path(side), []).append(self._list(items))
        packers = {p: d.packer(self._root_of(p)) for p, d in self._documents.items() if side is Side.LEGACY}
        return Target(leaves, {path: tuple(each) for path, each in lists.items()}, packers)

    def _openings(self) -> dict[Path, Opening]:
        """How embedded documents are read."""
        parsers = {path: document.parser(self._root_of(path)) for path, document in self._documents.items()}
        return {each.path: Opening(parsers[each.path], each.rule) for each in self._scope.nested}

    def _source_name(self, value: Value) -> str:
        """Where a value comes from, for people."""
        rule = value.rule
        if isinstance(rule, Lookup):
            return spelled(rule.source)
        party = rule.options.get("party", "") if isinstance(rule, Field) and self._direction is TO_LEGACY else ""
        return spelled(value.path(self._direction.source) or ()) + (f" | {party}" if party else "")

    def _root_of(self, path: Path) -> Shape:
        holder = at(self._scope.legacy, path)
        assert holder is not None  # the binder put the document there
        return holder.children[0]


def _only_if(guard: Guarded | None, frames: Frames) -> Frames:
    return frames if guard is None else (lambda frame: frames(frame) if guard(frame) else [])
