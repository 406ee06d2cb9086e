"""Verifies what the bus signed, as a receiver does: the JWS over the bytes of `data`, the XML-DSig inside an item."""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.problem import Problem
from signing import dsig, jws
from signing.keys import VerifyKey

HEADER = "x-lienthong-signature"
MEMBER = "DuLieuKySo"
_DEFAULT_KEY_ID = "lienthong"
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found about one call: names of counts, and why it is refused if signatures are required."""

    counts: tuple[str, ...]  # jws_ok, jws_bad, jws_missing, dsig_ok, dsig_bad, dsig_missing
    fault: str  # in the portal's words; "" = everything that must be signed is


def load_keys(given: Sequence[str]) -> dict[str, VerifyKey]:
    """Keys by id from `FILE` or `KEYID=FILE`.

    Raises:
        ValueError: a file is not there.
        Refused: a key is unreadable or weak.
    """
    keys: dict[str, VerifyKey] = {}
    for one in given:
        key_id, found, name = one.rpartition("=")
        path = Path(name)
        if not path.is_file():
            raise ValueError(f"--verify-key {one}: no such file")
        key_id = key_id if found else _DEFAULT_KEY_ID
        keys[key_id] = VerifyKey.from_pem(path.read_bytes(), key_id=key_id)
    return keys


def data_bytes(body: bytes) -> bytes | None:
    """The exact bytes of member `data`, which is the last one: from after `"data":` to before the final brace."""
    try:
        text = body.decode("utf-8")
        at = _skip(text, _skip(text, 0) + 1)
        while text[at] == '"':
            name, at = _DECODER.raw_decode(text, at)
            at = _skip(text, at) + 1
            if name == "data":
                return text[at : text.rindex("}")].encode()
            _, at = _DECODER.raw_decode(text, _skip(text, at))
            at = _skip(text, _skip(text, at) + 1)
    except (ValueError, IndexError):
        return None
    return None


def verify(body: bytes, header: str, items: Sequence[Mapping[str, object]], *, keys: Mapping[str, VerifyKey]) -> Proof:
    """Checks every signature of a call. Without keys nothing can be checked and nothing is counted."""
    if not keys:
        return Proof((), "")
    counts = [_jws(body, header, keys)]
    counts += [_dsig(item.get(MEMBER), keys) for item in items]
    bad = [one for one in counts if one.endswith("_bad")]
    fault = f"Chữ ký số không hợp lệ ({bad[0]})" if bad else ""
    if counts[0] == "jws_missing":
        fault = fault or "Thiếu chữ ký số trên dữ liệu"
    return Proof(tuple(counts), fault)


def _jws(body: bytes, header: str, keys: Mapping[str, VerifyKey]) -> str:
    if not header:
        return "jws_missing"
    data = data_bytes(body)
    return "jws_bad" if data is None or jws.verify_detached(data, header, keys) else "jws_ok"


def _dsig(value: object, keys: Mapping[str, VerifyKey]) -> str:
    if not isinstance(value, str) or not value:
        return "dsig_missing"
    try:
        document = b64decode(value, validate=True)
    except binascii.Error:
        return "dsig_bad"
    return "dsig_bad" if _dsig_problems(document, keys) else "dsig_ok"


def _dsig_problems(document: bytes, keys: Mapping[str, VerifyKey]) -> tuple[Problem, ...]:
    found = dsig.verify(document, keys)
    return found if isinstance(found, tuple) else ()


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
