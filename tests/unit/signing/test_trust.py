"""Whom to believe: path, revocation, freshness, purposes, entitlement."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.ocsp import OCSPCertStatus

from schemas.problem import Refused, Stage
from signing.dsig import Verified, sign_enveloped, verify
from signing.policy import BUS
from signing.trust import Believed, Entitlement, Evidence, Trust, TrustRules, TrustStore, WatchedStore, entitled
from signing.trust.papers import read_list
from tests.unit.signing.issuer import DAY, NOW, Holder, Issuer
from tests.unit.signing.kit import DOSSIER


class World:
    """A root, an intermediate, a person, and the lists of both authorities."""

    def __init__(self) -> None:
        self.root = Issuer.root()
        self.middle = self.root.below()
        self.person = self.middle.person()

    def evidence(self, **how: object) -> Evidence:
        """Both lists."""
        return Evidence(tuple(read_list(each.crl(**how), name="crl") for each in (self.root, self.middle)))

    def store(self, evidence: Evidence | None = None, *papers: x509.Certificate, **rules: object) -> TrustStore:
        """Trusts the root and knows the intermediate."""
        found = papers or (self.root.paper, self.middle.paper)
        return TrustStore.of(
            found, self.evidence() if evidence is None else evidence, purpose="public", rules=TrustRules(**rules)
        )

    def judge(self, store: TrustStore, holder: Holder | None = None, *sent: bytes, now=NOW, **how: object) -> Believed:
        """The person's certificate."""
        return Trust(store, BUS).judge((holder or self.person).der, sent, now=now, **how)

    def code(self, store: TrustStore, holder: Holder | None = None, *sent: bytes, now=NOW, **how: object) -> str:
        """Why it is refused."""
        with pytest.raises(Refused) as refused:
            self.judge(store, holder, *sent, now=now, **how)
        return refused.value.problems[0].code


@pytest.fixture
def world() -> World:
    return World()


def test_certificate_without_alternative_name_is_believed(world: World) -> None:
    """Agencies' certificates have none. The path is given back, down to the anchor, with the standing of each."""
    believed = world.judge(world.store())
    assert believed.chain == (world.person.der, world.middle.der, world.root.der)
    assert [each.source for each in believed.standings] == ["crl", "crl"]
    assert not believed.pinned


def test_intermediate_may_come_with_the_message(world: World) -> None:
    """What is sent along helps to find the path."""
    store = world.store(None, world.root.paper)
    assert world.code(store) == "LT-TRUST-012"
    assert len(world.judge(store, None, world.middle.der).chain) == 3


def test_anchor_that_comes_with_the_message_is_not_trusted(world: World) -> None:
    """Nobody brings his own root."""
    other = World()
    assert other.code(world.store(), other.person, other.middle.der, other.root.der) == "LT-TRUST-012"


def test_same_name_of_another_root_is_not_trusted(world: World) -> None:
    """Names prove nothing: the chain is built by keys."""
    impostor = Issuer.root().below()
    assert impostor.paper.subject == world.middle.paper.subject
    assert world.code(world.store(), impostor.person(), impostor.der) == "LT-TRUST-012"


def test_person_cannot_issue(world: World) -> None:
    """An end certificate that signs another is no authority."""
    fake = Issuer(world.person.key, world.person.paper)
    assert world.code(world.store(), fake.person("Kẻ giả mạo"), world.person.der) == "LT-TRUST-012"


def test_path_longer_than_allowed_is_refused(world: World) -> None:
    """Neither the authority's own limit nor the store's depth is passed."""
    short = world.root.below("Giới hạn", path_length=0)
    deep = short.below("Sâu hơn")
    store = world.store(None, world.root.paper, short.paper, deep.paper)
    assert world.code(store, deep.person()) == "LT-TRUST-012"
    assert world.code(world.store(None, depth=0), world.person) == "LT-TRUST-012"


@pytest.mark.parametrize("days", [-101, 101])
def test_certificate_of_another_time_is_refused(world: World, days: int) -> None:
    """Not yet valid, or not any more."""
    assert world.code(world.store(), now=NOW + days * DAY) == "LT-TRUST-010"


def test_certificate_not_for_signing_is_refused(world: World) -> None:
    """Key usage is checked by us: an encryption certificate signs nothing."""
    assert world.code(world.store(), world.middle.person(bits=("key_encipherment",))) == "LT-TRUST-011"


def test_weak_key_is_refused(world: World) -> None:
    """A certified RSA key of 1024 bits stays weak."""
    weak = world.middle.person(key=rsa.generate_private_key(65537, 1024))
    assert world.code(world.store(), weak) in ("LT-SIGN-003", "LT-TRUST-012")


def test_revoked_certificate_is_refused(world: World) -> None:
    """Of the person, or of the authority above it."""
    world.middle.revoke(world.person)
    assert world.code(world.store()) == "LT-TRUST-013"
    other = World()
    other.root.revoke(other.middle)
    assert other.code(other.store()) == "LT-TRUST-013"


def test_unknown_is_not_valid(world: World) -> None:
    """Without a list, with an old one, one of the future, or a stranger's: refused, and the reason says which."""
    assert world.code(world.store(Evidence())) == "LT-TRUST-014"
    assert world.code(world.store(world.evidence(at=NOW - 3 * DAY, next_at=NOW - DAY))) == "LT-TRUST-014"
    assert world.code(world.store(world.evidence(at=NOW + DAY, next_at=NOW + 2 * DAY))) == "LT-TRUST-014"
    assert world.code(world.store(world.evidence(signer=Issuer.root().key))) == "LT-TRUST-014"
    stale = world.evidence(at=NOW - 30 * DAY, next_at=NOW + 300 * DAY)  # whatever it says itself
    assert world.code(world.store(stale)) == "LT-TRUST-014"


def test_what_an_old_list_revoked_stays_revoked(world: World) -> None:
    """A revocation does not expire with the list that told it."""
    world.middle.revoke(world.person, at=NOW - 40 * DAY)
    assert world.code(world.store(world.evidence(at=NOW - 30 * DAY, next_at=NOW - 20 * DAY))) == "LT-TRUST-013"


def test_unknown_may_be_taken_where_a_store_says_so(world: World) -> None:
    """For a store without revocation, by its rules and not by accident."""
    assert world.judge(world.store(Evidence(), revocation=False)).subject


def test_status_answer_is_as_good_as_a_list(world: World) -> None:
    """By the issuer itself or by a responder it sent."""
    root_list = Evidence((read_list(world.root.crl(), name="crl"),))
    for responder in (None, world.middle.person("Trả lời", for_status=True)):
        answers = (world.middle.answer(world.person, responder=responder),)
        believed = world.judge(world.store(Evidence(root_list.lists, answers)))
        assert [each.source for each in believed.standings] == ["ocsp", "crl"]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda w: w.middle.answer(w.person, OCSPCertStatus.REVOKED), "LT-TRUST-013"),
        (lambda w: w.middle.answer(w.person, OCSPCertStatus.UNKNOWN), "LT-TRUST-014"),
        (lambda w: w.middle.answer(w.person, at=NOW - 3 * DAY, next_at=NOW - DAY), "LT-TRUST-014"),
        (lambda w: w.middle.answer(w.person, at=NOW + DAY, next_at=NOW + 2 * DAY), "LT-TRUST-014"),
        (lambda w: w.middle.answer(w.person, responder=w.middle.person("Không được giao")), "LT-TRUST-014"),
        (lambda w: w.middle.answer(w.person, responder=Issuer.root().person("Lạ", for_status=True)), "LT-TRUST-014"),
        (lambda w: w.middle.answer(w.middle.person("Người khác")), "LT-TRUST-014"),
        (lambda w: b"rac", "LT-TRUST-014"),
        (lambda w: b"", "LT-TRUST-014"),
    ],
)
def test_answer_that_proves_nothing_is_not_taken(world: World, make, expected: str) -> None:
    """Revoked, unknown, old, of the future, by nobody entitled, about another, or rubbish."""
    root_list = (read_list(world.root.crl(), name="crl"),)
    assert world.code(world.store(Evidence(root_list, (make(world),)))) == expected


def test_revoked_anywhere_wins(world: World) -> None:
    """A good answer beside a list that revokes does not help."""
    world.middle.revoke(world.person)
    lists = world.evidence().lists
    assert world.code(world.store(Evidence(lists, (world.middle.answer(world.person),)))) == "LT-TRUST-013"


def test_pinned_certificate_needs_no_authority_but_its_days(world: World) -> None:
    """A partner's own certificate is believed as it stands, while it is valid."""
    alone = Issuer.root("Tự ký").person()
    store = world.store(Evidence(), alone.paper)
    assert world.judge(store, alone).pinned
    assert world.code(store, alone, now=NOW + 101 * DAY) == "LT-TRUST-010"
    assert world.code(store) == "LT-TRUST-012"


def test_verdict_is_kept_a_minute_at_most(world: World) -> None:
    """Within it nothing is computed anew; after it a revocation that came meanwhile counts."""
    trust = Trust(world.store(), BUS)
    first = trust.judge(world.person.der, now=NOW)
    assert trust.judge(world.person.der, now=NOW + timedelta(seconds=59)) is first
    again = trust.judge(world.person.der, now=NOW + timedelta(seconds=61))
    assert again is not first
    assert trust.judge(world.person.der, now=NOW) is not first  # a clock set back


def test_what_one_message_brought_vouches_for_no_other(world: World) -> None:
    """A list that came inside a file is evidence for that file alone; the next signature of the same certificate is
    judged by what we have ourselves."""
    trust = Trust(world.store(Evidence()), BUS)
    assert trust.judge(world.person.der, now=NOW, evidence=world.evidence()).subject
    with pytest.raises(Refused) as refused:
        trust.judge(world.person.der, now=NOW)
    assert refused.value.problems[0].code == "LT-TRUST-014"


def test_folder_is_replaced_while_running(world: World, tmp_path: Path) -> None:
    """A new list takes effect without a restart; a broken one leaves the old store in force."""
    for name, data in {
        "goc.pem": world.root.pem, "duoi.crt": world.middle.pem,
        "goc.crl": world.root.crl(), "duoi.crl": world.middle.crl(),
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(data)
    watched = WatchedStore(tmp_path, purpose="public")
    world.judge(watched.current)
    assert not watched.refresh()
    world.middle.revoke(world.person)
    (tmp_path / "duoi.crl").write_bytes(world.middle.crl(number=2))
    assert watched.refresh()
    assert world.code(watched.current) == "LT-TRUST-013"
    before = watched.current
    (tmp_path / "hong.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n")
    with pytest.raises(Refused):
        watched.refresh()
    assert watched.current is before
    os.remove(tmp_path / "hong.pem")
    assert not watched.refresh() or watched.current.digest == before.digest


def test_empty_folder_is_an_error(tmp_path: Path) -> None:
    """A store that trusts nobody is a mistake of the configuration, not a policy."""
    with pytest.raises(Refused) as refused:
        TrustStore.load(tmp_path, purpose="public")
    assert refused.value.problems[0].code == "LT-TRUST-002"


def test_signature_is_verified_by_its_certificate(world: World) -> None:
    """A signature that carries a good certificate verifies; by another store it does not."""
    signed = sign_enveloped(DOSSIER, world.person.signing())
    result = verify(signed, Trust(world.store(), BUS).keys(now=NOW))
    assert isinstance(result, Verified)
    other = World()
    refused = verify(signed, Trust(other.store(), BUS).keys(now=NOW))
    assert isinstance(refused, tuple)
    assert refused[0].code == "LT-TRUST-012"


def test_good_certificate_may_still_not_be_entitled() -> None:
    """Who may speak for which agency in which service is another question than whether the certificate is good."""
    register = [
        Entitlement("ab", "H99.12", frozenset({"TaoMoiHoSo"})),
        Entitlement("ab", "H99.13", last=date(2026, 7, 5)),
    ]
    ask = {"now": NOW, "stage": Stage.RECEIVE}
    assert entitled(register, "ab", agency="H99.12", operation="TaoMoiHoSo", **ask) == ()
    for print_, agency, service in [
        ("ab", "H99.12", "CapNhat"), ("ab", "H99.13", "TaoMoiHoSo"), ("cd", "H99.12", "TaoMoiHoSo"),
    ]:  # fmt: skip
        (found,) = entitled(register, print_, agency=agency, operation=service, **ask)
        assert found.code == "LT-TRUST-020"
