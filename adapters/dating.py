"""The day by which the code tables judge an item: its own, not the day it came."""

from __future__ import annotations

from datetime import date, datetime

from lxml import etree

from adapters.manifest import Operation
from adapters.mapping.kinds.layout import HANOI, Layout, layout


def own_day(operation: Operation, item: etree._Element) -> date | None:
    """The day an item says of itself, by `dated_by` and `dated_format`; None where none is declared or readable.

    An unreadable day is no fault here: the map reads the same field and says what is wrong with it.
    """
    if not operation.dated_by:
        return None
    found = item.find("/".join("{*}" + step for step in operation.dated_by.split("/")))
    written = layout(operation.dated_format)
    if found is None or not found.text or not isinstance(written, Layout):
        return None
    moment = written.read(found.text)
    return moment.astimezone(HANOI).date() if isinstance(moment, datetime) else None
