"""Answers: which one the manifest declares for what we have to say, its words, and the reply element it fills."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Answer, AnswerKind, Operation
from adapters.wire.contract import Said
from adapters.wire.soap_fault import clean
from schemas.problem import Problem
from schemas.shape import Shape

_PLACE = re.compile(r"\{([a-z_]+)\}")
_MOST = 5  # problems told in one sentence

WORDS: Mapping[AnswerKind, tuple[str, str]] = MappingProxyType(
    {
        AnswerKind.ACCEPTED: ("Đã tiếp nhận", "Accepted"),
        AnswerKind.DUPLICATE: ("Đã tiếp nhận trước đó", "Already accepted"),
        AnswerKind.CONFLICT: ("Trùng mã nhưng khác nội dung", "Same key with other content"),
        AnswerKind.UNKNOWN_DOSSIER: ("Không có hồ sơ này", "Unknown dossier"),
        AnswerKind.UNAUTHENTICATED: ("Sai thông tin đăng nhập", "Wrong credentials"),
        AnswerKind.INVALID: ("Thông điệp không hợp lệ", "Invalid message"),
        AnswerKind.UNAVAILABLE: ("Tạm thời chưa tiếp nhận được, hãy gửi lại sau", "Try again later"),
    }
)
FINE = (AnswerKind.ACCEPTED, AnswerKind.DUPLICATE)  # kinds that are said without a fault where nothing is declared


def declared(adapter: Adapter, operation: Operation | None, kind: AnswerKind) -> Answer | None:
    """The operation's own answer, else the system's; None where the manifest says nothing.

    A duplicate nobody declared is answered as what it duplicates: accepted.
    """
    own = operation.answers if operation is not None else {}
    found = own.get(kind) or adapter.manifest.answers.get(kind)
    if found is None and kind is AnswerKind.DUPLICATE:
        return declared(adapter, operation, AnswerKind.ACCEPTED)
    return found


def wording(said: Said) -> dict[str, str]:
    """What the places {vi}, {en}, {code} and those of `said.values` stand for."""
    vi, en = WORDS[said.kind]
    if said.problems:
        vi = _sentence([f"{p.code}: {_where(p)}{p.text_vi}" for p in said.problems])
        en = _sentence([f"{p.code}: {_where(p)}{p.text_en}" for p in said.problems])
    code = said.problems[0].code if said.problems else ""
    return {"vi": vi, "en": en, "code": code, "message_id": "", "dossier": "", **said.values}


def fill(template: str, words: Mapping[str, str]) -> str:
    """A template with its places filled; a place that is not known stays as it is written."""
    return _PLACE.sub(lambda place: words.get(place.group(1), place.group(0)), template)


def reply_element(shape: Shape, fields: Mapping[str, str], words: Mapping[str, str]) -> etree._Element:
    """The reply element with its declared fields, in the schema's order and namespaces.

    Raises:
        KeyError: a field's path is not in the schema.
    """
    root = etree.Element(_tag(shape), nsmap={"m": shape.namespace} if shape.namespace else None)
    _put(root, shape, {path: clean(fill(text, words)) for path, text in fields.items()})
    return root


def _put(element: etree._Element, shape: Shape, fields: Mapping[str, str]) -> None:
    branches: dict[str, dict[str, str]] = {}
    for path, text in fields.items():
        head, _, rest = path.partition("/")
        if shape.child(head) is None:
            raise KeyError(path)
        branches.setdefault(head, {})[rest] = text
    for child in shape.children:
        if child.name in branches:
            made = etree.SubElement(element, _tag(child))
            inner = branches[child.name]
            if "" in inner:
                made.text = inner.pop("")
            _put(made, child, inner)


def _tag(shape: Shape) -> str:
    return f"{{{shape.namespace}}}{shape.name}" if shape.namespace else shape.name


def _sentence(parts: list[str]) -> str:
    more = f" (+{len(parts) - _MOST})" if len(parts) > _MOST else ""
    return "; ".join(parts[:_MOST]) + more


def _where(found: Problem) -> str:
    if found.theirs is None or not (found.theirs.line or found.theirs.path):
        return ""
    line = f"dòng {found.theirs.line} " if found.theirs.line else ""
    return f"[{line}{found.theirs.path}] ".replace(" ]", "]")
