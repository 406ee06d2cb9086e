"""Bytes written by earlier versions stay readable: a server filled by an older worker is worked off by this one."""

from __future__ import annotations

import pytest
import redis

from bus.ports import QueueUnavailable
from bus.records import QueueStep
from tests.contract.queue_world import BEGIN_MS, TAG, RedisWorld, moment, record, server, settle

# As version 1 wrote them. Fields are joined by U+001F.
RECORD_1 = "1\x1fD1|E1\x1fE1\x1f1125899906842625\x1f2\x1f1760000000000\x1f0\x1f0"
LEASE_1 = "1\x1f7.41\x1fD2.1:E1\x1fE1\x1fw-old"


# A delivery that was tried before has one field more; who does not know it reads the rest.
TRIED_1 = "1\x1fD1|E1\x1fE1\x1f1125899906842625\x1f0\x1f1760000000000\x1f1760000000000\x1f0\x1f1"


def fill(raw: redis.Redis, text: str = RECORD_1) -> None:
    """One ready lane and one leased, as an older worker left them."""
    raw.set(TAG + "gen", "7")
    raw.set(TAG + "fence", "41")
    raw.hset(TAG + "m", mapping={"D1.1:E1": text, "D2.1:E1": text.replace("D1|E1", "D2|E1")})
    raw.rpush(TAG + "l:D1|E1", "D1.1:E1")
    raw.rpush(TAG + "l:D2|E1", "D2.1:E1")
    raw.zadd(TAG + "r:E1", {"D1|E1": 1125899906842625})
    raw.zadd(TAG + "act", {"E1": 1})
    raw.sadd(TAG + "eps", "E1")
    raw.hset(TAG + "own", "D2|E1", LEASE_1)
    raw.zadd(TAG + "lease", {"D2|E1": BEGIN_MS + 1000})
    raw.sadd(TAG + "i:E1", "D2|E1")


def test_version_1() -> None:
    """A record and a lease of version 1 are read: crashes are known, the old token settles."""
    world = RedisWorld()
    with redis.Redis.from_url(server().url, decode_responses=True) as raw:
        fill(raw)
    queue = world.queue()
    queue.adopt(7)
    (claim,) = queue.claim("w1", settles=[], limit=9, lease_s=60)
    assert (claim.delivery_id, claim.token, claim.crashes) == ("D1.1:E1", "7.42", 2)
    world.advance(2)
    queue.claim("w1", settles=[settle(claim)], limit=0, lease_s=60)
    (poisoned,) = queue.poisoned()
    assert (poisoned.delivery_id, poisoned.crashes) == ("D2.1:E1", 3)
    world.close()


def test_newest_is_golden() -> None:
    """What this version writes is what stands above: a change of the form needs a new version and a new line here."""
    world = RedisWorld()
    queue = world.queue()
    queue.start_generation(7)
    queue.enqueue([record(1)])
    with redis.Redis.from_url(server().url, decode_responses=True) as raw:
        assert raw.hgetall(TAG + "m") == {"D1.1:E1": RECORD_1.replace("\x1f2\x1f", "\x1f0\x1f", 1)}
        (claim,) = queue.claim("w-old", settles=[], limit=1, lease_s=60)
        assert raw.hget(TAG + "own", "D1|E1") == LEASE_1.replace("7.41", "7.1").replace("D2", "D1")
        again = settle(claim, QueueStep.DELAY, moment(BEGIN_MS), tried=True)
        queue.claim("w-old", settles=[again], limit=0, lease_s=60)
        assert raw.hgetall(TAG + "m") == {"D1.1:E1": TRIED_1}
    world.close()


def test_unknown_version() -> None:
    """A record of a version this worker does not know is an error, never guessed at."""
    world = RedisWorld()
    with redis.Redis.from_url(server().url, decode_responses=True) as raw:
        fill(raw, RECORD_1.replace("1", "9", 1))
    queue = world.queue()
    queue.adopt(7)
    with pytest.raises((redis.ResponseError, QueueUnavailable), match="LTVER"):
        queue.claim("w1", settles=[], limit=9, lease_s=60)
    world.close()
