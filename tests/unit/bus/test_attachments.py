"""What is made of a report on signatures, whose messages are looked at, and what a policy says: pure decisions."""

from __future__ import annotations

import asyncio
import base64
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from bus.attachments import is_hindered, judgement_of, refusals, unexamined, wrong_ones
from bus.clock import SystemClock
from bus.compose_attachments import make_inspection
from bus.enclosed import attachments_of, beside, content_of, has_signable, kind_of
from bus.examining import Examiner
from bus.inspection import Inspection
from bus.key_cupboard import Cupboard
from bus.records.examining import WRONG, AttachmentFact, AttachmentPolicy, Judgement, worst_of
from bus.settings import Settings
from schemas.catalog import CANONICAL_NAMESPACE
from schemas.message import Party
from schemas.problem import Problem, Stage, problem
from signing.attachments import Coverage, Report, Signer, Standing, may_be_signed
from tests.contract.journal_world import item

XS = "{http://www.w3.org/2001/XMLSchema}"
AT = datetime(2026, 11, 25, tzinfo=UTC)
PDF = base64.b64encode(b"%PDF-1.7 ...").decode()
GOOD = Signer(
    name="Ky", subject="CN=Sở thử H99", agency="Sở thử H99", serial="1a", certificate_sha256="a" * 64, intact=True,
    coverage=Coverage.WHOLE, digest="sha256", claimed_at=AT, stamped_at=None, authority="", judged_at=AT,
    standing=Standing.TRUSTED, revocation="good", problems=(),
)  # fmt: skip


def said(code: str) -> Problem:
    return problem(code, Stage.RECEIVE, {"reason": "–", "digest": "sha1"})


EARLIER = replace(GOOD, coverage=Coverage.EARLIER, problems=(said("LT-ATT-003"),))
BROKEN = replace(GOOD, intact=False, problems=(said("LT-ATT-002"),))
STRANGER = replace(GOOD, standing=Standing.UNTRUSTED, problems=(said("LT-ATT-005"),))
WEAK = replace(GOOD, digest="sha1", problems=(said("LT-ATT-004"),))


@pytest.mark.parametrize(
    ("signers", "judgement"),
    [
        ((), Judgement.UNSIGNED),
        ((GOOD,), Judgement.VALID),
        ((EARLIER, GOOD), Judgement.VALID),
        ((EARLIER,), Judgement.CHANGED),
        ((replace(GOOD, coverage=Coverage.PART, problems=(said("LT-ATT-003"),)), GOOD), Judgement.CHANGED),
        ((STRANGER,), Judgement.UNTRUSTED),
        ((WEAK,), Judgement.UNTRUSTED),
        ((replace(EARLIER, standing=Standing.UNTRUSTED), GOOD), Judgement.UNTRUSTED),
        ((BROKEN, GOOD), Judgement.INVALID),
        ((replace(GOOD, coverage=Coverage.BESIDE, problems=(said("LT-ATT-006"),)),), Judgement.UNEXAMINED),
    ],
)
def test_a_file_is_judged_by_all_of_its_signatures(signers: tuple[Signer, ...], judgement: Judgement) -> None:
    """A later good one over the whole excuses that an earlier one is not over all, and nothing else."""
    assert judgement_of(Report("pdf", "a" * 64, signers, ())) is judgement


def test_what_could_not_be_read_is_unexamined_whatever_it_says() -> None:
    """Not unsigned."""
    assert judgement_of(Report("pdf", "a" * 64, (), (said("LT-ATT-001"),))) is Judgement.UNEXAMINED


def test_the_worst_file_is_what_a_message_is_listed_by() -> None:
    """And a message without any is not wrong."""
    assert worst_of((Judgement.VALID, Judgement.UNSIGNED)) is Judgement.UNSIGNED
    assert worst_of((Judgement.UNTRUSTED, Judgement.INVALID, Judgement.VALID)) is Judgement.INVALID
    assert worst_of(()) not in WRONG


def fact(judgement: Judgement, *codes: str) -> AttachmentFact:
    return AttachmentFact("TepDinhKem[1]", "pdf", "a" * 64, 10, judgement, codes)


def test_only_what_is_wrong_refuses() -> None:
    """Unsigned papers are for the procedure to judge; the problem tells the place and no name."""
    facts = [fact(one) for one in Judgement]
    assert {each.judgement for each in wrong_ones(facts)} == set(WRONG)
    assert refusals([fact(Judgement.VALID), fact(Judgement.UNSIGNED)]) == ()
    (found,) = refusals([fact(Judgement.CHANGED, "LT-ATT-003")])
    assert (found.code, found.retryable, "LT-ATT-003" in found.text_vi) == ("LT-ATT-009", False, True)


def test_our_own_trouble_is_told_from_the_files() -> None:
    """A retry may help the one and not the other."""
    assert is_hindered(unexamined("TepDinhKem[1]", "pdf", b"", "LT-ATT-008"))
    assert not is_hindered(fact(Judgement.UNEXAMINED, "LT-ATT-001"))


# ---------------------------------------------------------------- files inside a message


def message(*files: tuple[str, str]) -> etree._Element:
    parts = "".join(
        f"<TepDinhKem><Ten>{name}</Ten>{f'<NoiDung>{text}</NoiDung>' if text else ''}</TepDinhKem>"
        for name, text in files
    )
    return etree.fromstring(f'<HoSo xmlns="{CANONICAL_NAMESPACE}"><NoiDung>%PDF-</NoiDung>{parts}</HoSo>')


def test_files_are_found_where_they_carry_their_content() -> None:
    """Texts of the message itself are no files."""
    found = list(attachments_of(message(("a", PDF), ("b", ""), ("c", "R0lGODlh"))))
    assert [(each.place, kind_of(each)) for each in found] == [("TepDinhKem[1]", "pdf"), ("TepDinhKem[2]", "")]
    assert content_of(found[0]).startswith(b"%PDF-")
    assert has_signable(message(("a", PDF)))
    assert not has_signable(message(("c", "R0lGODlh")))


def test_every_element_that_may_hold_a_file_is_looked_into() -> None:
    """As the schemas of the canonical form have them: papers of a result are files as well."""
    folder = Path(__file__).parents[3] / "schemas" / "canonical" / "1"
    trees = [etree.parse(path) for path in folder.glob("*.xsd")]
    held = f".//{XS}element[@name='NoiDung'][@type='xs:base64Binary']"
    kinds = {
        kind for tree in trees for kind in tree.iter(f"{XS}complexType", f"{XS}group") if kind.find(held) is not None
    }
    names = {str(kind.get("name")) for kind in kinds}
    users = {each for tree in trees for each in tree.iter(f"{XS}complexType")
             if any(one.get("ref") in names for one in each.iter(f"{XS}group"))}  # fmt: skip
    names |= {str(each.get("name")) for each in users}
    owners = {
        str(each.get("name")) for tree in trees for each in tree.iter(f"{XS}element") if each.get("type") in names
    }
    assert owners == {"TepDinhKem", "Tep", "GiayToKetQua"}
    for owner in owners:
        found = etree.fromstring(
            f'<HoSo xmlns="{CANONICAL_NAMESPACE}"><{owner}><NoiDung>{PDF}</NoiDung></{owner}></HoSo>'
        )
        assert has_signable(found), owner


def test_white_space_in_base64_hides_no_file() -> None:
    """However much of it, and wherever: whoever decodes the content skips it."""
    whole = base64.b64encode(b"%PDF-1.7 /ByteRange" + b"x" * 3_000).decode()
    for text in (f"{whole[:4]}{chr(10) * 20_000}{whole[4:]}", " ".join(whole), f"{whole[:4]}{' ' * 20_000}"):
        (found,) = attachments_of(message(("a", text)))
        assert (kind_of(found) == "pdf") is content_of(found).startswith(b"%PDF-"), text[:20]


def test_a_signature_beside_its_file_is_matched_by_name_then_alone() -> None:
    """Never by a guess among several."""
    first, second, third = attachments_of(message(("don.pdf", PDF), ("anh.pdf", PDF), ("don.pdf.p7s", "MAsG")))
    assert beside(third, [first, second, third]) is first
    assert beside(third, [second, third]) is second
    assert beside(second, [first, second, third]) is None


@pytest.mark.parametrize(
    "text", [b"/ByteRange [0 1 2 3]", b"/Byte#52ange [0 1]", b"/#42#79teRange[", b"x/ByteRang#65 "]
)
def test_a_signature_is_not_hidden_by_how_its_name_is_written(text: bytes) -> None:
    """Escapes in names are read as viewers read them."""
    assert may_be_signed(b"%PDF-1.7 " + text)


@pytest.mark.parametrize("text", [b"", b"/Byte#53ange [", b"/ByteRang [", b"#52ange", b"/A#42#zz"])
def test_what_names_no_range_has_no_signature(text: bytes) -> None:
    """No process is started for it."""
    assert not may_be_signed(b"%PDF-1.7 " + text)


# ---------------------------------------------------------------- whose, and when

TRUST = {"trust": {"cong": {"folder": "tin-cay", "purpose": "public_service"}}}


def settings(**attachments: object) -> Settings:
    callers = {
        "a": {"system": "mot_cua_cmon", "agency": "H99.12", "user": "a", "secret": "env:A", "attachments": "refuse"},
        "b": {"system": "mot_cua_cmon", "agency": "H99.12", "user": "b", "secret": "env:A", "attachments": "off"},
        "c": {"system": "mot_cua_cmon", "agency": "H99.13", "user": "c", "secret": "env:A"},
    }
    given = {**TRUST, "callers": callers, "attachments": {"trust": "cong", **attachments}}
    return Settings(**given)  # type: ignore[arg-type]  # as read from files


@pytest.mark.parametrize("policy", ["warn", "refuse"])
def test_whoever_warns_or_refuses_says_whom_to_believe(policy: str) -> None:
    """Else everything would be wrong."""
    with pytest.raises(ValueError, match=r"attachments\.trust"):
        Settings(attachments={"policy": policy})


def test_a_store_that_is_not_declared_is_told() -> None:
    """With the nearest."""
    with pytest.raises(ValueError, match=r"attachments\.trust"):
        settings(trust="cing")


def test_what_we_fetch_is_refused_to_nobody() -> None:
    """It is warned of."""
    assert settings(policy="refuse").attachments.without_refusal() is AttachmentPolicy.WARN
    assert settings(policy="report").attachments.without_refusal() is AttachmentPolicy.REPORT


def test_of_two_callers_of_one_agency_the_stricter_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others have what [attachments] says."""
    monkeypatch.setattr("bus.compose_attachments.make_examiner", lambda *_, **__: lambda body: ())
    made = make_inspection(settings(), Cupboard(), SystemClock())
    assert made.of(Party("H99.12", "", "mot_cua_cmon")) is AttachmentPolicy.REFUSE
    assert made.of(Party("H99.13", "", "mot_cua_cmon")) is AttachmentPolicy.REPORT
    assert made.of(Party("G99", "", "cong_dvcqg")) is AttachmentPolicy.REPORT


def test_where_nobody_refuses_the_door_loads_nothing() -> None:
    """No store is opened for it, no thread kept."""
    plain = make_inspection(Settings(), Cupboard(), SystemClock())
    assert (plain.pool, plain.of(Party("H99.13", "", "x"))) == (None, AttachmentPolicy.REPORT)


def test_a_caller_does_not_wait_for_ever_at_the_door() -> None:
    """A reader that takes its time: come again."""
    pool = ThreadPoolExecutor(1)
    slow = Inspection(
        AttachmentPolicy.REFUSE, {}, lambda body: time.sleep(0.3) or (), pool, 0.01  # type: ignore[func-returns-value]
    )  # fmt: skip
    found = asyncio.run(slow.at_the_door((item("TN-01", attachments=AttachmentPolicy.REFUSE),)))
    pool.shutdown()
    assert isinstance(found, Problem)
    assert (found.code, found.retryable) == ("LT-ATT-008", True)


def test_nothing_in_a_message_keeps_its_files_from_being_looked_at() -> None:
    """However many signs a text beside them has that bound what strangers send; what cannot be read at all counts as
    not examined, never as a message without files."""
    examiner = Examiner(lambda: None, None, SystemClock())
    full = message(("a", PDF))
    full[0].text = "=" * 200_001
    assert [each.place for each in examiner(etree.tostring(full))] == ["TepDinhKem[1]"]
    assert [each.judgement for each in examiner(b"<HoSo>")] == [Judgement.UNEXAMINED]
    assert [each.judgement for each in examiner.given_up(b"<HoSo>")] == [Judgement.UNEXAMINED]
