"""A retry policy as one short line, `timeout;count;pauses`, read and written.

    10s;500;exp(2s..15m)              timeout 10 s, 500 tries, pauses doubling from 2 s to 15 min, full jitter
    20s;12;fixed(5m)~20%;<24h         every 5 min, up to a fifth shorter; given up after 24 h
    10s;8;30s,2m,10m,1h;<72h;?5       30 s, 2 min, 10 min, then every hour; 5 questions while it is unclear
    10s;1                             once

Timeout: of one try. Count: automatic tries. After them, in any order: `<span` the deadline since it first could be
sent; `?number` how often an unclear one is asked about.
"""

from __future__ import annotations

from datetime import timedelta

from bus.pauses import Pauses, Shape, exponential, fixed, listed
from bus.reading import Line, span_text
from bus.retry import RetryPolicy

_MOST_TRIES = 100_000


def read_notation(text: str) -> RetryPolicy:
    """The policy.

    >>> read_notation("10s;8;30s,2m").attempts
    8

    Raises:
        Misread: with the place, and what was expected there.
    """
    line = Line(text)
    policy = RetryPolicy(timeout=line.span("thời gian chờ một lần gửi", "the timeout of one try"))
    line.need(";")
    at = line.at
    attempts = line.number("số lần tự thử", "the number of automatic tries")
    if attempts > _MOST_TRIES:
        raise line.wrong(f"số lần không quá {_MOST_TRIES}", f"{_MOST_TRIES} tries at most", at=at)
    goes_on = line.took(";")
    pauses = _pauses(line) if goes_on and not _is_option(line) else None
    if pauses is None and attempts > 1:
        raise line.wrong(
            "“;” rồi nhịp nghỉ: exp(2s..15m), fixed(5m) hay 30s,2m,10m",
            "“;” then the pauses: exp(2s..15m), fixed(5m) or 30s,2m,10m",
        )
    deadline, tries = _options(line, at_once=goes_on and pauses is None)
    return RetryPolicy(
        timeout=policy.timeout, attempts=attempts, pauses=pauses or policy.pauses,
        deadline=deadline or policy.deadline, resolver_tries=tries or policy.resolver_tries,
    )  # fmt: skip


def write_notation(policy: RetryPolicy) -> str:
    """The line that reads as this policy, every part written out.

    >>> write_notation(read_notation("90s; 3; exp(2s .. 900s)"))
    '1m30s;3;exp(2s..15m);<3d;?16'
    """
    parts = [span_text(policy.timeout), str(policy.attempts), write_pauses(policy.pauses)]
    if policy.attempts == 1:
        parts.pop()
    return ";".join([*parts, f"<{span_text(policy.deadline)}", f"?{policy.resolver_tries}"])


def write_pauses(pauses: Pauses) -> str:
    """The third part."""
    steps = [span_text(step) for step in pauses.steps]
    usual = 100 if pauses.shape is Shape.EXP else 0
    made = {Shape.EXP: f"exp({'..'.join(steps)})", Shape.FIXED: f"fixed({steps[0]})", Shape.LIST: ",".join(steps)}
    return made[pauses.shape] + (f"~{pauses.jitter}%" if pauses.jitter != usual else "")


def _is_option(line: Line) -> bool:
    return line.next_is("<") or line.next_is("?")


def _pauses(line: Line) -> Pauses:
    if line.took("exp"):
        return _exponential(line)
    if line.took("fixed"):
        line.need("(")
        pause = _pause(line)
        line.need(")")
        return fixed(pause, jitter=_jitter(line, usual=0))
    if line.ended or not line.text[line.at].isdigit():
        raise line.wrong("exp(2s..15m), fixed(5m) hay 30s,2m,10m", "exp(2s..15m), fixed(5m) or 30s,2m,10m")
    steps = [_pause(line)]
    while line.took(","):
        steps.append(_pause(line))
    return listed(*steps, jitter=_jitter(line, usual=0))


def _exponential(line: Line) -> Pauses:
    line.need("(")
    first = _pause(line)
    line.need("..")
    at = line.at
    most = _pause(line)
    if most < first:
        raise line.wrong("khoảng nghỉ dài nhất không ngắn hơn khoảng đầu", "a longest pause not below the first", at=at)
    line.need(")")
    return exponential(first, most, jitter=_jitter(line, usual=100))


def _pause(line: Line) -> timedelta:
    return line.span("khoảng nghỉ", "a pause")


def _jitter(line: Line, *, usual: int) -> int:
    if not line.took("~"):
        return usual
    at = line.at
    percent = line.number("số phần trăm 0–100", "a percentage 0–100", least=0)
    if percent > 100:
        raise line.wrong("số phần trăm 0–100", "a percentage 0–100", at=at)
    line.need("%")
    return percent


def _options(line: Line, *, at_once: bool) -> tuple[timedelta | None, int]:
    """`at_once`: their “;” is read already."""
    deadline: timedelta | None = None
    tries = 0
    while not line.ended:
        if not at_once:
            line.need(";")
        at_once = False
        if deadline is None and line.took("<"):
            deadline = line.span("hạn chót", "a deadline")
        elif not tries and line.took("?"):
            tries = line.number("số lần hỏi khi không rõ", "how often an unclear one is asked about")
        else:
            raise line.wrong("“<” và hạn chót, hay “?” và số lần hỏi", "“<” and a deadline, or “?” and a number")
    return deadline, tries
