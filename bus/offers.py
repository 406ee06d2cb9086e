"""What a partner that fetches is given: the heads of its lanes in its own form."""

from __future__ import annotations

import logging

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import AnswerKind
from adapters.wire.contract import Call, Said
from bus.outgoing import translate_out
from bus.records import WorkItem

log = logging.getLogger("lienthong.offers")


def offered_items(adapter: Adapter, call: Call, offered: tuple[WorkItem, ...]) -> list[etree._Element]:
    """Each offered message in the partner's form. One that cannot be translated is left out and logged: it stays
    offered-but-unacknowledged, so the stuck list shows it."""
    made: list[etree._Element] = []
    for item in offered:
        element, problems = translate_out(item, adapter, item.delivery.operation)
        if element is None:
            log.error(
                "cannot be offered message=%s endpoint=%s problems=%s",
                item.delivery.message_id, item.delivery.endpoint, [p.code for p in problems],
            )  # fmt: skip
            continue
        made.append(element)
    return made


def offered_reply(adapter: Adapter, call: Call, offered: tuple[WorkItem, ...]) -> Said:
    """The answer with its items. A full page says there may be more; the next page may then be empty."""
    items = offered_items(adapter, call, offered)
    values = {"more": "1" if len(offered) >= call.operation.limit else "0", "count": str(len(items))}
    return Said(AnswerKind.ACCEPTED, values=values, items=tuple(items))
