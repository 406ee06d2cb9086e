"""Bodies under lock: each has a data key of its own, and that one is wrapped by a key-encryption key named by id.

A data key per body, not per day: no nonce can ever be used twice, processes share no state, one body can be made
unreadable alone, and new wraps leave the body itself as it is. It costs 13 µs instead of 5 for 8 kB; compressing
them costs 250. What is bound to the bytes: message, role, digest of the plaintext and coding; a body put in another's
place does not open.
"""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bus.ports import JournalUnavailable
from schemas.problem import Problem, Refused, Stage, problem

KEY_BYTES = 32
MARK = "aesgcm"  # in a coding: "zlib+aesgcm:KEY-ID:WRAPPED" or "aesgcm:KEY-ID:WRAPPED"
_NONCE = 12
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")  # nothing that LIKE would read
_REPLACED = re.compile(r"#\d+@")  # a content set aside before a replay changes its role; it is bound to its first one
_CHECK = b"lienthong journal key"


class BodyUnreadable(JournalUnavailable):
    """A kept body cannot be opened; nothing of it is given out."""

    def __init__(self, cause: Problem) -> None:
        super().__init__(f"{cause.code} {cause.text_vi} / {cause.text_en}")
        self.cause = cause


class BodyLocked(BodyUnreadable):
    """The key is not there, or it is another one under the same id."""


class BodyAltered(BodyUnreadable):
    """The key is right; the bytes are not those that were locked, or not in their place."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a body is bound to."""

    message_id: str
    role: str
    sha256: str

    def over(self, compressed: str) -> bytes:
        """As bytes, with the coding below the lock."""
        role = _REPLACED.sub("@", self.role)
        return "\0".join(("lienthong body 1", self.message_id, role, self.sha256, compressed)).encode()


class Vault:
    """Key-encryption keys by id, and which one is used for what is new. Thread-safe."""

    def __init__(self, keys: Mapping[str, bytes], active: str) -> None:
        """`active` = "" leaves new bodies as they are.

        Raises:
            Refused: an id or a key is of no use.
        """
        for name, key in keys.items():
            if not _ID.fullmatch(name) or len(key) != KEY_BYTES:
                raise Refused((problem("LT-KEY-003", Stage.CONFIGURE, {"key": name}),))
        if active and active not in keys:
            raise Refused((problem("LT-KEY-004", Stage.CONFIGURE, {"key": active, "known": ", ".join(keys) or "–"}),))
        self.active = active
        self._keys = {name: AESGCM(key) for name, key in keys.items()}

    @property
    def ids(self) -> frozenset[str]:
        """Of all keys."""
        return frozenset(self._keys)

    def lock(self, data: bytes, compressed: str, bound: Bound) -> tuple[str, bytes]:
        """The coding and the bytes to be kept."""
        chance = os.urandom(KEY_BYTES + _NONCE)
        nonce, about = chance[KEY_BYTES:], bound.over(compressed)
        coding = self._coding(chance[:KEY_BYTES], compressed, about)
        return coding, nonce + AESGCM(chance[:KEY_BYTES]).encrypt(nonce, data, about)

    def open(self, coding: str, data: bytes, bound: Bound) -> tuple[str, bytes]:
        """The coding below the lock and its bytes.

        Raises:
            BodyUnreadable: see its kinds.
        """
        compressed, key_id, wrapped = split(coding)
        about = bound.over(compressed)
        data_key = self._unwrapped(key_id, wrapped, about)
        try:
            return compressed, AESGCM(data_key).decrypt(data[:_NONCE], data[_NONCE:], about)
        except (InvalidTag, ValueError) as error:
            raise BodyAltered(_said("LT-KEY-002", bound=bound)) from error

    def rewrap(self, coding: str, bound: Bound) -> str:
        """The same data key under the active key: the bytes stay as they are."""
        compressed, key_id, wrapped = split(coding)
        about = bound.over(compressed)
        return self._coding(self._unwrapped(key_id, wrapped, about), compressed, about)

    def check(self, key_id: str) -> str:
        """A text by which the same key is known again; it tells nothing of the key."""
        nonce = os.urandom(_NONCE)
        return urlsafe_b64encode(nonce + self._keys[key_id].encrypt(nonce, _CHECK, key_id.encode())).decode()

    def knows(self, key_id: str, check: str) -> bool:
        """The key of this id is the one that made `check`."""
        raw = urlsafe_b64decode(check)
        try:
            return self._keys[key_id].decrypt(raw[:_NONCE], raw[_NONCE:], key_id.encode()) == _CHECK
        except (InvalidTag, ValueError):
            return False

    def _coding(self, data_key: bytes, compressed: str, about: bytes) -> str:
        nonce = os.urandom(_NONCE)
        wrapped = urlsafe_b64encode(nonce + self._keys[self.active].encrypt(nonce, data_key, about)).decode()
        return "+".join(filter(None, (compressed, f"{MARK}:{self.active}:{wrapped}")))

    def _unwrapped(self, key_id: str, wrapped: str, about: bytes) -> bytes:
        key = self._keys.get(key_id)
        if key is None:
            raise BodyLocked(missing(key_id, self.ids))
        try:
            raw = urlsafe_b64decode(wrapped)
            return key.decrypt(raw[:_NONCE], raw[_NONCE:], about)
        except (InvalidTag, ValueError) as error:  # the key itself was tried when the journal was opened
            raise BodyAltered(_said("LT-KEY-005", key=key_id)) from error


def split(coding: str) -> tuple[str, str, str]:
    """(coding below the lock, key id, wrapped data key); key id "" = not locked."""
    compressed, mark, rest = coding.rpartition(f"{MARK}:")
    key_id, _, wrapped = rest.partition(":")
    return (compressed.rstrip("+"), key_id, wrapped) if mark else (coding, "", "")


def missing(key_id: str, known: frozenset[str]) -> Problem:
    """There are bodies under a key that we do not have."""
    return problem("LT-KEY-001", Stage.CONFIGURE, {"key": key_id, "known": ", ".join(sorted(known)) or "–"})


def _said(code: str, *, bound: Bound | None = None, key: str = "") -> Problem:
    values = {"message": bound.message_id, "role": bound.role} if bound else {"key": key}
    return problem(code, Stage.CONFIGURE, values)


OPEN = Vault({}, "")  # no keys: bodies are kept as they are
