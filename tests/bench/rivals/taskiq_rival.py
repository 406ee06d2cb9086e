"""taskiq with its Redis streams, which acknowledge."""

from __future__ import annotations

import asyncio
import sys

from clock import Clock
from taskiq.api import run_receiver_task
from taskiq_redis import RedisStreamBroker

place, count = sys.argv[1], int(sys.argv[2])
clock = Clock()
broker = RedisStreamBroker(url=f"unix://{place}", consumer_id="0")


@broker.task
async def nothing(number: int) -> None:
    clock.job()


async def main() -> None:
    await broker.startup()
    clock.begin()
    for number in range(count):
        await nothing.kiq(number)
        if not clock.put():
            break
    broker.is_worker_process = True
    running = asyncio.create_task(run_receiver_task(broker, max_async_tasks=64))
    done = asyncio.create_task(asyncio.to_thread(clock.wait))
    await asyncio.wait({running, done}, return_when=asyncio.FIRST_COMPLETED)
    clock.tell()


asyncio.run(main())
