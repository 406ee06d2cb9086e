"""The effective settings, value by value, with where each came from. Secrets are never among them, only references."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any  # settings and TOML hold values of any type

from bus.policies import OWN
from bus.settings import Settings
from schemas.problem import Refused

_FILES = ("routes.toml", "partners.toml", "lienthong.toml")  # the last one read wins
_SECRETS = frozenset({"secret", "key", "password", "certificate", "redis_password", "sentinel_password"})
_REFERENCE = re.compile(r"(env|file):.+")
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
COVERED = "•••"

Tree = Mapping[str, Any]  # Any: see above


@dataclass(frozen=True, slots=True)
class Effective:
    """One value."""

    name: str  # "door.port"
    value: object
    source: str  # "default" | name of a file | "env LIENTHONG_…"
    resolves: bool | None = None  # a secret's reference: whether it leads to something; None: no reference


def effective(settings: Settings) -> Iterator[Effective]:
    """Every value, in the order of the settings."""
    files = {name: _read(settings, name) for name in _FILES}
    for path, value in _leaves(settings.model_dump(), ()):
        if path == ("folder",):
            continue
        shown, resolves = _shown(settings, path[-1], value)
        yield Effective(".".join(path), shown, _source(path, files), resolves)


def _read(settings: Settings, name: str) -> Tree:
    file = settings.folder / name
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:  # Any: see above
    if isinstance(value, Mapping) and (value or len(path) > 2):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, str(name)))
    elif path == ("routes",):
        yield from (((*path, route["id"]), _route(route)) for route in value)
    else:
        yield path, value


def _route(route: Tree) -> str:
    to = ", ".join(f"{hop['endpoint']}.{hop['operation']}" for hop in route["to"])
    return f"{route['kind']} → {to}"


def _shown(settings: Settings, name: str, value: object) -> tuple[object, bool | None]:
    if name in _SECRETS and isinstance(value, str) and value:
        if not _REFERENCE.fullmatch(value):
            return COVERED, False  # somebody wrote the secret itself where its reference belongs
        return value, resolves(settings, value)
    return (without_credentials(value) if isinstance(value, str) else value), None


def without_credentials(address: str) -> str:
    """An address with its user and password covered.

    >>> without_credentials("redis://:mat-khau@may.example:6379/0")
    'redis://•••@may.example:6379/0'
    """
    return _CREDENTIALS.sub(f"//{COVERED}@", address)


def resolves(settings: Settings, reference: str) -> bool:
    """The reference leads to something that is not empty."""
    try:
        return bool(settings.secret(reference))
    except (Refused, OSError, UnicodeDecodeError):
        return False


def _source(path: tuple[str, ...], files: Mapping[str, Tree]) -> str:
    known = {name.upper(): name for name in os.environ}
    for length in range(len(path), 0, -1):
        variable = "LIENTHONG_" + "__".join(path[:length]).upper()
        if variable in known and path[0] not in ("systems", "routes"):
            return f"env {known[variable]}"
    for name, tree in files.items():
        if path[0] in tree:
            return name if _has(tree, path) else "default"
    return "default"


def _has(tree: Any, path: tuple[str, ...]) -> bool:  # Any: see above
    if path[0] == "routes":
        return True
    for step in path:
        if step == OWN and isinstance(tree, str):  # a line alone that holds for everything
            return True
        if not isinstance(tree, Mapping) or step not in tree:
            return False
        tree = tree[step]
    return True
