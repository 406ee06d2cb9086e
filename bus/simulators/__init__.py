"""Simulators of the partners: product for integrators, judge and jury for the demo and the chaos tests.

Each is a process of its own over real HTTP. None of them knows the bus's wires or maps.
"""

from bus.simulators.judge import Finding, KindCount, Verdict, judge
from bus.simulators.ledger import Event, Item, Ledger, Line, read_ledgers
from bus.simulators.options import (
    CmonOptions,
    DlmsOptions,
    FacadeOptions,
    ListsOptions,
    PortalOptions,
    ProxyOptions,
)
from bus.simulators.switches import Switches

__all__ = [
    "CmonOptions",
    "DlmsOptions",
    "Event",
    "FacadeOptions",
    "Finding",
    "Item",
    "KindCount",
    "Ledger",
    "Line",
    "ListsOptions",
    "PortalOptions",
    "ProxyOptions",
    "Switches",
    "Verdict",
    "judge",
    "read_ledgers",
]
