"""A list of bugs, each put into the functions on purpose: a suite that lets one pass proves nothing."""

from __future__ import annotations

import inspect

import pytest
import redis

from bus.ports import QueueUnavailable
from tests.contract import test_queue as suite
from tests.contract.queue_world import RedisWorld, check_world

# name: (what stands there, what is put in its place)
BUGS: dict[str, tuple[str, str]] = {
    "no fencing": ("lease.token ~= token or lease.id ~= id", "lease.id ~= id"),
    "no fencing when prolonging": ("lease.id == a[n] and lease.token == a[n + 2]", "lease.id == a[n]"),
    "tokens repeat": ("whole_number(call('INCR', q .. 'fence'))", "'1'"),
    "retry goes to the tail": (
        "    head.crashes = 0\n",
        "    head.crashes = 0\n    call('RPUSH', q .. 'l:' .. lane, call('LPOP', q .. 'l:' .. lane))\n",
    ),
    "lost leases stay lost": ("    crash(q, lane, cap, now, a[1])\n    news = true", ""),
    "a leaked in-flight mark": ("  call('SREM', q .. 'i:' .. ep, lane)\n", ""),
    "enqueue is not idempotent": ("if call('HEXISTS', q .. 'm', id) == 0 then", "do"),
    "the predecessor is not looked at": ("tail ~= before or ", ""),
    "a lane behind takes more": (" or call('HEXISTS', q .. 'behind', lane) == 1 then", " then"),
    "a rebuild ends the live lease": ("  if lease and head and lease.id == head.id then return 1 end\n", ""),
    "a rebuild keeps a dead lease": ("if lease and head and lease.id == head.id then", "if lease and head then"),
    "a rebuild frees the poison": ("if poison and head and poison.id == head.id and", "if false and"),
    "old tickets are good": ("local function stale(q, lane, ticket) return", "local function stale() return false and"),
    "a settlement voids no ticket": ("  moved(q, lane)\n  rest(q, lane, lease.ep", "  rest(q, lane, lease.ep"),
    "the generation is not looked at": ("if have ~= args[1] then", "if false then"),
    "an older generation begins": ("if math.abs(tonumber(have) or 0) > tonumber(a[1]) then", "if false then"),
    "a generation begins with what was there": ("call('UNLINK', key)", ""),
    "crashes are not counted": ("head.crashes = head.crashes + 1", ""),
    "crashes are never forgotten": ("    head.crashes = 0\n", ""),
    "poison is handed out": ("head.parked = head.parked or poisonous", ""),
    "poison keeps the worker's token": ("join(VERSION, next_token(q, generation),", "join(VERSION, lease.token,"),
    "suspects travel together": ("if head.crashes > 0 and suspect then", "if false then"),
    "delays are forgotten": ("elseif head.due > now then", "elseif false then"),
    "delayed lanes are never due": ("'delay', '-inf', now, 'LIMIT'", "'delay', '-inf', 0, 'LIMIT'"),
    "parking is forgotten": ("elseif head.parked then", "elseif false then"),
    "release leaves the delay": ("head.parked, head.due, head.crashes = false, 0, 0", "head.parked = false"),
    "release takes the lease away": ("if not head or call('HEXISTS', q .. 'own', lane) == 1 then", "if not head then"),
    "fill overwrites": ("  if head then\n    local last", "  if false then\n    local last"),
    "a settled record is left": ("    call('HDEL', q .. 'm', id)\n  else", "  else"),
    "a lane in two places": ("  call('ZREM', q .. 'delay', lane)\n", ""),
    "the cap is not kept": ("local room = ", "local room = true or "),
    "no round robin": ("      call('ZADD', q .. 'act', 'XX', call('INCR', q .. 'turn'), ep)\n", ""),
    "priority is not looked at": ("(priority * BAND + ", "("),
    "a dead worker keeps its leases": ("      ended = ended + 1\n", "      break\n"),
    "no bell": ("  if woken then ring(q) end\n", ""),
}  # fmt: skip


def passes(world: RedisWorld, name: str) -> bool:
    """Runs one test of the suite in a world."""
    test = getattr(suite, name)
    given: dict[str, object] = {"world": world}
    if "queue" in inspect.signature(test).parameters:
        queue = world.queue()
        queue.start_generation(1)
        given["queue"] = queue
    try:
        test(**{key: given[key] for key in inspect.signature(test).parameters})
        check_world(world)
    except (AssertionError, ValueError, IndexError, pytest.fail.Exception, redis.ResponseError, QueueUnavailable):
        return False
    finally:
        world.close()
    return True


TESTS = [name for name in vars(suite) if name.startswith("test_")]


@pytest.mark.parametrize("bug", BUGS)
def test_bug_is_caught(bug: str) -> None:
    """With the bug put in, some test of the conformance suite fails."""
    there, instead = BUGS[bug]

    def change(text: str) -> str:
        assert text.count(there) == 1, "the list of bugs is out of date"
        return text.replace(there, instead)

    assert not all(passes(RedisWorld(change), name) for name in TESTS)


def test_no_bug() -> None:
    """Without a bug the same runner passes every test: it is the bugs that it catches."""
    assert [name for name in TESTS if not passes(RedisWorld(), name)] == []
