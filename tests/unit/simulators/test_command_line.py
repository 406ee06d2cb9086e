"""The command lines are made from the options dataclasses and teach."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from bus.simulators import CmonOptions, DlmsOptions, FacadeOptions, ListsOptions, PortalOptions, ProxyOptions
from bus.simulators.command_line import KINDS, parser, read_options, switches_of


@pytest.mark.parametrize("kind", list(KINDS))
def test_help_names_every_option(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help shows every option and switch, the controls and an example."""
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([kind, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for option in (*fields(KINDS[kind].options), *switches_of(KINDS[kind])):
        assert option.name == "switches" or "--" + option.name.replace("_", "-") in shown
    assert "/_sim/state" in shown
    assert "example" in shown


def test_defaults_are_those_of_the_dataclasses() -> None:
    """Without options a simulator starts with its dataclass as it stands."""
    classes = {
        "portal": PortalOptions, "cmon": CmonOptions, "dlms": DlmsOptions, "facade": FacadeOptions,
        "lists": ListsOptions, "proxy": ProxyOptions,
    }  # fmt: skip
    assert {kind: read_options([kind])[1] for kind in KINDS} == {kind: one() for kind, one in classes.items()}


def test_values_arrive() -> None:
    """Numbers, lists, flags and switches arrive in the dataclass."""
    _, options = read_options(
        ["portal", "--port", "18080", "--procedures", "9.999001", "--procedures", "9.999002", "--require-signature",
         "--error-rate", "0.5"]
    )  # fmt: skip
    assert (options.port, options.procedures, options.require_signature) == (18080, ("9.999001", "9.999002"), True)
    assert options.switches.error_rate == 0.5


def test_a_sender_has_no_switch_that_does_nothing() -> None:
    """A desk answers nobody: switches about answers are unknown to it."""
    with pytest.raises(SystemExit):
        read_options(["cmon", "--html-rate", "1"])


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_every_option_is_documented(kind: str, language: str) -> None:
    """The page about simulators names every option and switch."""
    page = (Path(__file__).resolve().parents[3] / "docs" / language / "simulators.md").read_text(encoding="utf-8")
    names = [one.name for one in (*fields(KINDS[kind].options), *switches_of(KINDS[kind])) if one.name != "switches"]
    assert [name for name in names if f"`--{name.replace('_', '-')}`" not in page] == []


def test_a_rate_above_one_is_refused() -> None:
    """A rate that is no rate is an error that names it."""
    with pytest.raises(ValueError, match="error_rate"):
        read_options(["dlms", "--error-rate", "2"])
