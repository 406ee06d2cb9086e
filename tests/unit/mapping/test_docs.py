"""What the mapping language offers is documented, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.mapping.grammar import FORMS, MAP
from adapters.mapping.kinds import kinds

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_rule_kind_and_attribute_is_documented(language: str) -> None:
    """An integrator finds every name of the language on its page."""
    page = (DOCS / language / "mapping.md").read_text(encoding="utf-8")
    for name, form in {**FORMS, "map": MAP}.items():
        assert f"<{name}" in page, name
        for attribute in form.needs + form.takes + tuple(each for choice in form.choices for each in choice):
            assert attribute in page, f"{name} {attribute}"
    for kind in kinds().values():
        assert f"| `{kind.name}` |" in page, kind.name
        for option in kind.needs + kind.takes:
            assert option in page, f"{kind.name} {option}"
