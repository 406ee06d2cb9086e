"""`lienthong gate`: the very code of the door on a file, for integrators and auditors: "would you take this, and why
not".
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bus.cli.context import Json
from bus.cli.judging import LAST, REQUIRED, Address, Asked, DecryptKeys, Jws, Order, judged
from bus.cli.trusted import Answers, File, Lists, Now, Pinned, PolicyName, TrustFolder, keys_of, moment_of, policy_of
from bus.cli.verdict import tell

EXAMPLES = """\b
Ví dụ / examples:
  lienthong gate soap.xml --trust tin-cay/ --crl thu-hoi.crl --endpoint https://bus.example/soap
  lienthong gate ho-so.xml --policy bus --key cong-khai.pem --json
  lienthong gate goi.json --policy partner_jws --jws "$X_JWS_SIGNATURE" --trust tin-cay/ --decrypt-key ma-hoa.pem
  lienthong gate soap.xml --policy partner_xades --trust tin-cay/
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("gate", short_help="tệp này có được nhận không / would this be taken", epilog=EXAMPLES)(gate)


def gate(
    file: File,
    policy: PolicyName = "partner_soap",
    trust: TrustFolder = None,
    crl: Lists = None,
    ocsp: Answers = None,
    key: Pinned = None,
    now: Now = "",
    endpoint: Annotated[
        str, typer.Option("--endpoint", metavar="URL", help="Địa chỉ của ta, so với wsa:To / our address")
    ] = "",
    schema: Annotated[
        Path | None,
        typer.Option(
            "--schema", metavar="XSD", exists=True, dir_okay=False, help="Lược đồ của nội dung / schema of the content"
        ),
    ] = None,
    jws: Jws = None,
    decrypt_key: DecryptKeys = None,
    order: Order = LAST,
    address: Address = REQUIRED,
    json: Json = False,
) -> None:
    """Cho một tệp qua cổng và nói dừng ở bước nào, vì sao / passes a file through the gate, step by step.

    Các bước: kích thước, byte, cú pháp, cấu trúc, chứng thư, chữ ký, thời hạn, địa chỉ, lược đồ; giải mã ở chỗ --order
    nói / the steps: size, guard, parse, structure, certificate, signature, freshness, addressing, schema; decryption
    where --order puts it.

    Mã thoát 0 được nhận, 1 bị từ chối, 2 gõ sai / exit status 0 accepted, 1 refused, 2 usage.
    """
    moment, profile = moment_of(now), policy_of(policy)
    keys = keys_of(trust, crl or [], ocsp or [], key or [], profile, moment)
    asked = Asked(profile, keys, moment, jws, endpoint, schema, decrypt_key or [], order, address=address)
    tell(file, judged(file, asked), profile, json=json)
