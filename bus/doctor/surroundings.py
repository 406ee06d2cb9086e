"""The machine: data folder, disk, processes, the door, clocks."""

from __future__ import annotations

import http.client
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bus.doctor.finding import Finding, good, note, wrong
from bus.settings import Settings

_LEAST_BYTES = 1 << 30
_BUILT = datetime(2026, 1, 1, tzinfo=UTC)  # no clock that is right can say less
_PATIENCE_S = 3.0


def look_at_data(settings: Settings) -> Iterator[Finding]:
    """The folder can be written, and there is room."""
    data = settings.data.resolve()
    if not data.is_dir():
        yield note("data", str(data), "chưa có, lienthong up sẽ tạo", "not there yet, lienthong up makes it")
        data = next(folder for folder in data.parents if folder.is_dir())
    try:
        with tempfile.TemporaryFile(dir=data):
            pass
        yield good("data", str(data), "ghi được", "writable")
    except OSError as error:
        yield wrong("data", str(data), "LT-DOC-001", folder=data, reason=error.strerror or error)
    free = shutil.disk_usage(data).free
    if free < _LEAST_BYTES:
        yield wrong("data", "đĩa / disk", "LT-DOC-002", folder=data, free=f"{free / 1e9:.1f} GB")
    else:
        yield good("data", "đĩa / disk", f"còn {free / 1e9:.0f} GB", f"{free / 1e9:.0f} GB free")


def look_at_bus(settings: Settings, *, pid: int) -> Iterator[Finding]:
    """The processes of `lienthong up`, and the door's own word."""
    if pid:
        yield good("bus", "up", f"đang chạy, tiến trình {pid}", f"runs, process {pid}")
        yield from _roles(settings.data / "run")
    else:
        yield note("bus", "up", "không chạy trên thư mục dữ liệu này", "does not run on this data folder")
    yield _door(settings, running=bool(pid))


def _roles(folder: Path) -> Iterator[Finding]:
    for file in sorted(folder.glob("*.pid")):
        text = file.read_text(encoding="ascii", errors="replace").strip()
        if text.isdigit() and Path(f"/proc/{text}").exists():
            yield good("bus", file.stem, f"tiến trình {text}", f"process {text}")
        else:
            yield wrong("bus", file.stem, "LT-DOC-003", role=file.stem, log=file.with_suffix(".log"))


def _door(settings: Settings, *, running: bool) -> Finding:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.door.host, settings.door.host)  # noqa: S104 - compared
    subject = f"{settings.door.host}:{settings.door.port}"
    connection = http.client.HTTPConnection(host, settings.door.port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/health/ready")
        reply = connection.getresponse()
        body = reply.read(4096).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        if running:
            return wrong("bus", subject, "LT-DOC-004", address=subject, reason=type(error).__name__)
        return note("bus", subject, "cửa không mở", "the door is not open")
    finally:
        connection.close()
    if reply.status == 200:
        return good("bus", subject, "cửa sẵn sàng", "the door is ready")
    return wrong("bus", subject, "LT-DOC-004", address=subject, reason=f"{reply.status} {body[:200]}")


def look_at_clock(settings: Settings) -> Iterator[Finding]:
    """This machine's clocks; the queue's own clock is compared where the queue is looked at."""
    now = datetime.now(UTC)
    if now < _BUILT:
        yield wrong("clock", "UTC", "LT-DOC-005", now=now.isoformat(timespec="seconds"))
    else:
        yield good("clock", "UTC", now.isoformat(timespec="seconds"))
    try:
        ZoneInfo("Asia/Ho_Chi_Minh")
    except ZoneInfoNotFoundError:
        yield wrong("clock", "Asia/Ho_Chi_Minh", "LT-DOC-006")
    if not hasattr(time, "CLOCK_BOOTTIME"):
        yield wrong("clock", "boot", "LT-DOC-007", system=os.uname().sysname)
    else:
        hours = time.clock_gettime(time.CLOCK_BOOTTIME) / 3600
        yield good("clock", "boot", f"máy chạy {hours:.1f} giờ", f"up {hours:.1f} h")
    yield from _journal_ahead(settings, now)


def _journal_ahead(settings: Settings, now: datetime) -> Iterator[Finding]:
    """A clock that went back is seen by what is on record already."""
    from bus.doctor.stores import opened
    from bus.records import Query

    with opened(settings) as journal:
        newest = journal.find(Query(limit=1)) if journal is not None else ()
    for line in newest:
        ahead = (line.envelope.received_at - now).total_seconds()
        if ahead > 1:
            yield wrong("clock", "nhật ký / journal", "LT-DOC-008", seconds=f"{ahead:.0f}")
        else:
            yield good("clock", "nhật ký / journal", "không có gì ở tương lai", "nothing in the future")
