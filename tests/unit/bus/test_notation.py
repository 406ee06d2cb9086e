"""The compact notation of a retry policy: what it means, and what is said of a line that cannot be read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bus.notation import read_notation, write_notation
from bus.pauses import Shape
from bus.reading import Misread
from bus.settings import load
from schemas.problem import Problem, Refused


def test_three_parts_are_enough() -> None:
    """Timeout of a try, number of tries, pauses; deadline and questions have defaults."""
    policy = read_notation("10s;500;exp(2s..15m)")
    assert (policy.timeout, policy.attempts) == (timedelta(seconds=10), 500)
    assert (policy.pauses.shape, policy.pauses.jitter) == (Shape.EXP, 100)
    assert (policy.deadline, policy.resolver_tries) == (timedelta(hours=72), 16)


def test_exponential_doubles_up_to_the_longest() -> None:
    """Also after so many failures that doubling would overflow anything."""
    pauses = read_notation("10s;500;exp(2s..1m)").pauses
    assert [pauses.longest(n).total_seconds() for n in (1, 2, 3, 5, 6, 100_000)] == [2, 4, 8, 32, 60, 60]
    assert pauses.shortest(3) == timedelta(0)


def test_a_list_goes_on_with_its_last_pause() -> None:
    """Exactly as written: no chance in it unless asked for."""
    pauses = read_notation("10s;8;30s,2m,10m").pauses
    assert [pauses.longest(n).total_seconds() for n in (1, 2, 3, 4, 9)] == [30, 120, 600, 600, 600]
    assert pauses.shortest(2) == pauses.longest(2)


def test_jitter_only_shortens() -> None:
    """A fifth of five minutes."""
    pauses = read_notation("10s;8;fixed(5m)~20%").pauses
    assert (pauses.shortest(1), pauses.longest(1)) == (timedelta(minutes=4), timedelta(minutes=5))


def test_once_needs_no_pauses() -> None:
    """One try and a deadline."""
    assert write_notation(read_notation("10s; 1; <2h; ?3")) == "10s;1;<2h;?3"


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 1, "timeout"),
        ("10", 3, "unit"),
        ("10s", 4, "“;”"),
        ("10s;0;fixed(1m)", 5, "at least 1"),
        ("10s;5", 6, "pauses"),
        ("10s;5;slow(1m)", 7, "exp(2s..15m)"),
        ("10s;5;exp(1m)", 13, ".."),
        ("10s;5;exp(5m..2s)", 15, "not below the first"),
        ("10s;5;fixed(0s)", 13, "above 0"),
        ("10s;5;fixed(1m)~200%", 17, "0–100"),
        ("10s;5;fixed(1m);72h", 17, "“<”"),
        ("10s;5;fixed(1m);<1h;<2h", 21, "“?”"),
        ("10s;5;fixed(1m) x", 17, "“;”"),
        ("10s;5;fixed(400d)", 13, "366"),
    ],
)
def test_a_line_that_cannot_be_read_names_the_place(text: str, position: int, expected: str) -> None:
    """The character, counted from 1, and what was expected there."""
    with pytest.raises(Misread) as caught:
        read_notation(text)
    assert (caught.value.position + 1, expected in caught.value.en) == (position, True)
    assert caught.value.vi != caught.value.en or not caught.value.vi.isascii()


def refused(folder: Path) -> Problem:
    with pytest.raises(Refused) as caught:
        load(folder)
    (found,) = caught.value.problems
    return found


def test_at_load_file_line_key_position_and_expectation_are_named(tmp_path: Path) -> None:
    """In both languages; nobody has to count characters: a mark stands at the place."""
    lines = '[endpoints.a]\nsystem = "a"\n[endpoints.a.retry]\nho_so = "10s;5;fixed(1x)"\n'
    (tmp_path / "partners.toml").write_text(lines, encoding="utf-8")
    found = refused(tmp_path)
    assert found.code == "LT-CONF-007"
    for part in ("endpoints.a.retry.ho_so", "fixed(1▸x)"):
        assert part in found.text_vi
        assert part in found.text_en
    assert "ký tự 14" in found.text_vi
    assert "character 14 expected a unit" in found.text_en
    assert found.ours is not None
    assert (found.ours.source, found.ours.line) == ("partners.toml", 4)


def test_a_variable_is_named_instead_of_the_file_it_wins_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks into the file would find nothing wrong."""
    (tmp_path / "partners.toml").write_text('[endpoints.a]\nsystem = "a"\nretry = "10s;1"\n', encoding="utf-8")
    monkeypatch.setenv("LIENTHONG_ENDPOINTS__A__WINDOWS", "T2-T6 7h")
    found = refused(tmp_path)
    assert (found.code, "LIENTHONG_ENDPOINTS__A__WINDOWS" in found.text_en) == ("LT-CONF-007", True)


def test_one_line_alone_holds_for_everything(tmp_path: Path) -> None:
    """Short and long form are one thing."""
    (tmp_path / "partners.toml").write_text('[endpoints.a]\nsystem = "a"\nretry = "10s;1"\n', encoding="utf-8")
    assert load(tmp_path).endpoints["a"].retry == {"*": "10s;1"}
