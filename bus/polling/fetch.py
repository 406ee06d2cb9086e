"""One question to a partner that we fetch from, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.adapter import Adapter
from adapters.replies import classify
from adapters.wire.answer import fill, reply_element
from adapters.wire.contract import Exchange, OutboundWire, SendOrder, Target
from adapters.wire.fetched import Fetched
from adapters.wire.registry import read_page, render
from bus.outcome import Outcome
from schemas.message import new_id
from schemas.problem import Problem, Stage, problem

_LONGEST_S = 86_400.0  # a partner may not send us away for longer


@dataclass(frozen=True, slots=True)
class Line:
    """One endpoint that we fetch from."""

    adapter: Adapter
    target: Target
    wire: OutboundWire
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a partner said. Only with ACCEPTED or DUPLICATE is there something to be read."""

    outcome: Outcome
    asked: bytes  # the content of the question
    exchange: Exchange
    fetched: Fetched
    cause: Problem | None = None
    retry_after_s: float | None = None


def ask(
    line: Line, name: str, members: Mapping[str, str], words: Mapping[str, str], *, paths: Sequence[str] = ()
) -> Answer:
    """Asks once; where the partner says so, logs in anew and asks once more. Repeating a question is always safe."""
    answer, again = _once(line, name, members, words, paths=paths)
    if again:
        line.wire.forget_login(line.target.endpoint)
        answer, _ = _once(line, name, members, words, paths=paths)
    return answer


def _once(
    line: Line, name: str, members: Mapping[str, str], words: Mapping[str, str], *, paths: Sequence[str]
) -> tuple[Answer, bool]:
    adapter = line.adapter
    operation = adapter.manifest.operations[name]
    given = {path: text for path, template in members.items() if (text := fill(template, words))}
    element = reply_element(adapter.schema.shape(operation.element or name), given, {})
    content, _ = render(adapter, name, operation, element)
    order = SendOrder(adapter, line.target, name, content, "", "", new_id(), line.timeout_s)
    exchange = line.wire.send(order)
    fetched = read_page(order, exchange, paths)
    verdict = classify(operation, exchange, fetched.reply)
    outcome = Outcome(verdict.outcome)
    cause = None if outcome.settles else _cause(line, name, outcome, exchange, fetched)
    answer = Answer(outcome, content, exchange, fetched, cause, _retry_after_s(exchange))
    return answer, verdict.again == "login" and not outcome.settles


def _cause(line: Line, name: str, outcome: Outcome, exchange: Exchange, fetched: Fetched) -> Problem:
    said = " ".join(filter(None, [fetched.reply.code, fetched.reply.text[:120], exchange.detail[:120]]))
    values = {
        "endpoint": line.target.endpoint, "operation": name, "outcome": outcome.value, "status": exchange.status,
        "said": said or (fetched.reply.problems[0].text_vi if fetched.reply.problems else "–"),
    }  # fmt: skip
    code = "LT-POLL-004" if outcome is Outcome.REFUSED else "LT-POLL-005"
    return problem(code, Stage.DELIVER, values)


def _retry_after_s(exchange: Exchange) -> float | None:
    text = exchange.headers.get("retry-after", "").strip()
    return min(float(text), _LONGEST_S) if text.isdigit() else None
