"""The command lines are made from the options dataclasses and teach."""

from __future__ import annotations

from dataclasses import fields

import pytest

from bus.simulators import CmonOptions, DlmsOptions, FacadeOptions, PortalOptions, Switches
from bus.simulators.__main__ import KINDS, parser, read_options


@pytest.mark.parametrize("kind", list(KINDS))
def test_help_names_every_option(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help shows every option and switch, the controls and an example."""
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([kind, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for option in (*fields(KINDS[kind].options), *fields(Switches)):
        assert option.name == "switches" or "--" + option.name.replace("_", "-") in shown
    assert "/_sim/state" in shown
    assert "example" in shown


def test_defaults_are_those_of_the_dataclasses() -> None:
    """Without options a simulator starts with its dataclass as it stands."""
    classes = {"portal": PortalOptions, "cmon": CmonOptions, "dlms": DlmsOptions, "facade": FacadeOptions}
    assert {kind: read_options([kind])[1] for kind in KINDS} == {kind: one() for kind, one in classes.items()}


def test_values_arrive() -> None:
    """Numbers, lists, flags and switches arrive in the dataclass."""
    _, options = read_options(
        ["portal", "--port", "18080", "--procedures", "9.999001", "--procedures", "9.999002", "--require-signature",
         "--error-rate", "0.5"]
    )  # fmt: skip
    assert (options.port, options.procedures, options.require_signature) == (18080, ("9.999001", "9.999002"), True)
    assert options.switches.error_rate == 0.5


def test_a_rate_above_one_is_refused() -> None:
    """A rate that is no rate is an error that names it."""
    with pytest.raises(ValueError, match="error_rate"):
        read_options(["dlms", "--error-rate", "2"])
