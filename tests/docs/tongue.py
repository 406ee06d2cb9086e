"""The two languages of a text that is written "tiếng Việt / English"."""

from __future__ import annotations

from collections.abc import Iterable

MADE = {
    "vi": "<!-- Trang này do `make docs` viết ra; sửa ở nguồn, đừng sửa ở đây. -->",
    "en": "<!-- This page is written by `make docs`; change its source, not the page. -->",
}


def tongue(text: str, language: str) -> str:
    """One language of it; all of it where it is in one piece.

    >>> tongue("mã / id", "vi"), tongue("mã / id", "en"), tongue("host:port", "en")
    ('mã', 'id', 'host:port')
    """
    parts = " ".join(text.split()).split(" / ")
    return (parts[0] if language == "vi" else parts[1]) if len(parts) == 2 else " ".join(text.split())


def table(titles: Iterable[object], *rows: Iterable[object]) -> list[str]:
    """A table's lines."""
    titles = list(titles)
    lines = [titles, ["---"] * len(titles), *rows]
    return ["| " + " | ".join(map(cell, line)) + " |" for line in lines]


def cell(text: object) -> str:
    """Text inside a table."""
    return str(text).replace("|", "\\|").replace("\n", " ")
