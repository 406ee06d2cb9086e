"""Evidence: sealed, exported, checked without us; what is not proved is said, what was changed is named."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from adapters.wire.http_client import HttpClient
from bus.evidence.authorities import Authorities
from bus.evidence.export import gather
from bus.evidence.sealing import Sealer
from bus.records.jobs import Held, JobResult
from bus.turn import Turn
from signing.asic import seal
from signing.evidence import Record, Report, Standing, verify_evidence
from signing.jws import sign_detached
from signing.stamp.batch import BatchRules, Mode
from signing.trust import TrustRules, TrustStore
from tests.contract.journal_world import World, acceptance, item, world
from tests.interop.time_authority import TimeAuthority
from tests.unit.signing.issuer import DAY, Issuer

__all__ = ["world"]
pytestmark = pytest.mark.foreign("openssl")
RULES = BatchRules()


class Authority:
    """A time-stamp authority behind HTTP; can be switched off."""

    def __init__(self, folder: Path) -> None:
        self.real = TimeAuthority.made(folder)
        self.well = True
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked += 1
                answer = outer.real.answer(body) if outer.well else b"rac"
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/tsa"

    def asked_by(self, *more: str) -> Authorities:
        """As the bus asks it, after `more` addresses."""
        return Authorities((*more, self.address), self.real.trusted(), HttpClient())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    made = Authority(tmp_path_factory.mktemp("tsa"))
    yield made
    made.server.shutdown()


class Signer:
    """Our key, certified."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.root = Issuer.root()
        self.key = self.root.person(first=self.now - DAY, last=self.now + DAY).signing()
        self.trusted = TrustStore.of((self.root.paper,), purpose="ours", rules=TrustRules(revocation=False))


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


def sealer(world: World, signer: Signer, authorities: Authorities | None) -> Sealer:
    return Sealer(world.journal, world.clock, lambda text: sign_detached(text, signer.key), authorities, RULES)


def turn(world: World) -> Turn:
    return Turn(Held("seal", "w", 1), "", world.journal, world.clock, 1e9, lambda: False)


def accepted(world: World, code: str = "a") -> str:
    made = acceptance(item(code, idempotency_key=code, content_sha256=code))
    world.journal.accept(made).result(20)
    return made.raw.envelope.id


def exported(world: World, signer: Signer, message: str, **how: bool) -> bytes:
    journey = world.journal.journey(message)
    assert journey is not None
    return seal(gather(world.journal, journey, now=signer.now, **how), signer.key, now=signer.now)


def check(data: bytes, signer: Signer, authority: Authority | None = None) -> Report:
    times = authority.real.trusted() if authority is not None else None
    return verify_evidence(data, signer.trusted, times, now=signer.now)


def said(report: Report, standing: Standing) -> str:
    return "\n".join(one.en for one in report.statements if one.standing is standing)


def test_sealed_message_is_proved_to_the_last_thing(world: World, signer: Signer, authority: Authority) -> None:
    """Container, entries, body, and that they existed when an authority of time saw them."""
    message = accepted(world)
    done = sealer(world, signer, authority.asked_by()).run(turn(world))
    assert (done.result, done.backlog) == (JobResult.DONE, 0)
    report = check(exported(world, signer, message), signer, authority)
    assert report.holds
    assert said(report, Standing.BROKEN) == ""
    proved = said(report, Standing.PROVED)
    for words in (
        "container is whole",
        "Signed by",
        "entries fit their hashes",
        f"Body raw of message {message} is as",
        "existed at",
    ):
        assert words in proved
    assert report.message["message"]["envelope"]["id"] == message


def test_without_authority_the_signature_alone_vouches(world: World, signer: Signer) -> None:
    """Sealed by our own key: said so, and nothing passes for stamped."""
    message = accepted(world)
    sealer(world, signer, None).run(turn(world))
    report = check(exported(world, signer, message), signer)
    assert report.holds
    assert "by our own signature" in said(report, Standing.PROVED)
    assert "by its signer's word" in said(report, Standing.OPEN)


def test_seal_by_an_earlier_key_is_proved_where_the_key_goes_along(world: World, signer: Signer) -> None:
    """After a change of keys the container's own certificate says nothing of older seals: their keys are in it."""
    old, message = Signer(), accepted(world)
    sealer(world, old, None).run(turn(world))
    assert "signed by another key" in said(check(exported(world, signer, message), signer), Standing.OPEN)
    keys = {old.key.key_id: old.key.public()}
    files = gather(world.journal, world.journal.journey(message), now=signer.now, keys=keys)  # type: ignore[arg-type]  # there
    report = check(seal(files, signer.key, now=signer.now), signer)
    assert not said(report, Standing.OPEN).count("another key")
    assert "by our own signature" in said(report, Standing.PROVED)


def test_what_is_not_sealed_yet_is_open(world: World, signer: Signer) -> None:
    """A message exported at once says that its entries wait."""
    report = check(exported(world, signer, accepted(world)), signer)
    assert report.holds
    assert "not sealed yet" in said(report, Standing.OPEN)


def test_erased_body_is_still_proved(world: World, signer: Signer) -> None:
    """Without contents the digests stay on record."""
    data = exported(world, signer, accepted(world), bodies=False)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not [name for name in archive.namelist() if name.startswith("bodies/")]
    assert "its digest is on record" in said(check(data, signer), Standing.PROVED)


@pytest.mark.parametrize("name", ["message.json", "entries.jsonl", "seals.json", "bodies/"])
def test_any_change_breaks_the_container(world: World, signer: Signer, name: str) -> None:
    """Whoever changes a file of it is found out."""
    message = accepted(world)
    sealer(world, signer, None).run(turn(world))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(exported(world, signer, message))) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry, data + b" " if entry.filename.startswith(name) else data)
    assert not check(out.getvalue(), signer).holds


def test_whoever_signs_a_changed_story_anew_is_found_out(world: World, signer: Signer, authority: Authority) -> None:
    """Even with our key: an altered entry does not fit its hash, an exchanged one not its stamped seal."""
    message = accepted(world)
    sealer(world, signer, authority.asked_by()).run(turn(world))
    journey = world.journal.journey(message)
    assert journey is not None
    files = gather(world.journal, journey, now=signer.now)
    kind, lines = files["entries.jsonl"]
    row = json.loads(lines.splitlines()[0])
    altered = {**row, "text": row["text"].replace("accept", "reject")}
    report = check(_sealed(files, kind, altered, signer), signer, authority)
    assert "was altered" in said(report, Standing.BROKEN)
    altered["hash"] = sha256(f"{row['previous']}\n{altered['text']}".encode()).hexdigest()
    assert Record(**altered).is_whole
    report = check(_sealed(files, kind, altered, signer), signer, authority)
    assert not report.holds
    assert "is not in it" in said(report, Standing.BROKEN)


def _sealed(files: dict, kind: str, row: dict, signer: Signer) -> bytes:
    changed = {**files, "entries.jsonl": (kind, json.dumps(row).encode() + b"\n")}
    return seal(changed, signer.key, now=signer.now)


def test_stranger_container_is_not_believed(world: World, signer: Signer) -> None:
    """Signed by somebody else: refused by a trust store, named and not judged without one."""
    data = exported(world, Signer(), accepted(world))
    assert not check(data, signer).holds
    report = verify_evidence(data, None, None, now=signer.now)
    assert report.holds
    assert "not judged" in said(report, Standing.OPEN)


def test_rubbish_is_refused() -> None:
    """No container, no evidence."""
    report = verify_evidence(b"PK rac", None, None, now=datetime.now(UTC))
    assert not report.holds
    assert report.statements


def test_no_answer_leaves_entries_waiting_and_probes(
    world: World, signer: Signer, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """While no authority answers well nothing is sealed; then one record as a probe, then all the rest."""
    for number in range(5):
        accepted(world, f"m{number}")
    one = sealer(world, signer, authority.asked_by())
    waiting = world.journal.unsealed(100).waiting
    authority.well = False
    try:
        for _ in range(2):
            done = one.run(turn(world))
            assert (done.result, done.backlog) == (JobResult.AGAIN, waiting)
            assert one.stamping.mode is Mode.PROBE
        world.clock.turn(timedelta(hours=3.5).total_seconds())
        one.run(turn(world))
        assert "75 % of the grace" in caplog.text
        assert world.journal.last_seal() is None
    finally:
        authority.well = True
    asked = authority.asked
    done = one.run(turn(world))
    assert (done.result, done.backlog) == (JobResult.DONE, 0)
    assert authority.asked == asked + 2  # the probe, and one batch
    last = world.journal.last_seal()
    assert last is not None
    assert (last.number, bool(last.token)) == (2, True)


def test_second_authority_is_asked_when_the_first_is_away(world: World, signer: Signer, authority: Authority) -> None:
    """In order, at once."""
    accepted(world)
    one = sealer(world, signer, authority.asked_by("http://127.0.0.1:9/tsa"))
    assert one.run(turn(world)).result is JobResult.AGAIN
    assert one.run(turn(world)).result is JobResult.DONE
    assert world.journal.unsealed(1).waiting == 0
