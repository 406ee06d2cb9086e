"""Wires what looks at the signatures inside attachments: whom to believe, whose messages are looked at, and when."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bus.examining import ExaminationJob, Examiner
from bus.inspection import Inspection
from bus.key_cupboard import Cupboard
from bus.ports import Clock, Journal
from bus.records import Judgement
from bus.records.examining import AttachmentPolicy
from bus.settings import Settings
from signing.policy import PARTNER_LEGACY
from signing.trust import TrustRules, TrustStore

Count = Callable[[Judgement], None]


def make_examiner(settings: Settings, keys: Cupboard, clock: Clock, *, message_s: float) -> Examiner:
    """With the declared stores; both are believed as they stand when a message is looked at.

    Raises:
        Refused: a store is not there, or cannot be read.
    """
    rule = settings.attachments
    live = keys.store(settings, rule.trust, PARTNER_LEGACY) if rule.trust else None
    folder = rule.time_trust or settings.evidence.trust
    authorities = None
    if folder:
        rules = TrustRules(revocation=False)  # judged at the time they state
        authorities = TrustStore.load(settings.folder / folder, purpose="time", rules=rules)
    return Examiner(
        lambda: live.trust if live is not None else None, authorities, clock,
        at_once=rule.at_once, file_s=min(rule.file_s, message_s), message_s=message_s,
    )  # fmt: skip


def make_inspection(settings: Settings, keys: Cupboard, clock: Clock, *, count: Count = lambda one: None) -> Inspection:
    """What a door does before it accepts. Where nobody's messages are refused for it, nothing is loaded.

    Raises:
        Refused: as above.
    """
    rule = settings.attachments
    callers: dict[tuple[str, str], AttachmentPolicy] = {}
    order = tuple(AttachmentPolicy)
    for one in settings.callers.values():
        said, key = AttachmentPolicy(one.attachments or rule.policy), (one.system, one.agency)
        callers[key] = max(said, callers.get(key, said), key=order.index)  # two of one agency: the stricter
    if AttachmentPolicy.REFUSE not in (rule.policy, *callers.values()):
        return Inspection(rule.policy, callers)
    examiner = make_examiner(settings, keys, clock, message_s=rule.door_s)
    pool = ThreadPoolExecutor(rule.at_once, thread_name_prefix="attachment")
    return Inspection(rule.policy, callers, examiner, pool, rule.door_s, count)


def make_examination_job(
    settings: Settings, journal: Journal, keys: Cupboard, clock: Clock, *, count: Count = lambda one: None
) -> ExaminationJob:
    """What a worker does after acceptance.

    Raises:
        Refused: as above.
    """
    rule = settings.attachments
    examiner = make_examiner(settings, keys, clock, message_s=rule.message_s)
    return ExaminationJob(journal, examiner, count, every_s=rule.every_s)
