"""The two stores: can they be reached, are they what they should be, do they agree."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from bus.body_keys import vault_of
from bus.compose import QUEUE_S, open_queue, queue_address
from bus.compose_evidence import make_believed
from bus.delivery import State
from bus.doctor.finding import Finding, good, note, of_problem, wrong
from bus.evidence.check import walk_seals
from bus.journal import SqlJournal, open_journal
from bus.journal.migrate import HEAD, KNOWN, NewerJournal, difference_of, revision_of
from bus.ports import JournalUnavailable, QueueUnavailable
from bus.queue.examine import ServerFacts, examine
from bus.records.jobs import JobResult
from bus.settings import Settings
from schemas.problem import Refused

_MOST_SKEW_S = 2.0
_HEALS_S = 5.0  # a running bus notices another generation within a second or so
_FEW = 5
_SEALS = 200  # the newest are walked here; all of them by `evidence check`


@contextmanager
def opened(settings: Settings) -> Iterator[SqlJournal | None]:
    """The journal, if there is one of our schema; it is neither made nor migrated."""
    journal: SqlJournal | None = None
    try:
        if settings.has_journal() and revision_of(settings.journal_url()) == HEAD:
            journal = open_journal(settings.journal_url(), vault=vault_of(settings))
    except (JournalUnavailable, NewerJournal, OSError, Refused):
        journal = None
    try:
        yield journal
    finally:
        if journal is not None:
            journal.close()


def look_at_journal(settings: Settings) -> Iterator[Finding]:
    """There, of a schema we know, writable; and what waits for a person."""
    if not settings.has_journal():
        yield note("journal", "–", "chưa có, lienthong up sẽ tạo", "not there yet, lienthong up makes it")
        return
    try:
        revision = revision_of(settings.journal_url())
    except (JournalUnavailable, OSError) as error:
        yield wrong("journal", "đọc / read", "LT-DOC-010", reason=error)
        return
    if revision not in KNOWN:
        yield wrong("journal", "lược đồ / schema", "LT-DOC-011", found=revision, known=HEAD)
        return
    if revision == HEAD and (found := difference_of(settings.journal_url())) is not None:
        yield of_problem("journal", "lược đồ / schema", found)
        return
    yield good("journal", "lược đồ / schema", revision or "trống", revision or "empty")
    with opened(settings) as journal:
        if journal is None:
            return
        try:
            journal.ping()
            yield good("journal", "ghi / write", "ghi được xuống đĩa", "a commit reached the disk")
        except JournalUnavailable as error:
            yield wrong("journal", "ghi / write", "LT-DOC-010", reason=error)
        counts = journal.counts()
        if parked := counts.get(State.PARKED, 0):
            yield note("journal", "parked", f"{parked} lượt giao chờ xử lý tay", f"{parked} deliveries are parked")
        yield from _paused_polls(settings, journal)
        total = sum(counts.values())
        yield good("journal", "lượt giao / deliveries", f"{total} đã nhận", f"{total} accepted")


def _paused_polls(settings: Settings, journal: SqlJournal) -> Iterator[Finding]:
    """One that the bus stopped, being refused, waits for a person; one that a person stopped does not."""
    for job in journal.jobs():
        if job.paused and job.name.partition(".")[0] in settings.endpoints:
            if job.result is JobResult.REFUSED:
                yield wrong("poll", job.name, "LT-POLL-011", poll=job.name, why=job.text)
            else:
                yield note("poll", job.name, f"tạm dừng · {job.who}: {job.why}", f"paused · {job.who}: {job.why}")


def look_at_chain(settings: Settings) -> Iterator[Finding]:
    """Every writer's chain, from its first entry to its last, and the newest seals over it: takes long on a long
    journal."""
    with opened(settings) as journal:
        if journal is None:
            return
        broken = journal.verify_chain()
        last = journal.last_seal()
        walked = walk_seals(journal, make_believed(settings), newest=_SEALS)
    for one in broken[:_FEW]:
        yield wrong("journal", "chuỗi / chain", "LT-DOC-012", place=one)
    if not broken:
        yield good("journal", "chuỗi / chain", "nguyên vẹn", "whole")
    for fault in walked.faults[:_FEW]:
        place = f"niêm phong / seal {fault.number}: {fault.vi} / {fault.en}"
        yield wrong("journal", "niêm phong / seals", "LT-DOC-012", place=place)
    if last is not None and not walked.faults:
        many = min(last.number, _SEALS)
        said = f"{many} niêm phong mới nhất khớp với chuỗi", f"the {many} newest fit the chain"
        yield good("journal", "niêm phong / seals", *said)


def look_at_queue(settings: Settings, *, running: bool) -> Iterator[Finding]:
    """There, keeps what it is told, and belongs to this journal."""
    try:
        servers = examine(queue_address(settings))
    except QueueUnavailable as error:
        if settings.queue.redis_url or running:
            yield wrong("queue", "kết nối / connection", "LT-DOC-020", reason=error)
        else:
            yield note(
                "queue", "kết nối / connection", "máy chủ riêng chỉ chạy cùng bus", "private server runs with the bus"
            )
        return
    for facts in servers:
        place = f" {facts.place}" if facts.place else ""
        yield good("queue", f"máy chủ / server{place}", f"{facts.kind} {facts.version}")
        yield from _habits(facts)
        if facts.replicas < settings.queue.wait_replicas:
            yield wrong(
                "queue", f"bản sao / replicas{place}", "LT-DOC-025", there=facts.replicas,
                wanted=settings.queue.wait_replicas,
            )  # fmt: skip
    yield from _generation(settings, running=running)


def _habits(facts: ServerFacts) -> Iterator[Finding]:
    if not facts.write_ok:
        yield wrong("queue", "AOF", "LT-DOC-021")
    elif facts.append_only:
        yield good("queue", "AOF", "bật", "on")
    else:
        yield note(
            "queue", "AOF", "tắt: dựng lại từ nhật ký mỗi khi máy chủ khởi động lại", "off: rebuilt at each restart"
        )
    if facts.eviction not in ("", "noeviction"):
        yield wrong("queue", "maxmemory-policy", "LT-DOC-022", policy=facts.eviction)
    if abs(facts.skew_s) > _MOST_SKEW_S:
        yield wrong("clock", "hàng đợi / queue", "LT-DOC-023", seconds=f"{facts.skew_s:+.1f}")
    else:
        yield good(
            "clock", "hàng đợi / queue", f"lệch {facts.skew_s * 1000:+.0f} ms", f"{facts.skew_s * 1000:+.0f} ms off"
        )


def _generation(settings: Settings, *, running: bool) -> Iterator[Finding]:
    with opened(settings) as journal:
        if journal is None:
            return
        queue = open_queue(settings, patience_s=QUEUE_S)
        try:
            end = time.monotonic() + (_HEALS_S if running else 0)
            ours, theirs = journal.generation(), queue.generation()
            while ours != theirs and time.monotonic() < end:
                time.sleep(0.25)
                ours, theirs = journal.generation(), queue.generation()
        except (QueueUnavailable, JournalUnavailable) as error:
            yield wrong("queue", "thế hệ / generation", "LT-DOC-020", reason=error)
            return
        finally:
            queue.close()
    if ours == theirs:
        yield good("queue", "thế hệ / generation", f"{ours}, khớp nhật ký", f"{ours}, as the journal says")
    elif running:
        yield wrong("queue", "thế hệ / generation", "LT-DOC-024", ours=ours, theirs=theirs)
    else:
        yield note("queue", "thế hệ / generation", "sẽ dựng lại khi bus chạy", "rebuilt when the bus starts")
