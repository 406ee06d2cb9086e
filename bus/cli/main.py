"""The command `lienthong`: one module per command, one place that says what went wrong and with which exit code."""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
import traceback
from typing import Annotated

import typer
from typer.exceptions import TyperException

from bus.cli import (
    acts,
    check,
    config_show,
    demo,
    doctor,
    endpoint,
    evidence,
    find,
    gate,
    keys,
    map_explain,
    new,
    out,
    plan,
    poll,
    reconcile,
    retention,
    retries,
    serve,
    show,
    signature,
    signing_keys,
    simulate,
    stuck,
    up,
    version,
    work,
)
from bus.cli.context import State
from bus.cli.mistyped import USAGE, tell_mistyped
from bus.ports import JournalUnavailable, QueueUnavailable
from schemas.problem import Refused

REFUSED, AWAY, BROKEN = 1, 3, 70
_GARBAGE_EVERY = 50_000  # new objects: by the default of 700 a tenth of a command's start is looking for garbage

app = typer.Typer(
    name="lienthong",
    help="Lớp chuyển đổi của trục liên thông dịch vụ công / the adapter layer of a government service bus.\n\n"
    "Mã thoát / exit codes: 0 tốt / fine · 1 bị từ chối, không có, không đạt / refused, not found, failed · "
    "2 gõ sai / usage · 3 kho hay máy chủ không trả lời / a store or server is away.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

for module in (
    up,
    serve,
    work,
    find,
    show,
    acts,
    plan,
    endpoint,
    retries,
    poll,
    reconcile,
    check,
    new,
    map_explain,
    config_show,
    doctor,
    stuck,
    evidence,
    keys,
    retention,
    signature,
    signing_keys,
    gate,
    simulate,
    demo,
    version,
):
    module.register(app)


@app.callback()
def configure(
    context: typer.Context,
    config: Annotated[
        str, typer.Option("--config", "-c", envvar="LIENTHONG_CONFIG", help="Thư mục cấu hình / configuration folder")
    ] = "",
) -> None:
    """Chọn thư mục cấu hình / chooses the configuration folder."""
    context.obj = State(config)


def run() -> None:
    """Entry point. Never a stack trace, unless LIENTHONG_DEBUG is set."""
    gc.set_threshold(_GARBAGE_EVERY)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an old locale must not end a command
    try:
        sys.exit(app(prog_name="lienthong", standalone_mode=False) or 0)
    except typer.Abort:
        out.warn("Đã dừng, không làm gì / stopped, nothing was done")
        sys.exit(REFUSED)
    except Refused as refused:
        _tell_refused(refused)
        sys.exit(REFUSED)
    except (JournalUnavailable, QueueUnavailable) as away:
        _tell("Kho dữ liệu không trả lời / a store is away", away, "lienthong doctor")
        sys.exit(AWAY)
    except Exception as broken:
        if isinstance(broken, TyperException):
            tell_mistyped(broken)
        if isinstance(broken, OSError) and _typed(broken.filename):
            _tell(f"Không đọc hay ghi được / cannot be read or written: {broken.filename}", _why(broken), "--help")
            sys.exit(USAGE)
        if os.environ.get("LIENTHONG_DEBUG"):
            raise
        place = traceback.extract_tb(broken.__traceback__)[-1]
        where = f"{type(broken).__name__} ({os.path.basename(place.filename)}:{place.lineno})"
        _tell(f"Lỗi của chính lienthong / a fault of lienthong itself: {where}", broken, "LIENTHONG_DEBUG=1")
        sys.exit(BROKEN)
    finally:
        out.finish()


_WHY = {
    errno.EISDIR: "là thư mục", errno.ENOENT: "không có", errno.EACCES: "không có quyền", errno.ENOSPC: "đĩa đầy",
    errno.ENOTDIR: "một phần đường dẫn không phải thư mục", errno.EROFS: "chỉ đọc được",
}  # fmt: skip


def _why(broken: OSError) -> str:
    """The system's own words, with ours before them."""
    vi = _WHY.get(broken.errno or 0)
    return f"{vi} / {broken.strerror}" if vi else str(broken.strerror)


def _typed(name: object) -> bool:
    """Whether a file's name stood on the command line: then it is no fault of ours that it is not there."""
    return isinstance(name, str) and any(word == name or word.endswith(f"={name}") for word in sys.argv[1:])


def _tell_refused(refused: Refused) -> None:
    if "--json" in sys.argv:
        out.show_json({"problems": [found.as_json() for found in refused.problems]}, one_line=True)  # some print lines
        return
    for found in refused.problems:
        out.warn(f"{found.code}{_place(found.ours)} {found.text_vi}", style="red")
        out.warn(f"  {found.text_en}", style="dim")
        if found.theirs is not None:
            out.warn(f"  trong thông điệp / in the message:{_place(found.theirs)}", style="dim")
        out.warn(f"  → {found.do_vi} / {found.do_en}", style="dim")


def _place(place: object) -> str:
    from schemas.problem import Place

    if not isinstance(place, Place):
        return ""
    line = f":{place.line}" if place.line else ""
    path = f" {place.path}" if place.path else ""
    return f" [{place.source}{line}{path}]"


def _tell(what: str, error: object, next_step: str) -> None:
    if "--json" in sys.argv:
        out.show_json({"error": what, "detail": str(error), "try": next_step})
        return
    out.warn(f"{what}: {error}", style="red")
    out.warn(f"  → {next_step}", style="dim")
