"""Dated code tables. Cross-walks legacy ↔ canonical and lists of codes, from CSV; unknown is None, never a default.

`<name>.csv` is a cross-walk (legacy,canonical,reverse,valid_from,valid_to,note) or a list
(code,vi,en,valid_from,valid_to, further columns). Lines that begin with "#" are remarks. Both days are included;
an empty day is open.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

from schemas.codefile import Row, read_table
from schemas.problem import Problem, Refused
from schemas.vietnamese import phrase_key


@dataclass(frozen=True, slots=True)
class Table:
    """One table, ready to be asked."""

    name: str
    crosswalk: bool
    rows: tuple[Row, ...]
    by_code: Mapping[str, tuple[Row, ...]]  # legacy code, or code of a list
    by_canonical: Mapping[str, tuple[Row, ...]]  # cross-walk rows with reverse=yes

    def row(self, code: str, on: date) -> Row | None:
        """The row of `code` on that day; a phrase is found whatever its case and spaces."""
        rows = self.by_code.get(code) or (self.by_code.get(phrase_key(code), ()) if " " in code.strip() else ())
        return next((row for row in rows if row.holds(on)), None)


class CodeTables:
    """All tables of a system folder over the shared ones. Immutable, thread-safe."""

    def __init__(self, tables: Mapping[str, Table], digest: str) -> None:
        self._tables = MappingProxyType(dict(tables))
        self.digest = digest  # over the names and bytes of the tables that won

    @classmethod
    def load(cls, *folders: Path) -> CodeTables:
        """Every *.csv of the folders; a later folder's table replaces an earlier one's of the same name.

        Raises:
            Refused: with every wrong line of every table.
        """
        files = {file.stem: file for folder in folders for file in sorted(folder.glob("*.csv"))}
        tables: dict[str, Table] = {}
        problems: list[Problem] = []
        summed = hashlib.sha256()
        for name, file in sorted(files.items()):
            body = file.read_bytes()
            summed.update(f"{name}\0{hashlib.sha256(body).hexdigest()}\n".encode())
            crosswalk, rows, wrong = read_table(file.name, body)
            problems += wrong
            tables[name] = _table(name, crosswalk, rows)
        if problems:
            raise Refused(tuple(problems))
        return cls(tables, summed.hexdigest())

    def names(self) -> tuple[str, ...]:
        """All tables."""
        return tuple(self._tables)

    def codes(self, table: str) -> tuple[str, ...]:
        """All codes of a table (a cross-walk's legacy side), whatever the day; for suggestions."""
        return tuple(dict.fromkeys(row.code for row in self._tables[table].rows)) if table in self._tables else ()

    def to_canonical(self, table: str, code: str, *, on: date) -> str | None:
        """The canonical code of a partner's code; a list answers with the code itself."""
        row = self._row(table, code, on)
        return row.canonical if row is not None else None

    def to_legacy(self, table: str, code: str, *, on: date) -> str | None:
        """The partner's code of a canonical code: the row with reverse=yes; a list answers with the code itself."""
        found = self._tables.get(table)
        if found is None or not found.crosswalk:
            return self.to_canonical(table, code, on=on)
        return next((row.code for row in found.by_canonical.get(code, ()) if row.holds(on)), None)

    def column(self, table: str, code: str, column: str, *, on: date) -> str | None:
        """What a code's row says in a column, e.g. its Vietnamese name; None where it says nothing."""
        row = self._row(table, code, on)
        return (row.columns.get(column) or None) if row is not None else None

    def closed(self, table: str, code: str, *, on: date) -> date | None:
        """The last good day of a code that is no longer good on that day; None: it is good, or never was."""
        found = self._tables.get(table)
        rows = found.by_code.get(code, ()) if found is not None else ()
        if not rows or any(row.holds(on) for row in rows):
            return None
        return max((row.valid_to for row in rows if row.valid_to is not None and row.valid_to < on), default=None)

    def nearest(self, table: str, code: str) -> str:
        """The code most like `code`, for a suggestion to a person; "" where none is near."""
        return nearest_name(code, self.codes(table))

    def _row(self, table: str, code: str, on: date) -> Row | None:
        found = self._tables.get(table)
        return found.row(code, on) if found is not None else None


def nearest_name(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`, whatever case and marks; "" where none is near. To be shown, never used.

    >>> nearest_name("dang xu ly", ["Đang xử lý", "Đã trả kết quả"])
    'Đang xử lý'
    """
    by_key = {phrase_key(item): item for item in known}
    found = difflib.get_close_matches(phrase_key(name), by_key, n=1, cutoff=0.6)
    return by_key[found[0]] if found else ""


def _table(name: str, crosswalk: bool, rows: tuple[Row, ...]) -> Table:
    by_code: dict[str, tuple[Row, ...]] = {}
    by_canonical: dict[str, tuple[Row, ...]] = {}
    for row in rows:
        by_code[row.code] = (*by_code.get(row.code, ()), row)
        if row.reverse:
            by_canonical[row.canonical] = (*by_canonical.get(row.canonical, ()), row)
    for row in rows:
        key = phrase_key(row.code)
        if " " in row.code and key not in by_code:
            by_code[key] = by_code[row.code]
    return Table(name, crosswalk, rows, MappingProxyType(by_code), MappingProxyType(by_canonical))
