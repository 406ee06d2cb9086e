"""Kinds that ask something outside the value: table (dated code tables), identity (names of the dossier)."""

from __future__ import annotations

from adapters.mapping.kinds.contract import Kind, Pair, Setting
from adapters.mapping.kinds.text import one_line
from adapters.mapping.values import Fault, MapContext, hint
from schemas.codes import CodeTables, nearest_name
from schemas.shape import Scalar


def read_code(text: str, context: MapContext, *, table: str, tables: CodeTables) -> str | Fault:
    """The canonical code of a legacy code on the message's date. Unknown is a fault, never a filler."""
    code = " ".join(text.split())
    found = tables.to_canonical(table, code, on=context.on)
    return found if found is not None else not_found(code, context, table=table, tables=tables)


def write_code(text: str, context: MapContext, *, table: str, tables: CodeTables) -> str | Fault:
    """The legacy code of a canonical code on the message's date."""
    found = tables.to_legacy(table, text, on=context.on)
    if found is not None:
        return found
    known = canonical_codes(table, context, tables)
    if text in known:
        return Fault("LT-MAP-123", {"value": text, "table": table, "on": context.on.isoformat()})
    return unknown(text, context, table=table, near=nearest_name(text, known))


def not_found(code: str, context: MapContext, *, table: str, tables: CodeTables) -> Fault:
    """Why a table does not answer for a legacy code, or for a code of a list."""
    closed = tables.closed(table, code, on=context.on)
    near = tables.nearest(table, code)
    return unknown(code, context, table=table, near=near, closed=closed is not None or near == code)


def unknown(code: str, context: MapContext, *, table: str, near: str, closed: bool = False) -> Fault:
    """A code that is not in the table at all, or not on that date.

    >>> from datetime import date
    >>> print(unknown("TN1", MapContext(date(2026, 7, 6), {}), table="trang_thai", near="TN01"))
    Code “TN1” is not in table “trang_thai” — did you mean “TN01”?
    >>> print(unknown("TN01", MapContext(date(2026, 7, 6), {}), table="trang_thai", near="TN01", closed=True))
    Code “TN01” of table “trang_thai” is not valid on 2026-07-06
    """
    if closed:
        return Fault("LT-MAP-121", {"value": code, "table": table, "on": context.on.isoformat()})
    return Fault("LT-MAP-120", {"value": code, "table": table, **hint(near, (near,) if near else ())})


def canonical_codes(table: str, context: MapContext, tables: CodeTables) -> tuple[str, ...]:
    """Every canonical code a table can give on the message's date."""
    found = (tables.to_canonical(table, code, on=context.on) for code in tables.codes(table))
    return tuple(dict.fromkeys(code for code in found if code is not None))


def _table(setting: Setting) -> Pair | Fault:
    table, tables = setting.options["table"], setting.tables
    if table not in tables.names():
        return Fault("LT-MAP-007", {"name": table, **hint(table, tables.names())})
    return Pair(
        lambda text, context: read_code(text, context, table=table, tables=tables),
        lambda text, context: write_code(text, context, table=table, tables=tables),
    )


def _codes(setting: Setting, context: MapContext) -> tuple[str, ...]:
    return canonical_codes(setting.options["table"], context, setting.tables)


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
