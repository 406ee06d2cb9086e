"""`lienthong demo`: real dossiers both ways through every part, live, with a verdict at the end."""

from __future__ import annotations

import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from bus.cli.words import STATES, both
from bus.delivery import State

if TYPE_CHECKING:
    from bus.demo import Demo, Progress
    from bus.simulators.judge import Verdict

EXAMPLES = """\b
Ví dụ / examples:
  lienthong demo                        trong thư mục tạm, xoá khi xong / in a temporary folder
  lienthong demo --short                bản ngắn / the short form
  lienthong demo --keep --folder ./thu  để chạy tiếp, xem bằng find và show / left running
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo", short_help="chạy thử hai chiều / move real dossiers both ways", epilog=EXAMPLES)(demo)


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Để chạy tiếp / leave everything running")] = False,
    short: Annotated[bool, typer.Option("--short", help="Bản ngắn / the short form")] = False,
    folder: Annotated[Path | None, typer.Option(help="Thư mục / folder (default: a temporary one)")] = None,
    timeout_s: Annotated[float, typer.Option(help="Bỏ cuộc sau / give up after")] = 240.0,
) -> None:
    """Chạy hồ sơ thật hai chiều qua mọi phần / moves real dossiers both ways; status 1 if anything is wrong."""
    from bus.demo import SHORT, Demo, DemoSize, operations, rejected_codes
    from bus.journal import open_journal

    console = Console()
    place = folder or Path(tempfile.mkdtemp(prefix="lienthong-demo-"))
    run = Demo(place, SHORT if short else DemoSize())
    console.print(f"[bold]lienthong[/] · thư mục / folder: {place}", highlight=False)
    console.print("Khởi động hàng đợi, cửa, tiến trình giao, cổng và các đơn vị giả lập …")
    fine = False
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))  # leaves through `finally`: no process stays behind
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would be deaf to it
    try:
        run.start()
        journal = open_journal(run.journal_url())
        with Live(console=console, refresh_per_second=4) as live:
            for progress in run.watch(journal, timeout_s=timeout_s):
                live.update(_live(progress))
        time.sleep(0.5)
        fine = _result(console, run, progress, run.verdict(), rejected_codes(journal))
        _kinds(console, operations(journal))
        journal.close()
        if keep:
            _keep(console, run)
    finally:
        run.stop()
    if folder is None and fine and not keep:
        shutil.rmtree(place, ignore_errors=True)
    elif not fine:
        console.print(f"Nhật ký để xem lại / logs: {place / 'logs'} · {place / 'data' / 'run'}", highlight=False)
    sys.exit(0 if fine else 1)


def _live(progress: Progress) -> Table:
    table = Table(title=f"{progress.seconds:5.1f} s · {progress.accepted} lần giao / deliveries", min_width=60)
    table.add_column("trạng thái / state")
    table.add_column("số / count", justify="right")
    for state, words in STATES.items():
        if count := progress.states.get(state, 0):
            table.add_row(both(words), str(count))
    if progress.senders_busy:
        table.add_row("[dim]kịch bản bên gửi còn chạy / sender scripts[/]", str(progress.senders_busy))
    return table


def _result(console: Console, run: Demo, progress: Progress, verdict: Verdict, rejected: Mapping[str, int]) -> bool:
    table = Table(title="Kết quả / result", min_width=72)
    table.add_column("")
    table.add_column("", justify="right")
    for (kind, receiver), counts in sorted(verdict.kinds.items()):
        table.add_row(f"{kind} → {receiver}", f"{counts.delivered} / {counts.accepted}")
    table.add_section()
    table.add_row("đã nhận / accepted", str(verdict.accepted))
    table.add_row("đã giao / delivered", str(verdict.delivered))
    reasons = ", ".join(f"{code} × {count}" for code, count in sorted(rejected.items())) or "–"
    table.add_row("từ chối, lý do / rejected, reasons", reasons)
    parked = progress.states.get(State.PARKED, 0)
    table.add_row("chờ xử lý tay / parked", str(parked))
    signatures = {name: count for name, count in run.portal_counts().items() if "sign" in name}
    table.add_row("chữ ký cổng đã kiểm / signatures checked", ", ".join(f"{k} {v}" for k, v in signatures.items()))
    table.add_row("gửi lặp vô hại / harmless repeats", str(verdict.repeats))
    table.add_row("giữ thứ tự / order kept", "có / yes" if verdict.order_kept else "[red]KHÔNG / NO[/]")
    table.add_row("mất / lost", str(verdict.lost) if not verdict.lost else f"[red]{verdict.lost}[/]")
    table.add_row("thời gian / seconds", f"{progress.seconds:.1f}")
    console.print()
    console.print(table)
    if rejected:
        console.print(
            "Bên gửi giả lập cố ý gửi vài ngày không có thật: phải bị từ chối, kèm lý do / "
            "the simulated senders send some impossible dates on purpose: they must be refused, with a reason",
            style="dim",
        )
    for finding in verdict.findings[:20]:
        console.print(f"[red]{finding.what}[/] {finding.who} {finding.kind} {finding.dossier} {finding.detail}")
    opened = sum(count for state, count in progress.states.items() if not state.final)
    if opened:
        console.print(f"[red]còn {opened} lần giao chưa xong / deliveries not finished[/]")
    return verdict.clean and not opened and verdict.accepted > 0


def _kinds(console: Console, found: Mapping[str, int]) -> None:
    told = ", ".join(f"{name} {count}" for name, count in sorted(found.items(), key=lambda one: -one[1]))
    console.print(f"{len(found)} nghiệp vụ / kinds of message: {told}", style="dim", highlight=False)


def _keep(console: Console, run: Demo) -> None:
    console.print("Đang để chạy, Ctrl+C để dừng / left running, Ctrl+C ends it:")
    for name, address in run.addresses.items():
        console.print(f"  {name:8} {address}", highlight=False)
    console.print(f"  bàn điều hành / console: {run.addresses['door']}/console", highlight=False)
    console.print(f"  dữ liệu / data: {run.folder / 'data'}", highlight=False)
    console.print("Ở cửa sổ khác, để các lệnh nhìn thấy bản này / in another window, so that commands see this one:")
    console.print(f"  . {shlex.quote(str(run.write_environment()))}", highlight=False, soft_wrap=True)
    console.print("  .venv/bin/lienthong doctor; .venv/bin/lienthong find", highlight=False)
    try:
        while run.alive():
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("dừng / stopping")
