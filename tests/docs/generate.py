"""Writes the reference pages from the code they describe: `python -m tests.docs.generate`, or `make docs`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.docs.canonical import canonical_page
from tests.docs.commands import commands_page
from tests.docs.lists import kinds_page, problems_page, quirks_page
from tests.docs.metrics import metrics_page
from tests.docs.replies import replies_page
from tests.docs.settings import settings_page

ROOT = Path(__file__).resolve().parents[2]


def pages() -> Mapping[str, str]:
    """Every generated page: its path under docs/, its text."""
    return {
        "vi/lenh.md": commands_page("vi"),
        "en/commands.md": commands_page("en"),
        "vi/dang-chuan.md": canonical_page("vi"),
        "en/canonical.md": canonical_page("en"),
        **{
            f"{language}/{name}.md": make(language)
            for language in ("vi", "en")
            for name, make in (
                ("problems", problems_page),
                ("settings", settings_page),
                ("metrics", metrics_page),
                ("quirks", quirks_page),
                ("kinds", kinds_page),
                ("replies", replies_page),
            )
        },
    }


def main() -> None:
    """Writes what differs."""
    for name, text in pages().items():
        file = ROOT / "docs" / name
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print(f"written: docs/{name}")


if __name__ == "__main__":
    main()
