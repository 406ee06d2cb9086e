"""`lienthong keys list|rotate|rewrap`: the keys that the journal keeps its bodies under."""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bus.cli import out
from bus.cli.context import Json, Who, journal_of, person, refused, state

if TYPE_CHECKING:
    from bus.ports import Journal

EXAMPLES = """\b
Ví dụ / examples:
  lienthong keys list                   khóa nào giữ bao nhiêu nội dung / which key keeps how many bodies
  lienthong keys rotate                 tạo khóa mới, cho biết phải ghi gì vào cấu hình / a new key, and what to declare
  lienthong keys rewrap                 đưa nội dung cũ về khóa đang dùng, dừng lúc nào cũng được / resumable
"""
_LEASE_S = 60.0
_WAIT_S = 60.0

keys_app = typer.Typer(
    name="keys", short_help="khóa của nội dung trong nhật ký / keys of the journal's bodies", no_args_is_help=True,
    epilog=EXAMPLES,
    help="Nội dung trong nhật ký được khóa bằng AES-256-GCM, mỗi nội dung một khóa dữ liệu, bọc bằng khóa khai trong "
    "[journal.encryption] / bodies in the journal are locked with AES-256-GCM, each under a data key of its own that "
    "is wrapped by the key declared in [journal.encryption].",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(keys_app)


@keys_app.command("list", epilog=EXAMPLES)
def list_keys(context: typer.Context, json: Json = False) -> None:
    """Khóa nào giữ bao nhiêu nội dung; còn 0 thì bỏ được / which key keeps how many bodies; at 0 it may be dropped."""
    settings = state(context).settings
    with journal_of(settings) as journal:
        counts, active = dict(journal.bodies_by_key()), journal.active_key()
    declared = settings.journal.encryption.keys
    for name in declared:
        counts.setdefault(name, 0)
    if json:
        found = [{"key": k, "bodies": n, "active": k == active and bool(k), "declared": k in declared}
                 for k, n in counts.items()]  # fmt: skip
        out.show_json({"active": active, "keys": found})
        return
    rows = [(k or "– (không khóa / in clear)", n, "✓" if k and k == active else "") for k, n in counts.items()]
    out.show_table(("khóa/key", "nội dung/bodies", "đang dùng/active"), rows)


@keys_app.command("rotate", epilog=EXAMPLES)
def rotate(
    context: typer.Context,
    name: Annotated[str, typer.Option("--id", metavar="TÊN", help="Tên khóa mới / its name (default: kYYYYMMDD)")] = "",
    to: Annotated[
        Path | None, typer.Option("--out", metavar="TỆP", help="Ghi khóa vào đâu / where to (default: keys/TÊN.key)")
    ] = None,
    json: Json = False,
) -> None:
    """Tạo khóa mới vào một tệp chỉ mình đọc được; cấu hình do người sửa / makes a key; you change the configuration."""
    from bus.journal.vault import KEY_BYTES, Vault

    settings = state(context).settings
    name = name or f"k{datetime.now(UTC):%Y%m%d}"
    key = os.urandom(KEY_BYTES)
    Vault({name: key}, name)
    file = to or settings.folder / "keys" / f"{name}.key"
    if name in settings.journal.encryption.keys or file.exists():
        raise refused("LT-KEY-008", file=file)
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made:
        made.write(base64.b64encode(key) + b"\n")
    inside = file.is_relative_to(settings.folder)
    reference = f"file:{file.relative_to(settings.folder) if inside else file.absolute()}"
    if json:
        out.show_json({"key": name, "file": str(file), "reference": reference})
        return
    declared = "".join(f', {old} = "{where}"' for old, where in settings.journal.encryption.keys.items())
    out.say(f"✓ {file}", style="green")
    out.say("Giữ một bản ở nơi khác: mất khóa là mất nội dung / keep a copy elsewhere: without it bodies are lost")
    out.say("Ghi vào lienthong.toml, khởi động lại mọi tiến trình, rồi / declare, restart every process, then: "
            "lienthong keys rewrap")  # fmt: skip
    out.say(f'[journal.encryption]\nactive = "{name}"\nkeys = {{ {name} = "{reference}"{declared} }}')


@keys_app.command("rewrap", epilog=EXAMPLES)
def rewrap(context: typer.Context, who: Who = "", json: Json = False) -> None:
    """Đưa mọi nội dung về khóa đang dùng / brings every body under the active key.

    Dừng (cả kill -9) rồi chạy lại thì làm tiếp; bus vẫn chạy / stopped at any moment it goes on when run again; the
    bus may run meanwhile.
    """
    settings = state(context).settings
    with journal_of(settings) as journal:
        if not journal.active_key():
            raise refused("LT-KEY-007")
        counts = journal.bodies_by_key()
        left = sum(count for key_id, count in counts.items() if key_id != journal.active_key())
        done = _rewrapped(journal, left, person(who))
        counts = journal.bodies_by_key()
    rest = {key_id: count for key_id, count in counts.items() if count and key_id != journal.active_key()}
    if json:
        out.show_json({"rewrapped": done, "left": rest, "active": journal.active_key()})
    else:
        out.say(f"✓ {done} nội dung đã về khóa / bodies now under {journal.active_key()}", style="green")
        for key_id, count in rest.items():
            out.say(f"  còn / left {key_id or 'không khóa / in clear'}: {count}", style="yellow")
    if rest:
        raise typer.Exit(1)


def _rewrapped(journal: Journal, left: int, who: str) -> int:
    """Runs the job here, under its lease: a worker that is at it already keeps it."""
    from bus.body_keys import NAME, Rewrapper
    from bus.clock import SystemClock
    from bus.records.jobs import Ending, JobAct, JobOrder
    from bus.turn import Turn

    clock = SystemClock()
    journal.order_job(JobOrder(NAME, JobAct.RUN, who, "lienthong keys rewrap")).result(_WAIT_S)
    now = clock.now()
    job = journal.begin_job(NAME, f"keys:{os.getpid()}", now=now, until=now + timedelta(seconds=_LEASE_S)).result(
        _WAIT_S
    )
    if job is None:
        held = next((one for one in journal.jobs() if one.name == NAME), None)
        raise refused("LT-KEY-009", owner=held.owner if held else "–")
    with out.progress() as bar:
        task = bar.add_task("đổi khóa / rewrapping", total=left)
        turn = Turn(job.held, job.position, journal, clock, _LEASE_S, lambda: False)
        finished = Rewrapper(journal, tell=lambda count: bar.advance(task, count)).run(turn)
    due = clock.now() + timedelta(days=1)
    journal.end_job(Ending(job.held, due, finished.result, finished.text, finished.taken, 0)).result(_WAIT_S)
    return finished.taken
