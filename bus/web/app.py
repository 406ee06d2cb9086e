"""The web application of a door process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from adapters.adapter import Adapter
from bus.watch.liveness import Verdict
from bus.watch.meters import Meters
from bus.web.door import DoorRules, Doors, Intake, PartnerKeys
from bus.web.gatekeeper import Gatekeeper
from bus.web.health import Check, Health, Readiness, live
from bus.web.scraping import Scraping


@dataclass(frozen=True, slots=True)
class DoorDeps:
    """What a door process needs, wired elsewhere."""

    adapters: Mapping[str, Adapter]
    intake: Intake
    keys: PartnerKeys
    address: str  # how partners reach us, e.g. "https://lienthong.example"
    outboxes: Mapping[str, str] = field(default_factory=dict)  # endpoint → system, of partners that fetch by REST
    checks: tuple[Check, ...] = ()
    routers: tuple[APIRouter, ...] = ()  # pages beside the doors; their paths win over a system's name
    rules: DoorRules = field(default_factory=DoorRules)
    verdict: Callable[[], Verdict] | None = None  # of the watch; None = nobody watches
    scraping: Scraping | None = None  # /metrics; None = not there
    meters: Meters = field(default_factory=Meters)
    gatekeeper: Gatekeeper | None = None  # None: nobody secures their messages


def make_app(doors: DoorDeps) -> FastAPI:
    """The application: health, metrics, the given routers, and one door per system that calls us."""
    # No generated API pages: a door's contract is its WSDL, and strangers need not see a list of systems.
    app = FastAPI(title="lienthong", docs_url=None, redoc_url=None, openapi_url=None)
    made = Doors(
        doors.adapters, doors.intake, keys=doors.keys, address=doors.address, rules=doors.rules, meters=doors.meters,
        gatekeeper=doors.gatekeeper,
    )  # fmt: skip
    readiness = Readiness(doors.checks)

    async def call(request: Request) -> Response:
        return await made.answer(request)

    app.add_route("/health/live", live, methods=["GET"])
    for path in ("/health/ready", "/ready"):
        app.add_route(path, readiness.answer, methods=["GET"])
    app.add_route("/health", Health(readiness, doors.verdict).answer, methods=["GET"])
    if doors.scraping is not None:
        app.add_route("/metrics", doors.scraping.answer, methods=["GET"])
    for router in doors.routers:
        app.include_router(router)

    async def outbox(request: Request) -> Response:
        """The same door as the system's own; a partner need only know its endpoint."""
        endpoint, _, act = request.path_params["path"].partition("/")
        request.path_params["system"] = doors.outboxes.get(endpoint, endpoint)
        request.path_params["path"] = f"outbox/{endpoint}/{act}".rstrip("/")
        return await made.answer(request)

    app.add_route("/outbox/{path:path}", outbox, methods=["GET", "POST"])
    app.add_route("/{system}", call, methods=["GET", "POST"])
    app.add_route("/{system}/{path:path}", call, methods=["GET", "POST"])
    return app
