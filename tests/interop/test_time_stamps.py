"""Time-stamps of a real authority (openssl): what they prove, and what does not pass for one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.problem import Refused
from signing.stamp import accept, check, query
from tests.interop.time_authority import TimeAuthority

pytestmark = pytest.mark.foreign("openssl")
DATA = "Bản ghi thứ nhất".encode()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return TimeAuthority.made(tmp_path_factory.mktemp("tsa"))


def _code(action, *arguments) -> str:
    with pytest.raises(Refused) as refused:
        action(*arguments)
    return refused.value.problems[0].code


def test_answer_proves_the_moment(authority: TimeAuthority) -> None:
    """A right answer gives the moment, the authority, and a token that can be kept and checked again."""
    asked = query(DATA)
    stamped = accept(authority.answer(asked.body), asked, authority.trusted())
    assert abs(datetime.now(UTC) - stamped.at) < timedelta(minutes=5)
    assert "CN=" in stamped.authority
    again = check(stamped.token, DATA, authority.trusted())
    assert again == stamped


def test_every_question_is_another(authority: TimeAuthority) -> None:
    """The nonce is new each time, and an answer to another question is not taken."""
    first, second = query(DATA), query(DATA)
    assert first.nonce != second.nonce
    assert _code(accept, authority.answer(first.body), second, authority.trusted()) == "LT-STAMP-003"


def test_stamp_of_something_else_is_refused(authority: TimeAuthority) -> None:
    """The imprint must be of our bytes."""
    asked, other = query(DATA), query(DATA + b".")
    assert _code(accept, authority.answer(other.body), asked, authority.trusted()) == "LT-STAMP-003"
    token = accept(authority.answer(asked.body), asked, authority.trusted()).token
    assert _code(check, token, DATA + b".", authority.trusted()) == "LT-STAMP-003"


def test_stranger_is_refused(authority: TimeAuthority, tmp_path: Path) -> None:
    """An authority we do not know proves nothing."""
    asked = query(DATA)
    stranger = TimeAuthority.made(tmp_path / "la")
    assert _code(accept, stranger.answer(asked.body), asked, authority.trusted()) == "LT-STAMP-004"


@pytest.mark.parametrize("answer", [b"", b"x", b"\x30\x00", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80" * 5_000])
def test_rubbish_is_refused(authority: TimeAuthority, answer: bytes) -> None:
    """An answer that is none is a problem, not a crash."""
    assert _code(accept, answer, query(DATA), authority.trusted()) == "LT-STAMP-001"


def test_any_changed_byte_is_refused(authority: TimeAuthority) -> None:
    """Of a kept token no byte that matters can be changed: it proves the same, or nothing."""
    asked = query(DATA)
    stamped = accept(authority.answer(asked.body), asked, authority.trusted())
    for at in range(0, len(stamped.token), 29):
        changed = bytearray(stamped.token)
        changed[at] ^= 1
        try:
            again = check(bytes(changed), DATA, authority.trusted())
        except Refused:
            continue
        assert (again.at, again.digest, again.authority) == (stamped.at, stamped.digest, stamped.authority), at


def test_refusal_of_the_authority_is_told(authority: TimeAuthority) -> None:
    """An answer without a token says why."""
    done = bytes.fromhex("3009300702010230020C00")
    assert _code(accept, done, query(DATA), authority.trusted()) in ("LT-STAMP-001", "LT-STAMP-002")
