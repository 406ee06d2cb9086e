"""Callers that secure their messages: which certificate or account speaks for which of them, from the settings."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network

from adapters.adapter import Adapter
from adapters.manifest import Auth
from bus.caller_section import CallerSettings
from bus.key_cupboard import Cupboard
from bus.key_places import kept_at
from bus.live_trust import LiveTrust
from bus.settings import Settings
from bus.web.networks import Network
from schemas.message import Party
from schemas.plain_words import reasons
from schemas.problem import Problem, Refused, Stage, problem
from signing.dsig.key_info import Hints
from signing.keys import VerifyKey, certificate_fingerprint
from signing.policy import PARTNER_SOAP
from signing.trust import Entitlement, Trust, TrustStore

POLICY = PARTNER_SOAP


@dataclass(frozen=True, slots=True)
class Speaker:
    """One caller of one door."""

    id: str
    party: Party
    register: tuple[Entitlement, ...]
    store: LiveTrust | None  # None: its certificates are believed as they are
    pinned: Trust | None
    user: str = ""
    secret: str = field(default="", repr=False)
    login: str = ""  # a UsernameToken must be there: "text" | "digest"
    signs: bool = True  # False: the UsernameToken alone says who it is
    networks: tuple[Network, ...] = ()

    def has(self, fingerprint: str) -> bool:
        """Its certificate, whatever that entitles to."""
        return any(line.fingerprint == fingerprint for line in self.register)


@dataclass(frozen=True, slots=True)
class Speakers:
    """The secured callers of one door. Immutable but for the stores, which follow their folders."""

    all: tuple[Speaker, ...]
    alone: bool  # nobody else may call this door

    def of_key(self, fingerprint: str) -> Speaker | None:
        """Whose certificate it is."""
        return next((one for one in self.all if one.signs and one.has(fingerprint)), None)

    def of_user(self, user: str) -> Speaker | None:
        """Who logs in by this name."""
        return next((one for one in self.all if one.login and one.user == user), None)

    def password(self, user: str) -> str | None:
        """Of a user; None = not known."""
        found = self.of_user(user)
        return found.secret if found is not None else None

    @property
    def unsigned(self) -> bool:
        """Somebody may come without a signature."""
        return any(not one.signs for one in self.all)

    @property
    def clear(self) -> bool:
        """Somebody sends the password itself."""
        return any(one.login == "text" for one in self.all)

    def key(self, hints: Hints, now: datetime) -> VerifyKey | tuple[Problem, ...]:
        """The key of a certificate that came with a message, if it is to be believed now. One that nobody is known
        by is judged all the same: the record then says whether it is a stranger's or only not entitled."""
        fingerprint = certificate_fingerprint(hints.certificates[0]) if hints.certificates else None
        whose = self.of_key(fingerprint) if fingerprint is not None else None
        if whose is not None:
            return _judged(whose, hints, now)
        found: VerifyKey | tuple[Problem, ...] = (problem("LT-SIGN-037", Stage.RECEIVE, {"found": "X509Certificate"}),)
        for store in {one.store.name: one.store for one in self.all if one.store is not None}.values():
            found = store.key(hints, now=now)
            if isinstance(found, VerifyKey):
                return found
        return found


def _judged(whose: Speaker, hints: Hints, now: datetime) -> VerifyKey | tuple[Problem, ...]:
    if whose.store is not None:
        return whose.store.key(hints, now=now)
    if whose.pinned is not None:
        return whose.pinned.keys(now=now)(hints)
    return (problem("LT-SIGN-037", Stage.RECEIVE, {"found": "X509Certificate"}),)


def load_speakers(settings: Settings, adapters: Mapping[str, Adapter], cupboard: Cupboard) -> Mapping[str, Speakers]:
    """By system; systems nobody secures messages to are left out.

    Raises:
        Refused: with everything that is wrong.
    """
    problems = list(check_speakers(settings, adapters))
    found: dict[str, list[Speaker]] = {}
    for name, caller in settings.callers.items():
        if caller.signature and caller.system in adapters:
            try:
                found.setdefault(caller.system, []).append(_speaker(settings, name, caller, cupboard))
            except Refused as refused:
                problems += refused.problems
    for system, speakers in found.items():
        problems += _shared(system, speakers)
    if problems:
        raise Refused(tuple(problems))
    return {
        system: Speakers(tuple(found.get(system, ())), alone=_alone(settings, adapters[system]))
        for system in adapters
        if system in found or _demands(adapters[system])
    }


def check_speakers(settings: Settings, adapters: Mapping[str, Adapter]) -> Iterator[Problem]:
    """What can be said without a file: names of operations, wires, and doors that demand security."""
    for name, caller in settings.callers.items():
        adapter = adapters.get(caller.system)
        if adapter is None:
            continue
        manifest = adapter.manifest
        if caller.signature and (manifest.wire != "soap" or manifest.whole_envelope):
            yield _wrong(f"callers.{name}.signature", f"{caller.system}: chỉ cho cửa SOAP / only for SOAP doors")
        if not caller.signature and _demands(adapter):
            yield _wrong(f"callers.{name}.signature", f'{caller.system} đòi WS-Security / demands it: "wss" | "login"')
        for number, line in enumerate(caller.certificates):
            for operation in line.operations:
                if operation not in manifest.operations:
                    near = difflib.get_close_matches(operation, manifest.operations, n=1)
                    place = f"callers.{name}.certificates.{number}.operations: {operation}"
                    values = {"place": place, "nearest": near[0] if near else ", ".join(manifest.operations)}
                    yield problem("LT-CONF-004", Stage.CONFIGURE, values)


def _speaker(settings: Settings, name: str, caller: CallerSettings, cupboard: Cupboard) -> Speaker:
    papers: list[bytes] = []
    lines: list[Entitlement] = []
    for number, line in enumerate(caller.certificates):
        fingerprint = line.fingerprint
        if line.file:
            pem = settings.secret(line.file).encode()
            with kept_at(line.file):
                key = VerifyKey.from_pem(pem, key_id=f"{name}.{number}", policy=POLICY)
            fingerprint = key.fingerprint
            papers += [pem] if key.certificate else []
        if not caller.trust and not papers:
            raise Refused((_wrong(f"callers.{name}.certificates.{number}", "không có trust thì cần tệp chứng thư / a "
                                  "certificate's file is needed where there is no trust"),))  # fmt: skip
        lines.append(
            Entitlement(fingerprint, caller.agency, frozenset(line.operations), first=line.first, last=line.last)
        )
    store = cupboard.store(settings, caller.trust, POLICY) if caller.trust else None
    pinned = Trust(TrustStore.pinning(papers, purpose="partner"), POLICY)
    return Speaker(
        id=name, party=Party(caller.agency, caller.name, caller.system), register=tuple(lines), store=store,
        pinned=pinned if store is None and papers else None, user=caller.user, secret=settings.secret(caller.secret),
        login=caller.login, signs=caller.signature == "wss",
        networks=tuple(ip_network(text) for text in caller.from_),
    )  # fmt: skip


def _shared(system: str, speakers: Sequence[Speaker]) -> Iterator[Problem]:
    """One certificate, or one account, speaks for one caller of a door."""
    known: dict[str, str] = {}
    for one in speakers:
        marks = {line.fingerprint for line in one.register} | ({f"user {one.user}"} if one.login else set())
        for mark in sorted(marks):
            other = known.setdefault(mark, one.id)
            if other != one.id:
                reason = f"{mark[:20]}… đã là của / is already of callers.{other} ({system})"
                yield _wrong(f"callers.{one.id}", reason)


def _alone(settings: Settings, adapter: Adapter) -> bool:
    mine = [caller for caller in settings.callers.values() if caller.system == adapter.id]
    return _demands(adapter) or all(caller.signature for caller in mine)


def _demands(adapter: Adapter) -> bool:
    return adapter.manifest.auth is not None and adapter.manifest.auth.kind is Auth.WSS


def _wrong(place: str, reason: str) -> Problem:
    return problem("LT-CONF-002", Stage.CONFIGURE, {"place": place, **reasons(reason)})
