"""Kinds that ask something outside the value: table (dated code tables), identity (names of the dossier)."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.mapping.kinds.contract import Kind, Pair, Setting
from adapters.mapping.kinds.text import one_line
from adapters.mapping.values import Fault, MapContext, hint
from schemas.codes import CodeTables
from schemas.shape import Scalar


def read_code(text: str, context: MapContext, *, table: str, tables: CodeTables) -> str | Fault:
    """The canonical code of a legacy code on the message's date. Unknown is a fault, never a filler."""
    code = " ".join(text.split())
    found = tables.to_canonical(table, code, on=context.on)
    return found if found is not None else unknown(code, context, table=table, known=tables.codes(table))


def write_code(text: str, context: MapContext, *, table: str, tables: CodeTables) -> str | Fault:
    """The legacy code of a canonical code on the message's date."""
    found = tables.to_legacy(table, text, on=context.on)
    return found if found is not None else unknown(text, context, table=table, known=())


def unknown(code: str, context: MapContext, *, table: str, known: Iterable[str]) -> Fault:
    """Why a code was not found: not in the table at all, or not valid on that date.

    >>> from datetime import date
    >>> print(unknown("TN1", MapContext(date(2026, 7, 6), {}), table="trang_thai", known=["TN01", "TN02"]))
    Code “TN1” is not in table “trang_thai” — did you mean “TN01”?
    >>> print(unknown("TN01", MapContext(date(2026, 7, 6), {}), table="trang_thai", known=["TN01"]))
    Code “TN01” of table “trang_thai” is not valid on 2026-07-06
    """
    names = tuple(known)
    if code in names:
        return Fault("LT-MAP-121", {"value": code, "table": table, "on": context.on.isoformat()})
    return Fault("LT-MAP-120", {"value": code, "table": table, **hint(code, names)})


def _table(setting: Setting) -> Pair | Fault:
    table, tables = setting.options["table"], setting.tables
    if table not in tables.names():
        return Fault("LT-MAP-007", {"name": table, **hint(table, tables.names())})
    return Pair(
        lambda text, context: read_code(text, context, table=table, tables=tables),
        lambda text, context: write_code(text, context, table=table, tables=tables),
    )


def _codes(setting: Setting, context: MapContext) -> tuple[str, ...]:
    table, tables = setting.options["table"], setting.tables
    found = (tables.to_canonical(table, code, on=context.on) for code in tables.codes(table))
    return tuple(dict.fromkeys(code for code in found if code is not None))


def _identity(setting: Setting) -> Pair:
    party = setting.options["party"]
    return Pair(
        lambda text, _: one_line(text),
        # Asked with "" where the canonical element is absent: the identity table may still know the name.
        lambda text, context: context.identities.get(party) or one_line(text),
    )


_CODES = frozenset({Scalar.STRING, Scalar.INTEGER, Scalar.BOOLEAN})

KINDS = (
    Kind(
        "table",
        "Mã đổi qua bảng mã có thời hạn; mã lạ là lỗi có tên.",
        "A code by a dated table; an unknown code is a named problem.",
        _table,
        samples=_codes,
        legacy=_CODES,
        canonical=_CODES,
        needs=("table",),
        shows_value=True,
    ),
    Kind(
        "identity",
        "Tên của hồ sơ ở bên party: ghi theo bảng định danh, đọc thì chép.",
        "The dossier's name at a party: written from the identity table, copied when read.",
        _identity,
        samples=lambda *_: ("990017",),
        legacy=frozenset({Scalar.STRING, Scalar.INTEGER}),
        needs=("party",),
        shows_value=True,
    ),
)
