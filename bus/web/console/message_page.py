"""One message's page: its journey, problems, deliveries with attempts, bodies and relations, all covered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bus.delivery import Delivery
from bus.masking import MaskedBody, mask_body, mask_code, mask_text
from bus.ports import Journal
from bus.records import Journey, Stored
from bus.retention import said_vi
from bus.web.console.delivery_view import DeliveryView, codes_known, delivery_view
from bus.web.console.examined_view import ExaminedView, examined_view
from bus.web.console.figures import Moment, moment, size
from bus.web.console.listing import codes_of, sender_of
from bus.web.console.problem_view import ProblemView, problem_view
from bus.web.console.stages import Step, first_steps
from bus.web.console.words import ACTS, KINDS, VERDICTS, Sign

_PREVIEW_BYTES = 262_144  # larger bodies are not read for a look
_PREFERRED = ("canonical", "raw")


@dataclass(frozen=True, slots=True)
class BodyView:
    """One kept body."""

    role: str
    media_type: str
    sha256: str
    size: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ActionView:
    """What a person did."""

    at: Moment
    what: str
    who: str
    why: str
    became: str


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Everything of one message."""

    id: str
    kind: str
    codes: tuple[str, ...]
    sender: str
    operation: str
    at: Moment
    sha256: str
    verdict: Sign
    steps: tuple[Step, ...]
    problems: tuple[ProblemView, ...]
    deliveries: tuple[DeliveryView, ...]
    bodies: tuple[BodyView, ...]
    preview: MaskedBody | None
    preview_role: str
    too_large: bool
    erased: str  # of the chosen body, in words; "" = it is kept
    actions: tuple[ActionView, ...]
    causes: tuple[str, ...]
    caused: tuple[str, ...]
    identities: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    examined: ExaminedView | None = None  # signatures in its attachments


def read_message(
    journal: Journal, message_id: str, role: str, names: Mapping[str, str], *,
    explain: Callable[[Delivery], Delivery] = lambda delivery: delivery,
) -> MessagePage | None:  # fmt: skip
    """Reads one message; `role` chooses the body to look at. None = no such message."""
    journey = journal.journey(message_id)
    if journey is None:
        return None
    envelope = journey.envelope
    resting = [one.id for one in journey.deliveries if not one.state.final]
    behind = journal.behind(resting) if resting else {}
    chosen = _chosen(journey, role)
    erased = chosen.erased if chosen else None
    small = chosen is not None and erased is None and chosen.size <= _PREVIEW_BYTES
    kept = journal.body(message_id, chosen.role) if chosen and small else None
    codes = codes_known(journey)
    return MessagePage(
        id=envelope.id, kind=KINDS.get(envelope.kind, envelope.kind), codes=codes_of(envelope),
        sender=sender_of(envelope, names), operation=envelope.operation, at=moment(envelope.received_at),
        sha256=envelope.sha256, verdict=VERDICTS[journey.verdict], steps=first_steps(journey, names),
        problems=tuple(problem_view(one, codes) for one in journey.problems),
        deliveries=tuple(
            delivery_view(journey, explain(one), names, behind.get(one.id, 0)) for one in journey.deliveries
        ),
        bodies=tuple(_body(one, chosen) for one in journey.bodies),
        preview=mask_body(kept.body, kept.media_type) if kept else None, preview_role=chosen.role if chosen else "",
        too_large=bool(chosen and chosen.size > _PREVIEW_BYTES), erased=said_vi(erased) if erased else "",
        actions=tuple(_action(one, codes) for one in journey.actions), causes=journey.causes, caused=journey.caused,
        identities=tuple((names.get(party, party), mask_code(code)) for party, code in journey.identities),
        facts=tuple((name, mask_code(value)) for name, value in sorted(envelope.facts.items())),
        examined=examined_view(journey.examination),
    )  # fmt: skip


def _chosen(journey: Journey, role: str) -> Stored | None:
    by_role = {one.role: one for one in journey.bodies}
    for wanted in (role, *_PREFERRED):
        if wanted in by_role:
            return by_role[wanted]
    return journey.bodies[0] if journey.bodies else None


def _body(stored: Stored, chosen: Stored | None) -> BodyView:
    return BodyView(
        stored.role, mask_text(stored.media_type), stored.sha256, size(stored.size), chosen=stored is chosen
    )


def _action(action: Mapping[str, object], codes: list[str]) -> ActionView:
    act = str(action.get("act", ""))
    done = "Đã làm" if action.get("done") else f"Không làm được: {mask_text(str(action.get('reason', '')), keep=codes)}"
    return ActionView(
        at=moment(datetime.fromisoformat(str(action["at"]))), what=ACTS.get(act, act),
        who=mask_text(str(action.get("who", ""))), why=mask_text(str(action.get("why", "")), keep=codes), became=done,
    )  # fmt: skip
