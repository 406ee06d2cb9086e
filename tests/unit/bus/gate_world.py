"""A gatekeeper over callers of one door, without a server: requests in, what came of them out."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from adapters.adapter import Adapter
from adapters.manifest import AnswerKind
from adapters.wire.contract import Call, HttpRequest, Said
from bus.journal import MemoryJournal
from bus.key_cupboard import Cupboard
from bus.settings import load
from bus.web.gatekeeper import Gatekeeper, Heard
from bus.web.speaker import Speaker
from bus.web.speakers import load_speakers
from schemas.problem import Problem
from signing.encoding import to_base64url
from tests.unit.bus.kit import SetClock, adapter
from tests.unit.signing.issuer import NOW, Holder

ADDRESS = "https://lienthong.example"
SAMPLES = Path(__file__).parents[3] / "adapters" / "systems" / "mat_tien_json" / "samples" / "in"
BODY = (SAMPLES / "DongBoHoSoMC-day-du.json").read_bytes()
PATH = "/DongBoHoSoMC"
URL = f"{ADDRESS}/mat_tien_json{PATH}"
TAKEN = "taken"


@dataclass
class World:
    """One door. `callers`: their sections of the settings, by name; files stand in the folder."""

    folder: Path
    system: str
    callers: Mapping[str, Mapping[str, object]]
    trust: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    clock: SetClock = field(default_factory=lambda: SetClock(NOW))
    journal: MemoryJournal = field(init=False)
    handled: list[tuple[Call, Speaker]] = field(default_factory=list)
    refused: list[tuple[Problem, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.journal = MemoryJournal(self.clock)
        settings = load(self.folder, over={"callers": self.callers, "trust": self.trust})
        self.adapter: Adapter = adapter(self.system)
        doors = load_speakers(settings, {self.system: self.adapter}, Cupboard())
        self.door = doors[self.system]
        self.gatekeeper = Gatekeeper(doors, self.journal, self.clock)

    def heard(self, request: HttpRequest) -> Heard:
        """What came of it, as the door hears."""

        async def handle(call: Call, speaker: Speaker) -> Said:
            self.handled.append((call, speaker))
            return Said(AnswerKind.ACCEPTED, values={"message_id": f"m{len(self.handled)}"})

        async def refuse(problems: tuple[Problem, ...], speaker: Speaker | None) -> None:
            self.refused.append(problems)

        return asyncio.run(self.gatekeeper.talk(self.adapter, request, handle=handle, refuse=refuse))

    def outcome(self, request: HttpRequest) -> str:
        """One word: taken, unguarded, invalid:… (its caller known), or step:code as it is kept."""
        if not self.gatekeeper.guards(self.adapter, request):
            return "unguarded"
        before = len(self.handled)
        heard = self.heard(request)
        if len(self.handled) > before or heard.said.kind in (AnswerKind.ACCEPTED, AnswerKind.DUPLICATE):
            return TAKEN
        if heard.said.kind is AnswerKind.INVALID:
            return f"invalid:{heard.said.problems[0].code}"
        assert [found.code for found in heard.said.problems] == ["LT-WSS-030"], heard.said
        step, first = self.refused[-1][:2]
        assert step.code == "LT-WSS-031"
        return f"{step.text_en.rpartition(' ')[2]}:{first.code}"


def json_request(
    body: bytes = BODY, jws: str | None = None, *, path: str = PATH, query: Mapping[str, str] | None = None,
    system: str = "mat_tien_json", headers: Mapping[str, str] | None = None, method: str = "POST",
) -> HttpRequest:  # fmt: skip
    """A call of the JSON façade."""
    given = {"content-type": "application/json", **(headers or {})}
    if jws is not None:
        given["x-jws-signature"] = jws
    return HttpRequest(method, path, query or {}, given, body, f"{ADDRESS}/{system}", peer="10.1.1.1")


def soap_request(body: bytes, system: str = "mot_cua_cmon") -> HttpRequest:
    """A call of the SOAP door."""
    return HttpRequest("POST", "/", {}, {"content-type": "text/xml; charset=utf-8"}, body, f"{ADDRESS}/{system}",
                       peer="10.1.1.1")  # fmt: skip


def jws(
    holder: Holder, body: bytes = BODY, *, at: datetime = NOW, x5c: list[object] | None = None, kid: str | None = None,
    drop: str | tuple[str, ...] = (), alg: str = "ES256", **more: object,
) -> str:  # fmt: skip
    """By a certificate, unless a key id is given, for URL; made by hand, so that it may be wrong."""
    header: dict[str, object] = {"alg": alg, "iat": int(at.timestamp()), "url": URL}
    if kid is not None:
        header["kid"] = kid
    if x5c is not None or kid is None:
        header["x5c"] = x5c if x5c is not None else [base64.b64encode(holder.der).decode()]
    header |= more
    for name in (drop,) if isinstance(drop, str) else drop:
        header.pop(name, None)
    protected = to_base64url(json.dumps(header).encode())
    return f"{protected}..{to_base64url(holder.signing().sign(f'{protected}.{to_base64url(body)}'.encode()))}"
