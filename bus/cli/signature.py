"""`lienthong signature sign|verify`: signs and checks files with the very code of the bus."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bus.cli import out
from bus.cli.attachment import signable, tell_attachment
from bus.cli.context import Json, refused
from bus.cli.judging import LAST, Asked, DecryptKeys, Jws, Order, judged
from bus.cli.trusted import (
    Answers,
    File,
    Lists,
    Now,
    Pinned,
    PolicyName,
    TrustFolder,
    body_of,
    given,
    keys_of,
    moment_of,
    policy_of,
)
from bus.cli.verdict import tell
from schemas.problem import Refused

if TYPE_CHECKING:
    from signing.keys import SigningKey
    from signing.policy import Policy

EXAMPLES = """\b
Ví dụ / examples:
  lienthong signature sign ho-so.xml --key khoa.pem --certificate chung-thu.pem --out ho-so-da-ky.xml
  lienthong signature sign soap.xml --key khoa.pem --certificate chung-thu.pem --policy bus_soap
  lienthong signature sign body.json --key khoa.pem --jws > body.jws
  lienthong signature verify body.json --jws "$(cat body.jws)" --key cong-khai.pem
  lienthong signature verify ho-so-da-ky.xml --trust tin-cay/ --crl thu-hoi.crl
  lienthong signature verify dap.json --policy answer_jws --key truc.crt --jws "$X_JWS_SIGNATURE"
"""
PrivateKeyFile = Annotated[
    Path, typer.Option("--key", metavar="TỆP", exists=True, dir_okay=False, help="Khoá riêng PEM / private key")
]
CertificateFile = Annotated[
    Path | None,
    typer.Option("--certificate", metavar="TỆP", exists=True, dir_okay=False, help="Chứng thư PEM / certificate"),
]
PasswordVariable = Annotated[
    str,
    typer.Option("--password-env", metavar="BIẾN", help="Biến giữ mật khẩu / variable with the password"),
]
KeyName = Annotated[str, typer.Option("--key-id", metavar="TÊN", help="Tên khoá trong chữ ký / the key's name")]
AlgorithmName = Annotated[
    str,
    typer.Option("--algorithm", metavar="TÊN", help="ES256, RS256, PS256 …; mặc định theo khoá / default by key"),
]
AsJws = Annotated[bool, typer.Option("--jws", help="JWS tách rời trên các byte của tệp / a detached JWS of the bytes")]
Content = Annotated[
    Path | None,
    typer.Option(
        "--content", metavar="TỆP", exists=True, dir_okay=False, help="Tệp mà chữ ký .p7s ký lên / its content"
    ),
]
TimeTrust = Annotated[
    Path | None,
    typer.Option(
        "--time-trust", metavar="THƯ_MỤC", exists=True, file_okay=False,
        help="Kho tin cậy của dấu thời gian / whom to believe for time-stamps",
    ),
]  # fmt: skip
Out = Annotated[str, typer.Option("--out", metavar="TỆP", help="Ghi vào đâu, - là màn hình / where to write")]

signature_app = typer.Typer(
    name="signature", short_help="ký và kiểm tra tệp / sign and check files", no_args_is_help=True, epilog=EXAMPLES,
    help="Ký và kiểm tra một tệp bằng đúng mã của trục / signs and checks a file with the very code of the bus.",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(signature_app)


@signature_app.command("sign", epilog=EXAMPLES)
def sign(
    file: File,
    key: PrivateKeyFile,
    certificate: CertificateFile = None,
    password_env: PasswordVariable = "",
    key_id: KeyName = "lienthong",
    algorithm: AlgorithmName = "",
    policy: PolicyName = "",
    jws: AsJws = False,
    to: Out = "-",
) -> None:
    """Ký một tệp: XML (chữ ký nằm trong), SOAP (WS-Security) hoặc JWS tách rời / signs a file.

    Không có --policy: phong bì SOAP theo bus_soap, còn lại theo bus / without --policy: a SOAP envelope by bus_soap,
    anything else by bus.
    """
    if jws and (policy or certificate is not None):
        raise typer.BadParameter("--jws không đi với --policy, --certificate / goes with neither of them")
    body = body_of(file)
    profile = policy_of(policy) if policy else _fitting(body, jws=jws)
    if password_env and password_env not in os.environ:
        said = f"không có biến môi trường “{password_env}” / no such environment variable"
        raise typer.BadParameter(said, param_hint="--password-env")
    password = os.environ[password_env].encode() if password_env else None
    loaded = given(lambda: _signing_key(key, certificate, password, key_id, algorithm, profile))
    _warn_of_days(loaded)
    signed = _jws(body, loaded) if jws else _signed(body, loaded, profile)
    if to == "-":
        sys.stdout.buffer.write(signed)
        sys.stdout.buffer.flush()
    else:
        Path(to).write_bytes(signed)
        out.say(f"✓ đã ký / signed: {to} ({loaded.algorithm})", style="green")


def _fitting(body: bytes, *, jws: bool) -> Policy:
    """What the doors take this kind of document by; said, where it is not the usual one."""
    from schemas import xmldoc
    from signing.policy import BUS, BUS_SOAP

    try:
        is_envelope = not jws and str(xmldoc.parse(body).tag).endswith("}Envelope")
    except Refused:
        is_envelope = False  # signing will say why
    if is_envelope:
        out.warn("Phong bì SOAP: ký theo bus_soap / a SOAP envelope: signed by bus_soap")
    return BUS_SOAP if is_envelope else BUS


def _warn_of_days(key: SigningKey) -> None:
    """Whoever signs with a certificate that is not in force is told: receivers will refuse it."""
    from signing.trust.papers import read_certificates

    for paper in read_certificates(key.certificate, name="")[:1] if key.certificate else ():
        now, first, last = datetime.now(UTC), paper.not_valid_before_utc, paper.not_valid_after_utc
        if now > last:
            out.warn(f"Chứng thư đã hết hạn ngày {last:%d/%m/%Y} / the certificate has ended")
        elif now < first:
            out.warn(f"Chứng thư chưa có hiệu lực, từ {first:%d/%m/%Y} / the certificate is not valid yet")


@signature_app.command("verify", epilog=EXAMPLES)
def verify(
    file: File,
    policy: PolicyName = "bus",
    trust: TrustFolder = None,
    crl: Lists = None,
    ocsp: Answers = None,
    key: Pinned = None,
    now: Now = "",
    jws: Jws = None,
    content: Content = None,
    time_trust: TimeTrust = None,
    decrypt_key: DecryptKeys = None,
    order: Order = LAST,
    json: Json = False,
) -> None:
    """Kiểm tra chữ ký của một tệp: ai ký, phủ lên phần nào / checks a file's signature: who signed what.

    PDF và CMS (.p7m, .p7s) được nhận ra theo nội dung / PDF and CMS are known by their content.

    Mã thoát 0 đúng, 1 bị từ chối, 2 gõ sai / exit status 0 good, 1 refused, 2 usage.
    """
    moment, profile = moment_of(now), policy_of(policy)
    if jws is not None and (content is not None or (trust is not None and not profile.jws_certificates)):
        said = "--jws chỉ đi với --key; với --trust thì --policy partner_jws / --jws goes with --key alone"
        raise typer.BadParameter(f"{said}; with --trust by --policy partner_jws")
    if jws is None and (kind := signable(file)):
        if key:
            raise typer.BadParameter(f"{kind}: dùng --trust, không dùng --key / use --trust, not --key")
        tell_attachment(
            file, kind, trusted=(trust, time_trust), lists=crl or [], content=content, now=moment, json=json
        )
        return
    if content is not None:
        raise typer.BadParameter("--content chỉ dùng với chữ ký .p7s / --content goes with a .p7s signature")
    keys = keys_of(trust, crl or [], ocsp or [], key or [], profile, moment)
    asked = Asked(profile, keys, moment, jws, decrypt_keys=decrypt_key or [], order=order, timed=False)
    tell(file, judged(file, asked), profile, json=json)


def _signing_key(
    key: Path, certificate: Path | None, password: bytes | None, key_id: str, algorithm: str, policy: Policy
) -> SigningKey:
    from signing.algorithms import Algorithm
    from signing.keys import SigningKey

    if algorithm and algorithm not in set(Algorithm):
        said = f"không có thuật toán “{algorithm}”; chọn một / no such algorithm, one of: {', '.join(Algorithm)}"
        raise typer.BadParameter(said, param_hint="--algorithm")
    chosen = Algorithm(algorithm) if algorithm else None
    pem = key.read_bytes()
    loaded = _of_file(
        key, lambda: SigningKey.from_pem(pem, key_id=key_id, password=password, algorithm=chosen, policy=policy)
    )
    if certificate is None:
        return loaded
    paper = certificate.read_bytes()
    return _of_file(
        certificate,
        lambda: SigningKey.from_pem(
            pem, key_id=key_id, password=password, certificate=paper, algorithm=chosen, policy=policy
        ),
    )


def _of_file(file: Path, load: Callable[[], SigningKey]) -> SigningKey:
    """What cannot be read is named by its file: the key's name says nothing to who typed two files."""
    try:
        return load()
    except Refused as fault:
        if fault.problems[0].code not in ("LT-SIGN-001", "LT-SIGN-002"):
            raise
        raise refused(fault.problems[0].code, key=ascii(file.name)) from fault


def _signed(body: bytes, key: SigningKey, policy: Policy) -> bytes:
    from signing.dsig import sign_enveloped
    from signing.policy import BUS, BUS_SOAP
    from signing.wss import secure

    if policy is BUS_SOAP:
        return secure(body, key, now=datetime.now(UTC))
    if policy is not BUS:
        raise refused("LT-SIGN-006", policy=policy.name)
    return sign_enveloped(body, key)


def _jws(body: bytes, key: SigningKey) -> bytes:
    from signing.jws import sign_detached

    return sign_detached(body, key).encode("ascii") + b"\n"
