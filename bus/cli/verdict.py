"""How the verdict on a file is told, to people and to programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bus.cli import out
from schemas.problem import Problem, Refused

if TYPE_CHECKING:
    from signing.algorithms import Algorithm
    from signing.gate import Passed, Stopped
    from signing.gate_json import PassedBytes
    from signing.keys import VerifyKey
    from signing.policy import Policy


def tell(file: Path, result: Passed | PassedBytes | Stopped, policy: Policy, *, json: bool) -> None:
    """Says what came of it. Exit status 1 if it was stopped."""
    from signing.gate import Stopped
    from signing.gate_json import PassedBytes

    if json:
        out.show_json(_json(file, result, policy))
    elif isinstance(result, Stopped):
        out.say(f"✗ {file.name}: không nhận, dừng ở bước / refused at step “{result.step}”", style="red")
        for found in result.problems:
            _tell_problem(found)
    else:
        said = "chữ ký đúng trên cả tệp / good, over the whole file"
        said = said if isinstance(result, PassedBytes) else "được nhận / accepted"
        out.say(f"✓ {file.name}: {said} ({policy.name})", style="green")
        if (signed := _signed(result)) is not None:
            key, algorithm = signed
            out.say(f"  ký bởi / signed by {_subject(key)} · {algorithm}")
        if result.opened_by:
            out.say(f"  mã hoá cho khoá / encrypted for key {result.opened_by}")
        rows = [(part["path"], part["sha256"], part["form"]) for part in _covered(result)]
        out.show_table(("phần / part", "SHA-256", "dạng / form"), rows)
    if policy.until is not None and not json:
        out.warn(
            f"{policy.name}: ngoại lệ đến {policy.until:%d/%m/%Y}, chỉ để xem tệp lưu trữ / an exception, ends then; "
            "cho biết ai ký, không cho biết nội dung còn nguyên / says who signed, not that nothing was changed"
        )
    if isinstance(result, Stopped):
        raise typer.Exit(1)


def _tell_problem(found: Problem) -> None:
    out.say(f"  {found.code} {found.text_vi}")
    out.say(f"  {found.text_en}", style="dim")
    out.say(f"  → {found.do_vi} / {found.do_en}", style="dim")


def _json(file: Path, result: Passed | PassedBytes | Stopped, policy: Policy) -> dict[str, object]:
    from signing.gate import Stopped
    from signing.gate_json import PassedBytes

    told: dict[str, object] = {"policy": policy.name, "file": file.name}
    if policy.until is not None:
        told["exception_until"] = policy.until.isoformat()
    if isinstance(result, Stopped):
        reasons = [{"step": result.step, **found.as_json()} for found in result.problems]
        return {"verdict": "refused", **told, "covered": [], "reasons": reasons}
    signer: dict[str, object] = {}
    if (signed := _signed(result)) is not None:
        key, algorithm = signed
        signer = {
            "key_id": key.key_id, "key_sha256": key.fingerprint, "subject": _subject(key), "algorithm": algorithm,
        }  # fmt: skip
    if isinstance(result, PassedBytes):
        signer["claims"] = dict(result.signed.claims)
    return {
        "verdict": "accepted", **told, "signer": signer, "opened_by": result.opened_by, "covered": _covered(result),
        "reasons": [],
    }  # fmt: skip


def _covered(result: Passed | PassedBytes) -> list[dict[str, str]]:
    """Each part. A JWS covers every byte of the body, as it lay when it was signed."""
    from signing.gate_json import PassedBytes

    if isinstance(result, PassedBytes):
        return [{"path": "", "uri": "", "form": "jws", "sha256": result.signed.body_sha256}]
    return [{"path": part.path, "uri": part.uri, "form": part.form, "sha256": part.sha256} for part in result.parts]


def _signed(result: Passed | PassedBytes) -> tuple[VerifyKey, Algorithm] | None:
    return (result.signed.key, result.signed.algorithm) if result.signed is not None else None


def _subject(key: VerifyKey) -> str:
    from signing.trust.papers import read_certificates
    from signing.trust.path import subject_of

    try:
        return subject_of(read_certificates(key.certificate, name="")[0]) if key.certificate else key.key_id
    except Refused:
        return key.key_id
