"""The verdict on the signatures inside a PDF or CMS file, told to people and to programs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bus.cli import out
from bus.cli.trusted import body_of, given

if TYPE_CHECKING:
    from signing.attachments import Report, Signer
    from signing.trust import TrustStore

# As programs are told it → as people are.
_COVERS = {
    "whole": "cả tệp/whole",
    "earlier": "bản trước/earlier",
    "part": "một phần/part",
    "beside": "tệp khác/beside",
}
_STANDS = {"trusted": "được tin/trusted", "claimed": "tự khai/claimed", "untrusted": "không được tin/untrusted"}


def signable(file: Path) -> str:
    """ "pdf", "cms" or "": by the first bytes."""
    from schemas.signable import HEAD_BYTES, signable_kind

    if str(file) == "-":
        return signable_kind(body_of(file)[:HEAD_BYTES])
    with file.open("rb") as read:
        return signable_kind(read.read(HEAD_BYTES))


def tell_attachment(
    file: Path, kind: str, *, trusted: tuple[Path | None, Path | None], lists: list[Path], content: Path | None,
    now: datetime, json: bool,
) -> None:  # fmt: skip
    """Says who signed what. Exit status 1 unless a good signature covers the whole file."""
    from signing.attachments import examine

    trust, time_trust = trusted
    if trust is None:
        raise typer.BadParameter(f"{kind}: cần --trust THƯ_MỤC / --trust is needed")
    report = examine(
        body_of(file),
        trust=given(lambda: _store(trust, lists)),
        now=now,
        authorities=given(lambda: _authorities(time_trust)),
        content=content.read_bytes() if content is not None else None,
    )
    if json:
        verdict = "accepted" if report.good else "refused"
        out.show_json({"verdict": verdict, "file": file.name, **report.as_json()})
    else:
        _show(file, report)
    if not report.good:
        raise typer.Exit(1)


def _store(folder: Path, lists: list[Path]) -> TrustStore:
    from signing.trust import Evidence, TrustStore
    from signing.trust.papers import certificates_in, lists_in, read_list

    given = tuple(read_list(path.read_bytes(), name=path.name) for path in lists)
    evidence = Evidence((*lists_in(folder), *given))
    return TrustStore.of(tuple(certificates_in(folder)), evidence, purpose=folder.name)


def _authorities(folder: Path | None) -> TrustStore | None:
    from signing.trust import TrustRules, TrustStore

    return TrustStore.load(folder, purpose="time", rules=TrustRules(revocation=False)) if folder is not None else None


def _show(file: Path, report: Report) -> None:
    vi, en = report.line()
    mark, style = ("✓", "green") if report.good else ("✗", "red")
    out.say(f"{mark} {file.name}: {vi} / {en}", style=style)
    titles = (
        "chữ ký/signature",
        "người ký/signer",
        "nguyên vẹn/intact",
        "phủ/covers",
        "chứng thư/certificate",
        "lúc/at",
    )
    if report.signers:
        out.show_table(titles, map(_row, report.signers))
    for found in report.all_problems:
        out.say(f"  {found.code} {found.text_vi}")
        out.say(f"  {found.text_en}", style="dim")
        out.say(f"  → {found.do_vi} / {found.do_en}", style="dim")


def _row(signer: Signer) -> tuple[object, ...]:
    at = f"{signer.stamped_at.isoformat()} ✓" if signer.stamped_at else ""
    if not at and signer.claimed_at is not None:
        at = f"{signer.claimed_at.isoformat()} (tự khai / claimed)"
    return (
        signer.name or "CMS",
        signer.subject,
        "✓" if signer.intact else "✗",
        _COVERS.get(signer.coverage, signer.coverage),
        _STANDS.get(signer.standing, signer.standing),
        at,
    )
