"""`lienthong work`: one delivering process."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Annotated

import typer

from bus.cli.context import log_to_stderr, state

EXAMPLES = """\b
Ví dụ / examples:
  lienthong work                        thêm một tiến trình giao / one more delivering process
  lienthong work --name may-2-a         tên của nó trong nhật ký / its name in the journal
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("work", short_help="chạy thêm một tiến trình giao / run one more worker", epilog=EXAMPLES)(work)


def work(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="Tên tiến trình, duy nhất / unique name (default: made up)")] = "",
) -> None:
    """Giao thông điệp cho tới khi bị dừng / delivers until stopped (SIGTERM finishes what is under way)."""
    from bus.compose import make_worker, open_parts
    from bus.compose_polls import make_scheduler
    from bus.worker import worker_name

    log_to_stderr()
    parts = open_parts(state(context).settings)
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    worker = make_worker(parts, name=name or worker_name(boot_id, time.time()))
    scheduler = make_scheduler(parts, name=worker.name, meters=worker.pulsing.meters)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    scheduler.start()
    try:
        worker.run()
    finally:
        scheduler.stop()
        parts.close()
