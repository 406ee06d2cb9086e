"""What persons order for whole endpoints: kept as entries of the chain, the newest of each endpoint holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any  # facts of an entry are JSON

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.journal import tables as t
from bus.journal.moments import from_us, to_us
from bus.journal.unit import Unit
from bus.rates import read_rate
from bus.records import EndpointOrder, Standing

KIND = "order"
SUBJECT = "endpoints"  # one for all, so that they are found together

_TEXTS = sa.select(t.entries.c.text).where(t.entries.c.subject == SUBJECT, t.entries.c.kind == KIND)


def order_many(unit: Unit, orders: Sequence[EndpointOrder]) -> list[Standing]:
    """Records a run of orders, one after the other."""
    made: list[Standing] = []
    for order in orders:
        unit.flush()
        before = read_standing(unit.connection)
        unit.entry(KIND, SUBJECT, order_facts(order, before.revision, now_us=unit.now_us))
        unit.flush()
        made.append(read_standing(unit.connection))
    return made


def read_standing(connection: Connection) -> Standing:
    """All that holds."""
    return standing_of(connection.execute(_TEXTS).scalars())


def order_facts(order: EndpointOrder, revision: int, *, now_us: int) -> dict[str, object]:
    """As they stand in the chain. The revision grows also when the clock was set back."""
    return {
        "revision": max(revision + 1, now_us), "endpoint": order.endpoint, "who": order.who, "why": order.why,
        "paused": order.paused, "until_us": _us(order.until), "in_flight": order.in_flight, "at_us": now_us,
        "rate": str(order.rate) if order.rate else None, "retries_stopped": order.retries_stopped,
    }  # fmt: skip


def standing_of(texts: Iterable[str]) -> Standing:
    """From the texts of entries, in any order."""
    facts = sorted((json.loads(text)["facts"] for text in texts), key=lambda fact: int(fact["revision"]))
    newest = {str(fact["endpoint"]): _order(fact) for fact in facts}
    holding = (order for order in newest.values() if _holds(order))
    return Standing(int(facts[-1]["revision"]) if facts else 0, tuple(sorted(holding, key=lambda one: one.endpoint)))


def _holds(order: EndpointOrder) -> bool:
    return order.paused or order.in_flight is not None or order.rate is not None or order.retries_stopped


def _order(fact: Mapping[str, Any]) -> EndpointOrder:  # Any: JSON
    return EndpointOrder(
        endpoint=fact["endpoint"], who=fact["who"], why=fact["why"], paused=fact["paused"],
        until=None if fact["until_us"] is None else from_us(fact["until_us"]), in_flight=fact["in_flight"],
        at=from_us(fact["at_us"]), rate=read_rate(fact["rate"]) if fact.get("rate") else None,
        retries_stopped=fact.get("retries_stopped", False),  # entries of before have neither
    )  # fmt: skip


def _us(at: datetime | None) -> int | None:
    return None if at is None else to_us(at)
