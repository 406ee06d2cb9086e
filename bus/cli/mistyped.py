"""What somebody typed wrong, said in Vietnamese first: the words of the command line library are English only."""

from __future__ import annotations

import re
import sys

from typer import BadParameter

from bus.cli import out

USAGE = 2
_SAID = (  # the library's sentence, and ours
    (r"(?:Value error, )?'(.*)' is not one of (.*?)\.?", "“{0}” không có; chọn một trong / is not one of: {1}"),
    (r"(?:file|dir|path) '(.*)' does not exist\.?", "“{0}” không có / does not exist"),
    (r"(?:file|path) '(.*)' is a (?:directory|dir)\.?", "“{0}” là thư mục, cần tệp / is a folder, a file is needed"),
    (r"(?:dir|path) '(.*)' is a file\.?", "“{0}” là tệp, cần thư mục / is a file, a folder is needed"),
    (r"Input should be (?:greater|less) than or equal to (.*)", "ngoài giới hạn {0} / beyond the limit {0}"),
    (r"Input should be a valid (?:integer|number).*", "phải là số / must be a number"),
    (r"No such command '(.*)'\.?", "không có lệnh “{0}” / there is no such command"),
    (r"No such option: (.*)", "không có tuỳ chọn {0} / there is no such option"),
    (r"Option '(.*)' requires an argument\.?", "{0} cần một giá trị / needs a value"),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", "thừa / too many: {0}"),
    (r"Missing (?:option|argument|parameter) '?(.*?)'?\.?", "thiếu / missing: {0}"),
    (r"Missing command\.?", "thiếu lệnh / a command is missing"),
)


def tell_mistyped(wrong: Exception) -> None:
    """The usage line, then what is wrong and with which option, on standard error."""
    context, text = getattr(wrong, "ctx", None), str(getattr(wrong, "message", "")) or _whole(wrong)
    if text.startswith("Usage:"):  # nothing was typed after a group of commands: its help is the answer
        out.warn(text, style="")
        sys.exit(USAGE)
    if context is not None:
        out.warn(f"{context.get_usage()}\n  → {context.command_path} --help", style="dim")
    hint = _hint(wrong)
    out.warn(f"Gõ sai / usage: {f'{hint}: ' if hint else ''}{in_words(text)}", style="red")
    sys.exit(USAGE)


def in_words(sentence: str) -> str:
    """The library's sentence in both languages; one that is ours already, or is not known, as it is.

    >>> in_words("No such option: --jso")
    'không có tuỳ chọn --jso / there is no such option'
    >>> in_words("phải ghi lý do / a reason is needed")
    'phải ghi lý do / a reason is needed'
    """
    for pattern, ours in _SAID:
        if found := re.fullmatch(pattern, sentence, flags=re.DOTALL):
            return ours.format(*found.groups())
    return sentence


def _whole(wrong: Exception) -> str:
    speaks = getattr(wrong, "format_message", None)
    return str(speaks()) if callable(speaks) else str(wrong)


def _hint(wrong: Exception) -> str:
    if not isinstance(wrong, BadParameter) or not wrong.message:
        return ""
    hint = wrong.param_hint or (wrong.param.get_error_hint() if wrong.param is not None else "")
    return (hint if isinstance(hint, str) else ", ".join(hint)).strip("'")
