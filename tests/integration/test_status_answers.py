"""Whether a certificate was revoked, asked live: only a good, fresh, rightly signed answer to our question lets in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pydantic import ValidationError

from bus.doctor.finding import Verdict
from bus.doctor.responders import look_at_responders
from bus.key_cupboard import Cupboard
from bus.key_sections import TrustSettings
from bus.settings import Settings
from bus.status_answers import StatusAnswers
from bus.status_rule import StatusRule
from bus.watch.meters import Meters
from schemas.problem import Refused
from signing.dsig.key_info import Hints
from signing.policy import PARTNER_SOAP
from signing.trust import Trust, TrustStore
from signing.trust.asking import query
from signing.trust.papers import read_list
from signing.trust.revocation import Evidence
from tests.integration.responder import GOOD, HOUR, REVOKED, UNKNOWN, Responder, until
from tests.unit.signing.issuer import NOW, Holder, Issuer


@dataclass
class World:
    """An authority, one certificate, its responder, a store, and whoever asks."""

    root: Issuer = field(default_factory=Issuer.root)
    now: datetime = NOW
    clock: float = 0.0
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.person = self.root.person()
        self.responder = Responder(self.root, self.person.paper)
        self.answers = self.asking()

    def asking(self, **how: object) -> StatusAnswers:
        """Whoever asks, with other rules."""
        rule = replace(StatusRule({"*": self.responder.address}, timeout_s=2.0), **how)  # type: ignore[arg-type]
        self.answers = StatusAnswers(
            "kho", rule, now=lambda: self.now, monotonic=lambda: self.clock, tellers=[self.told.append]
        )
        return self.answers

    def judge(self, *, listed: bool = False, holder: Holder | None = None) -> str:
        """ "" = believed; else the code and the reason. Each time anew: no verdict is kept."""
        lists = (read_list(self.root.crl(at=self.now - HOUR, next_at=self.now + 24 * HOUR), name="x"),)
        store = TrustStore.of((self.root.paper,), Evidence(lists if listed else ()), purpose="partner")
        try:
            Trust(store, PARTNER_SOAP, self.answers).judge((holder or self.person).der, now=self.now)
        except Refused as refused:
            found = refused.problems[0]
            return f"{found.code} {found.text_en}"
        return ""

    def later(self, seconds: float) -> None:
        """Both clocks go on."""
        self.now += timedelta(seconds=seconds)
        self.clock += seconds


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.answers.close()
    made.responder.close()


def test_a_good_answer_lets_in_and_is_asked_for_once(world: World) -> None:
    """The first sight waits for the answer; while it is fresh nobody is asked again."""
    assert (world.judge(), world.judge()) == ("", "")
    assert (len(world.responder.asked), world.told) == (1, ["good"])
    question = ocsp.load_der_ocsp_request(world.responder.asked[0])
    assert question.serial_number == world.person.paper.serial_number


def _unknown(world: World) -> None:
    world.responder.status = UNKNOWN


def _expired(world: World) -> None:
    world.responder.at, world.responder.next_at = NOW - 9 * HOUR, NOW - HOUR


def _ancient(world: World) -> None:
    """Good for ten years, as it says: who revokes today is heard of by nobody who is shown it again."""
    world.responder.at, world.responder.next_at = NOW - 8 * 24 * HOUR, NOW + 3_650 * 24 * HOUR


def _future(world: World) -> None:
    world.responder.at = NOW + HOUR


def _other_nonce(world: World) -> None:
    world.responder.nonce = "other"


def _other_signer(world: World) -> None:
    world.responder.issuer = Issuer.root()  # of the same name, with another key


def _not_a_delegate(world: World) -> None:
    world.responder.signer = world.root.person("Không được trả lời")


def _other_certificate(world: World) -> None:
    world.responder.about = world.root.person("Người khác").paper


def _try_later(world: World) -> None:
    built = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    world.responder.plain = built.public_bytes(Encoding.DER)


def _rubbish(world: World) -> None:
    world.responder.plain = b"<html>khong phai OCSP</html>"


def _huge(world: World) -> None:
    world.responder.plain = bytes(10_000_000)


def _error(world: World) -> None:
    world.responder.http = 500


def _redirect(world: World) -> None:
    world.responder.http = 302


def _slow(world: World) -> None:
    world.responder.delay_s = 1.0
    world.asking(wait_s=0.1)


def _slow_again(world: World) -> None:
    world.responder.delay_s = 1.0


def _gone(world: World) -> None:
    world.responder.close()


WRONG: dict[Callable[[World], None], str] = {
    _unknown: "does not know it", _expired: "expired",
    _ancient: "older than 7 days", _future: "of the future", _other_nonce: "another question",
    _other_signer: "another certificate", _not_a_delegate: "not signed by the issuer",
    _other_certificate: "another certificate", _try_later: "try_later", _rubbish: "unreadable",
    _huge: "too-large", _error: "HTTP 500", _redirect: "HTTP 302", _slow: "within 0.1 s", _gone: "no answer",
}  # fmt: skip


@pytest.mark.parametrize("how", WRONG, ids=lambda how: how.__name__)
def test_anything_but_a_good_answer_keeps_out(world: World, how: Callable[[World], None]) -> None:
    """Also where the revocation list says "good"; the reason is told; the responder is not asked again at once."""
    how(world)
    said = world.judge(listed=True)
    assert said.startswith("LT-TRUST-014"), said
    assert WRONG[how] in said
    many = len(world.responder.asked)
    assert world.judge(listed=True).startswith("LT-TRUST-014")
    assert len(world.responder.asked) == many <= 1


@pytest.mark.parametrize("how", [_unknown, _try_later, _gone], ids=lambda how: how.__name__)
def test_a_good_list_is_enough_where_the_store_says_so(world: World, how: Callable[[World], None]) -> None:
    """With `list_suffices` a fresh list stands in for an answer; without a list it is still refused."""
    world.asking(list_suffices=True)
    how(world)
    assert world.judge(listed=True) == ""
    assert world.judge().startswith("LT-TRUST-014")


def test_revoked_wins_over_a_good_list(world: World) -> None:
    """Whatever the list and the rules say."""
    world.responder.status = REVOKED
    world.asking(list_suffices=True)
    assert world.judge(listed=True).startswith("LT-TRUST-013")
    assert world.told == ["revoked"]


@pytest.mark.parametrize("how", [_gone, _unknown, _slow_again], ids=lambda how: how.__name__)
def test_a_revocation_outlives_its_answer(world: World, how: Callable[[World], None]) -> None:
    """When its time is over and the responder says nothing newer, a good list does not let the certificate in again."""
    world.responder.status = REVOKED
    world.asking(list_suffices=True, wait_s=0.5)
    assert world.judge(listed=True).startswith("LT-TRUST-013")
    how(world)
    for _ in range(2):
        world.later(2 * 3600)
        world.responder.at, world.responder.next_at = world.now - HOUR, world.now + HOUR
        assert world.judge(listed=True).startswith("LT-TRUST-013")


def test_an_older_good_answer_does_not_follow_a_newer_unknown(world: World) -> None:
    """Whoever stands between keeps old answers: they take nothing back."""
    world.responder.nonce = "none"
    old = world.responder.answer(query(world.person.paper, world.root.paper).body)
    world.responder.status, world.responder.at = UNKNOWN, NOW - HOUR / 2
    assert "does not know it" in world.judge()
    world.responder.plain = old
    world.later(120)
    assert world.judge().startswith("LT-TRUST-014")
    assert len(world.responder.asked) == 2


def test_a_delegate_answers_unless_it_was_revoked_itself(world: World) -> None:
    """A responder's certificate with the right purpose counts, until a list of the issuer names it."""
    delegate = world.root.person("Máy trả lời", for_status=True)
    world.responder.signer = delegate
    assert world.judge(listed=True) == ""
    world.root.revoke(delegate)
    assert world.judge(listed=True).startswith("LT-TRUST-014")


def test_an_answer_without_nonce_is_taken_unless_one_is_demanded(world: World) -> None:
    """Many responders make their answers beforehand."""
    world.responder.nonce = "none"
    assert world.judge() == ""
    world.asking(needs_nonce=True)
    assert "nonce" in world.judge()


def test_it_is_refreshed_in_the_background_before_it_ends(world: World) -> None:
    """After two thirds of its time the next answer is fetched while the old one serves; nobody waits for it."""
    assert world.judge() == ""
    world.later(45 * 60)
    world.responder.at, world.responder.next_at = world.now, world.now + HOUR
    world.responder.status, world.responder.delay_s = REVOKED, 0.3
    assert world.judge() == ""
    until(lambda: world.told == ["good", "revoked"])
    assert world.judge().startswith("LT-TRUST-013")


def test_it_is_kept_fresh_without_being_asked_for(world: World) -> None:
    """Whoever came lately finds a fresh answer; whoever has not come for long is not asked about any more."""
    assert world.judge() == ""
    world.later(45 * 60)
    world.responder.at, world.responder.next_at = world.now, world.now + HOUR
    assert world.answers.tend() == 1
    until(lambda: len(world.told) == 2)
    world.later(7 * 3600)
    assert world.answers.tend() == 0


def test_an_older_answer_does_not_take_the_place_of_a_newer(world: World) -> None:
    """Who replays an old "good" after a "revoked" lifts nothing."""
    world.responder.status = REVOKED
    assert world.judge().startswith("LT-TRUST-013")
    world.later(45 * 60)
    world.responder.status, world.responder.at = GOOD, NOW - 2 * HOUR
    world.responder.next_at = world.now + HOUR
    world.judge()
    until(lambda: len(world.told) == 2)
    assert world.judge().startswith("LT-TRUST-013")


def test_a_responder_that_is_away_is_told_and_asked_again_after_a_pause(world: World) -> None:
    """It stands among those away until it answers; meanwhile nobody waits for it."""
    world.responder.http = 503
    assert "HTTP 503" in world.judge()
    assert [one.address for one in world.answers.away()] == [world.responder.address]
    world.responder.http = 200
    assert "HTTP 503" in world.judge()
    world.later(6)
    assert (world.judge(), world.answers.away()) == ("", ())
    assert world.told == ["away", "good"]


def test_whoever_comes_while_it_is_away_does_not_wait(world: World) -> None:
    """A silent responder costs one wait, not one for each certificate; pauses grow, one question tries it."""
    world.responder.delay_s = 30.0
    world.asking(wait_s=0.2, timeout_s=0.2)
    assert world.judge().startswith("LT-TRUST-014")
    until(lambda: world.told == ["away"])
    for name in ("Một", "Hai", "Ba"):
        assert "no answer" in world.judge(holder=world.root.person(name))
    assert len(world.responder.asked) == 1
    world.later(6)
    world.judge()
    until(lambda: world.told == ["away", "away"])
    world.later(6)
    world.judge()
    assert len(world.responder.asked) == 2


def test_without_a_path_nobody_is_asked(world: World) -> None:
    """A stranger's certificate makes the bus ask nobody."""
    stranger = Issuer.root("Kẻ lạ").person()
    assert world.judge(holder=stranger).startswith("LT-TRUST-012")
    assert world.responder.asked == []


def test_a_good_answer_does_not_outlive_its_time(world: World) -> None:
    """The responder is gone and the answer has ended: not good any more."""
    assert world.judge() == ""
    world.responder.close()
    world.later(3700)
    assert world.judge().startswith("LT-TRUST-014")


def test_the_cupboard_asks_for_a_store_and_tells_the_meters(world: World, tmp_path: Path) -> None:
    """As doors and workers have it: the settings name the responder, and each answer is counted by store."""
    (tmp_path / "kho").mkdir()
    (tmp_path / "kho" / "root.crt").write_bytes(world.root.pem)
    rule = TrustSettings(folder="kho", ocsp={"*": world.responder.address})
    settings = Settings(folder=tmp_path, data=tmp_path / "data", trust={"kho": rule})
    cupboard, meters = Cupboard(), Meters()
    cupboard.tellers.append(meters.answered)
    store = cupboard.store(settings, "kho", PARTNER_SOAP)
    world.responder.http = 500
    found = store.key(Hints(certificates=(world.person.der,)), now=NOW)
    assert isinstance(found, tuple)
    assert found[0].code == "LT-TRUST-014"
    until(lambda: meters.numbers() == {"status_answers|kho|away": 1, "responders_away|kho": 1})
    cupboard.close()


def test_the_doctor_says_whether_a_responder_answers(world: World) -> None:
    """An answer of any kind is good; silence, or what is no answer, is wrong, with what to do."""
    store = TrustStore.of((world.root.paper,), purpose="partner")
    rule = TrustSettings(folder="kho", ocsp={"*": world.responder.address, "CA nào đó": "http://x.example/"})
    verdicts = [one.verdict for one in look_at_responders("kho", rule, store)]
    assert verdicts == [Verdict.GOOD, Verdict.NOTE]
    world.responder.plain = b"<html/>"
    first, _ = look_at_responders("kho", rule, store)
    assert first.problem is not None
    assert first.problem.code == "LT-TRUST-022"


@pytest.mark.parametrize(
    "wrong",
    [
        {"ocsp": {"*": "ftp://x.example/"}}, {"ocsp": {"*": "http://a@x.example/"}}, {"ocsp_hosts": ["http://x.example"]},
        {"ocsp_hosts": ["*"]}, {"ocsp": {"*": "http://x.example/"}, "revocation": False}, {"ocsp_wait_s": 60},
    ],
)  # fmt: skip
def test_settings_that_lead_astray_are_refused(wrong: dict[str, object]) -> None:
    """A mistyped address or host is told at the start, not when a certificate comes."""
    with pytest.raises(ValidationError):
        TrustSettings.model_validate({"folder": "kho", **wrong})
