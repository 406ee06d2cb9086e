"""UsernameToken: who says he is who, by password or by a digest with a nonce that is good once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import NoReturn

from lxml import etree

from schemas.problem import Refused, Stage, problem
from signing.encoding import from_base64
from signing.policy import Policy
from signing.wss.freshness import Replays, moment_of, within
from signing.wss.names import BASE64, PASSWORD_DIGEST, PASSWORD_TEXT, wsse, wsu

_LIMIT = 256  # characters of any of its texts


@dataclass(frozen=True, slots=True)
class Users:
    """Whom we know. `password`: of a user; None = not known."""

    password: Callable[[str], str | None]
    text: bool = False  # a password in clear is taken; only behind TLS


def check_username(
    token: etree._Element, users: Users, policy: Policy, replays: Replays, *, now: datetime, stage: Stage
) -> str:
    """The user, whose password was right, now and for the first time.

    Raises:
        Refused: LT-WSS-013 … 016. Unknown user and wrong password read the same outside.
    """
    found = {str(child.tag): child for child in token}
    names = {wsse("Username"), wsse("Password"), wsse("Nonce"), wsu("Created")}
    if len(found) != len(token) or not {wsse("Username"), wsse("Password")} <= set(found) <= names:
        _refuse("LT-WSS-013", stage)
    texts = {name: (child.text or "") for name, child in found.items()}
    if any(len(child) for child in token) or any(len(text) > _LIMIT for text in texts.values()):
        _refuse("LT-WSS-013", stage)
    kind = found[wsse("Password")].get("Type", PASSWORD_TEXT)
    user = texts[wsse("Username")]
    password = users.password(user)
    if kind == PASSWORD_TEXT and users.text:
        right = compare_digest((password or "\0").encode(), texts[wsse("Password")].encode())
    elif kind == PASSWORD_DIGEST:
        right = _digest_is_right(found, texts, password, policy, replays, now=now, stage=stage)
    else:
        _refuse("LT-WSS-013", stage)
    if password is None or not right:
        _refuse("LT-WSS-014", stage)
    return user


def _digest_is_right(
    found: dict[str, etree._Element],
    texts: dict[str, str],
    password: str | None,
    policy: Policy,
    replays: Replays,
    *,
    now: datetime,
    stage: Stage,
) -> bool:
    if not {wsse("Nonce"), wsu("Created")} <= set(found) or found[wsse("Nonce")].get("EncodingType", BASE64) != BASE64:
        _refuse("LT-WSS-013", stage)
    nonce, created = from_base64(texts[wsse("Nonce")]), moment_of(texts[wsu("Created")])
    if not nonce or len(nonce) < 8 or created is None:  # a short nonce is guessed, or repeats
        _refuse("LT-WSS-013", stage)
    until = within(created, None, policy, now=now, stage=stage)
    expected = hashlib.sha1(
        nonce + texts[wsu("Created")].encode() + (password or "\0").encode(), usedforsecurity=False
    ).digest()
    right = compare_digest(expected, from_base64(texts[wsse("Password")]) or b"") and password is not None
    # Only a right one uses up its nonce, and only its user's: else a stranger could spend other people's.
    mark = f"nonce:{nonce.hex()}:{texts[wsse('Username')]}"
    if right and not replays.first(mark, until=until + timedelta(seconds=1), now=now):
        _refuse("LT-WSS-015", stage)
    return right


def _refuse(code: str, stage: Stage) -> NoReturn:
    raise Refused((problem(code, stage),))
