"""What a person orders for endpoints: recorded in the journal, and told to the queue at once if it is there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bus.cli import out
from bus.cli.context import journal_of, person
from bus.cli.moments import read_moment
from bus.ports import GenerationLost, Journal, QueueUnavailable
from bus.records import EndpointOrder, Standing

if TYPE_CHECKING:
    from bus.settings import Settings

Why = Annotated[str, typer.Option("--why", metavar="LÝ DO", help="Lý do, ghi vào nhật ký / the reason, recorded")]
Until = Annotated[
    str, typer.Option("--until", metavar="LÚC", help="Tự hết lúc nào, hay sau bao lâu (2h) / when it ends, or a span")
]


def give(
    settings: Settings, endpoint: str, why: str, who: str, *, change: Callable[[EndpointOrder], EndpointOrder]
) -> tuple[EndpointOrder, bool]:
    """Changes what is ordered for one endpoint, or ALL. Returns what holds now, and whether the queue was told."""
    if not why.strip():
        raise typer.BadParameter("phải ghi lý do / a reason is needed", param_hint="--why")
    with journal_of(settings) as journal:
        before = {order.endpoint: order for order in journal.standing().orders}
        order = before.get(endpoint) or EndpointOrder(endpoint, "", "")
        order = replace(change(order), who=person(who), why=why.strip(), at=None)
        standing = journal.order(order).result()
        told = _tell(settings, journal, standing)
    holds = next((one for one in standing.orders if one.endpoint == endpoint), None)
    return holds or EndpointOrder(endpoint, person(who), why.strip()), told


def end_of(text: str, now: datetime) -> datetime | None:
    """When an order ends by itself; "" = a person ends it."""
    if not text:
        return None
    try:
        end = read_moment(text, now=now)
    except ValueError as wrong:
        raise typer.BadParameter(f"không hiểu / not a moment: {text}", param_hint="--until") from wrong
    if end < now and text.strip()[-1] in "smhdw":
        end = now + (now - end)  # a span counts forward here
    if end <= now:
        raise typer.BadParameter(f"đã qua / is past: {out.moment(end)}", param_hint="--until")
    return end


def warn_untold() -> None:
    """The queue was not there to hear it."""
    out.warn("Hàng đợi đang tắt: đã ghi, sẽ theo khi chạy lại / the queue is away: recorded, obeyed when it is back")


def _tell(settings: Settings, journal: Journal, standing: Standing) -> bool:
    """At once; the feeders would do it within a second."""
    from bus.compose import QUEUE_S, open_queue

    logging.getLogger("lienthong").setLevel(logging.ERROR)
    queue = open_queue(settings, patience_s=QUEUE_S)
    try:
        queue.adopt(journal.generation())
        queue.obey(standing)
    except (GenerationLost, QueueUnavailable):
        return False
    finally:
        queue.close()
    return True
