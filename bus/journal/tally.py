"""Sums that every writer keeps beside its chain: deliveries accepted, and how many it moved into and out of each state.

Added up over all writers they are the sums of the whole journal, with no row counted and no row that two would lock.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

ACCEPTED = "accepted"  # beside the states


def added(tallies: Iterable[str]) -> Counter[str]:
    """What all of these counted; "" = nothing."""
    sums: Counter[str] = Counter()
    for text in tallies:
        sums.update(json.loads(text) if text else {})
    return sums


def written(*parts: Counter[str]) -> str:
    """Their sum, as it is kept. One writer's own may be below zero: it moved what another accepted."""
    sums: Counter[str] = Counter()
    for part in parts:
        sums.update(part)
    return json.dumps({name: many for name, many in sorted(sums.items()) if many}, separators=(",", ":"))
