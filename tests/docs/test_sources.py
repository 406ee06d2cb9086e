"""A docstring cites only sources that are listed, and every listed source is cited."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_sources_are_listed_and_cited() -> None:
    """`Source:` keys and docs/sources.toml say the same."""
    cited: set[str] = set()
    for package in ("adapters", "bus", "schemas", "signing"):
        for file in (ROOT / package).rglob("*.py"):
            for line in re.findall(r"\bSource: ([a-z0-9, -]+)", file.read_text(encoding="utf-8")):
                cited.update(key.strip() for key in line.split(","))
    listed = set(tomllib.loads((ROOT / "docs" / "sources.toml").read_text(encoding="utf-8")))
    assert cited == listed
