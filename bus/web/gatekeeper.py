"""The gate at the door: a secured message is believed only as far as the gate gives it back, and once.

The order, and why. The marks of a message (its signature, a nonce) are committed to the journal *before* anything is
done with it, bound to the hash of its bytes; what it is answered is kept with them afterwards. So nothing that was
accepted is ever without its mark, also after a kill or an emptied queue. The same bytes again are no attack that gains
anything: they get the first copy's answer. If we died in between there is no answer yet; then they are taken like the
first copy, and the journal's own idempotency says whether it was accepted. Other bytes under a known mark, and the
same bytes where a call would hand something out again, are replays.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from adapters.adapter import Adapter
from adapters.manifest import AnswerKind, Direction
from adapters.wire.contract import Call, HttpRequest, Said, SecuredWire
from adapters.wire.soap_server import INSECURE, SoapDoor, limits_of
from bus.ports import Clock, Journal, JournalUnavailable
from bus.records.seeing import Fate, Seen, Sight
from bus.web.networks import is_within
from bus.web.speakers import POLICY, Speaker, Speakers
from bus.web.throttle import Throttle
from schemas.problem import Problem, Refused, Stage, problem
from signing.dsig.key_info import Hints
from signing.gate import GateRules, Passed, Step, Stopped, pass_gate
from signing.keys import VerifyKey
from signing.trust import entitled
from signing.wss import Required, Users

log = logging.getLogger("lienthong.gate")

_WAIT_S = 20.0  # for a commit
_SECURED = b"oasis-200401-wss-wssecurity-secext"
_KEPT = (AnswerKind.ACCEPTED, AnswerKind.DUPLICATE)  # answers that the same bytes get again
_GUESSED = "LT-WSS-014"

Refuse = Callable[[tuple[Problem, ...], Speaker | None], Awaitable[None]]  # keeps it as evidence
Handle = Callable[[Call, Speaker], Awaitable[Said]]


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a secured call."""

    said: Said
    speaker: Speaker | None = None
    call: Call | None = None


@dataclass(slots=True)
class Sightings:
    """`signing.wss.Replays` for one message: durable, and the same bytes are told from others."""

    journal: Journal
    body_sha256: str
    found: list[tuple[str, Sight]] = field(default_factory=list)

    def first(self, mark: str, *, until: datetime, now: datetime) -> bool:
        """True also for the very same bytes: what is done with them is decided where it is known what they ask."""
        digest = hashlib.sha256(mark.encode()).hexdigest()
        sight = self.journal.see(Seen(digest, self.body_sha256, until)).result(_WAIT_S)
        self.found.append((digest, sight))
        return sight.fate is not Fate.OTHER

    @property
    def again(self) -> bool:
        """These bytes were here before."""
        return any(sight.fate is Fate.SAME for _, sight in self.found)

    @property
    def answer(self) -> str:
        """What the first copy was answered; "" = not known."""
        return next((sight.answer for _, sight in self.found if sight.answer), "")


class Gatekeeper:
    """One per door process."""

    def __init__(self, doors: Mapping[str, Speakers], journal: Journal, clock: Clock) -> None:
        self._doors, self._journal, self._clock = doors, journal, clock
        self._wire: SecuredWire = SoapDoor()
        self._throttle = Throttle()

    def guards(self, system: str, body: bytes) -> bool:
        """True if the message must pass the gate: all of a door whose callers all secure theirs; else those that are.
        Whoever is known by a certificate is never taken for itself without one."""
        door = self._doors.get(system)
        return door is not None and (door.alone or _SECURED in body)

    async def talk(self, adapter: Adapter, request: HttpRequest, *, handle: Handle, refuse: Refuse) -> Heard:
        """One secured call, from its bytes to its answer."""
        door = self._doors[adapter.id]
        key, now_s = (adapter.id, "wss", request.peer), time.monotonic()
        if wait_s := self._throttle.wait_s(key, now_s=now_s):
            found = problem("LT-DOOR-010", Stage.RECEIVE, {"seconds": max(1, round(wait_s))})
            return Heard(Said(AnswerKind.UNAVAILABLE, (found,)))
        # At another door of ours the same bytes are another message.
        sightings = Sightings(self._journal, hashlib.sha256(adapter.id.encode() + b"\n" + request.body).hexdigest())
        try:
            passed = await asyncio.to_thread(self._pass, door, adapter, request, sightings)
        except (JournalUnavailable, TimeoutError) as error:
            log.error("journal does not answer: %s", error)
            return Heard(Said(AnswerKind.UNAVAILABLE, (problem("LT-PIPE-005", Stage.ACCEPT),)))
        if isinstance(passed, Stopped):
            if any(found.code == _GUESSED for found in passed.problems):
                self._throttle.wrong(key, now_s=now_s)
            return await self._stop(adapter, request, passed, None, refuse)
        speaker = self._speaker(door, passed, request)
        if isinstance(speaker, Stopped):
            return await self._stop(adapter, request, speaker, None, refuse)
        return await self._inside(adapter, request, passed, speaker, sightings, handle=handle, refuse=refuse)

    def _pass(self, door: Speakers, adapter: Adapter, request: HttpRequest, sightings: Sightings) -> Passed | Stopped:
        found = self._bytes(adapter, request)
        if isinstance(found, Problem):
            return Stopped(Step.GUARD, (found,))
        body, charset = found
        now = self._clock.now()
        rules = GateRules(
            policy=POLICY, required=Required(signature=not door.unsigned), endpoint=request.address,
            limits=limits_of(adapter),
        )  # fmt: skip

        def key(hints: Hints) -> VerifyKey | tuple[Problem, ...]:
            return door.key(hints, now)

        users = Users(door.password, text=door.clear) if any(one.login for one in door.all) else None
        return pass_gate(body, rules, key, replays=sightings, now=now, users=users, charset=charset)

    def _bytes(self, adapter: Adapter, request: HttpRequest) -> tuple[bytes, str | None] | Problem:
        try:
            return self._wire.plain(adapter, request)
        except Refused as refused:
            return refused.problems[0]

    def _speaker(self, door: Speakers, passed: Passed, request: HttpRequest) -> Speaker | Stopped:
        """Who it is, by the key that signed, else by the login; both, where both are asked for."""
        if passed.signed is not None:
            found = door.of_key(passed.signed.key.fingerprint)
            if found is None:
                return _not_entitled(passed.signed.key.fingerprint)
            if found.login and passed.user != found.user:
                return Stopped(Step.CERTIFICATE, (problem(_GUESSED, Stage.RECEIVE),))
        else:
            found = door.of_user(passed.user) if passed.user else None
            if found is None or found.signs:
                missing = problem("LT-WSS-005", Stage.RECEIVE, {"part": "Signature"})
                return Stopped(Step.STRUCTURE, (missing,))
        if found.networks and not is_within(request.peer, found.networks):
            log.warning("caller %s is right but calls from %s, see callers.%s.from", found.id, request.peer, found.id)
            return Stopped(Step.ADDRESSING, (problem("LT-DOOR-001", Stage.RECEIVE),))
        return found

    async def _inside(
        self, adapter: Adapter, request: HttpRequest, passed: Passed, speaker: Speaker, sightings: Sightings, *,
        handle: Handle, refuse: Refuse,
    ) -> Heard:  # fmt: skip
        """Past the gate: from here on its caller is known, and is told what is wrong."""
        if sightings.again and (answer := sightings.answer):
            call = await asyncio.to_thread(self._wire.read_believed, adapter, request, passed.element)
            return Heard(_kept_answer(answer), speaker, call if isinstance(call, Call) else None)
        call = await asyncio.to_thread(self._wire.read_believed, adapter, request, passed.element)
        if isinstance(call, tuple):
            await refuse(call, speaker)
            return Heard(Said(AnswerKind.INVALID, call), speaker)
        if wrong := self._entitlement(passed, speaker, call):
            return await self._stop(adapter, request, Stopped(Step.CERTIFICATE, wrong), speaker, refuse)
        if not _fits(call, speaker, passed):
            stopped = Stopped(Step.CERTIFICATE, (problem("LT-DOOR-001", Stage.RECEIVE),))
            return await self._stop(adapter, request, stopped, speaker, refuse)
        if sightings.again and call.operation.direction is not Direction.IN:
            replay = problem("LT-WSS-015", Stage.RECEIVE, {"part": "Signature"})
            return await self._stop(adapter, request, Stopped(Step.FRESHNESS, (replay,)), speaker, refuse)
        if call.problems:
            await refuse(call.problems, speaker)
            return Heard(Said(AnswerKind.INVALID, call.problems), speaker, call)
        said = await handle(call, speaker)
        if call.operation.direction is Direction.IN and said.kind in _KEPT:
            self._keep(sightings, said)
        return Heard(said, speaker, call)

    def _entitlement(self, passed: Passed, speaker: Speaker, call: Call) -> tuple[Problem, ...]:
        if passed.signed is None:
            return ()
        return entitled(
            speaker.register, passed.signed.key.fingerprint, agency=speaker.party.agency, operation=call.name,
            now=self._clock.now(), stage=Stage.RECEIVE,
        )  # fmt: skip

    def _keep(self, sightings: Sightings, said: Said) -> None:
        """Nobody waits for it: until it is there, the journal's idempotency answers the same."""
        answer = json.dumps({"kind": said.kind.value, "values": dict(said.values)}, ensure_ascii=False)
        for mark, _ in sightings.found[:1]:
            with contextlib.suppress(JournalUnavailable):
                self._journal.answer_seen(mark, answer)

    async def _stop(
        self, adapter: Adapter, request: HttpRequest, stopped: Stopped, speaker: Speaker | None, refuse: Refuse
    ) -> Heard:
        """Outside one generic fault; the step and all its problems into the record and the log."""
        log.warning(
            "stopped at the gate system=%s step=%s codes=%s caller=%s peer=%s bytes=%d sha256=%s",
            adapter.id, stopped.step.value, ",".join(found.code for found in stopped.problems),
            speaker.id if speaker is not None else "–", request.peer, len(request.body),
            hashlib.sha256(request.body).hexdigest(),
        )  # fmt: skip
        step = problem("LT-WSS-031", Stage.RECEIVE, {"step": stopped.step.value})
        await refuse((step, *stopped.problems), speaker)
        outside = problem(INSECURE, Stage.RECEIVE)
        return Heard(Said(AnswerKind.UNAUTHENTICATED, (outside,)), speaker)


def _not_entitled(fingerprint: str) -> Stopped:
    values = {"agency": "–", "service": "–", "known": f"– ({fingerprint[:16]}…)"}
    return Stopped(Step.CERTIFICATE, (problem("LT-TRUST-020", Stage.RECEIVE, values),))


def _fits(call: Call, speaker: Speaker, passed: Passed) -> bool:
    """Where the message also shows credentials of the old kind, and the settings have them, they are of the same
    caller."""
    if speaker.login or not speaker.secret:
        return True
    shown = call.credentials
    user, secret = (shown.user, shown.secret) if shown is not None else ("", "")
    right = hmac.compare_digest(secret.encode("utf-8", "surrogatepass"), speaker.secret.encode())
    return right and user == speaker.user


def _kept_answer(answer: str) -> Said:
    found = json.loads(answer)
    kind = AnswerKind(found["kind"])
    return Said(AnswerKind.DUPLICATE if kind is AnswerKind.ACCEPTED else kind, (), found["values"])
