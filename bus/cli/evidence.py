"""`lienthong evidence`: what proves one message's journey, as a container; and checking one, without us."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bus.cli import out
from bus.cli.broken import in_vietnamese
from bus.cli.context import Json, Who, journal_of, person, refused, state
from bus.cli.reach import message_of
from bus.cli.trusted import moment_of

if TYPE_CHECKING:
    from signing.evidence import Report
    from signing.trust import TrustStore

EXAMPLES = """\b
Ví dụ / examples:
  lienthong evidence export 019f3a7c --why "toà yêu cầu" --out 019f3a7c.asice
  lienthong evidence export 019f3a7c --without-bodies --json | jq -r .sha256
  lienthong evidence verify 019f3a7c.asice --trust tin-cay/ --tsa-trust dau-thoi-gian/
  lienthong evidence check                      cả nhật ký: bản ghi đầu tiên bị sửa, mất, đổi chỗ / the whole journal
"""
MARKS = {"proved": ("✓", "green"), "open": ("–", "yellow"), "broken": ("✗", "red")}
TsaFolder = Annotated[
    Path | None,
    typer.Option(
        "--tsa-trust", metavar="THƯ_MỤC", exists=True, file_okay=False, help="Chứng thư dấu thời gian / of time"
    ),
]
SignerFolder = Annotated[
    Path | None,
    typer.Option(
        "--trust", metavar="THƯ_MỤC", exists=True, file_okay=False, help="Chứng thư người ký gói / of signers"
    ),
]

evidence_app = typer.Typer(
    name="evidence", short_help="chứng cứ của một thông điệp / evidence about a message", no_args_is_help=True,
    epilog=EXAMPLES, help="Xuất và kiểm tra chứng cứ / exports and checks evidence.",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(evidence_app)


@evidence_app.command("export", epilog=EXAMPLES)
def export(
    context: typer.Context,
    id: Annotated[str, typer.Argument(help="Mã thông điệp hay phần đầu / a message id or its beginning")],
    why: Annotated[str, typer.Option(help="Lý do, ghi vào nhật ký / why, recorded")] = "",
    to: Annotated[str, typer.Option("--out", metavar="TỆP", help="Ghi vào đâu / where to write")] = "",
    without_bodies: Annotated[
        bool, typer.Option("--without-bodies", help="Không kèm nội dung, chỉ mã băm / digests only, no contents")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Ghi đè tệp đã có / overwrite a file that is there")] = False,
    who: Who = "",
    json: Json = False,
) -> None:
    """Ghi gói ASiC-E chứng minh hành trình của một thông điệp / writes a container that proves a message's journey.

    Gói có dữ liệu công dân không che, trừ khi --without-bodies; vì vậy phải có --why / uncovered, hence --why.

    Tệp đã có thì không ghi đè, trừ khi --force. Mã thoát 0 = đã ghi, 1 = không có thông điệp, hay tệp đã có, 3 = kho
    không trả lời / a file is never overwritten without --force; exit codes: 0 written, 1 no such message or file there.
    """
    if not without_bodies and not why.strip():
        raise typer.BadParameter("cần --why (hoặc --without-bodies) / --why is needed", param_hint="--why")
    from bus.compose_evidence import evidence_key, lasting_proof, make_authorities, make_believed
    from bus.evidence.export import gather
    from signing.asic import seal

    settings = state(context).settings
    key, authorities = evidence_key(settings), make_authorities(settings)
    with journal_of(settings) as journal:
        journey = message_of(journal, id)
        target = Path(to or f"{journey.envelope.id}.asice")
        if target.exists() and not force:  # before anything is on record, and before anybody stamps
            raise refused("LT-CLI-042", file=target)
        if not without_bodies:
            journal.record_look(journey.envelope.id, "evidence", who=person(who), why=why.strip()).result(30)
        now = datetime.now(UTC)
        files = gather(journal, journey, now=now, bodies=not without_bodies, keys=make_believed(settings).keys)
    stamper = (lambda data: authorities.stamp_by_any(data).token) if authorities is not None else None
    keep = lasting_proof(settings, key, now=now)
    container = seal(files, key, now=now, stamper=stamper, keep=keep)
    _keep(target, container, over=force)
    if json:
        out.show_json(
            {
                "message": journey.envelope.id, "file": str(target), "size": len(container), "files": sorted(files),
                "sha256": sha256(container).hexdigest(), "bodies": not without_bodies, "stamped": stamper is not None,
            }
        )  # fmt: skip
        return
    out.say(f"✓ {target} ({len(files)} tệp / files)", style="green")


def _keep(target: Path, container: bytes, *, over: bool) -> None:
    """For its owner alone: citizens' data stands in it."""
    with open(
        target, "wb" if over else "xb", opener=lambda path, flags: os.open(path, flags, 0o600)
    ) as file:  # Path.open has no opener
        os.fchmod(file.fileno(), 0o600)
        file.write(container)


@evidence_app.command("verify", epilog=EXAMPLES)
def verify(
    file: Annotated[
        Path, typer.Argument(metavar="TỆP", exists=True, dir_okay=False, help="Gói .asice / the container")
    ],
    trust: SignerFolder = None,
    tsa_trust: TsaFolder = None,
    now: Annotated[str, typer.Option("--now", metavar="LÚC", help="Kiểm tra như lúc này / as of this moment")] = "",
    json: Json = False,
) -> None:
    """Kiểm tra một gói, không cần mạng hay cơ sở dữ liệu / checks a container without network or database.

    Nói rõ điều gì được chứng minh (✓), điều gì chưa (–), điều gì bị bác bỏ (✗). Mã thoát 1 nếu có ✗ / says what is
    proved, what is not, and what is contradicted; exit status 1 if anything is.
    """
    from signing.evidence import verify_evidence

    report = verify_evidence(file.read_bytes(), _store(trust), _store(tsa_trust), now=moment_of(now))
    _tell(report, json=json)
    if not report.holds:
        raise typer.Exit(1)


@evidence_app.command("check", epilog=EXAMPLES)
def check(context: typer.Context, json: Json = False) -> None:
    """Đi hết chuỗi nhật ký, nêu bản ghi đầu tiên bị sửa, mất hay đổi chỗ của mỗi chuỗi / walks the journal's chains.

    Rồi đối chiếu với từng niêm phong: ai viết lại cả chuỗi cũng phải giả được chữ ký / then holds them against every
    seal.

    Mã thoát 1 nếu có gì không đúng / exit status 1 if anything is wrong.
    """
    from bus.compose_evidence import make_believed
    from bus.evidence.check import walk_seals

    settings = state(context).settings
    believed = make_believed(settings)
    with journal_of(settings) as journal, out.busy("đang đi chuỗi / walking the chain"):
        chain = journal.verify_chain()
        walked = walk_seals(journal, believed)
        last = journal.last_seal()
        waiting = journal.unsealed(1).waiting
    sealed = last.number if last is not None else 0
    broken = [*chain, *(f"seal {one.number}: {one.en}" for one in walked.faults)]
    if json:
        shown = {"whole": not broken, "broken": broken, "seals": sealed, "unsealed": waiting}
        out.show_json({**shown, "unjudged_seals": walked.unjudged})
    else:
        said = [(in_vietnamese(one), one) for one in chain]
        said += [(f"niêm phong {one.number}: {one.vi}", f"seal {one.number}: {one.en}") for one in walked.faults]
        _tell_check(said, sealed, waiting, walked.unjudged)
    if broken:
        raise typer.Exit(1)


def _tell_check(broken: list[tuple[str, str]], sealed: int, waiting: int, unjudged: int) -> None:
    for vi, en in broken:
        out.say(f"✗ {vi} / {en}", style="red")
    if not broken:
        out.say(
            "✓ chuỗi nhật ký nguyên vẹn, khớp mọi niêm phong / the chain is whole and fits its seals", style="green"
        )
    out.say(f"  {sealed} niêm phong / seals · {waiting} bản ghi chờ niêm phong / entries wait")
    if unjudged:
        out.say(
            f"– {unjudged} niêm phong chưa xét được chữ ký: không khai khóa đã ký"
            " / their signatures are not judged: the key is not declared",
            style="yellow",
        )


def _store(folder: Path | None) -> TrustStore | None:
    from signing.trust import TrustRules, TrustStore

    if folder is None:
        return None
    return TrustStore.load(folder, purpose=folder.name, rules=TrustRules(revocation=any(folder.glob("*.crl"))))


def _tell(report: Report, *, json: bool) -> None:
    if json:
        rows = [{"standing": one.standing, "vi": one.vi, "en": one.en} for one in report.statements]
        out.show_json({"holds": report.holds, "message": report.message.get("message", {}), "statements": rows})
        return
    for one in report.statements:
        mark, style = MARKS[one.standing]
        out.say(f"{mark} {one.vi}", style=style)
        out.say(f"    {one.en}", style="dim")
