"""The one door through which kinds enter, built-in and foreign alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType

from adapters.mapping.kinds.contract import Kind

# A foreign package names a module with a `KINDS` tuple under the entry point group; ours are named here.
GROUP = "lienthong.kinds"
BUILT_IN = tuple(f"adapters.mapping.kinds.{name}" for name in ("text", "number", "moment", "contact", "coded"))
_NAME = re.compile(r"[a-z][a-z0-9-]*")


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind by its name.

    Raises:
        ValueError: a name is taken twice or is not a lower-case word.
    """
    foreign = sorted(point.value for point in entry_points(group=GROUP))
    return registry(kind for module in (*BUILT_IN, *foreign) for kind in import_module(module).KINDS)


def registry(offered: Iterable[Kind]) -> Mapping[str, Kind]:
    """The kinds offered, by name.

    Raises:
        ValueError: a name is taken twice or is not a lower-case word.
    """
    found: dict[str, Kind] = {}
    for kind in offered:
        if not _NAME.fullmatch(kind.name):
            raise ValueError(f"kind {kind.name!r}: a name is lower-case letters, digits and dashes")
        if kind.name in found:
            raise ValueError(f"kind {kind.name!r} is offered twice")
        found[kind.name] = kind
    return MappingProxyType(found)
