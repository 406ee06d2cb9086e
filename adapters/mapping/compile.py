"""Compiles a map file against two schemas and the code tables. All problems come back at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path as FilePath

from adapters.mapping.binder import Binder
from adapters.mapping.build import PROJECT, TO_CANONICAL, TO_LEGACY, Tools, build
from adapters.mapping.checks import check_scope
from adapters.mapping.documents import XML, Document
from adapters.mapping.kinds import Kind, kinds
from adapters.mapping.plan import Finish, MapPlan
from adapters.mapping.reader import read_map
from adapters.mapping.rules import Map, Path, spelled
from adapters.mapping.scope import at
from adapters.mapping.values import Side, Way
from schemas.codes import CodeTables
from schemas.problem import Refused
from schemas.shape import Shape
from schemas.validate import Schema


def compile_map(
    file: FilePath,
    *,
    legacy: Schema,
    canonical: Schema,
    tables: CodeTables,
    documents: Mapping[str, Document] = XML,
    extra_kinds: Mapping[str, Kind] | None = None,
    finish: Finish | None = None,
) -> MapPlan:
    """The plan of one `*.map.xml`. `documents` are the formats `<embedded>` may use.

    `extra_kinds` and `finish` are a folder's own.

    Raises:
        Refused: with every problem of the map.
    """
    known = {**kinds(), **(extra_kinds or {})}
    map = read_map(file, kinds=known.values())
    shapes = [_root(map, Side.LEGACY, legacy), _root(map, Side.CANONICAL, canonical)]
    binder = Binder(map, legacy=legacy, tables=tables, kinds=known, formats=tuple(documents))
    for side, found in zip(Side, shapes, strict=True):
        if found is None:
            binder.look.wrong("LT-MAP-005", map, side=side.value, name=spelled(_path(map, side)))
    one, two = shapes
    if one is None or two is None:
        raise Refused(tuple(binder.look.problems))
    scope = binder.scope(one, two)
    check_scope(scope, ways(map), binder.look)
    if binder.look.problems:
        raise Refused(tuple(binder.look.problems))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    tools = Tools(tables, documents)
    reads, writes, keeps = (build(scope, direction, tools) for direction in (TO_CANONICAL, TO_LEGACY, PROJECT))
    return MapPlan(map.id, one.name, two.name, digest, map, scope, tools, reads, writes, keeps, finish)


def ways(map: Map) -> tuple[Way, ...]:
    """The directions a map works in."""
    return (map.only,) if map.only is not None else tuple(Way)


def _path(map: Map, side: Side) -> Path:
    return map.legacy if side is Side.LEGACY else map.canonical


def _root(map: Map, side: Side, schema: Schema) -> Shape | None:
    path = _path(map, side)
    if not path:
        return None
    try:
        return at(schema.shape(path[0]), path[1:])
    except KeyError:
        return None
