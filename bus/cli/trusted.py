"""The options by which a command is told whom to trust and as of when, and what they mean."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from schemas.problem import Problem, Refused, Stage, problem
from signing.keys import VerifyKey, certificate_fingerprint

if TYPE_CHECKING:
    from signing.dsig import Keys
    from signing.dsig.key_info import Hints
    from signing.policy import Policy
    from signing.trust import Evidence

T = TypeVar("T")


def _there(file: Path) -> Path:
    if str(file) != "-" and not file.exists():  # Typer itself knows no `-` for a Path
        raise typer.BadParameter(f"“{file}” không có / does not exist")
    return file


File = Annotated[
    Path,
    typer.Argument(
        metavar="TỆP", dir_okay=False, readable=True, callback=_there,
        help="Tệp; - là đầu vào chuẩn / the file; - is standard input",
    ),
]  # fmt: skip
PolicyName = Annotated[
    str,
    typer.Option(
        "--policy",
        metavar="HỒ_SƠ",
        help="Hồ sơ ký số / profile: bus, partner_soap, partner_jws, partner_xades …",
    ),
]
TrustFolder = Annotated[
    Path | None,
    typer.Option(
        "--trust", metavar="THƯ_MỤC", exists=True, file_okay=False, help="Kho tin cậy / folder of trusted certificates"
    ),
]
Lists = Annotated[
    list[Path] | None,
    typer.Option("--crl", metavar="TỆP", exists=True, dir_okay=False, help="Danh sách thu hồi / revocation lists"),
]
Answers = Annotated[
    list[Path] | None,
    typer.Option("--ocsp", metavar="TỆP", exists=True, dir_okay=False, help="Trả lời OCSP (DER) / status answers"),
]
Pinned = Annotated[
    list[Path] | None,
    typer.Option(
        "--key",
        metavar="TỆP",
        exists=True,
        dir_okay=False,
        help="Khoá công khai hay chứng thư PEM được ghim: không xét hạn và thu hồi / pinned key: no days, no lists",
    ),
]
Now = Annotated[str, typer.Option("--now", metavar="LÚC", help="Kiểm tra như lúc này, ISO 8601 / as of this moment")]


STDIN_BYTES = 104_857_600  # of what comes by standard input: no door takes as much


@cache
def _standard_input() -> bytes:
    data = sys.stdin.buffer.read(STDIN_BYTES + 1)
    if len(data) > STDIN_BYTES:
        raise typer.BadParameter(f"đầu vào chuẩn dài hơn / standard input is longer than {STDIN_BYTES} byte")
    return data


def body_of(file: Path) -> bytes:
    """Of the file a person typed; `-` is standard input."""
    return _standard_input() if str(file) == "-" else file.read_bytes()


def given(load: Callable[[], T]) -> T:
    """What was typed and cannot be used is a usage mistake, not a verdict."""
    try:
        return load()
    except Refused as fault:
        found = fault.problems[0]
        raise typer.BadParameter(f"{found.code}: {found.text_vi} / {found.text_en}") from fault


def keys_of(
    trust: Path | None, lists: list[Path], answers: list[Path], pinned: list[Path], policy: Policy, now: datetime
) -> Keys:
    """Whom to trust. Pinned keys are named by their files."""
    from signing.trust import Trust, TrustStore

    if pinned and trust is not None and not policy.jws_certificates:
        raise typer.BadParameter("chọn một: --trust hoặc --key / one of --trust and --key, not both")
    if pinned and trust is None and (lists or answers):
        raise typer.BadParameter("--crl, --ocsp chỉ dùng với --trust / --crl and --ocsp go with --trust")
    known = _pinned(given(lambda: {path.stem: _pinned_key(path, policy) for path in pinned}))
    if pinned and trust is None:
        return known
    if trust is None:
        raise typer.BadParameter("cần --trust THƯ_MỤC hoặc --key TỆP / --trust or --key is needed")
    store = given(lambda: TrustStore.load(trust, purpose=trust.name))
    judge = Trust(store, policy).keys(now=now, evidence=given(lambda: evidence_of(lists, answers)))

    def judged(hints: Hints) -> VerifyKey | tuple[Problem, ...]:
        """A certificate that is only named is judged as if it had come along."""
        found = known(hints) if pinned and not hints.certificates else None
        if not isinstance(found, VerifyKey) or not found.certificate:
            return judge(hints)
        return judge(replace(hints, certificates=(found.certificate,)))

    return judged


def _pinned_key(path: Path, policy: Policy) -> VerifyKey:
    try:
        return VerifyKey.from_pem(path.read_bytes(), key_id=path.stem, policy=policy)
    except Refused as fault:
        if fault.problems[0].code not in ("LT-SIGN-001", "LT-SIGN-002"):
            raise
        raise Refused((problem(fault.problems[0].code, Stage.CONFIGURE, {"key": ascii(path.name)}),)) from fault


def _pinned(keys: dict[str, VerifyKey]) -> Callable[[Hints], VerifyKey | tuple[Problem, ...]]:
    """A single key was meant, whatever its owner calls it; of several the one of the certificate or named like it."""

    def chosen(hints: Hints) -> VerifyKey | tuple[Problem, ...]:
        prints = {certificate_fingerprint(paper) for paper in hints.certificates}
        fitting = [key for key in keys.values() if not prints or key.fingerprint in prints]
        found = fitting[0] if len(fitting) == 1 else keys.get(hints.key_name or "")
        return found or (problem("LT-SIGN-037", Stage.RECEIVE, {"found": ascii(hints.key_name or "KeyInfo")}),)

    return chosen


def evidence_of(lists: list[Path], answers: list[Path]) -> Evidence:
    """What says of revocation."""
    from signing.trust import Evidence
    from signing.trust.papers import read_answer, read_list

    return Evidence(
        tuple(read_list(path.read_bytes(), name=path.name) for path in lists),
        tuple(read_answer(path.read_bytes(), name=path.name) for path in answers),
    )


def policy_of(name: str) -> Policy:
    """The profile of this name."""
    from signing.policy import POLICIES

    if name not in POLICIES:
        said = f"không có hồ sơ “{name}”; chọn một / no such profile, one of: {', '.join(POLICIES)}"
        raise typer.BadParameter(said, param_hint="--policy")
    return POLICIES[name]


def moment_of(text: str) -> datetime:
    """Aware UTC; "" = now."""
    if not text:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        said = f"“{text}”: viết có giờ và múi giờ / write it with time and zone: 2026-07-06T08:00:00+07:00"
        raise typer.BadParameter(said, param_hint="--now")
    return found.astimezone(UTC)
