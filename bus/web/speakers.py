"""Callers that secure their messages, from the settings: which certificate, key or account speaks for which of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network

from adapters.adapter import Adapter
from adapters.manifest import Auth
from bus.caller_section import CallerSettings
from bus.key_cupboard import Cupboard
from bus.key_places import kept_at
from bus.settings import Settings
from bus.web.speaker import POLICIES, Speaker, Speakers
from bus.web.speaking_rules import check_speakers, demands, wrong
from schemas.message import Party
from schemas.problem import Problem, Refused
from signing.encryption import Opener, ReadingKey
from signing.keys import VerifyKey
from signing.policy import Policy
from signing.trust import Entitlement, Trust, TrustStore

JWS_HEADER = "X-JWS-Signature"  # where nothing else was agreed


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
        system: Speakers(
            tuple(found.get(system, ())), alone=_alone(settings, adapters[system]), opener=_opener(settings, system),
            jws_header=_header(settings, adapters[system]),
        )
        for system in adapters
        if system in found or demands(adapters[system])
    }  # fmt: skip


def _speaker(settings: Settings, name: str, caller: CallerSettings, cupboard: Cupboard) -> Speaker:
    policy = POLICIES[caller.signature]
    register, keys, papers = _register(settings, name, caller, policy)
    store = cupboard.store(settings, caller.trust, policy) if caller.trust else None
    pinned = Trust(TrustStore.pinning(papers, purpose="partner"), policy)
    rule = caller.decryption
    return Speaker(
        id=name, party=Party(caller.agency, caller.name, caller.system), register=register, store=store,
        pinned=pinned if store is None and papers else None, way=caller.signature, keys=keys, user=caller.user,
        secret=settings.secret(caller.secret), login=caller.login,
        networks=tuple(ip_network(text) for text in caller.from_), good_for_s=caller.good_for_h * 3600,
        opens=frozenset(rule.keys) if rule is not None else frozenset(),
        encrypts=rule is not None and rule.required, signed_answers=caller.signed_answers,
        says_where=caller.address == "required",
    )  # fmt: skip


def _register(
    settings: Settings, name: str, caller: CallerSettings, policy: Policy
) -> tuple[tuple[Entitlement, ...], Mapping[str, VerifyKey], list[bytes]]:
    """What entitles it, the keys it names, and the certificates at hand (PEM)."""
    lines: list[Entitlement] = []
    keys: dict[str, VerifyKey] = {}
    papers: list[bytes] = []
    for number, line in enumerate(caller.certificates):
        fingerprint, place, is_enough = line.fingerprint, f"callers.{name}.certificates.{number}", bool(caller.trust)
        if line.file:
            pem = settings.secret(line.file).encode()
            with kept_at(line.file):
                key = VerifyKey.from_pem(pem, key_id=line.key_id or f"{name}.{number}", policy=policy)
            fingerprint = key.fingerprint
            papers += [pem] if key.certificate else []
            if line.key_id and (key.certificate or not caller.trust):
                keys[line.key_id], is_enough = key, True  # without a store a bare key is believed as it is
        if line.key_id and line.key_id not in keys:
            raise Refused((wrong(place, "key_id cần file, với trust phải là chứng thư / needs a file, where there is "
                                 "trust a certificate's"),))  # fmt: skip
        if not is_enough and not papers:
            raise Refused((wrong(place, "không có trust thì cần tệp chứng thư / a certificate's file is needed where "
                                 "there is no trust"),))  # fmt: skip
        entitlement = Entitlement(
            fingerprint, caller.agency, frozenset(line.operations), first=line.first, last=line.last
        )
        lines.append(entitlement)
    return tuple(lines), keys, papers


def _opener(settings: Settings, system: str) -> Opener:
    """All keys of ours at a door; each is agreed with one caller.

    Raises:
        Refused: one cannot be read.
    """
    keys: dict[str, ReadingKey] = {}
    last: set[str] = set()
    for caller in settings.callers.values():
        if caller.system != system or caller.decryption is None:
            continue
        for key_id, reference in caller.decryption.keys.items():
            with kept_at(reference):
                keys[key_id] = ReadingKey.from_pem(settings.secret(reference).encode(), key_id=key_id)
        if caller.decryption.order == "sign-then-encrypt":
            last |= set(caller.decryption.keys)
    return Opener(keys, frozenset(last))


def _header(settings: Settings, adapter: Adapter) -> str:
    """The HTTP header of a door's JWS, lower case."""
    mine = [one for one in settings.callers.values() if one.system == adapter.id and one.signature == "jws"]
    if not mine:
        return ""
    auth = adapter.manifest.auth
    declared = auth.header if auth is not None and auth.kind is Auth.JWS else adapter.manifest.sign.jws
    return next((one.jws_header for one in mine if one.jws_header), declared or JWS_HEADER).lower()


def _shared(system: str, speakers: Sequence[Speaker]) -> Iterator[Problem]:
    """One certificate, account, key or name of a key speaks for one caller of a door."""
    known: dict[str, str] = {}
    for one in speakers:
        marks = {line.fingerprint for line in one.register} | ({f"user {one.user}"} if one.login else set())
        marks |= {f"key_id {name}" for name in one.keys} | {f"decryption.keys {name}" for name in one.opens}
        for mark in sorted(marks):
            other = known.setdefault(mark, one.id)
            if other != one.id:
                reason = f"{mark[:20]}… đã là của / is already of callers.{other} ({system})"
                yield wrong(f"callers.{one.id}", reason)


def _alone(settings: Settings, adapter: Adapter) -> bool:
    mine = [caller for caller in settings.callers.values() if caller.system == adapter.id]
    return demands(adapter) or all(caller.signature for caller in mine)
