"""`lienthong retries explain`: whoever writes a notation sees what it means before it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli.running import run

HOURS = "T2-T6 07:30-17:00; nghi_le"


def test_a_notation_as_clock_times_over_a_weekend() -> None:
    """In Viet Nam's time; what would fall into the weekend stands at Monday's opening."""
    ran = run("retries", "explain", "10s;4;30s,2m,1h", "--from", "2026-07-03T16:58", "--windows", HOURS)
    assert ran.code == 0
    rows = [line.split("\t") for line in ran.out.splitlines() if "\t" in line]
    assert [row[1] for row in rows[1:]] == [
        "T6 03/07/2026 16:58:00", "T6 03/07/2026 16:58:30", "T2 06/07/2026 07:30:00", "T2 06/07/2026 08:30:00",
    ]  # fmt: skip
    assert "LT-EXP-001" in ran.out


def test_for_programs() -> None:
    """The notation in full, earliest, usual and latest of each try."""
    ran = run("retries", "explain", "10s;9;exp(2s..1m)", "--from", "2026-07-06T08:00", "--rows", "2", "--json").json()
    assert (ran["notation"], ran["attempts"], ran["most"]) == ("10s;9;exp(2s..1m);<3d;?16", 9, 9)
    second = ran["tries"][1]
    assert (second["earliest"], second["latest"]) == ("2026-07-06T01:00:00+00:00", "2026-07-06T01:00:12+00:00")


def test_as_an_endpoint_has_it(tmp_path: Path) -> None:
    """The line of an operation beats the one of a kind, and both the endpoint's own; its hours hold."""
    (tmp_path / "partners.toml").write_text(
        '[endpoints.cong]\nsystem = "cong_dvcqg"\naddress = "http://cong.example"\nwindows = "CN 08:00-09:00"\n'
        '[endpoints.cong.retry]\n"*" = "1s;1"\nho_so = "2s;1"\nTraKetQua = "3s;1"\n',
        encoding="utf-8",
    )

    def timeout(*more: str) -> float:
        ran = run("-c", str(tmp_path), "retries", "explain", "--endpoint", "cong", "--json", *more).json()
        assert ran["windows"] == "CN 08:00-09:00"
        return float(ran["timeout_s"])

    assert timeout() == 1
    assert timeout("--kind", "ho_so") == 2
    assert timeout("--kind", "ho_so", "--operation", "TraKetQua") == 3


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("10s;8;30x",), 1, "30▸x"),
        (("10s;1", "--windows", "T8 07:00-08:00"), 1, "▸T8"),
        (("--endpoint", "khong_co"), 1, "LT-ISO-001"),
        (("10s;1", "--from", "mai"), 2, "--from"),
    ],
)
def test_what_cannot_be_read_is_shown_at_its_place(arguments: tuple[str, ...], code: int, said: str) -> None:
    """And nothing is guessed."""
    ran = run("retries", "explain", *arguments)
    assert (ran.code, said in ran.err) == (code, True)


def test_a_line_for_an_operation_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    """Before anything runs: a misspelt line would silently be nobody's."""
    (tmp_path / "partners.toml").write_text(
        '[endpoints.cong]\nsystem = "cong_dvcqg"\n[endpoints.cong.retry]\nTraKetQa = "3s;1"\n', encoding="utf-8"
    )
    ran = run("-c", str(tmp_path), "doctor", "--quick")
    assert "endpoints.cong.retry.TraKetQa" in ran.out + ran.err
    assert "“TraKetQua”" in ran.out + ran.err


def test_what_holds_is_shown_with_its_source(tmp_path: Path) -> None:
    """One line for everything, or a table: `config show` tells from where."""
    (tmp_path / "partners.toml").write_text(
        '[endpoints.a]\nsystem = "cong_dvcqg"\nretry = "3s;1"\naddress = "http://a.example"\n'
        '[endpoints.b]\nsystem = "cong_dvcqg"\naddress = "http://b.example"\n',
        encoding="utf-8",
    )
    rows = run("-c", str(tmp_path), "config", "show", "--json").json()["values"]
    shown = {row["name"]: (row["value"], row["source"]) for row in rows}
    assert shown["endpoints.a.retry.*"] == ("3s;1", "partners.toml")
    assert shown["endpoints.b.retry.*"][1] == "default"
