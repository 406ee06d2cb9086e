"""A list of bugs, each put into the functions on purpose: a suite that lets one pass proves nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType

import pytest
import redis

from bus.ports import QueueUnavailable
from bus.queue import RedisQueue
from tests.contract import test_queue as suite
from tests.contract import test_queue_isolation as isolation
from tests.contract import test_queue_pace as pace
from tests.contract.queue_world import RedisWorld, check_world

# name: (what stands there, what is put in its place)
BUGS: dict[str, tuple[str, str]] = {
    "no fencing": ("lease.token ~= token or lease.id ~= id", "lease.id ~= id"),
    "no fencing when prolonging": ("lease.id == a[n] and lease.token == a[n + 2]", "lease.id == a[n]"),
    "tokens repeat": ("whole_number(count(q, 'fence'))", "'1'"),
    "retry goes to the tail": (
        "    head.tried = head.tried or tried",
        "    call('RPUSH', q .. 'l:' .. lane, call('LPOP', q .. 'l:' .. lane))\n    head.tried = head.tried or tried",
    ),
    "lost leases stay lost": ("    crash(q, lane, rules, now, a[1])\n    news = true", ""),
    "a leaked in-flight mark": ("    e.flying = e.flying - call('SREM', q .. 'i:' .. ep, lane)\n", ""),
    "enqueue is not idempotent": ("if call('HEXISTS', q .. 'm', id) == 0 then", "do"),
    "the predecessor is not looked at": ("tail ~= before or ", ""),
    "a lane behind takes more": (" or is_behind(q, lane) then", " then"),
    "a rebuild ends the live lease": ("  if lease and head and lease.id == head.id then return 1 end\n", ""),
    "a rebuild keeps a dead lease": ("if lease and head and lease.id == head.id then", "if lease and head then"),
    "a rebuild frees the poison": ("if poison and head and poison.id == head.id and", "if false and"),
    "old tickets are good": ("local function stale(q, lane, ticket) return", "local function stale() return false and"),
    "a settlement voids no ticket": ("  moved(q, lane)\n  rest(q, lane, lease.ep", "  rest(q, lane, lease.ep"),
    "the generation is not looked at": ("if have ~= args[1] then", "if false then"),
    "an older generation begins": ("if math.abs(tonumber(have) or 0) > tonumber(a[1]) then", "if false then"),
    "a generation begins with what was there": ("call('UNLINK', key)", ""),
    "crashes are not counted": ("head.crashes = head.crashes + 1", ""),
    "crashes are never forgotten": ("if tried == '1' or step == 'park' then head.crashes = 0 end", ""),
    "what was put back is parked no more": ("step == 'park' or (head.parked and tried ~= '1')", "step == 'park'"),
    "crashes are forgotten untried": ("if tried == '1' or step == 'park' then head.crashes = 0", "do head.crashes = 0"),
    "poison is handed out": ("head.parked = head.parked or poisonous", ""),
    "poison keeps the worker's token": ("join(VERSION, next_token(q, generation),", "join(VERSION, lease.token,"),
    "suspects travel together": ("if head.crashes > 0 and suspect then", "if false then"),
    "delays are forgotten": ("elseif head.due > now then", "elseif false then"),
    "delayed lanes are never due": ("'delay', '-inf', now, 'LIMIT'", "'delay', '-inf', 0, 'LIMIT'"),
    "parking is forgotten": ("elseif head.parked then", "elseif false then"),
    "release leaves the delay": ("head.parked, head.due, head.crashes = false, 0, 0", "head.parked = false"),
    "release takes the lease away": ("if not head or call('HEXISTS', q .. 'own', lane) == 1 then", "if not head then"),
    "fill overwrites": ("  if head then\n    local last", "  if false then\n    local last"),
    "a settled record is left": ("    later('HDEL', q .. 'm', id)\n", ""),
    "a lane in two places": ("later('ZREM', q .. 'delay', lane)", "local _ = nil"),
    "the cap is not kept": ("return flying_of(q, ep) < most", "return true"),
    "no round robin": ("later('ZADD', q .. 'act', counters.turn, ep)", "local _ = nil"),
    "priority is not looked at": ("(e.priority * BAND + ", "("),
    "a dead worker keeps its leases": ("      ended = ended + 1\n", "      break\n"),
    "no bell": ("  if woken then ring(q) end\n", ""),
    "the breaker never opens": ("if fails >= rules.failures then", "if false then"),
    "a breaker per process": ("told(q, lease.ep, lane, token,", "told(q, lease.ep .. lease.worker, lane, token,"),
    "two probes": (" or f.probe or f.dry then return false end", " or f.dry then return false end"),
    "an answer counts as a failure": ("if health == 'well' then", "if false then"),
    "what says nothing counts as a failure": ("if health == '' or rules.failures == 0", "if rules.failures == 0"),
    "failures need not be in a row": ("'probe', 'fails', 'opens', 'last')", "'probe', 'opens', 'last')"),
    "an answer does not close it": ("unsay(q, ep, 'state', 'until', 'probe', 'fails',", "unsay(q, ep, 'fails',"),
    "a lost probe is forgotten": ("    unleased(q, ep, lease)\n", ""),
    "a failed probe makes no longer rest": ("'opens', opens + 1,", "'opens', opens,"),
    "rests grow without end": ("math.min(rules.most, rules.first", "math.max(0, rules.first"),
    "rests without chance": ("50 + tonumber(string.match(token, '(%d+)$')) * 37 % 51", "100"),
    "stragglers make the rest longer": ("  elseif f.probe == token then", "  else"),
    "the dead take all there is": ("if rules.failures > 0 and not f.state and not f.well then", "if false then"),
    "what failed probes again": ("first[1] == last and first[3] or first[1], passed", "first[1], passed"),
    "a pause is not kept": ("if f.pause or f.state == 'open'", "if f.state == 'open'"),
    "a pause does not end": ("if (tonumber(f.pause) or now + 1) <= now then", "if false then"),
    "the end of a pause ends the rest": ("'open' and tonumber(f['until']) <= now", "'open'"),
    "an older order is obeyed": (">= tonumber(a[4]) then return 0 end", ">= tonumber(a[4]) + 9 then return 0 end"),
    "what is not ordered any more stays": ("== '' then unsay(q, ep, field)", "== '' then local _ = nil"),
    "the rate is not kept": ("paid and level - span or level", "level"),
    "a bucket without bottom": ("return math.min(most, tonumber(f[2])", "return math.max(0, tonumber(f[2])"),
    "tokens never come": ("(tonumber(f.dry) or now + 1) <= now", "false"),
    "a rate per process": ("'bucket', join(rate,", "'bucket', join(PREFIX .. rate,"),
    "the settings' rate is not looked at": ("return ordered or rules.rates[ep] end", "return ordered end"),
    "an order fills the bucket": ("or '') ~= order.rate then", "or '') ~= 0 then"),
    "a lifted rate is still waited for": ("unsay(q, ep, 'bucket', 'dry')", "local _ = nil"),
    "a clock that goes back freezes": ("> now then clock_went_back(q, rules, now) end", "> now then end"),
    "retries are not stopped": ("if head.tried and sky.stopped then", "if false then"),
    "all is stopped": ("if head.tried and sky.stopped then", "if sky.stopped then"),
    "stopped for ever": ("if sky.held and not sky.stopped then", "if false then"),
    "what was tried is forgotten": ("head.tried = head.tried or tried == '1'", "head.tried = false"),
    "a rebuild forgets what was tried": ("tried = a[n + 4] == '1'", "tried = false"),
    "the bulk starves": ("if passed < AGE then", "if true then"),
    "aging forgets who waited longest": ("(not since or came < since)", "(not since)"),
    "aging counts idle turns": ("least then return first[1], 0 end", "least then return first[1], passed + 1 end"),
    "a settlement told twice takes the next one": ("  leases[lane] = nil\n", ""),
    "what was counted is forgotten": ("for name in pairs(counted) do", "for name in pairs({}) do"),
    "who rests is never looked at": ("'wait', '-inf', now, 'LIMIT'", "'wait', '-inf', 0, 'LIMIT'"),
}  # fmt: skip


def plain(world: RedisWorld) -> RedisQueue:
    """A queue with nothing in it."""
    queue = world.queue()
    queue.start_generation(1)
    return queue


SUITES: dict[ModuleType, Callable[[RedisWorld], object]] = {suite: plain, isolation: isolation.fresh, pace: pace.fresh}
TESTS = [(module, name) for module in SUITES for name in vars(module) if name.startswith("test_")]


def passes(change: Callable[[str], str], module: ModuleType, name: str) -> bool:
    """Runs one test of a suite, in a world of its own for each of its parameters."""
    test = getattr(module, name)
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    cases = [{mark.args[0]: value} for mark in marks for value in mark.args[1]] or [{}]
    return all(_passes(RedisWorld(change), module, name, case) for case in cases)


def _passes(world: RedisWorld, module: ModuleType, name: str, case: dict[str, object]) -> bool:
    test = getattr(module, name)
    wanted = inspect.signature(test).parameters
    given: dict[str, object] = {"world": world, **case}
    try:
        if "queue" in wanted:
            given["queue"] = SUITES[module](world)
        test(**{key: given[key] for key in wanted})
        check_world(world)
    except (AssertionError, ValueError, IndexError, pytest.fail.Exception, redis.ResponseError, QueueUnavailable):
        return False
    finally:
        world.close()
    return True


@pytest.mark.parametrize("bug", BUGS)
def test_bug_is_caught(bug: str) -> None:
    """With the bug put in, some test of the conformance suite fails."""
    there, instead = BUGS[bug]

    def change(text: str) -> str:
        assert text.count(there) == 1, "the list of bugs is out of date"
        return text.replace(there, instead)

    assert not all(passes(change, module, name) for module, name in TESTS)


def test_no_bug() -> None:
    """Without a bug the same runner passes every test: it is the bugs that it catches."""
    assert [name for module, name in TESTS if not passes(lambda text: text, module, name)] == []
