"""One run of a poll: fetch a page, accept what stands on it, move the checkpoint, acknowledge; and again."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapters.poll_rule import PollRule
from adapters.wire.fetched import Row
from bus.job_port import LeaseLost
from bus.known import known_dossiers
from bus.outcome import Outcome
from bus.polling.fetch import Answer, ask
from bus.polling.plan import PollPlan
from bus.polling.position import Go, Position, Sheet, begun, onward
from bus.polling.take import Taken, digest_of, dossier_names, id_of, mark_of, refused, take, unrecordable
from bus.ports import JournalRefuses, JournalUnavailable
from bus.records import ItemStatus, QueueRecord
from bus.records.jobs import JobResult, PageKept, Stepped
from bus.turn import Finished, Turn
from schemas.message import Envelope, Message, new_id, sha256_hex
from schemas.problem import Problem, Stage, problem

log = logging.getLogger("lienthong.poll")

_STEP = 50  # items in one transaction: deliveries wait for the same writer
_LEFT = 1000  # items not taken that are remembered one by one
_GOOD = (ItemStatus.ACCEPTED, ItemStatus.DUPLICATE)


class Broken(Exception):
    """The partner did not give what was asked for; the checkpoint stands where it stood."""

    def __init__(self, cause: Problem, answer: Answer) -> None:
        super().__init__(cause.text_en)
        self.cause, self.answer = cause, answer


class Run:
    """What one run carries along."""

    def __init__(self, poll: PollPlan, turn: Turn) -> None:
        self.poll, self.rule, self.turn, self.means = poll, poll.rule, turn, poll.means
        self.written = turn.position
        self.position = begun(Position.read(turn.position), poll.rule)
        self.before: tuple[str, ...] | None = None  # digests of the page before
        self.again = 0  # how often in a row they came
        self.told: set[str] = set()  # ids that were offered again, and acknowledged again: once in a run
        self.taken = 0
        self.refused = 0
        self.backlog: int | None = None

    # ---------------------------------------------------------------- pages

    def walk(self) -> Finished:
        """Page after page."""
        for _ in range(self.rule.pages):
            if self.turn.stopping():
                return self._finished(JobResult.MORE, "Dừng theo lệnh, lần sau đi tiếp")
            self.turn.keep()
            go = self._page()
            if go is Go.STUCK:
                values = {"endpoint": self.poll.endpoint, "operation": self.poll.operation}
                cause = problem("LT-POLL-002", Stage.DELIVER, values)
                return self._finished(JobResult.AGAIN, f"{cause.code}: {cause.text_vi}")
            if go is Go.OVER:
                return self._finished(JobResult.DONE, "")
        return self._finished(JobResult.MORE, f"Còn nữa sau {self.rule.pages} trang")

    def _page(self) -> Go:
        rule, now = self.rule, self.means.clock.now()
        answer = self._asked(self.poll.operation, rule.ask, (rule.more, rule.backlog, rule.cursor))
        rows, said = answer.fetched.rows, answer.fetched.said
        digests = tuple(digest_of(row) for row in rows)
        if rule.backlog and said.get(rule.backlog, "").isdigit():
            self.backlog = int(said[rule.backlog])
        new = self._taken_in(answer, rows, digests)
        self.again = self.again + 1 if self.before == digests else 0
        sheet = Sheet(
            marks=tuple(mark_of(row, rule) for row in rows), digests=digests, new=new,
            cursor=said.get(rule.cursor, "") if rule.cursor else "", more=_more(said, rule),
            again=self.again,
        )  # fmt: skip
        self.before = digests
        moved, go = onward(self.position, sheet, rule, now=now)
        self.position = moved
        self._write()
        self.settle_debts()
        return go

    def _taken_in(self, answer: Answer, rows: Sequence[Row], digests: Sequence[str]) -> int:
        """How many rows were new, or had to be acknowledged again."""
        known = set(self.position.seen)
        fresh: dict[str, Row] = {}
        again = 0
        for row, digest in zip(rows, digests, strict=True):
            if digest not in known:
                fresh.setdefault(digest, row)
            elif self.rule.ack and (id := id_of(row, self.rule)) and id not in self.told:
                self.told.add(id)  # they offer it again: our acknowledgement was lost there
                self._owe(id, good=digest not in self.position.left)
                again += 1
        if not fresh:
            return again
        if self.rule.get:
            return again + sum(self._fetch_one(row, digest) for digest, row in fresh.items())
        return again + self._accept([*fresh.values()], self._evidence(answer))

    # ---------------------------------------------------------------- items on the page

    def _accept(self, rows: Sequence[Row], page: PageKept) -> int:
        new = 0
        pages: tuple[PageKept, ...] = (page,)
        for start in range(0, len(rows), _STEP):
            part = rows[start : start + _STEP]
            taken = self._prepared(part, cause=page.question.envelope.id)
            new += self._commit(taken, pages)
            pages = ()
        return new

    def _prepared(self, rows: Sequence[Row], *, cause: str) -> list[Taken]:
        source, house, now = self.poll.source, self.means.house, self.means.clock.now()
        wanted = {names for row in rows if (names := dossier_names(source, row))}
        known = known_dossiers(self.means.journal, wanted)
        made = (take(row, source, house, known=known, now=now, cause=cause) for row in rows)
        return [replace(one, id=id_of(row, self.rule)) for one, row in zip(made, rows, strict=True)]

    def _commit(self, taken: Sequence[Taken], pages: tuple[PageKept, ...] = ()) -> int:
        """One transaction; if one item cannot be written, that one becomes evidence and the others go in."""
        try:
            stepped = self._step(taken, pages)
        except Exception as error:
            if not _is_about_an_item(error) or (len(taken) == 1 and taken[0].acceptance is None):
                raise
            if len(taken) == 1:
                log.exception("item not recordable poll=%s", self.poll.name)
                return self._commit([unrecordable(taken[0], self.poll.source)], pages)
            new = 0
            for one in taken:
                new += self._commit([one], pages)
                pages = ()
            return new
        return self._counted(taken, stepped)

    def _step(self, taken: Sequence[Taken], pages: tuple[PageKept, ...]) -> Stepped:
        return self.turn.step(
            acceptances=tuple(one.acceptance for one in taken if one.acceptance is not None),
            rejections=tuple(one.rejection for one in taken if one.rejection is not None),
            pages=pages,
        )

    def _counted(self, taken: Sequence[Taken], stepped: Stepped) -> int:
        results = iter(stepped.results)
        feed: list[QueueRecord] = []
        new = 0
        for one in taken:
            good = False
            if one.acceptance is not None:
                items = next(results)
                good = all(item.status in _GOOD for item in items)
                first = sum(item.status is ItemStatus.ACCEPTED for item in items)
                feed += (record for item in items for record in item.feed)
                self.taken += first
                new += bool(first) or not good
            else:
                new += 1
            if not good:
                self.refused += 1
                self.position = replace(self.position, left=(*self.position.left, one.digest)[-_LEFT:])
            self._owe(one.id, good=good)
        self.means.feed(feed)
        return new

    # ---------------------------------------------------------------- items fetched one by one

    def _fetch_one(self, row: Row, digest: str) -> int:
        """Fetches, accepts and acknowledges one item of the list. Nothing is told before the commit."""
        id = id_of(row, self.rule)
        self.turn.keep()
        if not id:
            new = self._commit([self._unfit(row, digest, problem("LT-POLL-003", Stage.PARSE, {"path": self.rule.id}))])
        else:
            answer = self._asked(self.rule.get, self.rule.get_ask, (), id=id)
            taken = [replace(one, id=id, digest=digest) for one in self._prepared(answer.fetched.rows, cause="")]
            if not taken:  # acknowledged it would be lost: they would give it no more
                values = {"operation": self.rule.get, "endpoint": self.poll.endpoint}
                cause = problem("LT-POLL-010", Stage.PARSE, values)
                taken = [replace(self._unfit(row, digest, cause), id=id)]
            new = self._commit(taken)
        self.position = self.position.with_seen((digest,), page=self.rule.page)
        self._write()  # what is owed is on record before it is told
        self.settle_debts()
        return int(new > 0)

    def _unfit(self, row: Row, digest: str, cause: Problem) -> Taken:
        """Evidence of a row of the list whose item could not be had."""
        listed = Message(self._envelope(row.body), row.body, row.media_type)
        return refused(listed, (*row.problems, cause), self.poll.source, digest=digest)

    # ---------------------------------------------------------------- acknowledging

    def _owe(self, id: str, *, good: bool) -> None:
        verdict = self.rule.taken if good else self.rule.rejected
        if self.rule.ack and id and verdict:
            left = tuple(owed for owed in self.position.owed if owed[0] != id)
            self.position = replace(self.position, owed=(*left, (id, verdict)))

    def settle_debts(self) -> None:
        """Tells the partner what became of its items; what it does not take now stays owed, and is on record."""
        if not self.position.owed:
            return
        left = list(self.position.owed)
        try:
            while left and not self.turn.stopping():
                id, verdict = left[0]
                self.turn.keep()
                try:
                    self._asked(self.rule.ack, self.rule.ack_ask, (), id=id, verdict=verdict)
                except Broken as broken:
                    if broken.answer.outcome is not Outcome.REJECTED:
                        raise
                    log.warning("acknowledgement refused poll=%s: %s", self.poll.name, broken.cause.text_en)
                left.pop(0)
        finally:
            self.position = replace(self.position, owed=tuple(left))
        self._write()

    # ---------------------------------------------------------------- inside

    def _write(self) -> None:
        """The checkpoint, where it is another than the one on record."""
        text = self.position.text()
        if text != self.written:
            self.turn.step(position=text)
            self.written = text

    def _asked(self, name: str, members: Mapping[str, str], paths: Sequence[str], **words: str) -> Answer:
        answer = ask(self.poll.line, name, members, {**self._words(), **words}, paths=paths)
        if answer.cause is not None:
            raise Broken(answer.cause, answer)
        return answer

    def _words(self) -> Mapping[str, str]:
        position, rule = self.position, self.rule
        return {
            "mark": position.since, "cursor": position.cursor, "page": str(rule.first_page + position.page),
            "offset": str(position.page * rule.page), "size": str(rule.page), "id": "", "verdict": "",
        }  # fmt: skip

    def _evidence(self, answer: Answer) -> PageKept:
        question = Message(self._envelope(answer.asked), answer.asked, "application/octet-stream")
        media = answer.exchange.headers.get("content-type", "application/octet-stream")
        return PageKept(question, answer.exchange.body, media)

    def _envelope(self, body: bytes) -> Envelope:
        return Envelope(
            id=new_id(), kind="goc", sender=self.poll.source.party, receiver=None, operation=self.poll.operation,
            business_ids=(), received_at=self.means.clock.now(), sha256=sha256_hex(body),
            profile=self.poll.source.adapter.profile,
        )  # fmt: skip

    def _finished(self, result: JobResult, text: str, *, pause_s: float | None = None) -> Finished:
        said = text or (f"{self.taken} mới, {self.refused} không nhận được" if self.taken or self.refused else "")
        return Finished(result, said or "Không có gì mới", taken=self.taken, backlog=self.backlog, pause_s=pause_s)

    def broken(self, broken: Broken) -> Finished:
        """The end of a run in which the partner did not give what was asked for."""
        answer = broken.answer
        result = JobResult.REFUSED if answer.outcome is Outcome.REFUSED else JobResult.AGAIN
        text = f"{broken.cause.code}: {broken.cause.text_vi}"
        return self._finished(result, text, pause_s=answer.retry_after_s)


def _is_about_an_item(error: Exception) -> bool:
    """Not about the journal as such, and not about who may write."""
    if isinstance(error, JournalUnavailable):
        return isinstance(error, JournalRefuses)
    return not isinstance(error, LeaseLost | TimeoutError)


def _more(said: Mapping[str, str], rule: PollRule) -> bool | None:
    if not rule.more:
        return None
    return said.get(rule.more, "").strip().lower() not in ("", "0", "false", "no", "n")
