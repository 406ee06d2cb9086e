"""Signatures inside attachments: a real journal, real signed files, the door before and the job after acceptance."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from adapters.manifest import AnswerKind
from adapters.wire.contract import Said
from bus.cli.examined import mark_of
from bus.cli.find import as_json as found_json
from bus.cli.show import as_json
from bus.clock import SystemClock
from bus.compose_attachments import make_examination_job
from bus.evidence.export import gather
from bus.examining import ExaminationJob, Examiner
from bus.inspection import Inspection
from bus.intake import Intake
from bus.journal import open_journal
from bus.key_cupboard import Cupboard
from bus.ports import Journal
from bus.records import Journey, Judgement, Query
from bus.records.examining import AttachmentPolicy
from bus.records.jobs import Held, JobResult
from bus.settings import Settings
from bus.turn import Turn
from bus.web.console.message_page import read_message
from signing.attachments import apart
from tests.unit.bus.kit import PORTAL, callback, house, read, submission
from tests.unit.signing.issuer import Issuer
from tests.unit.signing.signed_files import plain_pdf, shadowed, signed_cms, signed_pdf
from tests.unit.signing.test_attachments import AT, HOSTILE, World

PERSON, AGENCY = "Nguyễn Văn Ví Dụ", "Thử nghiệm H99"


@cache
def world() -> World:
    return World()


@cache
def signed() -> bytes:
    return signed_pdf(plain_pdf(), world().signer, world().middle)


def altered() -> bytes:
    return signed().replace(b"Giay phep", b"Giay phEp")


def strange() -> bytes:
    other = World()
    return signed_pdf(plain_pdf(), other.signer, other.middle)


def locked() -> bytes:
    """Signed, then encrypted with a password nobody gave us."""
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(signed())))
    writer.encrypt(owner_pass="a", user_pass="b")  # type: ignore[no-untyped-call]  # pyHanko
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]  # pyHanko
    return out.getvalue() + b"% /ByteRange\n"


@dataclass
class Desk:
    """A door and a worker's job over one journal on disk."""

    journal: Journal
    policy: AttachmentPolicy = AttachmentPolicy.REPORT
    counted: list[Judgement] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.house, self.clock = house(), SystemClock()
        self.examiner = Examiner(world().store, None, self.clock)

    def say(self, *files: bytes, code: str = "QG-DEMO-000125") -> Said:
        """A submission with these files; its last name is a person's."""
        texts = [base64.b64encode(each).decode() for each in files]
        more = [{"TenTepDinhKem": f"{PERSON}.pdf", "Base64": text} for text in texts[1:]]
        request = callback("addtthcKhuyenMai", submission(code, TepDonDangKy=texts[0], TaiLieuNop=more))
        pool = ThreadPoolExecutor(1)
        inspection = Inspection(self.policy, {}, self.examiner, pool, 60, self.counted.append)
        intake = Intake(self.journal, lambda records: None, self.house, self.clock, inspection=inspection)
        try:
            adapter = self.house.adapters["cong_dvcqg"]
            return asyncio.run(intake.handle(adapter, read("cong_dvcqg", request), request, PORTAL))
        finally:
            pool.shutdown()

    def work(self) -> JobResult:
        """One run of the job."""
        turn = Turn(Held("chu_ky_tep", "w", 1), "", self.journal, self.clock, 1e9, lambda: False)
        return ExaminationJob(self.journal, self.examiner, self.counted.append).run(turn).result

    def journey(self, said: Said) -> Journey:
        """Of what was answered."""
        found = self.journal.journey(said.values["message_id"])
        assert found is not None
        return found

    def judgements(self, said: Said) -> list[str]:
        """Of its attachments."""
        found = self.journey(said).examination
        assert found is not None
        return [each.judgement.value for each in found.attachments]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    journal = open_journal(f"sqlite:///{tmp_path / 'journal.sqlite'}")
    yield Desk(journal)
    journal.close()


FILES: dict[str, Callable[[], bytes]] = {
    "valid": signed, "invalid": altered, "changed": lambda: shadowed(signed()), "untrusted": strange,
    "unsigned": plain_pdf, "unexamined": locked,
}  # fmt: skip


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Said]]:
    """One message with a file of each kind and a picture, accepted, then looked at by the job."""
    journal = open_journal(f"sqlite:///{tmp_path_factory.mktemp('j') / 'journal.sqlite'}")
    desk = Desk(journal)
    said = desk.say(*(make() for make in FILES.values()), b"GIF89a")
    assert said.kind is AnswerKind.ACCEPTED
    waiting = desk.journey(said).examination
    assert waiting is not None
    assert not waiting.done
    assert desk.work() is JobResult.DONE
    yield desk, said
    journal.close()


def test_every_attachment_is_judged_after_acceptance(looked_at: tuple[Desk, Said]) -> None:
    """Accepted at once, whatever is in it; what was found stands with the message, in the order of the files."""
    desk, said = looked_at
    assert desk.judgements(said) == list(FILES)
    assert [each.value for each in desk.counted] == list(FILES)
    assert not desk.journal.verify_chain()


def test_what_is_shown_and_kept_names_agencies_and_no_person(looked_at: tuple[Desk, Said]) -> None:
    """The organisation and the serial number of the signer's certificate, its time; no file's name, no person's."""
    desk, said = looked_at
    journey = desk.journey(said)
    shown = as_json(journey)
    found = shown["attachments"]
    assert isinstance(found, dict)
    assert (found["judgement"], found["policy"], found["state"]) == ("invalid", "report", "done")
    first = found["files"][0]["signers"][0]
    assert first["serial"] == f"{world().signer.paper.serial_number:x}"
    assert first["claimed_at"]
    assert first["organisation"] == AGENCY
    (stage,) = [one for one in json.loads(json.dumps(shown["stages"], default=str)) if one["name"] == "examined"]
    assert "TepDinhKem[1] hợp lệ / valid" in stage["text"]
    assert AGENCY in stage["text"]
    assert stage["good"] is False
    assert stage["todo"]
    (entry,) = [each for each in desk.journal.entries_of([journey.envelope.id]) if each.kind == "attachments"]
    for text in (json.dumps(shown, default=str, ensure_ascii=False), entry.text):
        assert PERSON not in text
        assert "CN=" not in text


def test_the_finding_is_a_leaf_of_the_exported_evidence(looked_at: tuple[Desk, Said]) -> None:
    """The entry goes out with the message."""
    desk, said = looked_at
    files = gather(desk.journal, desk.journey(said), now=desk.clock.now())
    entries = next(data for name, (_, data) in files.items() if name.endswith("entries.jsonl")).decode()
    texts = [json.loads(json.loads(line)["text"]) for line in entries.splitlines()]
    (kept,) = [each for each in texts if each["kind"] == "attachments"]
    assert kept["facts"]["worst"] == "invalid"


def test_the_console_shows_it(looked_at: tuple[Desk, Said]) -> None:
    """With words, the agency, and what to do."""
    desk, said = looked_at
    page = read_message(desk.journal, said.values["message_id"], "", {})
    assert page is not None
    assert page.examined is not None
    words = {each.sign.word: each for each in page.examined.files}
    assert words["Hợp lệ"].signers[0].who == AGENCY
    assert words["Tệp bị thêm sau khi ký"].reasons[0][0] == "LT-ATT-003"


def test_it_is_found_by_its_worst_attachment(looked_at: tuple[Desk, Said]) -> None:
    """In the list, too; a warning is a mark there, a report is not."""
    desk, said = looked_at
    (line,) = desk.journal.find(Query(attachments=Judgement.INVALID))
    assert found_json(line)["attachments"] == "invalid"
    assert line.envelope.id == said.values["message_id"]
    assert line.examination is not None
    assert mark_of(line.examination) == ""
    assert "⚠" in mark_of(replace(line.examination, policy=AttachmentPolicy.WARN))


def test_a_message_without_such_files_waits_for_nobody(desk: Desk) -> None:
    """Pictures and texts carry no signature."""
    said = desk.say(b"GIF89a", b"abc")
    assert desk.journey(said).examination is None
    assert desk.journal.examinations_waiting().many == 0


def test_policy_off_looks_at_nothing(desk: Desk) -> None:
    """Neither before nor after."""
    desk.policy = AttachmentPolicy.OFF
    assert desk.journey(desk.say(altered())).examination is None


@pytest.mark.parametrize("kind", ["changed", "unexamined"])
def test_refuse_refuses_before_acceptance(desk: Desk, kind: str) -> None:
    """With a problem that names the attachment, and no more; what was found is kept as evidence."""
    desk.policy = AttachmentPolicy.REFUSE
    said = desk.say(plain_pdf(), FILES[kind]())
    assert said.kind is AnswerKind.INVALID
    (problem,) = said.problems
    assert (problem.code, "TepDinhKem[2]" in problem.text_vi) == ("LT-ATT-009", True)
    journey = desk.journey(said)
    assert (journey.verdict, journey.envelope.kind) == ("rejected", "goc")
    assert desk.judgements(said) == ["unsigned", kind]
    assert not desk.journal.verify_chain()


@pytest.mark.parametrize("kind", ["valid", "unsigned"])
def test_refuse_takes_what_is_right_and_what_nobody_signed(desk: Desk, kind: str) -> None:
    """What was found stands with the message at once; nothing waits."""
    desk.policy = AttachmentPolicy.REFUSE
    said = desk.say(FILES[kind]())
    assert said.kind is AnswerKind.ACCEPTED
    assert desk.judgements(said) == [kind]
    assert desk.journal.examinations_waiting().many == 0


def test_a_known_message_is_a_duplicate_however_it_is_judged_today(desk: Desk) -> None:
    """Taken while its signer was believed."""
    desk.policy = AttachmentPolicy.REFUSE
    first = desk.say(signed())
    desk.examiner = Examiner(lambda: None, None, desk.clock)
    again = desk.say(signed())
    assert (again.kind, again.values["message_id"]) == (AnswerKind.DUPLICATE, first.values["message_id"])


def test_our_own_trouble_refuses_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process can be started: the caller is asked to come again, nothing is kept as refused."""
    desk.policy = AttachmentPolicy.REFUSE
    monkeypatch.setattr(apart, "subprocess", _NoProcess)
    said = desk.say(signed())
    assert (said.kind, said.problems[0].code) == (AnswerKind.UNAVAILABLE, "LT-ATT-008")
    assert said.problems[0].retryable
    assert desk.journal.find(Query()) == ()


def test_after_three_tries_it_is_told_that_nobody_could_look(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never for ever, never silently."""
    said = desk.say(signed())
    monkeypatch.setattr(apart, "subprocess", _NoProcess)
    assert [desk.work() for _ in range(3)] == [JobResult.AGAIN, JobResult.AGAIN, JobResult.DONE]
    found = desk.journey(said).examination
    assert found is not None
    assert [(each.judgement, each.codes) for each in found.attachments] == [(Judgement.UNEXAMINED, ("LT-ATT-008",))]


def test_a_message_that_brought_its_worker_down_is_not_opened_again(desk: Desk) -> None:
    """Three takings without a word of it: the fourth worker tells it unseen."""
    said = desk.say(signed())
    for _ in range(3):
        desk.journal.take_examinations(1).result(20)
    desk.examiner = _Deadly(world().store, None, desk.clock)
    assert desk.work() is JobResult.DONE
    assert desk.judgements(said) == ["unexamined"]


def test_hostile_files_are_told_and_nothing_falls(desk: Desk) -> None:
    """Bombs, loops, cuts, each made to look signed: the job goes on to the end."""
    files = [
        data if data[:1] == b"\x30" else data + b"\n% /ByteRange" for name, data in HOSTILE.items() if name != "bomb"
    ]
    desk.examiner = Examiner(world().store, None, desk.clock, file_s=3)
    said = desk.say(*files)
    assert said.kind is AnswerKind.ACCEPTED, said.problems
    assert desk.work() is JobResult.DONE
    assert not {"valid", "untrusted"} & set(desk.judgements(said))


def test_a_signature_beside_its_file_finds_it(desk: Desk) -> None:
    """CMS of one attachment over the other; with the wrong one it does not fit."""
    over = b"noi dung"
    beside = signed_cms(over, world().signer, world().middle, beside=True)
    good, bad = desk.say(over, beside), desk.say(b"khac", beside, code="QG-DEMO-000126")
    desk.work()
    assert (desk.judgements(good), desk.judgements(bad)) == (["valid"], ["invalid"])


def test_signers_are_judged_by_the_declared_store_as_it_stands(desk: Desk, tmp_path: Path) -> None:
    """As a worker is wired; a list laid into the folder counts for the next message."""
    folder = tmp_path / "tin-cay"
    folder.mkdir()
    made = World()
    for number, each in enumerate((made.root, made.middle)):
        (folder / f"{number}.pem").write_bytes(each.pem)
        (folder / f"{number}.crl").write_bytes(_list(each))
    trust = {"cong": {"folder": "tin-cay", "purpose": "public_service"}}
    settings = Settings(folder=tmp_path, trust=trust, attachments={"trust": "cong"})
    job = make_examination_job(settings, desk.journal, Cupboard(), desk.clock)
    paper = signed_pdf(plain_pdf(), made.signer, made.middle)
    first = desk.say(paper)
    turn = Turn(Held(job.name, "w", 1), "", desk.journal, desk.clock, 1e9, lambda: False)
    job.run(turn)
    made.middle.revoke(made.signer, at=AT)
    (folder / "1.crl").write_bytes(_list(made.middle))
    second = desk.say(paper, code="QG-DEMO-000126")
    time.sleep(2.1)  # a folder is looked at every two seconds
    job.run(turn)
    assert (desk.judgements(first), desk.judgements(second)) == (["valid"], ["untrusted"])


def _list(of: Issuer) -> bytes:
    return of.crl(at=AT - timedelta(minutes=5), next_at=AT + timedelta(days=1))


class _NoProcess:
    """A machine that starts no process any more."""

    TimeoutExpired = TimeoutError

    @staticmethod
    def run(*_: object, **__: object) -> None:
        raise BlockingIOError("fork")


class _Deadly(Examiner):
    """Whoever looks falls."""

    def __call__(self, body: bytes) -> tuple[()]:
        raise AssertionError("opened again")
