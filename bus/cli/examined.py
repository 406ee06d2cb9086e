"""What was found of the signatures inside attachments, in lines and for programs. No name of a person stands in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from bus.cli.words import OWNERS
from bus.records import Examination
from bus.records.examining import JUDGEMENTS, WRONG, AttachmentPolicy
from schemas.problem import catalogue


def examined_lines(found: Examination) -> Iterator[str]:
    """One for each attachment."""
    for each in found.attachments:
        said = f"{each.place} {' / '.join(JUDGEMENTS[each.judgement])}"
        signers = ", ".join(map(_signer, each.signers))
        codes = f" [{', '.join(each.codes)}]" if each.codes else ""
        yield f"{said}{f' · {signers}' if signers else ''}{codes}"


def todo_of(found: Examination) -> tuple[str, ...]:
    """What to do about those that are wrong."""
    codes = (code for each in found.attachments if each.judgement in WRONG for code in each.codes)
    known = catalogue()
    texts = [known[code] for code in dict.fromkeys(codes) if code in known]
    return tuple(f"{OWNERS.get(one.owner.value, one.owner.value)}: {one.do_vi} / {one.do_en}" for one in texts)


def examined_json(found: Examination | None) -> dict[str, object] | None:
    """All of it; None = there was nothing to look at."""
    if found is None:
        return None
    return {
        "policy": found.policy.value, "state": "done" if found.done else "waiting",
        "judgement": found.worst.value if found.worst is not None else None, "since": found.since, "at": found.at,
        "files": [asdict(each) for each in found.attachments],
    }  # fmt: skip


def mark_of(found: Examination | None) -> str:
    """In a list: "" where nobody is to be told."""
    if found is None or found.policy is AttachmentPolicy.REPORT or found.worst not in WRONG:
        return ""
    return f"⚠ chữ ký tệp / attachments: {' / '.join(JUDGEMENTS[found.worst])}"


def _signer(signer: Mapping[str, object]) -> str:
    who = str(signer["organisation"] or "cá nhân / a person")
    said = f"{who} (serial {str(signer['serial'])[-16:] or '–'})"
    if signer["stamped_at"]:
        return f"{said}, dấu thời gian / stamped {signer['stamped_at']}"
    return f"{said}, tự khai / claimed {signer['claimed_at']}" if signer["claimed_at"] else said
