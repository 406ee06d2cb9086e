"""What the gate says of a file: the very code of the doors, with keys and stores from options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bus.cli.trusted import body_of, given

if TYPE_CHECKING:
    from signing.dsig import Keys
    from signing.encryption import Opener
    from signing.gate import Passed, Stopped
    from signing.gate_json import PassedBytes
    from signing.policy import Policy

LAST, FIRST = "sign-then-encrypt", "encrypt-then-sign"
REQUIRED, OPTIONAL = "required", "optional"
Jws = Annotated[
    str | None,
    typer.Option("--jws", metavar="CHỮ_KÝ", help="Chính JWS tách rời của tệp / its detached JWS itself"),
]
DecryptKeys = Annotated[
    list[Path] | None,
    typer.Option(
        "--decrypt-key", metavar="TỆP", exists=True, dir_okay=False,
        help="Khoá riêng PEM để giải mã, tên khoá là tên tệp / private key to decrypt with, named like its file",
    ),
]  # fmt: skip
Order = Annotated[
    str, typer.Option("--order", metavar="THỨ_TỰ", help=f"Khi có mã hoá / where it is encrypted: {LAST}, {FIRST}")
]

Address = Annotated[
    str,
    typer.Option(
        "--address", metavar="KIỂU",
        help="url trong JWS, như callers.….address / url in the JWS, as callers.….address: required, optional",
    ),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """How a file is to be judged."""

    policy: Policy
    keys: Keys
    now: datetime
    jws: str | None = None  # beside the file; None: the signature stands inside
    endpoint: str = ""
    schema: Path | None = None
    decrypt_keys: Sequence[Path] = ()
    order: str = LAST
    address: str = REQUIRED
    timed: bool = True  # False: only who signed what is asked, not whether it would be taken now


def judged(file: Path, asked: Asked) -> Passed | PassedBytes | Stopped:
    """What the gate says."""
    if asked.order not in (LAST, FIRST):
        raise typer.BadParameter(f"{asked.order}: {LAST}, {FIRST}", param_hint="--order")
    if asked.address not in (REQUIRED, OPTIONAL):
        raise typer.BadParameter(f"{asked.address}: {REQUIRED}, {OPTIONAL}", param_hint="--address")
    if not asked.policy.production and (asked.timed or asked.jws is not None):
        said = "chỉ để xem tệp lưu trữ bằng `signature verify` / only looks at archived files, by `signature verify`"
        raise typer.BadParameter(f"{asked.policy.name} {said}", param_hint="--policy")
    if asked.policy.jws_claims and asked.jws is None:
        raise typer.BadParameter(f"--policy {asked.policy.name} cần --jws / needs --jws")
    body = body_of(file)
    return _xml(body, asked) if asked.jws is None else _bytes(body, asked.jws.strip(), asked)


def _bytes(body: bytes, header: str, asked: Asked) -> PassedBytes | Stopped:
    from signing.encryption.jwe import meant_for
    from signing.gate_json import JsonRules, pass_json
    from signing.wss import MemoryReplays

    rules = JsonRules(
        policy=asked.policy,
        is_ours=(lambda url: url == asked.endpoint) if asked.endpoint else None,
        timed=asked.timed and "exp" in asked.policy.jws_claims,
        says_where=lambda _: asked.timed and asked.address == REQUIRED,
        method="POST" if body else "GET",
        opener=_opener(asked, meant_for(body)),
    )
    return pass_json(body, header, rules, asked.keys, replays=MemoryReplays(), now=asked.now)


def _xml(body: bytes, asked: Asked) -> Passed | Stopped:
    from schemas import xmldoc
    from schemas.problem import Refused
    from schemas.validate import Schema
    from signing.encryption.xmlenc import meant_for
    from signing.gate import GateRules, pass_gate
    from signing.policy import PARTNER_DSIG, PARTNER_XADES
    from signing.wss import MemoryReplays

    try:
        root = xmldoc.parse(body)
    except Refused:
        root = None  # the gate will say why
    enveloped = root is not None and str(root.tag).endswith("}Envelope")
    rules = GateRules(
        policy=asked.policy,
        endpoint=asked.endpoint,
        schema=Schema.load(asked.schema) if asked.schema is not None else None,
        opener=_opener(asked, meant_for(root) if root is not None else None),
        in_body=enveloped and asked.policy in (PARTNER_DSIG, PARTNER_XADES),
        archived=not asked.timed,
    )
    return pass_gate(body, rules, asked.keys, replays=MemoryReplays(), now=asked.now)


def _opener(asked: Asked, name: str | None) -> Opener:
    """A single key was meant, whatever name the sender gave it; of several the one whose file is named like it."""
    from signing.encryption import Opener, ReadingKey

    paths = asked.decrypt_keys
    keys = given(lambda: {path.stem: ReadingKey.from_pem(path.read_bytes(), key_id=path.stem) for path in paths})
    if len(paths) == 1 and name:
        keys = {name: next(iter(keys.values()))}
    return Opener(keys, frozenset(keys) if asked.order == LAST else frozenset())
