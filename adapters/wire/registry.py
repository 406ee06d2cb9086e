"""The wires by the names manifests use. Built-in and foreign ones enter by the same door.

A foreign wire is a `Wire` value under an entry point of the group "lienthong.wires".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Operation
from adapters.wire.contract import Exchange, InboundWire, OutboundWire, SendOrder
from adapters.wire.fetched import Fetched
from adapters.wire.http_client import HttpClient
from schemas.problem import Refused, Stage, problem

GROUP = "lienthong.wires"


@dataclass(frozen=True, slots=True)
class Wire:
    """One protocol: how it is read at the door, how it is sent, and how content is written for it."""

    name: str
    inbound: Callable[[], InboundWire]
    outbound: Callable[[HttpClient], OutboundWire]
    render: Callable[[Adapter, str, Operation, etree._Element], tuple[bytes, str]]
    page: Callable[[SendOrder, Exchange, Sequence[str]], Fetched] | None = None  # None: it cannot be polled


@cache
def wires() -> Mapping[str, Wire]:
    """All wires of this installation, by name. A name given twice is a broken installation.

    Raises:
        ValueError: two wires have one name.
    """
    found: dict[str, Wire] = {}
    for point in (*BUILT_IN, *entry_points(group=GROUP)):
        wire: Wire = point.load()
        if wire.name in found:
            raise ValueError(f"wire {wire.name} is given twice, the second time by {point.value}")
        found[wire.name] = wire
    return MappingProxyType(found)


_NAMES = ("soap", "portal", "json", "outbox_rest")
BUILT_IN = tuple(EntryPoint(name, f"adapters.wire.built_in:{name.upper()}", GROUP) for name in _NAMES)


def inbound(name: str) -> InboundWire:
    """The wire a door reads and answers with.

    Raises:
        Refused: there is no such wire.
    """
    return _wire(name).inbound()


def outbound(name: str, http: HttpClient | None = None) -> OutboundWire:
    """The wire an endpoint is called with. Without `http`, the process's own client is used.

    Raises:
        Refused: there is no such wire.
    """
    return _wire(name).outbound(http or _client())


def render(adapter: Adapter, name: str, operation: Operation, element: etree._Element) -> tuple[bytes, str]:
    """The content bytes of an operation's element, and their media type."""
    return _wire(adapter.manifest.wire).render(adapter, name, operation, element)


def read_page(order: SendOrder, exchange: Exchange, paths: Sequence[str]) -> Fetched:
    """What came of asking for items, item by item; `paths` are those of the reply that are to be told as text.

    Raises:
        Refused: items cannot be fetched by this wire.
    """
    wire = _wire(order.adapter.manifest.wire)
    if wire.page is None:
        raise Refused((problem("LT-POLL-001", Stage.CONFIGURE, {"wire": wire.name}),))
    return wire.page(order, exchange, paths)


@cache
def _client() -> HttpClient:
    return HttpClient()


def _wire(name: str) -> Wire:
    try:
        return wires()[name]
    except KeyError:
        values = {"wire": name, "known": ", ".join(sorted(wires()))}
        raise Refused((problem("LT-WIRE-044", Stage.CONFIGURE, values),)) from None
