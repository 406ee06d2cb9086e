"""How we fetch from a partner: the `[poll.<operation>]` tables of adapter.toml. Docs: docs/vi/lay-va-hoi.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_SPAN = re.compile(r"(\d{1,6})(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
PLACES = ("mark", "page", "offset", "size", "cursor", "id", "verdict")


def span_s(text: str) -> float:
    """A span in seconds.

    >>> span_s("90s"), span_s("2h")
    (90.0, 7200.0)

    Raises:
        ValueError: it is not written 30s, 5m, 2h or 1d.
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text}: 30s, 5m, 2h, 1d")
    return int(found[1]) * _SECONDS[found[2]]


@dataclass(frozen=True, slots=True)
class PollRule:
    """How an operation of direction "poll" is used to fetch, page after page, from a checkpoint.

    Texts of `ask`, `get_ask` and `ack_ask` may hold {mark} (the watermark reached), {page}, {offset}, {size},
    {cursor}, {id} and {verdict}; a member whose text comes out empty is left out. Spans are written 30s, 5m, 2h, 1d.
    """

    every: str = "1m"  # pause between two runs
    page: int = 100  # items asked for at a time
    pages: int = 20  # pages in one run at most; the next run goes on there
    first_page: int = 1  # number of the first page there
    ask: Mapping[str, str] = field(default_factory=dict)  # members of the request, by path
    more: str = ""  # path in the reply that says whether there is more; "" = until a page brings nothing new
    backlog: str = ""  # path in the reply that says how many are waiting
    cursor: str = ""  # path in the reply of a mark that only the partner understands, given back as {cursor}
    id: str = ""  # path in an item of its id there
    watermark: str = ""  # path in an item of a value that grows: a time of change, a number
    watermark_format: str = "iso"  # as in maps, or "number"
    order: str = "any"  # "up": the list is sorted by the watermark; "any": it may come in any order
    start: str = ""  # first {mark}, in the partner's form
    overlap: str = "0s"  # so far before the mark each run begins: clocks differ, and rows are committed late
    ahead: str = "10m"  # an item dated later than this from now is taken, and does not move the mark
    get: str = ""  # operation that fetches one item by its {id}; "" = the list carries the items
    get_ask: Mapping[str, str] = field(default_factory=dict)
    ack: str = ""  # operation that tells them what became of an item; "" = nothing is told
    ack_ask: Mapping[str, str] = field(default_factory=dict)
    taken: str = "done"  # {verdict} of an item we have
    rejected: str = ""  # {verdict} of an item we cannot take; "" = it is not acknowledged
