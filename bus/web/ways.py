"""The ways in which messages are secured, each from the bytes of a request to what of it may be believed.

WS-Security around a SOAP message, a signature inside the document that its Body holds, a detached JWS beside a body.
Each ends in the same value; which of them a request takes, its door's callers and the request decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from adapters.adapter import Adapter
from adapters.wire.contract import Call, HttpRequest, SecuredWire
from adapters.wire.json_server import ON_THE_WAY
from adapters.wire.soap_server import limits_of
from bus.web.sightings import Sightings
from bus.web.speaker import DOCUMENTS, POLICIES, Speakers
from schemas.problem import Problem, Refused
from signing.dsig.key_info import Hints
from signing.encoding import to_base64
from signing.gate import GateRules, Passed, Step, Stopped, pass_gate
from signing.gate_json import JsonRules, pass_json
from signing.jws import named
from signing.keys import VerifyKey
from signing.wss import Required, Users

_SECURED = b"oasis-200401-wss-wssecurity-secext"
_SIGNED = b"http://www.w3.org/2000/09/xmldsig#"
_ENCRYPTED = b"http://www.w3.org/2001/04/xmlenc#"


Password = Callable[[str], str | None]  # of a user; None = nobody's


@dataclass(frozen=True, slots=True)
class Question:
    """What an answer of ours refers to: of a message that passed."""

    message_id: str = ""  # wsa:MessageID
    value: str = ""  # of its signature: base64, or the whole JWS


NO_QUESTION = Question()


@dataclass(frozen=True, slots=True)
class Taken:
    """What passed, and how it is read on."""

    ways: tuple[str, ...]  # of callers that come like this
    fingerprint: str  # of the key that signed; "" = none did
    user: str  # whose password was right; "" = none was shown
    opened_by: str  # our key that opened it; "" = it came in the clear
    read: Callable[[], Call | tuple[Problem, ...]]  # of believed bytes and elements alone
    question: Question
    made_at: datetime | None = None  # of a document: when it was signed; None = judged already


class Way(Protocol):
    """One of them. Stateless."""

    @property
    def ways(self) -> tuple[str, ...]:
        """Of callers, as the settings name them."""

    def leads(self, door: Speakers, request: HttpRequest) -> bool:
        """Does this request come so?"""

    def take(
        self, door: Speakers, adapter: Adapter, request: HttpRequest, sightings: Sightings, *, now: datetime,
        password: Password,
    ) -> Taken | Stopped:  # fmt: skip
        """Through the gate. Never raises for what was sent."""


def keys_of(door: Speakers, now: datetime, ways: tuple[str, ...]) -> Callable[[Hints], VerifyKey | tuple[Problem, ...]]:
    """As the verifiers ask for keys."""
    return lambda hints: door.key(hints, now, ways)


@dataclass(frozen=True, slots=True)
class Secured:
    """WS-Security, by certificate or by UsernameToken alone."""

    wire: SecuredWire
    ways = ("wss", "login")

    def leads(self, door: Speakers, request: HttpRequest) -> bool:
        """See Way."""
        return bool(door.those(*self.ways)) and _SECURED in request.body

    def take(
        self, door: Speakers, adapter: Adapter, request: HttpRequest, sightings: Sightings, *, now: datetime,
        password: Password,
    ) -> Taken | Stopped:  # fmt: skip
        """See Way."""
        rules = GateRules(
            policy=POLICIES["wss"], required=Required(signature=not door.unsigned), endpoint=request.address,
            limits=limits_of(adapter), opener=door.opener,
        )  # fmt: skip
        users = Users(password, text=door.clear) if any(one.login for one in door.all) else None
        passed = _through(self, door, adapter, request, rules, sightings, now=now, users=users)
        if isinstance(passed, Stopped):
            return passed
        return _taken(self, passed, lambda: self.wire.read_believed(adapter, request, passed.element))


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A signed document that the Body holds. Nothing of the envelope is believed."""

    wire: SecuredWire
    ways = DOCUMENTS

    def leads(self, door: Speakers, request: HttpRequest) -> bool:
        """See Way."""
        return bool(door.those(*self.ways)) and (_SIGNED in request.body or _ENCRYPTED in request.body)

    def take(
        self, door: Speakers, adapter: Adapter, request: HttpRequest, sightings: Sightings, *, now: datetime,
        password: Password,
    ) -> Taken | Stopped:  # fmt: skip
        """See Way."""
        callers = door.those(*self.ways)
        rules = GateRules(
            policy=POLICIES[callers[0].way], limits=limits_of(adapter), opener=door.opener, in_body=True,
            good_for_s=max(one.good_for_s for one in callers),
        )  # fmt: skip
        passed = _through(self, door, adapter, request, rules, sightings, now=now)
        if isinstance(passed, Stopped):
            return passed
        return _taken(self, passed, lambda: self.wire.read_enclosed(adapter, request, passed.envelope, passed.element))


@dataclass(frozen=True, slots=True)
class Beside:
    """A detached JWS in an HTTP header."""

    read: Callable[[Adapter, HttpRequest], Call | tuple[Problem, ...]]  # of the door's wire
    ways = ("jws",)

    def leads(self, door: Speakers, request: HttpRequest) -> bool:
        """See Way."""
        if not door.jws_header or door.jws_header not in request.headers:
            return False
        # A bare key id that is nobody's here may be another's, whose door knows it without the gate.
        plain = named(request.headers[door.jws_header])
        return door.alone or plain is None or any(plain in one.keys for one in door.all)

    def take(
        self, door: Speakers, adapter: Adapter, request: HttpRequest, sightings: Sightings, *, now: datetime,
        password: Password,
    ) -> Taken | Stopped:  # fmt: skip
        """See Way."""
        header = request.headers.get(door.jws_header, "")

        def says_where(fingerprint: str) -> bool:
            speaker = door.of_key(fingerprint, self.ways)
            return speaker is None or speaker.says_where

        rules = JsonRules(
            policy=POLICIES["jws"], is_ours=lambda url: _is_same(url, request), bare=not _said_in(request.query),
            limit_bytes=adapter.manifest.body_limit_bytes, opener=door.opener, says_where=says_where,
            method=request.method,
        )  # fmt: skip
        passed = pass_json(request.body, header, rules, keys_of(door, now, self.ways), replays=sightings, now=now)
        if isinstance(passed, Stopped):
            return passed
        believed = _believed(request, passed.body, was_locked=bool(passed.opened_by))
        return Taken(
            self.ways, passed.signed.key.fingerprint, "", passed.opened_by, lambda: self._call(adapter, believed),
            Question(value=header),
        )  # fmt: skip

    def _call(self, adapter: Adapter, believed: HttpRequest) -> Call | tuple[Problem, ...]:
        call = self.read(adapter, believed)
        return replace(call, secured=True) if isinstance(call, Call) else call


def _through(
    way: Secured | Enclosed, door: Speakers, adapter: Adapter, request: HttpRequest, rules: GateRules,
    sightings: Sightings, *, now: datetime, users: Users | None = None,
) -> Passed | Stopped:  # fmt: skip
    try:
        found = way.wire.plain(adapter, request)
    except Refused as refused:
        return Stopped(Step.GUARD, refused.problems[:1])
    if isinstance(found, Problem):
        return Stopped(Step.GUARD, (found,))
    body, charset = found
    keys = keys_of(door, now, way.ways)
    return pass_gate(body, rules, keys, replays=sightings, now=now, users=users, charset=charset)


def _taken(way: Secured | Enclosed, passed: Passed, read: Callable[[], Call | tuple[Problem, ...]]) -> Taken:
    signed = passed.signed
    value = to_base64(signed.signature.value) if signed is not None else ""
    fingerprint = signed.key.fingerprint if signed is not None else ""
    return Taken(
        way.ways, fingerprint, passed.user, passed.opened_by, read, Question(passed.message_id, value), passed.made_at
    )


def _believed(request: HttpRequest, body: bytes, *, was_locked: bool) -> HttpRequest:
    headers = {**request.headers, "content-type": "application/json"} if was_locked else request.headers
    return HttpRequest(
        request.method, request.path, request.query, headers, body, request.address, peer=request.peer
    )  # fmt: skip


def _said_in(query: object) -> dict[str, str]:
    """Parameters that mean something to us."""
    pairs = query.items() if isinstance(query, dict) else ()
    return {name: value for name, value in pairs if name.lower() not in ON_THE_WAY}


def _is_same(url: str, request: HttpRequest) -> bool:
    """Does it name the address the request came to, with the same parameters?"""
    try:
        told = urlsplit(url)
        pairs = dict(parse_qsl(told.query, keep_blank_values=True, strict_parsing=bool(told.query)))
    except ValueError:
        return False
    here, rest = urlsplit(request.address), request.path.strip("/")
    base = here.path.rstrip("/")
    paths = {f"{base}/{rest}".rstrip("/")}
    if rest.startswith("outbox/"):  # also reached without the system's name
        paths.add(f"{base.rpartition('/')[0]}/{rest}")
    is_place = (told.scheme.lower(), told.netloc.lower()) == (here.scheme.lower(), here.netloc.lower())
    return (
        is_place
        and unquote(told.path).rstrip("/") in paths
        and not told.fragment
        and pairs == _said_in(dict(request.query))
    )
