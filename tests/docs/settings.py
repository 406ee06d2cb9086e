"""The page of settings: keys and defaults from the settings themselves, meanings from the commented files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from bus.settings import Settings
from tests.docs.tongue import MADE, table, tongue

CONFIG = Path(__file__).resolve().parents[2] / "config"
FILES = ("lienthong.toml", "partners.toml", "routes.toml")
_SECTION = re.compile(r"(?:#\s)?\[\[?([\w.-]+)\]?\]\s*(?:#\s*(.*))?")
_KEY = re.compile(r"(?:#\s)?([a-z0-9_]+) = .*?\s#\s(.*)")
_NOT_WRITTEN = frozenset({"folder"})  # set by `load`, never by a person
_HEAD = {
    "vi": "Mỗi khoá đứng kèm chú thích trong tệp mặc định. Biến môi trường thắng tệp: `LIENTHONG_DOOR__PORT=9000` là "
    "`door.port`. Bí mật luôn là tham chiếu: `env:TÊN` hay `file:ĐƯỜNG_DẪN` (tính từ thư mục cấu hình). Giá trị "
    "đang có hiệu lực: `lienthong config show`.",
    "en": "Every key stands, commented, in a default file. Variables win over files: `LIENTHONG_DOOR__PORT=9000` is "
    "`door.port`. Secrets are always references: `env:NAME` or `file:PATH` (from the configuration folder). What is in "
    "effect: `lienthong config show`.",
}


@dataclass(frozen=True)
class Key:
    """One key of the settings."""

    name: str  # "endpoints.<id>.timeout_s"
    default: str  # "" = it must be given


def keys() -> list[Key]:
    """Every key a person may write."""
    return list(_keys(Settings, ""))


def _keys(model: type[BaseModel], above: str) -> Iterator[Key]:
    for name, field in model.model_fields.items():
        if not above and name in _NOT_WRITTEN:
            continue
        inner = [one for one in (field.annotation, *get_args(field.annotation)) if _is_model(one)]
        is_map = getattr(field.annotation, "__origin__", None) is Mapping
        if inner and above != "routes.":
            yield from _keys(inner[0], f"{above}{name}{'.<id>' if is_map else ''}.")
        else:
            yield Key(f"{above}{field.alias or name}", _default(field))


def _is_model(one: object) -> bool:
    return isinstance(one, type) and issubclass(one, BaseModel)


def _default(field: Any) -> str:
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return "[]"
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return f'"{value}"' if isinstance(value, (str, Path)) else str(value)


@cache
def meanings() -> Mapping[str, str]:
    """What the commented files say of each key; the first that speaks of it counts."""
    found: dict[str, str] = {}
    for name in FILES:
        section = ""
        for line in (CONFIG / name).read_text(encoding="utf-8").splitlines():
            if (head := _SECTION.match(line)) is not None:
                section = re.sub(r"^(endpoints|callers|trust|signing\.keys)\.[\w-]+", r"\1.<id>", head[1]) + "."
                if head[2] and section.endswith(".settings."):
                    found.setdefault(section.rstrip("."), head[2])
            elif (key := _KEY.match(line)) is not None:
                found.setdefault(section + key[1], key[2])
    for name in [name for name in found if name.startswith("signing.")]:  # each of several keys is said as one is
        found.setdefault(name.replace("signing.", "signing.keys.<id>.", 1), found[name])
    return found


def settings_page(language: str) -> str:
    """The whole page."""
    vi = language == "vi"
    titles = ("khoá", "mặc định", "nghĩa") if vi else ("key", "default", "meaning")
    lines = [MADE[language], "# Cấu hình" if vi else "# Settings", "", _HEAD[language], ""]
    for section, inside in groupby(keys(), key=lambda key: key.name.rpartition(".")[0]):
        rows = [(f"`{key.name.rpartition('.')[2]}`", _said(key, vi=vi), _meaning(key, language)) for key in inside]
        if section:
            lines += [f"## {section.replace('<id>', '…')}", ""]
        lines += [*table(titles, *rows), ""]
    return "\n".join(lines)


def _said(key: Key, *, vi: bool) -> str:
    return f"`{key.default}`" if key.default else "phải ghi" if vi else "needed"


def _meaning(key: Key, language: str) -> str:
    return tongue(meanings().get(key.name, ""), language)
