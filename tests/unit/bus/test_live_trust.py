"""A trust store follows its folder while the bus runs."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from bus.live_trust import LiveTrust
from schemas.problem import Problem
from signing.dsig.key_info import Hints
from signing.keys import VerifyKey
from signing.policy import PARTNER_SOAP
from signing.trust import TrustRules
from signing.trust.fetched import judge_list
from tests.unit.signing.issuer import NOW, Holder, Issuer


class Room:
    """A folder with one authority, its list, and a store that watches it by a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.at_s = folder, 0.0
        self.root = Issuer.root()
        self.holder: Holder = self.root.person()
        (folder / "goc.pem").write_bytes(self.root.pem)
        (folder / "goc.crl").write_bytes(self.root.crl())
        self.store = LiveTrust(
            folder, folder / "tai-ve", name="thu", purpose="partner", rules=TrustRules(), policy=PARTNER_SOAP,
            monotonic=lambda: self.at_s,
        )  # fmt: skip

    def verdict(self) -> str:
        """ "" = believed; else the code."""
        found = self.store.key(Hints(certificates=(self.holder.der,)), now=NOW)
        return "" if isinstance(found, VerifyKey) else codes(found)


def codes(found: tuple[Problem, ...]) -> str:
    """Of problems."""
    return ",".join(one.code for one in found)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """One."""
    return Room(tmp_path)


def test_a_list_laid_into_the_folder_counts_at_the_next_look(room: Room) -> None:
    """A revocation needs no restart; and the folder is not read at every message."""
    assert room.verdict() == ""
    room.root.revoke(room.holder)
    (room.folder / "goc.crl").write_bytes(room.root.crl(number=2))
    assert room.verdict() == ""  # not looked yet
    room.at_s += 2.5
    assert room.verdict() == "LT-TRUST-013"


def test_a_fetched_list_counts_as_well(room: Room) -> None:
    """It lies in a folder of its own, which need not be there at first."""
    room.root.revoke(room.holder)
    (room.folder / "tai-ve").mkdir()
    (room.folder / "tai-ve" / "a.crl").write_bytes(room.root.crl(number=2))
    room.at_s += 2.5
    assert room.verdict() == "LT-TRUST-013"


def test_what_cannot_be_read_leaves_the_old_store_and_is_said_once(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    """A half-written file must neither open nor shut the door."""
    (room.folder / "hong.crt").write_bytes(b"not a certificate")
    with caplog.at_level(logging.ERROR, logger="lienthong.trust"):
        for _ in range(3):
            room.at_s += 2.5
            assert room.verdict() == ""
    assert len(caplog.records) == 1
    (room.folder / "hong.crt").unlink()
    room.at_s += 2.5
    assert room.verdict() == ""


def test_a_fetched_list_must_be_signed_by_the_store_s_own_and_newer(room: Room) -> None:
    """Whoever answers for the address can lift no revocation."""
    store = room.store.store
    old, new = room.root.crl(number=1), room.root.crl(at=NOW - timedelta(hours=1), number=2)
    assert judge_list(new, store, before=old) is None
    assert judge_list(new, store, before=None) is None
    assert judge_list(new, store, before=new) == ""
    for wrong in (
        judge_list(old, store, before=new),
        judge_list(Issuer.root().crl(), store, before=old),
        judge_list(room.root.crl(signer=Issuer.root().key), store, before=None),
        judge_list(b"<html>", store, before=old),
        judge_list(b"", store, before=None),
    ):
        assert wrong
