"""Writes a new system folder from a partner's contract: `lienthong new`. What a person must decide is a TODO."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.contract_reader import Contract, FoundOperation, read_contract
from adapters.mapping.skeleton import skeleton
from schemas.catalog import KINDS, canonical
from schemas.plain_words import reasons
from schemas.problem import Place, Refused, Stage, problem
from schemas.validate import Schema

_TODO = "TODO"
_ID = re.compile(r"[a-z][a-z0-9_]{1,49}")


def new_system(
    id: str, contract: Path, *, month: str, called: bool = False, kind: str = "ho_so"
) -> Mapping[str, bytes]:
    """The files of a new folder, by path. `called`: the partner calls us; `month`: yyyy-mm of the contract.

    Raises:
        Refused: the id or the contract cannot be used.
    """
    if not _ID.fullmatch(id):
        values = {"key": "id", **reasons("a-z, 0-9, _")}
        raise Refused((problem("LT-SYS-004", Stage.CONFIGURE, values).at(ours=Place(id)),))
    found = read_contract(contract)
    folder = f"{'wsdl' if found.wsdl else 'xsd'}/{month}"
    files = {f"{folder}/{name}": body for name, body in found.parts.items()}
    files[f"{folder}/SOURCE.toml"] = _source(contract.name, found, month).encode()
    files["adapter.toml"] = _manifest(id, found, folder, called=called, kind=kind).encode()
    files["README.md"] = _readme(id).encode()
    for name, text in _maps(found, folder, kind=kind).items():
        files[f"maps/{name}"] = text.encode()
    return files


def _maps(found: Contract, folder: str, *, kind: str) -> dict[str, str]:
    root = KINDS[kind]
    with TemporaryDirectory() as place:
        for name, body in found.parts.items():
            file = Path(place) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
        schema = Schema.load(Path(place) / found.schema)
        target = canonical().shape(root)
        return {
            map_name(each): skeleton(map_id(each), schema.shape(each.element), canonical=target)
            for each in found.operations
        }


def map_id(operation: FoundOperation) -> str:
    """The map of an operation: its name in small letters with underscores.

    >>> map_id(FoundOperation("pushDocument", "pushDocument", "", ""))
    'push_document'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.sub(r"\W", "_", operation.name)).lower()


def map_name(operation: FoundOperation) -> str:
    """The file of an operation's map."""
    return f"{map_id(operation)}.map.xml"


def _manifest(id: str, found: Contract, folder: str, *, called: bool, kind: str) -> str:
    lines = [
        _todo("một câu về hệ thống này / one sentence about this system"),
        f"id = {_text(id)}",
        'title_vi = "TODO"',
        'title_en = "TODO"',
        'wire = "soap"',
        f"namespace = {_text(found.namespace)}",
        f"schema = {_text(f'{folder}/{found.schema}')}",
    ]
    if found.wsdl:
        lines.append(f"wsdl = {_text(f'{folder}/{found.wsdl}')}")
    if called:
        lines += [
            "",
            "[auth]",
            _todo("body (user, password), header, basic, jws"),
            'kind = "basic"',
        ]
    for operation in found.operations:
        lines += ["", *_operation(operation, called=called, kind=kind)]
    return "\n".join(lines) + "\n"


def _operation(operation: FoundOperation, *, called: bool, kind: str) -> list[str]:
    lines = [
        f"[operations.{_key(operation.name)}]",
        f'direction = "{"in" if called else "out"}"',
        'title_vi = "TODO"',
        'title_en = "TODO"',
    ]
    if operation.element != operation.name:
        lines.append(f"element = {_text(operation.element)}")
    if operation.reply_element:
        lines.append(f"reply_element = {_text(operation.reply_element)}")
    lines += [f"map = {_text(map_name(operation))}", f"kind = {_text(kind)}"]
    if called:
        return [*lines, _todo("items, dossier = [{ party = …, path = … }], creates, key")]
    if operation.soap_action:
        lines.append(f"soap_action = {_text(operation.soap_action)}")
    return [*lines, 'unclear = "park"', _todo("reply_code, reply_text"), 'replies = [{ outcome = "bad-reply" }]']


def _todo(what: str) -> str:
    """A comment line the folder's new owner looks for."""
    return f"# {_TODO}: {what}"


def _source(origin: str, found: Contract, month: str) -> str:
    hashes = [
        f"{_text(name)} = {_text(hashlib.sha256(body).hexdigest())}" for name, body in sorted(found.parts.items())
    ]
    head = [
        f"title = {_text(origin)}",
        'origin = "TODO: nhận từ ai, khi nào / from whom, when"',
        f"month = {_text(month)}",
    ]
    return "\n".join([*head, "", "[sha256]", *hashes, ""])


def _readme(id: str) -> str:
    parts = ["truy cập / access", "điều cần biết / quirks", "hỏi ai / whom to ask"]
    return "\n".join([f"# {id}", "", *(f"## {_TODO}: {part}\n" for part in parts)])


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)
