"""The page of commands, made from the command line itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main

from bus.cli.main import app
from tests.docs.tongue import MADE, table, tongue

HEAD = {
    "vi": "Mọi lệnh đọc đều có `--json`. Trên thiết bị đầu cuối có màu và bảng; trong ống dẫn mỗi dòng một bản ghi, "
    "các cột cách nhau bằng TAB. `NO_COLOR` tắt màu. Lệnh tự nói: `lienthong LỆNH --help`.",
    "en": "Every reading command has `--json`. On a terminal there are colours and tables; in a pipe one line "
    "a record, columns parted by TAB. `NO_COLOR` turns colours off. Each command explains: `lienthong COMMAND -h`.",
}
TITLE = {"vi": "Lệnh", "en": "Commands"}
OPTIONS = {"vi": ("tuỳ chọn", "nghĩa", "mặc định"), "en": ("option", "meaning", "default")}
CODES = {
    "vi": (
        ("mã thoát", "nghĩa"),
        ("0", "tốt"),
        ("1", "bị từ chối, không có, hoặc không đạt"),
        ("2", "gõ sai"),
        ("3", "kho hay máy chủ không trả lời"),
        ("70", "lỗi của chính lienthong; `LIENTHONG_DEBUG=1` cho biết thêm"),
    ),
    "en": (
        ("exit code", "meaning"),
        ("0", "fine"),
        ("1", "refused, not found, or a check failed"),
        ("2", "usage"),
        ("3", "a store or server is away"),
        ("70", "a fault of lienthong itself; `LIENTHONG_DEBUG=1` tells more"),
    ),
}
SIMULATE = {
    "vi": "Công tắc của từng đối tác giả lập: [simulators.md](simulators.md).",
    "en": "The switches of each simulated partner: [simulators.md](simulators.md).",
}


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its words, in the order of `--help`."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield " ".join(words), command
            return
        for name, one in inner.items():
            yield from walk(one, (*words, name))

    yield from walk(typer.main.get_command(app), ("lienthong",))


def commands_page(language: str) -> str:
    """The whole page."""
    top = typer.main.get_command(app)
    titles = OPTIONS[language]
    lines = [MADE[language], f"# {TITLE[language]}", "", HEAD[language], "", *table(*CODES[language]), ""]
    lines += [*table(titles, *_options(top, language)), ""]
    for name, command in commands():
        lines += [f"## {name}", ""]
        for paragraph in (command.help or "").split("\n\n"):
            lines += [tongue(paragraph, language), ""]
        lines += [f"```\n{_usage(name, command)}\n```", ""]
        if options := list(_options(command, language)):
            lines += [*table(titles, *options), ""]
        if name.endswith(" simulate"):
            lines += [SIMULATE[language], ""]
        lines += ["```", *_examples(command), "```", ""]
    return "\n".join(lines)


def _usage(name: str, command: Any) -> str:
    arguments = _arguments(command)
    words = [one.metavar or (one.name if one.required else f"[{one.name}]") for one in arguments]
    return " ".join([name, *(["[…]"] if len(command.params) > len(arguments) else []), *words])


def _arguments(command: Any) -> list[Any]:
    return [one for one in command.params if one.param_type_name == "argument"]


def _options(command: Any, language: str) -> Iterator[tuple[str, str, str]]:
    for one in command.params:
        if one.name in ("install_completion", "show_completion", "help"):
            continue
        names = ", ".join(f"`{name}`" for name in one.opts) if one.param_type_name == "option" else f"`{one.name}`"
        default = "" if one.default in (None, False, "", ()) or callable(one.default) else f"`{one.default}`"
        yield (names, tongue(getattr(one, "help", None) or "", language), default)


def _examples(command: Any) -> list[str]:
    return [line for line in (command.epilog or "").replace("\b\n", "").splitlines() if line.strip()]
