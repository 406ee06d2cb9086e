"""The pages of problems, quirks and kinds, made from their catalogues."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib import resources

from adapters.mapping.kinds.registry import kinds
from adapters.wire.quirks import QUIRKS
from bus.cli.words import OWNERS
from tests.docs.tongue import MADE, table

_TITLES = {
    "problems": ("Vấn đề", "Problems"),
    "quirks": ("Tật của đối tác", "Quirks"),
    "kinds": ("Kiểu giá trị", "Kinds"),
}
_HEADS = {
    "problems": (
        "Mỗi vấn đề có một mã không đổi. Chỗ `{…}` là giá trị của từng thông điệp. Cột cuối: chính thông điệp ấy, "
        "không sửa gì, sau này có thể được nhận.",
        "Every problem has a code that never changes. `{…}` stands for the values of one message. Last column: the "
        "very same message may be taken later, unchanged.",
    ),
    "quirks": (
        "Khai báo trong `quirks` của `adapter.toml`, riêng từng đối tác: sự dễ dãi không bao giờ là chung.",
        "Declared in `quirks` of `adapter.toml`, partner by partner: tolerance is never global.",
    ),
    "kinds": (
        "Ghi trong `kind` của ánh xạ, xem `mapping.md`. Gói khác thêm kiểu qua điểm vào `lienthong.kinds`.",
        "Written in `kind` of a map, see `mapping.md`. Other packages add kinds by the entry point `lienthong.kinds`.",
    ),
}


def problems_page(language: str) -> str:
    """Every code by file, with text, what to do, who, and whether it may pass later."""
    vi = language == "vi"
    titles = ("mã", "nói gì", "làm gì", "ai", "về sau") if vi else ("code", "says", "to do", "who", "later")
    lines = _top("problems", language)
    for file in sorted(resources.files("schemas").joinpath("problems").iterdir(), key=lambda one: one.name):
        if not file.name.endswith(".toml"):
            continue
        rows = [
            (
                f"`{code}`",
                row[language],
                row[f"do_{language}"],
                OWNERS[row["owner"]] if vi else row["owner"],
                ("có" if vi else "yes") if row["retryable"] else "",
            )
            for code, row in tomllib.loads(file.read_text(encoding="utf-8")).items()
        ]
        lines += [f"## {file.name.removesuffix('.toml')}", "", *table(titles, *rows), ""]
    return "\n".join(lines)


def quirks_page(language: str) -> str:
    """Every quirk a wire knows."""
    titles = ("tên", "nghĩa") if language == "vi" else ("name", "meaning")
    rows = [(f"`{name}`", texts[0 if language == "vi" else 1]) for name, texts in QUIRKS.items()]
    return "\n".join([*_top("quirks", language), *table(titles, *rows), ""])


def kinds_page(language: str) -> str:
    """Every kind, what it does, and its options."""
    vi = language == "vi"
    titles = (
        ("kiểu", "làm gì", "phải có", "có thể có", "đứng được ở")
        if vi
        else ("kind", "does", "needs", "may have", "where")
    )
    rows = [
        (
            f"`{name}`",
            kind.does_vi if vi else kind.does_en,
            ", ".join(f"`{one}`" for one in kind.needs),
            ", ".join(f"`{one}`" for one in kind.takes),
            f"{_scalars(kind.legacy)} ↔ {_scalars(kind.canonical)}",
        )
        for name, kind in sorted(kinds().items())
    ]
    return "\n".join([*_top("kinds", language), *table(titles, *rows), ""])


def _scalars(scalars: Iterable[str]) -> str:
    from schemas.shape import Scalar

    return "*" if frozenset(scalars) == frozenset(Scalar) else " ".join(sorted(str(one) for one in scalars))


def _top(name: str, language: str) -> list[str]:
    at = 0 if language == "vi" else 1
    return [MADE[language], f"# {_TITLES[name][at]}", "", _HEADS[name][at], ""]
