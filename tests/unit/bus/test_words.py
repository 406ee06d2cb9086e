"""Operators meet one word for one thing, on the page and at the command line."""

from __future__ import annotations

from bus.cli import words as cli
from bus.web.console import words as web


def test_page_and_command_line_say_the_same() -> None:
    """States, verdicts, kinds, outcomes, owners and acts are called alike in both."""
    assert {state: sign.word.lower() for state, sign in web.STATES.items()} == {s: w[0] for s, w in cli.STATES.items()}
    assert {name: sign.word.lower() for name, sign in web.VERDICTS.items()} == {
        n: w[0] for n, w in cli.VERDICTS.items()
    }
    assert {kind: word.lower() for kind, word in web.KINDS.items()} == dict(cli.KINDS)
    assert {one: sign.word.lower() for one, sign in web.OUTCOMES.items()} == dict(cli.OUTCOMES)
    assert {owner: word.lower() for owner, word in web.OWNERS.items()} == dict(cli.OWNERS)
    assert {act: word.lower() for act, word in web.ACTS.items()} == dict(cli.ACTS)
