"""arq: one worker, 64 jobs at once, looking for work every 5 ms."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from arq import create_pool
from arq.connections import RedisSettings
from arq.worker import Worker
from clock import Clock

place, count = sys.argv[1], int(sys.argv[2])
clock = Clock()
settings = RedisSettings(unix_socket_path=place)


async def nothing(context: dict[str, Any], number: int) -> None:
    clock.job()


async def main() -> None:
    pool = await create_pool(settings)
    clock.begin()
    for number in range(count):
        await pool.enqueue_job("nothing", number)
        if not clock.put():
            break
    worker = Worker(
        functions=[nothing], redis_settings=settings, max_jobs=64, poll_delay=0.005, keep_result=0, handle_signals=False
    )
    running = asyncio.create_task(worker.async_run())
    done = asyncio.create_task(asyncio.to_thread(clock.wait))
    await asyncio.wait({running, done}, return_when=asyncio.FIRST_COMPLETED)
    clock.tell()


asyncio.run(main())
