"""The judge: compares what senders were told is accepted with what receivers took. Pure.

Dossiers have other names at every party, so names that stand together in one item are joined: the portal's code
and the owner's identity number in a dossier, the identity number and the department's code at the desk.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bus.simulators.ledger import QUESTIONS, Event, Item, Line

# A partner that cuts long names (see the DLMS contract) keeps at least so many characters of them.
_CUT_AT_LEAST = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be, for people."""

    what: str  # lost | duplicate | reordered | overlapped | wrong | unexpected
    who: str  # the receiver
    kind: str
    dossier: str  # as the sender says it, else as the receiver does
    step: int
    detail: str


@dataclass(frozen=True, slots=True)
class KindCount:
    """Counts of one kind on its way to one receiver."""

    accepted: int = 0
    delivered: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the ledgers say. `accepted` and `delivered` count (item, receiver) pairs."""

    accepted: int
    delivered: int
    lost: int
    duplicates: int  # taken more than once where that is not harmless
    repeats: int  # harmless: the same content again as an update, an unacknowledged pull offered again
    reordered: int
    overlapped: int
    wrong: int  # taken with other content than was sent
    unexpected: int  # taken although nobody offered it
    refused: int  # items the senders were told are refused
    kinds: Mapping[tuple[str, str], KindCount]  # by (kind, receiver)
    findings: tuple[Finding, ...]
    first_at: float = 0.0  # seconds since 1970 of the first acceptance
    last_at: float = 0.0  # … of the last first taking

    @property
    def order_kept(self) -> bool:
        """Nothing overtook, nothing overlapped."""
        return not self.reordered and not self.overlapped

    @property
    def clean(self) -> bool:
        """Nothing lost, doubled, reordered, overlapped, altered or invented."""
        return not self.findings


@dataclass(slots=True)
class _Taken:
    """What one receiver did about one dossier."""

    calls: list[tuple[float, float, int]] = field(default_factory=list)  # begin, end, call
    steps: list[tuple[str, int]] = field(default_factory=list)  # in order of first taking
    times: Counter[tuple[str, int]] = field(default_factory=Counter)
    repeats: int = 0
    last: dict[tuple[str, int], Item] = field(default_factory=dict)
    name: str = ""
    last_at: float = 0.0


def judge(lines: Iterable[Line], *, receivers: Sequence[str] | None = None) -> Verdict:
    """The verdict over all ledgers together; with `receivers` only what goes there is judged."""
    everything = tuple(lines)
    dossiers = _join(everything)
    taken = _taken(everything, dossiers, receivers)
    accepted = _unique(everything, Event.ACCEPTED, dossiers)
    offered = _unique(everything, Event.OFFERED, dossiers) | accepted
    refused = {key for key in _unique(everything, Event.REFUSED, dossiers) if key not in accepted}
    wanted = {
        (to, dossier, kind, step): item
        for (dossier, kind, step), (item, _) in accepted.items()
        for to in item.to
        if receivers is None or to in receivers
    }
    got = {(who, dossier, *step) for (who, dossier), one in taken.items() for step in one.times}
    findings = [
        *_lost(wanted, got),
        *_order(taken),
        *_doubled(taken),
        *_content(taken, offered),
    ]
    counts = Counter(one.what for one in findings)
    return Verdict(
        accepted=len(wanted),
        delivered=len(wanted.keys() & got),
        lost=counts["lost"],
        duplicates=counts["duplicate"],
        repeats=sum(one.repeats for one in taken.values()),
        reordered=counts["reordered"],
        overlapped=counts["overlapped"],
        wrong=counts["wrong"],
        unexpected=counts["unexpected"],
        refused=len(refused),
        kinds=_kinds(wanted, got),
        findings=tuple(findings),
        first_at=min((at for _, at in accepted.values()), default=0.0),
        last_at=max((one.last_at for one in taken.values()), default=0.0),
    )


def _join(lines: Sequence[Line]) -> Mapping[str, str]:
    """Every name of a dossier → one of them, the same for all names that ever stood together."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for line in lines:
        if line.item is None:
            continue
        first = root(_key(line.item.dossier))
        for name in line.item.names:
            parent[root(_key(name))] = first
    return {name: root(name) for name in list(parent)}


_Step = tuple[str, str, int]  # dossier, kind, step


def _unique(lines: Sequence[Line], event: Event, dossiers: Mapping[str, str]) -> dict[_Step, tuple[Item, float]]:
    found: dict[_Step, tuple[Item, float]] = {}
    for line in lines:
        if line.event is event and line.item is not None:
            item = line.item
            found.setdefault((dossiers[_key(item.dossier)], item.kind, item.step), (item, line.at))
    return found


def _taken(
    lines: Sequence[Line], dossiers: Mapping[str, str], receivers: Sequence[str] | None
) -> dict[tuple[str, str], _Taken]:
    ends = {(one.who, one.run, one.call): one.at for one in lines if one.event is Event.ANSWERED}
    taken: dict[tuple[str, str], _Taken] = defaultdict(_Taken)
    for line in sorted((one for one in lines if one.event is Event.RECEIVED), key=lambda one: (one.at, one.call)):
        item = line.item
        if item is None or (receivers is not None and line.who not in receivers):
            continue
        one = taken[line.who, dossiers[_key(item.dossier)]]
        one.name = one.name or item.dossier
        call = (line.at, ends.get((line.who, line.run, line.call), line.at), line.call)
        if item.kind not in QUESTIONS and call not in one.calls:  # several items of one call are one call
            one.calls.append(call)
        if line.committed:
            _take(one, line, item)
    return taken


def _take(one: _Taken, line: Line, item: Item) -> None:
    step = (item.kind, item.step)
    if line.again and one.times[step]:
        one.repeats += 1
        one.last[step] = item
        return
    one.times[step] += 1
    if one.times[step] == 1:
        one.steps.append(step)
        one.last_at = max(one.last_at, line.at)
    one.last.setdefault(step, item)


def _lost(wanted: Mapping[tuple[str, str, str, int], Item], got: set[tuple[str, str, str, int]]) -> list[Finding]:
    return [
        Finding("lost", to, kind, item.dossier, step, "accepted, never taken by the receiver")
        for (to, dossier, kind, step), item in wanted.items()
        if (to, dossier, kind, step) not in got
    ]


def _order(taken: Mapping[tuple[str, str], _Taken]) -> list[Finding]:
    found: list[Finding] = []
    for (who, _), one in taken.items():
        highest = -1
        for kind, step in one.steps:
            if 0 <= step < highest:
                found.append(Finding("reordered", who, kind, one.name, step, f"taken after step {highest}"))
            highest = max(highest, step)
        latest, latest_call = 0.0, 0
        for begin, end, call in sorted(one.calls):
            if begin < latest:
                detail = f"call {call} began before call {latest_call} was answered"
                found.append(Finding("overlapped", who, "", one.name, -1, detail))
            if end > latest:
                latest, latest_call = end, call
    return found


def _doubled(taken: Mapping[tuple[str, str], _Taken]) -> list[Finding]:
    return [
        Finding("duplicate", who, kind, one.name, step, f"taken {times} times")
        for (who, _), one in taken.items()
        for (kind, step), times in one.times.items()
        if step >= 0
        for _ in range(times - 1)
    ]


def _content(taken: Mapping[tuple[str, str], _Taken], offered: Mapping[_Step, tuple[Item, float]]) -> list[Finding]:
    found: list[Finding] = []
    for (who, dossier), one in taken.items():
        for (kind, step), item in one.last.items():
            if step < 0:
                continue
            if (dossier, kind, step) not in offered:
                found.append(Finding("unexpected", who, kind, one.name, step, "nobody offered it"))
                continue
            sent = offered[dossier, kind, step][0]
            found.extend(
                Finding("wrong", who, kind, sent.dossier, step, f"{name} is not as it was sent")
                for name in sorted(sent.content.keys() & item.content.keys())
                if not _same(sent.content[name], item.content[name])
            )
    return found


def _same(sent: str, got: str) -> bool:
    one, other = _key(sent), _key(got)
    return one == other or (len(other) >= _CUT_AT_LEAST and one.startswith(other))


def _kinds(
    wanted: Mapping[tuple[str, str, str, int], Item], got: set[tuple[str, str, str, int]]
) -> dict[tuple[str, str], KindCount]:
    accepted = Counter((kind, to) for to, _, kind, _ in wanted)
    delivered = Counter((key[2], key[0]) for key in wanted if key in got)
    return {key: KindCount(count, delivered[key]) for key, count in sorted(accepted.items())}


def _key(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
