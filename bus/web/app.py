"""The web application of a door process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from adapters.adapter import Adapter
from bus.web.door import DoorRules, Doors, Intake, PartnerKeys
from bus.web.health import Check, Readiness, live


@dataclass(frozen=True, slots=True)
class DoorDeps:
    """What a door process needs, wired elsewhere."""

    adapters: Mapping[str, Adapter]
    intake: Intake
    keys: PartnerKeys
    address: str  # how partners reach us, e.g. "https://lienthong.example"
    checks: tuple[Check, ...] = ()
    routers: tuple[APIRouter, ...] = ()  # pages beside the doors; their paths win over a system's name
    rules: DoorRules = field(default_factory=DoorRules)


def make_app(doors: DoorDeps) -> FastAPI:
    """The application: /health/live, /health/ready, the given routers, and one door per system that calls us."""
    # No generated API pages: a door's contract is its WSDL, and strangers need not see a list of systems.
    app = FastAPI(title="lienthong", docs_url=None, redoc_url=None, openapi_url=None)
    made = Doors(doors.adapters, doors.intake, keys=doors.keys, address=doors.address, rules=doors.rules)

    async def call(request: Request) -> Response:
        return await made.answer(request)

    app.add_route("/health/live", live, methods=["GET"])
    app.add_route("/health/ready", Readiness(doors.checks).answer, methods=["GET"])
    for router in doors.routers:
        app.include_router(router)
    app.add_route("/{system}", call, methods=["GET", "POST"])
    app.add_route("/{system}/{path:path}", call, methods=["GET", "POST"])
    return app
