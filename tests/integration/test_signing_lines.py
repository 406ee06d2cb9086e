"""Signing over real HTTP: revocation lists fetched, a remote signer, and messages secured to an endpoint."""

from __future__ import annotations

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from adapters.wire.contract import Exchange, Fault, PartnerReply, SendOrder, Target
from adapters.wire.registry import outbound
from bus.compose import target_of
from bus.journal import MemoryJournal
from bus.key_cupboard import Cupboard
from bus.keyring import KeySigner
from bus.records.jobs import Held, JobResult
from bus.revocation_lists import ListFetch
from bus.settings import Settings, load
from bus.turn import Finished, Turn
from schemas.problem import Refused
from schemas.xmldoc import parse
from signing.jws import verify_detached
from signing.keys import VerifyKey
from signing.policy import PARTNER_SOAP
from signing.wss import REQUIRED, MemoryReplays, Users, secure, verify_soap
from tests.unit.bus.kit import SetClock, adapter
from tests.unit.signing.issuer import DAY, Holder, Issuer

NOW = datetime.now(UTC)
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
Answer = Callable[[str, bytes], tuple[int, bytes]]  # path, body → status, body


class Line:
    """A server that answers what the test wants, and remembers."""

    def __init__(self) -> None:
        line = self
        self.answer: Answer = lambda path, body: (404, b"")
        self.seen: list[tuple[str, dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                line.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                status, reply = line.answer(self.path, body)
                self.send_response(status)
                self.send_header("content-type", "text/xml; charset=utf-8")
                self.send_header("content-length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def line() -> Iterator[Line]:
    """One."""
    made = Line()
    yield made
    made.server.shutdown()
    made.server.server_close()


# ---------------------------------------------------------------- revocation lists


class Lists:
    """A store whose list is fetched."""

    def __init__(self, folder: Path, line: Line) -> None:
        self.root, self.line = Issuer.root(), line
        (folder / "kho").mkdir()
        (folder / "kho" / "goc.pem").write_bytes(self.root.pem)
        rule = {"folder": "kho", "lists": [f"{line.address}/goc.crl"]}
        self.settings = load(folder, over={"data": folder / "data", "trust": {"kho": rule}})
        self.cupboard = Cupboard()

    def run(self, answer: bytes, *, status: int = 200) -> Finished:
        """One run, answered so."""
        self.line.answer = lambda path, body: (status, answer)
        turn = Turn(Held("a", "w", 1), "", MemoryJournal(), SetClock(), 60.0, lambda: False)
        return ListFetch("kho", self.settings, self.cupboard).run(turn)

    def kept(self) -> list[bytes]:
        """What lies in the data folder."""
        return [file.read_bytes() for file in (self.settings.data / "trust" / "kho").glob("*.crl")]


def test_a_list_is_fetched_kept_and_not_written_twice(tmp_path: Path, line: Line) -> None:
    """Only from the declared address."""
    lists = Lists(tmp_path, line)
    first, second = (
        lists.root.crl(at=NOW - 2 * DAY, next_at=NOW + DAY),
        lists.root.crl(at=NOW - DAY, next_at=NOW + DAY, number=2),
    )
    assert (lists.run(first).result, lists.kept()) == (JobResult.DONE, [first])
    assert lists.run(first).taken == 0
    assert (lists.run(second).taken, lists.kept()) == (1, [second])
    assert {path for path, _, _ in line.seen} == {"/goc.crl"}


@pytest.mark.parametrize("wrong", ["old", "foreign", "page", "status"])
def test_a_list_that_proves_nothing_replaces_nothing(tmp_path: Path, line: Line, wrong: str) -> None:
    """The one that is there stays, and the operator reads why."""
    lists = Lists(tmp_path, line)
    good = lists.root.crl(at=NOW - DAY, next_at=NOW + DAY, number=2)
    lists.run(good)
    answer = {
        "old": lists.root.crl(at=NOW - 3 * DAY, next_at=NOW + DAY), "foreign": Issuer.root().crl(),
        "page": b"<html>", "status": good,
    }[wrong]  # fmt: skip
    done = lists.run(answer, status=500 if wrong == "status" else 200)
    assert (done.result, lists.kept()) == (JobResult.AGAIN, [good])
    assert line.address in done.text


# ---------------------------------------------------------------- our key elsewhere


def test_a_remote_signer_signs_and_its_absence_is_named(tmp_path: Path, line: Line) -> None:
    """It sees a digest alone, is shown our token, and nothing is signed by anybody else in its place."""
    holder = Issuer.root().person(first=NOW - DAY, last=NOW + DAY)
    (tmp_path / "bus.crt").write_bytes(holder.pem)
    (tmp_path / "token").write_text("abc\n")
    remote = {"address": f"{line.address}/csc/v2", "credential": "bus", "authorization": "file:token"}
    signing = {"keys": {"bus": {"remote": remote, "certificate": "file:bus.crt"}}}
    signer = KeySigner.of(load(tmp_path, over={"signing": signing}))

    def sign(path: str, body: bytes) -> tuple[int, bytes]:
        asked = json.loads(body)
        assert isinstance(holder.key, ec.EllipticCurvePrivateKey)
        value = holder.key.sign(b64decode(asked["hash"][0]), ec.ECDSA(Prehashed(hashes.SHA256())))
        return 200, json.dumps({"signatures": [b64encode(value).decode()]}).encode()

    line.answer = sign
    assert not verify_detached(b"noi dung", signer.jws(b"noi dung"), signer.ring.public())
    path, headers, body = line.seen[-1]
    assert (path, headers["authorization"]) == ("/csc/v2/signatures/signHash", "Bearer abc")
    assert b"noi dung" not in body
    line.answer = lambda path, body: (503, b"")
    with pytest.raises(Refused) as refused:
        signer.jws(b"noi dung")
    assert refused.value.problems[0].code == "LT-SIGN-009"


# ---------------------------------------------------------------- messages to an endpoint


class Endpoint:
    """One that is called with WS-Security, and its partner."""

    def __init__(self, folder: Path, line: Line, **endpoint: object) -> None:
        root = Issuer.root()
        span = {"first": NOW - DAY, "last": NOW + DAY}
        self.ours, self.theirs, self.line = root.person(**span), root.person(**span), line
        for name, data in (
            ("bus.pem", self.ours.private), ("bus.crt", self.ours.pem), ("ho.crt", self.theirs.pem),
            ("mk", "bí <mật>".encode()),
        ):  # fmt: skip
            (folder / name).write_bytes(data)
        rule = {
            "system": "gplx_dlms", "address": f"{line.address}/a.asmx", "security": "wss", "user": "bus",
            "secret": "file:mk", **endpoint,
        }  # fmt: skip
        signing = {"key": "file:bus.pem", "certificate": "file:bus.crt", "key_id": "bus"}
        self.settings: Settings = load(folder, over={"signing": signing, "endpoints": {"gplx": rule}})
        self.cupboard = Cupboard()
        self.target: Target = target_of(self.settings, "gplx", self.settings.endpoints["gplx"], self.cupboard)

    def send(self, target: Target | None = None) -> tuple[Exchange, PartnerReply]:
        """One question and its answer."""
        order = SendOrder(
            adapter("gplx_dlms"), target or self.target, "GetTrangThaiHoSo",
            b'<GetTrangThaiHoSo xmlns="http://tempuri.org/"><maDK>1</maDK></GetTrangThaiHoSo>', "", "", "m1", 10.0,
        )  # fmt: skip
        wire = outbound("soap")
        exchange = wire.send(order)
        return exchange, wire.reply(order, exchange)

    def replies(self, by: Holder | None, *, at: datetime | None = None, fault: bool = False) -> None:
        """The partner answers so from now on."""
        inside = (
            "<s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring></s:Fault>" if fault else
            '<GetTrangThaiHoSoResponse xmlns="http://tempuri.org/"><GetTrangThaiHoSoResult>1</GetTrangThaiHoSoResult>'
            "</GetTrangThaiHoSoResponse>"
        )  # fmt: skip
        bare = f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{inside}</s:Body></s:Envelope>'.encode()

        def answer(path: str, body: bytes) -> tuple[int, bytes]:
            key = by.signing("ho") if by is not None else None
            return 500 if fault else 200, secure(bare, key, now=at or datetime.now(UTC)) if key else bare

        self.line.answer = answer


def read(body: bytes, key: VerifyKey, replays: MemoryReplays, *, users: Users | None = None) -> str:
    """The partner's own check; whose login it was."""
    root = parse(body)
    required = replace(REQUIRED, login=users is not None)
    return verify_soap(root, {"bus": key}, required=required, replays=replays, now=datetime.now(UTC), users=users).user


@pytest.mark.parametrize("login", ["", "digest", "text"])
def test_each_try_is_signed_anew(tmp_path: Path, line: Line, login: str) -> None:
    """A retry is no replay; the login travels under the signature."""
    endpoint = Endpoint(tmp_path, line, login=login)
    endpoint.replies(None)
    endpoint.send()
    endpoint.send()
    key = VerifyKey.from_pem(endpoint.ours.pem, key_id="bus", policy=PARTNER_SOAP)
    replays = MemoryReplays()
    users = Users(lambda user: "bí <mật>" if user == "bus" else None, text=True) if login else None
    assert [read(body, key, replays, users=users) for _, _, body in line.seen] == [("bus" if login else "")] * 2
    assert endpoint.cupboard.signer(endpoint.settings).ring.uses == {"bus": 2}


@pytest.mark.parametrize(
    ("reply", "by", "good"),
    [
        ("required", "theirs", True), ("required", "ours", False), ("required", "", False), ("optional", "", True),
        ("optional", "ours", False), ("optional", "theirs", True), ("", "", True),
    ],
)  # fmt: skip
def test_an_answer_is_believed_as_agreed(tmp_path: Path, line: Line, reply: str, by: str, good: bool) -> None:
    """Required: signed by them. Optional: where it is signed, then by them."""
    endpoint = Endpoint(tmp_path, line, reply_signature=reply, certificates=["file:ho.crt"])
    endpoint.replies({"theirs": endpoint.theirs, "ours": endpoint.ours}.get(by))
    _, told = endpoint.send()
    assert (not told.problems) is good
    assert (told.element is not None) is good


def test_an_old_answer_is_not_believed_again(tmp_path: Path, line: Line) -> None:
    """Whoever recorded an acceptance yesterday accepts nothing today."""
    endpoint = Endpoint(tmp_path, line, reply_signature="required", certificates=["file:ho.crt"])
    endpoint.replies(endpoint.theirs, at=NOW - timedelta(hours=1))
    assert [found.code for found in endpoint.send()[1].problems] == ["LT-WSS-012"]


def test_a_bare_fault_is_told_and_is_no_success(tmp_path: Path, line: Line) -> None:
    """Who could not read us cannot know whom to sign for; the operator reads what they said."""
    endpoint = Endpoint(tmp_path, line, reply_signature="required", certificates=["file:ho.crt"])
    endpoint.replies(None, fault=True)
    _, told = endpoint.send()
    assert (told.text, [found.code for found in told.problems]) == ("no", ["LT-WIRE-033"])


def test_without_our_key_nothing_leaves(tmp_path: Path, line: Line) -> None:
    """Not a byte, signed or bare."""
    endpoint = Endpoint(tmp_path, line)
    away = replace(
        endpoint.target.security,
        signer=replace(endpoint.cupboard.signer(endpoint.settings), now=lambda: NOW + 400 * DAY),
    )  # type: ignore[type-var]  # ours is a dataclass
    exchange, _ = endpoint.send(replace(endpoint.target, security=away))
    assert (exchange.fault, exchange.sent, line.seen) == (Fault.KEY, False, [])
    assert "LT-SIGN-008" in exchange.detail
