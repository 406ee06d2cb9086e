"""Asks one partner about one dossier, in the partner's own form, and says in our terms what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from adapters.adapter import Adapter
from adapters.look_up import read_record, says_absent
from adapters.manifest import LookUp
from adapters.mapping.plan import MapContext
from adapters.replies import ReplyVerdict, classify
from adapters.wire.contract import Exchange, PartnerReply, SendOrder
from bus.days import local_day
from bus.outcome import Outcome
from bus.outgoing import Render
from bus.ports import Clock
from bus.questions import build
from bus.reconciling.contents import content_of, status_of
from bus.reconciling.pairs import Answer, Ours, Theirs
from bus.trial import Line
from schemas.message import new_id, sha256_hex
from schemas.problem import Problem

_ILL = (Outcome.UNAVAILABLE, Outcome.THROTTLED, Outcome.REFUSED, Outcome.LOCAL_FAULT)
_GATEWAY = (0, 502, 503, 504)  # HTTP status: none came, or a gateway's own


@dataclass(frozen=True, slots=True)
class Asked:
    """What one question came to."""

    theirs: Theirs
    well: bool | None = None  # the partner answered; False = it is away; None = nothing was sent


@dataclass(frozen=True, slots=True)
class _Heard:
    exchange: Exchange
    reply: PartnerReply
    verdict: ReplyVerdict


@dataclass(frozen=True, slots=True)
class Asker:
    """Thread-safe. Asking changes nothing at a partner: it may be done any number of times."""

    lines: Mapping[str, Line]
    render: Render
    clock: Clock

    def nobody(self, ours: Ours) -> str:
        """Why nobody can be asked; "" = somebody can."""
        line = self.lines.get(ours.endpoint)
        if line is None:
            return "Đối tác này tự đến lấy, không có địa chỉ để hỏi"
        if line.adapter.manifest.look_up is None:
            return "Hệ thống này không có nghiệp vụ tra cứu"
        return "" if ours.code else "Hồ sơ chưa có mã ở bên kia, nên không hỏi được"

    def ask(self, ours: Ours, identities: tuple[tuple[str, str], ...]) -> Asked:
        """One question, one deadline; a login that is no longer good is renewed once."""
        if why := self.nobody(ours):
            return Asked(Theirs(Answer.NOBODY, why=why))
        line = self.lines[ours.endpoint]
        rule = line.adapter.manifest.look_up
        assert rule is not None
        order = self._order(line, rule, ours, identities)
        if isinstance(order, tuple):
            return Asked(Theirs(Answer.SILENT, why=f"Không lập được câu hỏi: {order[0].text_vi}"))
        heard = _exchange(line, order)
        if heard.verdict.again == "login":
            line.wire.forget_login(ours.endpoint)
            heard = _exchange(line, order)
        theirs = _theirs(line.adapter, rule, heard, code=ours.code, on=self._today())
        return Asked(replace(theirs, asked_at=self.clock.now()), _well(heard))

    def _order(
        self, line: Line, rule: LookUp, ours: Ours, identities: tuple[tuple[str, str], ...]
    ) -> SendOrder | tuple[Problem, ...]:
        operation = line.adapter.manifest.operations[rule.operation]
        question = build(operation.kind, {"MaHoSo": ours.code})
        context = MapContext(on=self._today(), identities=dict(identities))
        done = line.adapter.maps[operation.map].to_legacy(question, context)
        if done.element is None or done.problems:
            return done.problems
        body, _ = self.render(line.adapter, rule.operation, operation, done.element)
        timeout_s = line.policies.of(operation.kind, operation=rule.operation).timeout_s
        return SendOrder(
            adapter=line.adapter, target=line.target, name=rule.operation, content=body, signature="", variant="",
            message_id=new_id(), timeout_s=timeout_s,
        )  # fmt: skip

    def _today(self) -> date:
        return local_day(self.clock.now())


def _exchange(line: Line, order: SendOrder) -> _Heard:
    exchange = line.wire.send(order)
    reply = line.wire.reply(order, exchange)
    return _Heard(exchange, reply, classify(line.adapter.manifest.operations[order.name], exchange, reply))


def _theirs(adapter: Adapter, rule: LookUp, heard: _Heard, *, code: str, on: date) -> Theirs:
    outcome = Outcome(heard.verdict.outcome)
    body, text = heard.exchange.body, heard.reply.text or heard.exchange.detail
    proof = sha256_hex(body) if body else ""
    if outcome is Outcome.REJECTED and says_absent(rule, text):
        return Theirs(Answer.ABSENT, proof=proof)
    if outcome is not Outcome.ACCEPTED or heard.reply.element is None:
        status = f", HTTP {heard.exchange.status}" if heard.exchange.status else ""
        return Theirs(Answer.SILENT, why=f"Bên kia không cho lời đáp dùng được ({outcome.value}{status})", proof=proof)
    element, problems = read_record(adapter, rule, heard.reply.element, code=code, on=on)
    if problems:
        return Theirs(Answer.SILENT, why=f"Lời đáp không đọc được: {problems[0].text_vi}", proof=proof)
    if element is None:
        return Theirs(Answer.FOUND, proof=proof)
    return Theirs(Answer.FOUND, status_of(element), content_of(element), proof=proof)


def _well(heard: _Heard) -> bool:
    outcome = Outcome(heard.verdict.outcome)
    return outcome not in _ILL and not (outcome.unclear and heard.exchange.status in _GATEWAY)
