"""What is public is documented: the generated pages are those the code makes now, and nothing is left out of them."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from schemas.problem import catalogue
from tests.docs.commands import commands
from tests.docs.generate import ROOT, pages
from tests.docs.settings import keys, meanings

OPTION = re.compile(r"--[a-z][a-z-]*")


@pytest.mark.parametrize("name", sorted(pages()))
def test_page_is_fresh(name: str) -> None:
    """A page that differs from its source is written anew by `make docs`."""
    file = ROOT / "docs" / name
    assert file.is_file(), "make docs"
    assert file.read_text(encoding="utf-8") == pages()[name], "make docs"


@pytest.mark.parametrize("page", ["vi/lenh.md", "en/commands.md"])
def test_every_command_and_option_is_documented(page: str) -> None:
    """Whoever adds an option documents it by adding its help."""
    text = pages()[page]
    found = list(commands())
    assert len(found) > 12
    for name, command in found:
        assert f"\n## {name}\n" in text
        section = text.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0]
        for option in command.params:
            assert option.name == "help" or f"`{option.opts[0]}`" in section, (name, option.name)


def test_every_help_is_in_both_languages() -> None:
    """Each text is Vietnamese, then English, parted by one slash: so that each page has its own."""
    texts = [
        (name, text)
        for name, command in commands()
        for text in [*(command.help or "").split("\n\n"), *(getattr(one, "help", None) or "" for one in command.params)]
    ]
    assert [(name, text) for name, text in texts if " ".join(text.split()).count(" / ") != 1] == []


def test_examples_use_options_that_exist() -> None:
    """An example that no longer works teaches something wrong."""
    known: dict[str, Any] = dict(commands())
    checked = 0
    for name, command in known.items():
        examples = [line.strip() for line in (command.epilog or "").splitlines() if f"{name} " in line + " "]
        assert examples, f"{name} has no example"
        for example in examples:
            words = shlex.split(example.split(name, 1)[1].split("  ")[0].split(" | ")[0])
            options = {opt for one in command.params for opt in (*one.opts, *one.secondary_opts)} | {"--help"}
            given = {word for word in words if OPTION.fullmatch(word)}
            assert name.endswith("simulate") or given <= options, (example, given - options)
            checked += 1
    assert checked > 20


def test_every_setting_stands_commented_in_a_default_file() -> None:
    """A key nobody can read about is a key nobody can use; each meaning is in both languages."""
    assert len(keys()) > 40
    assert [key.name for key in keys() if key.name not in meanings()] == []
    said = {key.name: meanings()[key.name] for key in keys()}
    assert {name: text for name, text in said.items() if text.count(" / ") != 1} == {}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_problem_is_documented(language: str) -> None:
    """Each code a person may meet can be looked up."""
    page = pages()[f"{language}/problems.md"]
    assert [code for code in catalogue() if f"`{code}`" not in page] == []
