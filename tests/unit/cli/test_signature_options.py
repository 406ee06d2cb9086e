"""Options of the commands about signatures: none is silently passed over, and what is wrong is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
import typer

from bus.cli.signature import sign, verify
from bus.cli.trusted import keys_of, moment_of, policy_of
from signing.jws import sign_detached
from signing.policy import BUS
from signing.trust.papers import read_certificates
from signing.trust.path import subject_of
from tests.unit.signing.kit import DOSSIER, p256, stranger

NOW = datetime(2026, 7, 6, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A document, a key, its certificate, somebody else's certificate."""
    for name, data in {
        "ho-so.xml": DOSSIER, "khoa.pem": p256().pem, "chung-thu.pem": p256().certificate, "la.pem": b"la",
        "khac.pem": stranger().certificate,
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(data)
    return tmp_path


@pytest.mark.parametrize(
    "wrong",
    [
        lambda at: keys_of(at, [], [], [at / "chung-thu.pem"], BUS, NOW),
        lambda at: keys_of(None, [at / "la.pem"], [], [at / "chung-thu.pem"], BUS, NOW),
        lambda at: keys_of(None, [], [], [], BUS, NOW),
        lambda at: verify(at / "ho-so.xml", trust=at, jws="a..b"),
        lambda at: verify(at / "ho-so.xml", key=[at / "chung-thu.pem"], content=at / "la.pem"),
        lambda at: sign(at / "ho-so.xml", at / "khoa.pem", password_env="KHONG_CO_BIEN_NAY"),
        lambda at: sign(at / "ho-so.xml", at / "khoa.pem", algorithm="XX"),
        lambda at: moment_of("2026-07-06"),
        lambda at: policy_of("la"),
    ],
)
def test_options_that_do_not_go_together_are_mistakes(folder: Path, wrong: Callable[[Path], object]) -> None:
    """A pinned key beside a trust store would have been passed over, and its owner believed to be checked."""
    with pytest.raises(typer.BadParameter, match=" / "):
        wrong(folder)


@pytest.mark.parametrize(("key", "paper", "named"), [("la.pem", None, "la.pem"), ("khoa.pem", "la.pem", "la.pem")])
def test_unreadable_pem_is_named_by_its_file(folder: Path, key: str, paper: str | None, named: str) -> None:
    """Which of the two files it was."""
    with pytest.raises(typer.BadParameter, match=named):
        sign(folder / "ho-so.xml", folder / key, certificate=folder / paper if paper else None)


@pytest.mark.parametrize(("paper", "verdict"), [("chung-thu.pem", "accepted"), ("khac.pem", "refused")])
def test_verdict_on_a_jws_is_complete(
    folder: Path, paper: str, verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whose key, which bytes, why not: as of other signatures."""
    file = folder / "ho-so.xml"
    header = sign_detached(DOSSIER, p256().signing())
    try:
        verify(file, key=[folder / paper], jws=header, json=True)
    except typer.Exit:
        assert verdict == "refused"
    said = json.loads(capsys.readouterr().out)
    assert (said["verdict"], said["file"], said["policy"]) == (verdict, "ho-so.xml", "bus")
    digests = [part["sha256"] for part in said["covered"]]
    assert digests == ([sha256(DOSSIER).hexdigest()] if verdict == "accepted" else [])
    assert bool(said["reasons"]) is (verdict == "refused")


def test_name_in_a_certificate_is_read_as_it_is_written() -> None:
    """Vietnamese stays Vietnamese."""
    assert "Đơn vị thử H99" in subject_of(read_certificates(p256().certificate, name="")[0])
