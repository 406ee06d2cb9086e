"""Reconciliations and findings as rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any  # JSON

from sqlalchemy import RowMapping

from bus.journal.moments import from_us, maybe_from_us, maybe_us, to_us
from bus.records import Difference, Finding, Listed, Progress, Reconciliation, Repair, Scope

_dumps = partial(json.dumps, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def run_values(run: Reconciliation) -> dict[str, object]:
    """The row of one run."""
    scope, after = run.scope, run.after
    return {
        "id": run.id, "who": run.who, "at_us": to_us(run.started_at), "since_us": to_us(scope.since),
        "until_us": to_us(scope.until), "endpoint": scope.endpoint, "agency": scope.agency, "dossier": scope.dossier,
        "total": run.total, "progress": run.progress.value, "step": run.step, "done": run.done,
        "after_dossier": after.dossier if after else "", "after_us": to_us(after.at) if after else None,
        "after_message": after.message_id if after else "",
        "counts": _dumps({endpoint: dict(many) for endpoint, many in run.counts.items()}),
    }  # fmt: skip


def run_of(row: RowMapping) -> Reconciliation:
    """The run of a row."""
    scope = Scope(from_us(row["since_us"]), from_us(row["until_us"]), row["endpoint"], row["agency"], row["dossier"])
    after = (
        Listed(row["after_dossier"], from_us(row["after_us"]), row["after_message"]) if row["after_dossier"] else None
    )
    return Reconciliation(
        id=row["id"], who=row["who"], started_at=from_us(row["at_us"]), scope=scope, total=row["total"],
        progress=Progress(row["progress"]), step=row["step"], done=row["done"], after=after,
        counts=json.loads(row["counts"]),
    )  # fmt: skip


def finding_values(run_id: str, found: Finding) -> dict[str, object]:
    """The row of one finding."""
    rest = {
        "code": found.code, "own_code": found.own_code, "ours": found.ours, "theirs": found.theirs,
        "reason": found.reason, "who": found.who, "detail": dict(found.detail), "proof": found.proof,
        "asked_us": maybe_us(found.asked_at),
        "repairs": [[one.act, one.delivery_id, one.as_then, one.seen] for one in found.repairs],
    }  # fmt: skip
    return {
        "reconciliation": run_id, "number": found.number, "endpoint": found.endpoint, "dossier": found.dossier,
        "difference": found.difference.value, "data": _dumps(rest),
    }  # fmt: skip


def finding_of(row: RowMapping) -> Finding:
    """The finding of a row."""
    rest: Mapping[str, Any] = json.loads(row["data"])
    return Finding(
        number=row["number"], dossier=row["dossier"], endpoint=row["endpoint"],
        difference=Difference(row["difference"]), code=rest["code"], own_code=rest["own_code"], ours=rest["ours"],
        theirs=rest["theirs"], reason=rest["reason"], who=rest["who"], detail=rest["detail"], proof=rest["proof"],
        asked_at=maybe_from_us(rest["asked_us"]), repairs=tuple(Repair(*one) for one in rest["repairs"]),
    )  # fmt: skip


def run_facts(run: Reconciliation) -> dict[str, object]:
    """What stands in the chain of a run's beginning and end."""
    names = ("who", "since_us", "until_us", "endpoint", "agency", "dossier", "total", "progress", "done", "counts")
    values = run_values(run)
    return {name: values[name] for name in names}
