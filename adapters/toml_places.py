"""Where a key stands in a TOML file: tomllib gives values, people need lines. Best effort: 0 where unsure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")

Key = str | int


def line_of(text: str, path: Sequence[Key]) -> int:
    """The line of the key at `path`, or of the nearest table around it; numbers count array tables from 0.

    >>> line_of('id = "x"\\n[operations.push]\\nmap = "a"', ["operations", "push", "map"])
    3
    >>> line_of('[operations.push]\\nreplies = [{ outcom = "a" }]', ["operations", "push", "replies", 0, "outcom"])
    2
    """
    best, best_line = 0, 0
    for line, here in _positions(text):
        depth = _shared(here, path)
        if depth > best and depth == len(here):
            best, best_line = depth, line
    return best_line


def _positions(text: str) -> list[tuple[int, list[Key]]]:
    found: list[tuple[int, list[Key]]] = []
    table: list[Key] = []
    counts: dict[tuple[Key, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = list(_parts(header[2]))
            if header[1] == "[[":
                counts[tuple(table)] = counts.get(tuple(table), -1) + 1
                table.append(counts[tuple(table)])
            found.append((number, list(table)))
        elif key := _KEY.match(line):
            found.append((number, [*table, *_parts(key[1])]))
    return found


def _parts(written: str) -> list[str]:
    return [part.strip("\"'") for part in _PART.findall(written)]


def _shared(one: Sequence[Key], other: Sequence[Key]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
