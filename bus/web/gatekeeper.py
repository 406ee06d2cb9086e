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
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.adapter import Adapter
from adapters.manifest import AnswerKind, Direction
from adapters.wire.contract import Call, HttpReply, HttpRequest, Said
from adapters.wire.registry import inbound
from adapters.wire.soap_server import INSECURE, SoapDoor
from bus.ports import Clock, Journal, JournalUnavailable
from bus.web.answering import Answers
from bus.web.networks import is_within
from bus.web.sightings import Sightings
from bus.web.speaker import POLICIES, Speaker, Speakers
from bus.web.throttle import Login, Throttle
from bus.web.ways import NO_QUESTION, Beside, Enclosed, Question, Secured, Taken, Way
from schemas.problem import Problem, Stage, problem
from signing.gate_steps import Step, Stopped
from signing.trust import entitled

log = logging.getLogger("lienthong.gate")

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
    question: Question = NO_QUESTION


@dataclass(slots=True)
class _Shown:
    """The login that a message shows, if it shows one."""

    throttle: Throttle
    door: Speakers
    system: str
    peer: str
    login: Login | None = None
    shut: bool = False  # it was not compared

    def password(self, user: str) -> str | None:
        """As the verifier asks: nobody's while that name waits. Whoever signs as well waits for no guesses of others:
        its password alone opens nothing."""
        self.login, found = self.throttle.login(self.system, self.peer, user), self.door.of_user(user)
        self.shut = self.login.wait_s > 0 and not (found is not None and found.signs)
        return None if self.shut else self.door.password(user)


class Gatekeeper:
    """One per door process."""

    def __init__(
        self, doors: Mapping[str, Speakers], journal: Journal, clock: Clock, *, answers: Answers | None = None,
        throttle: Throttle | None = None,
    ) -> None:  # fmt: skip
        """`answers`: None = none of ours are signed."""
        self._answers = answers
        self._doors, self._journal, self._clock = doors, journal, clock
        self._soap: tuple[Way, ...] = (Secured(SoapDoor()), Enclosed(SoapDoor()))
        self._throttle = throttle or Throttle()

    def guards(self, adapter: Adapter, request: HttpRequest) -> bool:
        """True if the message must pass the gate: all of a door whose callers all secure theirs; else those that are.
        Whoever is known by a certificate is never taken for itself without one."""
        door = self._doors.get(adapter.id)
        return door is not None and (door.alone or any(way.leads(door, request) for way in self._ways(adapter)))

    async def talk(self, adapter: Adapter, request: HttpRequest, *, handle: Handle, refuse: Refuse) -> Heard:
        """One secured call, from its bytes to its answer."""
        door = self._doors[adapter.id]
        shown = _Shown(self._throttle, door, adapter.id, request.peer)
        sightings = Sightings.of(self._journal, adapter.id, request, header=door.jws_header)
        now = self._clock.now()
        way = self._way(door, adapter, request)
        try:
            taken = await asyncio.to_thread(
                way.take, door, adapter, request, sightings, now=now, password=shown.password
            )
        except (JournalUnavailable, TimeoutError) as error:
            log.error("journal does not answer: %s", error)
            return Heard(Said(AnswerKind.UNAVAILABLE, (problem("LT-PIPE-005", Stage.ACCEPT),)))
        if isinstance(taken, Stopped):
            if shown.login is not None and shown.shut:
                return _later(shown.login.wait_s)
            heard = await _stop(adapter, request, taken, None, refuse)
            return _guessed(shown.login, heard) if any(one.code == _GUESSED for one in taken.problems) else heard
        speaker = _speaker(door, taken, request, now)
        if isinstance(speaker, Stopped):
            return _guessed(shown.login, await _stop(adapter, request, speaker, None, refuse))
        if shown.login is not None:
            shown.login.right()
        return await self._inside(adapter, request, taken, speaker, sightings, handle=handle, refuse=refuse)

    async def signed(self, adapter: Adapter, reply: HttpReply, heard: Heard) -> HttpReply:
        """The reply as its caller wants it.

        Raises:
            Refused: it is to be signed, and no key of ours can be used now.
        """
        speaker = heard.speaker
        if self._answers is None or speaker is None or not speaker.signed_answers:
            return reply
        header = self._doors[adapter.id].jws_header
        return await asyncio.to_thread(
            self._answers.signed, adapter, reply, heard.question, speaker=speaker, header=header
        )

    def _ways(self, adapter: Adapter) -> tuple[Way, ...]:
        if adapter.manifest.wire == "soap":
            return self._soap
        return (Beside(inbound(adapter.manifest.wire).read),)

    def _way(self, door: Speakers, adapter: Adapter, request: HttpRequest) -> Way:
        """The one the request comes by; else one its callers have, which will say what is missing."""
        ways = self._ways(adapter)
        if found := next((way for way in ways if way.leads(door, request)), None):
            return found
        return next((way for way in ways if door.those(*way.ways)), ways[0])

    async def _inside(
        self, adapter: Adapter, request: HttpRequest, taken: Taken, speaker: Speaker, sightings: Sightings, *,
        handle: Handle, refuse: Refuse,
    ) -> Heard:  # fmt: skip
        """Past the gate: from here on its caller is known, and is told what is wrong."""
        question = taken.question
        call = await asyncio.to_thread(taken.read)
        if sightings.again and (answer := sightings.answer):
            return Heard(answer, speaker, call if isinstance(call, Call) else None, question)
        if isinstance(call, tuple):
            await refuse(call, speaker)
            return Heard(Said(AnswerKind.INVALID, call), speaker, None, question)
        if stopped := self._not_entitled(taken, speaker, call, sightings):
            return await _stop(adapter, request, stopped, speaker, refuse, question)
        if call.problems:
            await refuse(call.problems, speaker)
            return Heard(Said(AnswerKind.INVALID, call.problems), speaker, call, question)
        said = await handle(call, speaker)
        if call.operation.direction is Direction.IN and said.kind in _KEPT:
            sightings.keep(said)
        return Heard(said, speaker, call, question)

    def _not_entitled(self, taken: Taken, speaker: Speaker, call: Call, sightings: Sightings) -> Stopped | None:
        """Why this caller may not do this, or not again."""
        if taken.fingerprint and (wrong := self._entitlement(taken.fingerprint, speaker, call)):
            return Stopped(Step.CERTIFICATE, wrong)
        if not _fits(call, speaker):
            return Stopped(Step.CERTIFICATE, (problem("LT-DOOR-001", Stage.RECEIVE),))
        if sightings.again and call.operation.direction is not Direction.IN:
            return Stopped(Step.FRESHNESS, (problem("LT-WSS-015", Stage.RECEIVE, {"part": "Signature"}),))
        return None

    def _entitlement(self, fingerprint: str, speaker: Speaker, call: Call) -> tuple[Problem, ...]:
        return entitled(
            speaker.register, fingerprint, agency=speaker.party.agency, operation=call.name, now=self._clock.now(),
            stage=Stage.RECEIVE,
        )  # fmt: skip


def _speaker(door: Speakers, taken: Taken, request: HttpRequest, now: datetime) -> Speaker | Stopped:
    """Who it is, by the key that signed, else by the login; both, where both are asked for."""
    if taken.fingerprint:
        found = door.of_key(taken.fingerprint, taken.ways)
        if found is None:
            return _nobodys(taken.fingerprint)
        if found.login and taken.user != found.user:
            return Stopped(Step.CERTIFICATE, (problem(_GUESSED, Stage.RECEIVE),))
    else:
        found = door.of_user(taken.user) if taken.user else None
        if found is None or found.signs:
            missing = problem("LT-WSS-005", Stage.RECEIVE, {"part": "Signature"})
            return Stopped(Step.STRUCTURE, (missing,))
    if found.networks and not is_within(request.peer, found.networks):
        log.warning("caller %s is right but calls from %s, see callers.%s.from", found.id, request.peer, found.id)
        return Stopped(Step.ADDRESSING, (problem("LT-DOOR-001", Stage.RECEIVE),))
    return _locked_as_agreed(found, taken) or _too_old(found, taken, now) or found


def _locked_as_agreed(speaker: Speaker, taken: Taken) -> Stopped | None:
    """Encrypted where that was agreed, and by this caller's key alone: who copies what another encrypted learns
    nothing by signing it himself."""
    if speaker.encrypts and not taken.opened_by:
        return Stopped(Step.DECRYPTION, (problem("LT-ENC-006", Stage.RECEIVE),))
    if taken.opened_by and taken.opened_by not in speaker.opens:
        wrong = problem("LT-ENC-007", Stage.RECEIVE, {"key": ascii(taken.opened_by)})
        return Stopped(Step.DECRYPTION, (wrong,))
    return None


def _too_old(speaker: Speaker, taken: Taken, now: datetime) -> Stopped | None:
    """Of this caller: the gate only knew the longest time of all."""
    if taken.made_at is None:
        return None
    end = taken.made_at + timedelta(seconds=speaker.good_for_s + POLICIES[speaker.way].skew_s)
    if now <= end:
        return None
    values = {"created": f"{taken.made_at:%Y-%m-%d %H:%M:%S}", "now": f"{now:%Y-%m-%d %H:%M:%S}"}
    return Stopped(Step.FRESHNESS, (problem("LT-WSS-012", Stage.RECEIVE, values),))


def _fits(call: Call, speaker: Speaker) -> bool:
    """Where the message also shows credentials of the old kind, and the settings have them, they are of the same
    caller."""
    if speaker.login or not speaker.secret:
        return True
    shown = call.credentials
    user, secret = (shown.user, shown.secret) if shown is not None else ("", "")
    right = hmac.compare_digest(secret.encode("utf-8", "surrogatepass"), speaker.secret.encode())
    return right and user == speaker.user


async def _stop(
    adapter: Adapter, request: HttpRequest, stopped: Stopped, speaker: Speaker | None, refuse: Refuse,
    question: Question = NO_QUESTION,
) -> Heard:  # fmt: skip
    """Outside one generic fault; the step and all its problems into the record and the log."""
    log.warning(
        "stopped at the gate system=%s step=%s codes=%s caller=%s peer=%s bytes=%d sha256=%s",
        adapter.id, stopped.step.value, ",".join(found.code for found in stopped.problems),
        speaker.id if speaker is not None else "–", request.peer, len(request.body),
        hashlib.sha256(request.body).hexdigest(),
    )  # fmt: skip
    step = problem("LT-WSS-031", Stage.RECEIVE, {"step": stopped.step.value})
    await refuse((step, *stopped.problems), speaker)
    return Heard(Said(AnswerKind.UNAUTHENTICATED, (problem(INSECURE, Stage.RECEIVE),)), speaker, None, question)


def _nobodys(fingerprint: str) -> Stopped:
    values = {"agency": "–", "service": "–", "known": f"– ({fingerprint[:16]}…)"}
    return Stopped(Step.CERTIFICATE, (problem("LT-TRUST-020", Stage.RECEIVE, values),))


def _guessed(login: Login | None, heard: Heard) -> Heard:
    """A try that did not open counts, whatever was wrong with it: else the answer would tell a right password."""
    if login is None:
        return heard
    wait_s = login.wait_s or login.wrong()
    return _later(wait_s) if wait_s else heard


def _later(wait_s: float) -> Heard:
    found = problem("LT-DOOR-010", Stage.RECEIVE, {"seconds": max(1, round(wait_s))})
    return Heard(Said(AnswerKind.UNAVAILABLE, (found,)))
