"""Routes: which endpoints a canonical message goes to. Pure: an envelope in, planned deliveries out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from adapters.manifest import Direction
from bus.delivery import AfterParking, Pattern, Unclear
from bus.records import PlannedDelivery
from bus.windows import ALWAYS, Windows
from schemas.message import Envelope
from schemas.problem import Problem, Stage, problem

if TYPE_CHECKING:  # for a command that only reads the settings, compiling maps is far away
    from adapters.adapter import Adapter


@dataclass(frozen=True, slots=True)
class Hop:
    """One endpoint of a route and the operation used there."""

    endpoint: str
    operation: str


@dataclass(frozen=True, slots=True)
class Route:
    """A predicate on the envelope and where its messages go. The first route that fits decides."""

    id: str
    kind: str
    to: tuple[Hop, ...]
    senders: tuple[str, ...] = ()  # system ids; () = any
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # fact → allowed values
    ordered: bool = False  # each hop waits until the one before it has been delivered
    attachments: str = ""  # kind made of each attachment with content, routed on its own; "" = none
    priority: int = 1  # 0 urgent, 1 normal, 2 low
    after_parking: AfterParking = AfterParking.HOLD  # what a parked one means for those behind it

    def fits(self, envelope: Envelope) -> bool:
        """True if this route is for such a message."""
        return (
            self.kind == envelope.kind
            and (not self.senders or envelope.sender.system in self.senders)
            and all(envelope.facts.get(fact, "") in allowed for fact, allowed in self.when.items())
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One partner connection, as routes and workers know it. Addresses and secrets are the worker's business."""

    id: str
    system: str  # id of the system folder
    agency: str = ""  # only callers of this agency fetch from it; "" = every caller of the system
    windows: Windows = ALWAYS  # when we may send there


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All routes and endpoints of one configuration."""

    routes: tuple[Route, ...]
    endpoints: Mapping[str, Endpoint]

    def choose(self, envelope: Envelope) -> Route | Problem:
        """The route for a message, or the problem that there is none: never a silent drop."""
        for route in self.routes:
            if route.fits(envelope):
                return route
        facts = ", ".join(f"{name}={value}" for name, value in sorted(envelope.facts.items()))
        return problem(
            "LT-ROUTE-001",
            Stage.ROUTE,
            {"kind": envelope.kind, "sender": envelope.sender.system, "facts": facts or "–"},
        )


def plan(
    route: Route,
    table: RouteTable,
    adapters: Mapping[str, Adapter],
    *,
    now: datetime,
    delay_s: float = 0.0,
) -> tuple[PlannedDelivery, ...]:
    """The deliveries of one message, in the order of the route's hops."""
    planned: list[PlannedDelivery] = []
    before = ""
    for hop in route.to:
        endpoint = table.endpoints[hop.endpoint]
        operation = adapters[endpoint.system].manifest.operations[hop.operation]
        wanted = now + timedelta(seconds=delay_s)
        closed = endpoint.windows.closed_until(wanted) if operation.direction is Direction.OUT else None
        not_before, reason = closed or (wanted if delay_s else None, "")
        planned.append(
            PlannedDelivery(
                endpoint=hop.endpoint,
                operation=hop.operation,
                pattern=Pattern.PULL if operation.direction is Direction.PULL else Pattern.PUSH,
                unclear=Unclear(operation.unclear),
                unordered=operation.unordered,
                not_before=not_before,
                reason=reason,
                after_endpoint=before if route.ordered else "",
                priority=route.priority,
                after_parking=route.after_parking,
                replaces=route.kind if operation.full_state and not operation.unordered else "",
            )
        )
        before = hop.endpoint
    return tuple(planned)


def check(table: RouteTable, adapters: Mapping[str, Adapter]) -> tuple[Problem, ...]:
    """What is wrong with a configuration before anything runs: unknown endpoints, systems, operations."""
    problems: list[Problem] = []

    def say(code: str, **values: object) -> None:
        problems.append(problem(code, Stage.CONFIGURE, values))

    for endpoint in table.endpoints.values():
        if endpoint.system not in adapters:
            say("LT-ROUTE-002", endpoint=endpoint.id, system=endpoint.system)
    for route in table.routes:
        for hop in route.to:
            known = table.endpoints.get(hop.endpoint)
            if known is None:
                say("LT-ROUTE-003", route=route.id, endpoint=hop.endpoint)
            elif known.system in adapters and hop.operation not in adapters[known.system].manifest.operations:
                say("LT-ROUTE-004", route=route.id, endpoint=hop.endpoint, operation=hop.operation)
            elif route.after_parking is AfterParking.SUPERSEDE and not _tells_all(known, hop, adapters):
                say("LT-ROUTE-006", route=route.id, endpoint=hop.endpoint, operation=hop.operation)
        if len({hop.endpoint for hop in route.to}) != len(route.to):
            say("LT-ROUTE-005", route=route.id)
    return tuple(problems)


def _tells_all(endpoint: Endpoint, hop: Hop, adapters: Mapping[str, Adapter]) -> bool:
    """Whether a later message of this operation tells all that an earlier one told. A system that is missing is told
    of elsewhere."""
    found = adapters.get(endpoint.system)
    return found is None or found.manifest.operations[hop.operation].full_state
