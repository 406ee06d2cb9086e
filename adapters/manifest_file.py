"""Reads `adapter.toml` into a Manifest: unknown keys are refused with the nearest one, all problems at once."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints  # Any: tomllib hands over untyped trees

from pydantic import TypeAdapter, ValidationError

from adapters.manifest import Manifest
from adapters.toml_places import Key, line_of
from schemas.plain_words import of_toml, of_value
from schemas.problem import Place, Problem, Refused, Stage, problem

NAME = "adapter.toml"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a system folder.

    Raises:
        Refused: with every problem of the file's form.
    """
    file = folder / NAME
    where = f"{folder.name}/{NAME}"
    try:
        text = file.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except FileNotFoundError:
        raise Refused((_say("LT-SYS-001", Place(where), folder=folder.name),)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        vi, en, line = of_toml(error)
        raise Refused((_say("LT-SYS-002", Place(where, line), reason_vi=vi, reason_en=en),)) from None
    problems = [
        _say("LT-SYS-003", _place(where, text, path), key=_spelled(path), nearest=_nearest(str(path[-1]), known))
        for path, known in _unknown(tree, Manifest, ())
    ]
    try:
        manifest = _reader().validate_python(tree)
    except ValidationError as error:
        found = [(tuple(each["loc"]), of_value(each)) for each in error.errors()]
        problems += [
            _say("LT-SYS-004", _place(where, text, path), key=_spelled(path) or "–", reason_vi=vi, reason_en=en)
            for path, (vi, en) in found
        ]
        raise Refused(tuple(problems)) from None
    if problems:
        raise Refused(tuple(problems))
    return manifest


@cache
def _reader() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


def _unknown(tree: object, kind: Any, path: tuple[Key, ...]) -> Iterator[tuple[tuple[Key, ...], list[str]]]:
    """Every key that the dataclasses do not have, with the keys that could have been meant."""
    if dataclasses.is_dataclass(kind) and isinstance(tree, Mapping):
        hints = get_type_hints(kind)
        for key, value in tree.items():
            if key in hints:
                yield from _unknown(value, hints[key], (*path, key))
            else:
                yield (*path, key), sorted(hints)
        return
    arguments = [each for each in get_args(kind) if each is not Ellipsis]
    if isinstance(tree, Mapping) and get_origin(kind) is Mapping:
        for key, value in tree.items():
            yield from _unknown(value, arguments[1], (*path, key))
    elif isinstance(tree, list) and arguments:
        for number, value in enumerate(tree):
            yield from _unknown(value, arguments[0], (*path, number))
    else:
        for each in arguments:
            if dataclasses.is_dataclass(each):
                yield from _unknown(tree, each, path)


def _place(where: str, text: str, path: Sequence[Key]) -> Place:
    return Place(where, line_of(text, path), _spelled(path))


def _spelled(path: Sequence[Key]) -> str:
    return ".".join(str(key) for key in path)


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return close[0] if close else ", ".join(known)


def _say(code: str, place: Place, **values: object) -> Problem:
    return problem(code, Stage.CONFIGURE, values).at(ours=place)
