"""Writes the beginning of a map: every legacy element as a TODO comment line, with what the schemas suggest."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from adapters.mapping.grammar import NAMESPACE
from adapters.mapping.rules import spelled
from adapters.mapping.scope import repeats
from adapters.mapping.values import nearest
from schemas.shape import Scalar, Shape

_KINDS = {
    Scalar.STRING: 'kind="text"',
    Scalar.INTEGER: 'kind="integer"',
    Scalar.DECIMAL: 'kind="decimal"',
    Scalar.BOOLEAN: 'kind="flag" true="true|1" false="false|0"',
    Scalar.DATE: 'kind="date" format="iso"',
    Scalar.DATETIME: 'kind="datetime" format="iso-local"',
    Scalar.BASE64: 'kind="base64"',
}


def skeleton(id: str, legacy: Shape, *, canonical: Shape, legacy_path: str = "") -> str:
    """The text of a map file that compiles and covers nothing yet.

    `legacy_path` is the path from a global element of the legacy schema; "" = the element is global itself.
    """
    head = f"id={quoteattr(id)} legacy={quoteattr(legacy_path or legacy.name)} canonical={quoteattr(canonical.name)}"
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<map xmlns="{NAMESPACE}" {head}>']
    return "\n".join([*lines, *_lines(legacy, "  ", canonical), "</map>", ""])


def _lines(shape: Shape, indent: str, canonical: Shape) -> Iterator[str]:
    names = _paths(canonical)
    for name in shape.attributes:
        yield _todo(indent, f"<field legacy={quoteattr('@' + name)} {_canonical(name, names)}/>", "")
    for child in shape.children:
        if repeats(child) or child.scalar is None:
            yield from _block(child, indent, canonical)
        else:
            note = "bắt buộc / required" if child.min_occurs else ""
            rule = f"<field legacy={quoteattr(child.name)} {_canonical(child.name, names)} {_kind(child)}/>"
            yield _todo(indent, rule, note)


def _block(shape: Shape, indent: str, canonical: Shape) -> Iterator[str]:
    """A group or list; inside it the canonical paths begin at the element proposed for it."""
    name, note = ("each", "lặp / repeats") if repeats(shape) else ("group", "")
    blocks = {n: p for n, p in _paths(canonical).items() if _is_block(canonical, p, repeated=repeats(shape))}
    yield _todo(indent, f"<{name} legacy={quoteattr(shape.name)} {_canonical(shape.name, blocks)}>", note)
    path = blocks.get(nearest(shape.name, blocks), "")
    inside = (canonical.find(path) or canonical) if path else canonical
    if shape.scalar is not None:
        yield _todo(indent + "  ", f'<field legacy="." canonical="" {_kind(shape)}/>', "")
    yield from _lines(shape, indent + "  ", inside)
    yield f"{indent}<!-- </{name}> -->"


def _is_block(canonical: Shape, path: str, *, repeated: bool) -> bool:
    found = canonical.find(path)
    return found is not None and found.scalar is None and repeats(found) is repeated


def _todo(indent: str, rule: str, note: str) -> str:
    # Two dashes would end the comment; no XML name can hold them where it matters, a note never does.
    return f"{indent}<!-- TODO {rule} {note}".rstrip() + " -->"


def _kind(shape: Shape) -> str:
    if shape.scalar is Scalar.STRING and shape.name.casefold().startswith("ngay"):
        return 'kind="date" format="dd/MM/yyyy"'
    return _KINDS[shape.scalar or Scalar.STRING]


def _canonical(name: str, names: dict[str, str]) -> str:
    return f"canonical={quoteattr(names.get(nearest(name, names), ''))}"


def _paths(shape: Shape, above: tuple[str, ...] = ()) -> dict[str, str]:
    """Canonical elements by name; the one nearest the root where a name stands twice."""
    found: dict[str, str] = {}
    deeper: dict[str, str] = {}
    for child in shape.children:
        path = (*above, child.name)
        found.setdefault(child.name, spelled(path))
        for name, inner in _paths(child, path).items():
            deeper.setdefault(name, inner)
    return {**deeper, **found}
