"""The doors of partner systems: authenticate, bound, read, hand over, answer in the caller's protocol."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapters.adapter import Adapter
from adapters.manifest import AnswerKind, Auth, AuthRule
from adapters.wire.contract import Call, Credentials, HttpReply, HttpRequest, InboundWire, Said
from adapters.wire.credentials import credentials
from adapters.wire.registry import inbound
from bus.watch.meters import Meters
from bus.web.body import Room, Seat, read_body
from bus.web.budget import Budget
from bus.web.gatekeeper import Gatekeeper, Heard
from bus.web.speaker import Speaker
from bus.web.throttle import Throttle
from schemas.message import Party, new_id
from schemas.problem import Problem, Refused, Stage, problem

log = logging.getLogger("lienthong.door")

_BY_HEADERS = (Auth.HEADER, Auth.BASIC)
_NO_ROOM = "LT-DOOR-009"
_BIG = 64 * 1024  # above this a body is read in a thread: parsing it would hold up the other callers


class Intake(Protocol):
    """What is done with an understood call."""

    async def handle(self, adapter: Adapter, call: Call, request: HttpRequest, party: Party) -> Said:
        """Does what an authenticated, valid call asks."""

    async def refuse(self, adapter: Adapter, request: HttpRequest, problems: tuple[Problem, ...], party: str) -> None:
        """Keeps a refused request as evidence, its secrets starred out. `party` "" = not known."""


class PartnerKeys(Protocol):
    """Who may call."""

    def check(self, system: str, credentials: Credentials | None, request: HttpRequest) -> Party | None:
        """The caller, or None: the same answer, and the same time, for an unknown name and a wrong password."""


@dataclass(frozen=True, slots=True)
class DoorRules:
    """Limits of the doors beside those of each system's manifest."""

    body_s: float = 30.0  # a body that is not there by then is refused
    evidence_per_s: float = 5.0  # refused requests of unknown callers that are kept; the rest is only logged
    evidence_burst: int = 50
    room_bytes: int = 256 * 1024 * 1024  # of large bodies held at once; whoever comes then is asked to come again


class Doors:
    """All doors of one process. Concurrent calls share nothing but the evidence budget."""

    def __init__(
        self, adapters: Mapping[str, Adapter], intake: Intake, *, keys: PartnerKeys, address: str, rules: DoorRules,
        meters: Meters | None = None, gatekeeper: Gatekeeper | None = None, throttle: Throttle | None = None,
    ) -> None:  # fmt: skip
        """`address`: how partners reach us, without the system's name."""
        self._adapters = {name: a for name, a in adapters.items() if a.manifest.auth is not None}
        self._wires: dict[str, InboundWire] = {
            wire: inbound(wire) for wire in {a.manifest.wire for a in self._adapters.values()}
        }
        self._intake, self._keys, self._rules = intake, keys, rules
        self._address = address.rstrip("/")
        self._budget = Budget(rules.evidence_per_s, rules.evidence_burst)
        self._room = Room(rules.room_bytes)
        self._throttle = throttle or Throttle()
        self._meters = meters or Meters()
        self._gatekeeper = gatekeeper

    async def answer(self, request: Request) -> Response:
        """One request, answered whatever happens."""
        started = time.monotonic()
        system = request.path_params["system"]
        adapter = self._adapters.get(system)
        if adapter is None:
            found = problem("LT-DOOR-005", Stage.RECEIVE, {"system": system[:60]})
            return JSONResponse(found.as_json(), status_code=404)
        wire = self._wires[adapter.manifest.wire]
        asked = self._request(request, system)
        if request.method != "POST":
            described = wire.describe(adapter, asked)
            if described is not None:
                return _response(described)
            if asked.path == "/":
                found = problem("LT-DOOR-006", Stage.RECEIVE, {"method": request.method})
                return JSONResponse(found.as_json(), status_code=405, headers={"allow": "POST"})
        visit = _Visit(adapter, wire, asked)
        with self._room.seat() as seat:
            if self._may_speak(visit):
                await self._listen(visit, request, seat)
            else:
                visit.said = _stranger(visit)
            reply = await self._answered(visit)
        self._meters.called(system, visit.said.kind.value, sorted({found.code for found in visit.said.problems}))
        _log(visit, reply, ms=int((time.monotonic() - started) * 1000))
        return _response(reply)

    async def _answered(self, visit: _Visit) -> HttpReply:
        """In the caller's protocol, signed where that was agreed; what cannot be signed is to be asked for again."""
        reply = _written(visit)
        if visit.heard is None or self._gatekeeper is None:
            return reply
        try:
            return await self._gatekeeper.signed(visit.adapter, reply, visit.heard)
        except Exception as error:  # a remote signer can fail in many ways
            log.error(
                "answer cannot be signed %s",
                error.problems[0].code if isinstance(error, Refused) else type(error).__name__,
            )
            visit.said = Said(AnswerKind.UNAVAILABLE, (problem("LT-DOOR-011", Stage.RECEIVE),))
            return _written(visit)

    def _may_speak(self, visit: _Visit) -> bool:
        """A stranger's body is not even read where the headers alone tell who calls."""
        rule = visit.adapter.manifest.auth
        known = rule is not None and (rule.kind not in _BY_HEADERS or self._is_guarded(visit))
        return known or (rule is not None and self._knows(visit, rule))

    def _is_guarded(self, visit: _Visit) -> bool:
        return self._gatekeeper is not None and self._gatekeeper.guards(visit.adapter, visit.request)

    def _knows(self, visit: _Visit, rule: AuthRule) -> bool:
        self._check(visit, credentials(rule, visit.request, None))
        return visit.party is not None

    def _check(self, visit: _Visit, shown: Credentials | None) -> None:
        """Who it is. After many wrong tries nothing is compared for a while."""
        login = self._throttle.login(visit.adapter.id, visit.request.peer, _claimed(visit.adapter, shown))
        visit.wait_s = login.wait_s
        if visit.wait_s:
            return
        visit.party = self._keys.check(visit.adapter.id, shown, visit.request)
        if visit.party is not None:
            login.right()
        else:
            visit.wait_s = login.wrong()

    async def _listen(self, visit: _Visit, request: Request, seat: Seat) -> None:
        limit = visit.adapter.manifest.body_limit_bytes
        body = await read_body(request, seat, limit_bytes=limit, seconds=self._rules.body_s)
        if isinstance(body, Problem):
            visit.said = Said(AnswerKind.UNAVAILABLE if body.code == _NO_ROOM else AnswerKind.INVALID, (body,))
            return
        visit.request = replace(visit.request, body=body)
        try:
            visit.said = await self._talk(visit)
        except Exception as error:  # whatever breaks, the caller gets a retryable answer in its own protocol
            visit.said = _broken(error)

    async def _talk(self, visit: _Visit) -> Said:
        adapter, rule = visit.adapter, visit.adapter.manifest.auth
        if rule is None:
            return _stranger(visit)
        if self._gatekeeper is not None and self._is_guarded(visit):
            return await self._behind_the_gate(visit, self._gatekeeper)
        # Whoever signs the body is known before it is parsed, too.
        if visit.party is None and rule.kind is not Auth.BODY and not self._knows(visit, rule):
            return _stranger(visit)
        call = await self._read(visit)
        if isinstance(call, tuple):
            return await self._refuse(visit, call)
        visit.call = call
        if visit.party is None:
            if call.credentials is None and call.problems:
                return await self._refuse(visit, call.problems)
            self._check(visit, call.credentials)
            if visit.party is None:
                return _stranger(visit)
        if call.problems:
            return await self._refuse(visit, call.problems)
        return await self._intake.handle(adapter, call, visit.request, visit.party)

    async def _behind_the_gate(self, visit: _Visit, gatekeeper: Gatekeeper) -> Said:
        async def handle(call: Call, speaker: Speaker) -> Said:
            return await self._intake.handle(visit.adapter, call, visit.request, speaker.party)

        async def refuse(problems: tuple[Problem, ...], speaker: Speaker | None) -> None:
            visit.party = speaker.party if speaker is not None else None
            await self._refuse(visit, problems)

        heard = await gatekeeper.talk(visit.adapter, visit.request, handle=handle, refuse=refuse)
        visit.party = heard.speaker.party if heard.speaker is not None else None
        visit.call, visit.heard = heard.call, heard
        return heard.said

    async def _read(self, visit: _Visit) -> Call | tuple[Problem, ...]:
        if len(visit.request.body) > _BIG:
            return await asyncio.to_thread(visit.wire.read, visit.adapter, visit.request)
        return visit.wire.read(visit.adapter, visit.request)

    async def _refuse(self, visit: _Visit, problems: tuple[Problem, ...]) -> Said:
        """Says no, and keeps the evidence: always of a known caller, of others as far as the budget goes."""
        if visit.party is not None or self._budget.take():
            await self._intake.refuse(visit.adapter, visit.request, problems, visit.party.system if visit.party else "")
        return Said(AnswerKind.INVALID, problems)

    def _request(self, request: Request, system: str) -> HttpRequest:
        headers: dict[str, str] = {}
        for name, value in request.headers.items():
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return HttpRequest(
            method=request.method,
            path="/" + request.path_params.get("path", ""),
            query=dict(request.query_params),
            headers=headers,
            body=b"",
            address=f"{self._address}/{system}",
            peer=request.client.host if request.client else "",
        )


@dataclass(slots=True)
class _Visit:
    """One request on its way through the door."""

    adapter: Adapter
    wire: InboundWire
    request: HttpRequest
    party: Party | None = None
    call: Call | None = None
    heard: Heard | None = None  # by the gatekeeper
    wait_s: float = 0.0  # so long nothing it shows is looked at
    said: Said = field(default_factory=lambda: Said(AnswerKind.UNAVAILABLE))


def _written(visit: _Visit) -> HttpReply:
    """The answer in the caller's protocol; if that cannot be written, that something broke."""
    try:
        return visit.wire.write(visit.adapter, visit.request, visit.call, visit.said)
    except Exception as error:
        visit.said = _broken(error)
    try:
        return visit.wire.write(visit.adapter, visit.request, None, visit.said)
    except Exception:
        body = json.dumps(visit.said.problems[0].as_json(), ensure_ascii=False).encode()
        return HttpReply(500, {"content-type": "application/json"}, body)


def _broken(error: Exception) -> Said:
    """A retryable answer with a reference; the place of the error goes to the log under the same reference."""
    reference = new_id()
    # The error's own words may quote the message: they are left out, its place is not.
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("internal fault reference=%s %s\n%s", reference, type(error).__name__, where)
    found = problem("LT-DOOR-007", Stage.RECEIVE, {"reference": reference})
    return Said(AnswerKind.UNAVAILABLE, (found,), {"reference": reference})


def _claimed(adapter: Adapter, shown: Credentials | None) -> str:
    """What may be guessed: a name, or a key that has none. A signature may not."""
    if shown is None or not shown.secret or (adapter.manifest.auth and adapter.manifest.auth.kind is Auth.JWS):
        return ""
    return shown.user or shown.secret


def _stranger(visit: _Visit) -> Said:
    if visit.wait_s:
        seconds = max(1, round(visit.wait_s))
        return Said(AnswerKind.UNAVAILABLE, (problem("LT-DOOR-010", Stage.RECEIVE, {"seconds": seconds}),))
    return Said(AnswerKind.UNAUTHENTICATED, (problem("LT-DOOR-001", Stage.RECEIVE),))


def _response(reply: HttpReply) -> Response:
    return Response(reply.body, status_code=reply.status, headers=dict(reply.headers))


def _log(visit: _Visit, reply: HttpReply, *, ms: int) -> None:
    quiet = visit.said.kind in (AnswerKind.ACCEPTED, AnswerKind.DUPLICATE)
    log.log(
        logging.INFO if quiet else logging.WARNING,
        "call system=%s operation=%s kind=%s codes=%s status=%d bytes=%d ms=%d party=%s peer=%s message=%s",
        visit.adapter.id, visit.call.name if visit.call else "–", visit.said.kind.value,
        ",".join(sorted({p.code for p in visit.said.problems})) or "–", reply.status, len(visit.request.body), ms,
        visit.party.agency if visit.party else "–", visit.request.peer, visit.said.values.get("message_id", "–"),
    )  # fmt: skip
