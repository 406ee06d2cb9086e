"""What reconciliation reads of the journal, dossier by dossier, and its own runs on record."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.journal import tables as t
from bus.journal.delivery_row import as_delivery
from bus.journal.derive import WITH_AHEAD
from bus.journal.message_row import envelope_of
from bus.journal.moments import from_us, to_us
from bus.journal.reconcile_row import finding_of, finding_values, run_facts, run_of, run_values
from bus.journal.reconcile_tables import findings as findings_table
from bus.journal.reconcile_tables import reconciliations
from bus.journal.unit import Unit, delivery_row
from bus.records import Difference, Finding, HeldDelivery, Holding, Listed, Progress, Reconciliation, Scope
from schemas.message import Envelope

KIND = "reconciliation"  # of its entries in the chain
_CHUNK = 500  # messages looked at in one go

_m, _d, _i, _r, _f = t.messages.c, t.deliveries.c, t.identities.c, reconciliations.c, findings_table.c
_MANY: sa.BindParameter[str] = sa.bindparam("many", expanding=True)
# Not as an equality: without statistics SQLite would take the index by verdict, and read all there is.
_ACCEPTED = (_m.verdict != "rejected", _m.verdict != "asked", _m.kind != "goc")
_MESSAGES = (
    sa.select(t.messages).where(_m.order_key.in_(_MANY), *_ACCEPTED).order_by(_m.order_key, _m.received_us, _m.id)
)
_NAMES = sa.select(_i.dossier, _i.party, _i.code).where(_i.dossier.in_(_MANY)).order_by(_i.at_us, _i.party, _i.code)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One step of a run, with what was found since the last."""

    run: Reconciliation
    findings: tuple[Finding, ...]


def _in_scope(scope: Scope, *, by_time: bool = True) -> list[sa.ColumnElement[bool]]:
    """Messages of the scope. The condition of the index by time is said word for word, so that it is used; without
    `by_time` the time is an expression, so that it is not."""
    found = [_m.order_key != sa.literal_column("''"), *_ACCEPTED]
    if scope.dossier:
        return [*found, _m.order_key == scope.dossier]
    received = _m.received_us if by_time else _m.received_us + 0
    found += [received >= to_us(scope.since), received < to_us(scope.until)]
    if scope.agency:
        begin = json.dumps([scope.agency], ensure_ascii=False)[:-2]
        own = _m.sender.startswith(f'{begin}"', autoescape=True)
        found.append(sa.or_(own, _m.sender.startswith(f"{begin}.", autoescape=True)))
    return found


def list_dossiers(connection: Connection, scope: Scope, after: Listed | None, *, limit: int) -> tuple[Listed, ...]:
    """The next dossiers, each where its first message of the span stands. Reads no further than it must."""
    found: list[Listed] = []
    while len(found) < limit:
        rows = _next_messages(connection, scope, after)
        first = _first_messages(connection, scope, {row.dossier for row in rows})
        found += [row for row in rows if first[row.dossier] == row.message_id]
        if len(rows) < _CHUNK:
            break
        after = rows[-1]
    return tuple(found[:limit])


def _next_messages(connection: Connection, scope: Scope, after: Listed | None) -> list[Listed]:
    query = sa.select(_m.order_key, _m.received_us, _m.id).where(*_in_scope(scope))
    if after is not None:
        query = query.where(sa.tuple_(_m.received_us, _m.id) > sa.tuple_(to_us(after.at), after.message_id))
    rows = connection.execute(query.order_by(_m.received_us, _m.id).limit(_CHUNK))
    return [Listed(row.order_key, from_us(row.received_us), row.id) for row in rows]


def _first_messages(connection: Connection, scope: Scope, dossiers: set[str]) -> dict[str, str]:
    """By dossier, the id of its first message of the scope."""
    query = sa.select(_m.order_key, _m.received_us, _m.id).where(
        _m.order_key.in_(sorted(dossiers)), *_in_scope(scope, by_time=False)
    )
    rows = sorted(connection.execute(query), key=lambda row: (row.received_us, row.id), reverse=True)
    return {row.order_key: row.id for row in rows}


def count_dossiers(connection: Connection, scope: Scope) -> int:
    """How many there are."""
    query = sa.select(sa.func.count(sa.distinct(_m.order_key))).where(*_in_scope(scope))
    return int(connection.execute(query).scalar_one())


def read_holdings(connection: Connection, dossiers: Sequence[str], *, now_us: int) -> tuple[Holding, ...]:
    """One for each, in the order asked."""
    wanted = {"many": sorted(set(dossiers))}
    envelopes: defaultdict[str, list[Envelope]] = defaultdict(list)
    by_id: dict[str, Envelope] = {}
    for row in connection.execute(_MESSAGES, wanted).mappings():
        envelope = by_id[row["id"]] = envelope_of(row)
        envelopes[envelope.order_key].append(envelope)
    names: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for one in connection.execute(_NAMES, wanted):
        names[one.dossier].append((one.party, one.code))
    held: defaultdict[str, list[HeldDelivery]] = defaultdict(list)
    query = WITH_AHEAD.where(_d.message_id.in_(sorted(by_id))).order_by(_d.endpoint, _d.lane, _d.lane_seq)
    for found in connection.execute(query, {"now_us": now_us}).mappings() if by_id else ():
        stored = delivery_row(found)
        delivery = as_delivery(stored, ahead=found["ahead"] or "", now_us=now_us)
        held[stored.dossier].append(
            HeldDelivery(delivery, by_id[stored.message_id], bool(stored.taken), bool(stored.doubts))
        )
    return tuple(
        Holding(one, tuple(names[one]), tuple(envelopes[one]), tuple(held[one])) for one in dict.fromkeys(dossiers)
    )


# ---------------------------------------------------------------- the run


def record_many(unit: Unit, records: Sequence[RunRecord]) -> list[bool]:
    """Each step once, in order; False: another process has gone on with the run."""
    return [_record(unit, record) for record in records]


def _record(unit: Unit, record: RunRecord) -> bool:
    run = record.run
    unit.flush()
    known = unit.connection.execute(sa.select(_r.step).where(_r.id == run.id).with_for_update()).scalar_one_or_none()
    if run.step != (known or 0) + 1:
        return False
    values = run_values(run)
    if known is None:
        unit.connection.execute(sa.insert(reconciliations), [values])
    else:
        unit.connection.execute(sa.update(reconciliations).where(_r.id == run.id).values(values))
    if record.findings:
        keys = [(found.number, found.endpoint) for found in record.findings]
        old = sa.delete(findings_table).where(_f.reconciliation == run.id, sa.tuple_(_f.number, _f.endpoint).in_(keys))
        unit.connection.execute(old)
        unit.connection.execute(sa.insert(findings_table), [finding_values(run.id, found) for found in record.findings])
    if known is None or run.progress is not Progress.RUNNING:
        unit.entry(KIND, run.id, run_facts(run))
    return True


def read_run(connection: Connection, run_id: str) -> Reconciliation | None:
    """One run; None = no such."""
    row = connection.execute(sa.select(reconciliations).where(_r.id == run_id)).mappings().one_or_none()
    return None if row is None else run_of(row)


def read_runs(connection: Connection, *, limit: int) -> tuple[Reconciliation, ...]:
    """Newest first."""
    query = sa.select(reconciliations).order_by(_r.at_us.desc(), _r.id.desc()).limit(limit)
    return tuple(run_of(row) for row in connection.execute(query).mappings())


def read_findings(
    connection: Connection, run_id: str, after: tuple[int, str], *, limit: int, difference: Difference | None
) -> tuple[Finding, ...]:
    """In order of dossiers, those that say something."""
    query = sa.select(findings_table).where(
        _f.reconciliation == run_id,
        _f.difference != Difference.EQUAL.value,
        sa.tuple_(_f.number, _f.endpoint) > sa.tuple_(*after),
    )
    if difference is not None:
        query = query.where(_f.difference == difference.value)
    rows = connection.execute(query.order_by(_f.number, _f.endpoint).limit(limit)).mappings()
    return tuple(finding_of(row) for row in rows)
