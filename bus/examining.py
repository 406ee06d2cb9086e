"""Looks at the signatures inside attachments: at the door where a wrong one refuses, else in a job after acceptance.

Why a job: a signed file costs a process of its own, about a second; a door that waited for that would answer its
callers late, and a file that brings its reader down must not take an accepted message with it. See ADR 0010.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from bus.attachments import MOST, fact_of, is_hindered, unexamined, wrong_ones
from bus.enclosed import Attachment, attachments_of, beside, content_of, kind_of
from bus.ports import Clock, Journal
from bus.records.examining import AttachmentFact, AttachmentPolicy, Judgement, Waiting
from bus.records.jobs import JobResult
from bus.turn import Finished, Turn
from schemas.message import sha256_hex
from schemas.problem import Refused, Stage
from schemas.xmldoc import XmlLimits, parse
from signing.attachments import examine
from signing.trust import Trust, TrustStore

log = logging.getLogger("lienthong.attachments")

NAME = "chu_ky_tep"
TRIES = 3  # of one message: what brought its examiner down so often, or never got time, is told as it is
_WAIT_S = 30.0  # for a commit
_LOOK_S = 5.0
_HINDERED = "LT-ATT-008"
_TOO_MANY = "LT-ATT-010"
_MUCH = 256 * 1024 * 1024
_EVERYTHING = XmlLimits(
    size_bytes=_MUCH, tags=_MUCH, equals=_MUCH, namespaces=_MUCH
)  # our own form, bounded as it came


@dataclass(slots=True)
class Examiner:
    """Thread-safe. Never raises for what is in a message; what cannot be looked at is told as that."""

    trust: Callable[[], TrustStore | Trust | None]  # whom to believe now; None = nobody
    authorities: TrustStore | None  # of time
    clock: Clock
    at_once: int = 2  # processes
    file_s: float = 20.0  # of processor time for one file
    message_s: float = 120.0  # for all files of one message
    _room: threading.BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        self._room = threading.BoundedSemaphore(self.at_once)

    def __call__(self, body: bytes) -> tuple[AttachmentFact, ...]:
        """Of every attachment that may carry signatures. `body`: a canonical message."""
        found, until_s = [], time.monotonic() + self.message_s
        files = _files(body)
        if files is None:
            return _unread(body)
        signable = [(each, kind) for each in files if (kind := kind_of(each))]
        for number, (each, kind) in enumerate(signable):
            data = content_of(each)
            if number >= MOST:
                found.append(unexamined(each.place, kind, data, _TOO_MANY))
                continue
            left_s = until_s - time.monotonic()
            if left_s <= 0 or not self._room.acquire(timeout=left_s):
                found.append(unexamined(each.place, kind, data, _HINDERED))
                continue
            try:
                found.append(self._one(each, kind, data, files))
            finally:
                self._room.release()
        return tuple(found)

    def _one(self, each: Attachment, kind: str, data: bytes, files: Sequence[Attachment]) -> AttachmentFact:
        other = beside(each, files) if kind == "cms" else None
        try:
            report = examine(
                data, trust=self.trust(), now=self.clock.now(), authorities=self.authorities,
                content=content_of(other) if other is not None else None, stage=Stage.RECEIVE, seconds=self.file_s,
            )  # fmt: skip
        except Exception as error:  # a library has one more way to say no: the words may quote the file
            log.warning("attachment not examined kind=%s sha256=%s %s", kind, sha256_hex(data), type(error).__name__)
            return unexamined(each.place, kind, data, "LT-ATT-001")
        return fact_of(each.place, data, report)

    @staticmethod
    def given_up(body: bytes) -> tuple[AttachmentFact, ...]:
        """The same without looking."""
        files = _files(body)
        if files is None:
            return _unread(body)
        signable = ((each, kind) for each in files if (kind := kind_of(each)))
        return tuple(unexamined(each.place, kind, content_of(each), _HINDERED) for each, kind in signable)


def _files(body: bytes) -> list[Attachment] | None:
    """None: it cannot be read, and nobody knows what is in it."""
    try:
        return list(attachments_of(parse(body, limits=_EVERYTHING)))
    except Refused:
        return None


def _unread(body: bytes) -> tuple[AttachmentFact, ...]:
    """What nobody could look into is never taken for a message without files."""
    return (unexamined("–", "", body, "LT-ATT-001"),)


@dataclass(slots=True)
class ExaminationJob:
    """The job: what was accepted and waits, the oldest first."""

    journal: Journal
    examiner: Examiner
    count: Callable[[Judgement], None] = lambda judgement: None
    every_s: float = 5.0

    @property
    def name(self) -> str:
        """As operators know it."""
        return NAME

    @property
    def endpoint(self) -> str:
        """Nobody's."""
        return ""

    def run(self, turn: Turn) -> Finished:
        """Until nothing waits; what could not be looked at for lack of time is left for the next run."""
        done, left = 0, 0
        with ThreadPoolExecutor(self.examiner.at_once, thread_name_prefix="attachment") as pool:
            while not turn.stopping() and not left:
                turn.keep()
                waiting = self.journal.take_examinations(self.examiner.at_once).result(_WAIT_S)
                if not waiting:
                    break
                futures = [pool.submit(self._look, each) for each in waiting]
                while wait(futures, timeout=_LOOK_S).not_done:
                    turn.keep()
                done += sum(future.result() for future in futures)
                left = len(futures) - sum(future.result() for future in futures)
        result = JobResult.AGAIN if left else JobResult.DONE
        return Finished(result, f"Đã xem chữ ký trong tệp của {done} thông điệp", done, left)

    def _look(self, waiting: Waiting) -> bool:
        """False: it waits for another try."""
        kept = self.journal.body(waiting.message_id, "canonical")
        if kept is None:  # erased meanwhile
            found: tuple[AttachmentFact, ...] = (unexamined("–", "", b"", _HINDERED),)
        elif waiting.tries > TRIES:
            found = self.examiner.given_up(kept.body)
        else:
            found = self.examiner(kept.body)
        if waiting.tries < TRIES and any(map(is_hindered, found)) and kept is not None:
            return False
        if self.journal.record_examination(waiting.message_id, found).result(_WAIT_S):
            for each in found:
                self.count(each.judgement)
            tell(waiting.message_id, waiting.policy, found)
        return True


def tell(message_id: str, policy: AttachmentPolicy, found: Sequence[AttachmentFact]) -> None:
    """One line where a person is to know."""
    wrong = wrong_ones(found)
    if wrong and policy is not AttachmentPolicy.REPORT:
        said: Mapping[str, str] = {each.place: each.judgement.value for each in wrong}
        log.warning("attachment signatures wrong message=%s %s", message_id, said)
