"""The doctor's looks at queue servers and endpoints, against real ones."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bus.compose import open_queue
from bus.doctor.finding import Finding, Verdict
from bus.doctor.partners import look_at_endpoints
from bus.doctor.stores import look_at_queue
from bus.journal import open_journal
from bus.queue import EmbeddedServer
from bus.settings import Settings, load


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A queue server of our own."""
    made = EmbeddedServer(tmp_path_factory.mktemp("q"))
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def settings(server: EmbeddedServer, tmp_path: Path) -> Settings:
    """A bus with a journal and that server."""
    found = load(tmp_path, over={"data": tmp_path / "data", "queue": {"redis_url": server.url}})
    open_journal(found.journal_url()).close()
    return found


def codes(findings: Iterator[Finding]) -> set[str]:
    return {one.problem.code for one in findings if one.problem is not None}


def test_our_own_server_is_as_it_should_be(settings: Settings) -> None:
    """It keeps what it is told, throws nothing away, and its clock is ours."""
    findings = list(look_at_queue(settings, running=False))
    assert {one.subject for one in findings if one.verdict is Verdict.GOOD} >= {"máy chủ / server", "AOF"}
    assert codes(iter(findings)) == set()


def test_a_server_that_forgets_is_told(settings: Settings, server: EmbeddedServer) -> None:
    """One that throws keys away when full is wrong; one that keeps nothing over a restart is worth a word."""
    client = redis.Redis.from_url(server.url)
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.config_set("appendonly", "no")
    try:
        findings = list(look_at_queue(settings, running=False))
        with closing(open_queue(settings)) as queue:
            queue.start_generation(1)
            queue.server()
            evicts = queue.stats().evicts  # what the watch tells in health, metrics and console
    finally:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("appendonly", "yes")
        client.flushall()
        client.close()
    assert (codes(iter(findings)), evicts) == ({"LT-DOC-022"}, "allkeys-lru")
    assert [one.verdict for one in findings if one.subject == "AOF"] == [Verdict.NOTE]


def test_a_foreign_generation_is_wrong_while_the_bus_runs(settings: Settings) -> None:
    """A queue that is not this journal's is wrong if nobody mends it, and only a note while nobody could."""
    journal = open_journal(settings.journal_url())
    journal.new_generation().result(20)
    journal.close()
    assert codes(look_at_queue(settings, running=False)) == set()
    assert codes(look_at_queue(settings, running=True)) == {"LT-DOC-024"}


def test_no_server_is_wrong_where_one_is_declared(tmp_path: Path) -> None:
    """A declared server that does not answer is wrong, also with the bus down."""
    settings = load(tmp_path, over={"data": tmp_path, "queue": {"redis_url": "redis://127.0.0.1:1/0"}})
    assert codes(look_at_queue(settings, running=False)) == {"LT-DOC-020"}


# ---------------------------------------------------------------- endpoints


def certificate(folder: Path, *, days: int) -> Path:
    """A self-signed certificate for localhost, valid until so many days from now, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    paper = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=60)).not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "tls.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + paper.public_bytes(serialization.Encoding.PEM)
    )
    return file


class Listening:
    """A server that takes connections and counts what bytes of a message come; with a certificate, over TLS."""

    def __init__(self, paper: Path | None = None) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.received = b""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if paper else None
        if self._context is not None:
            self._context.load_cert_chain(str(paper))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            try:
                with self._context.wrap_socket(peer, server_side=True) if self._context else peer as talk:
                    self.received += talk.recv(1000)
            except OSError:
                continue


def endpoints(tmp_path: Path, **addresses: str) -> Settings:
    """Settings with these endpoints."""
    made = {name: {"system": name, "address": address} for name, address in addresses.items()}
    return load(tmp_path, over={"data": tmp_path, "endpoints": made})


def test_an_endpoint_is_reached_without_a_message(tmp_path: Path) -> None:
    """A connection is opened and closed; not one byte is sent. A closed port is wrong, by the endpoint's name."""
    there = Listening()
    settings = endpoints(tmp_path, co=f"http://127.0.0.1:{there.port}/x", khong="http://127.0.0.1:1/", sai="http://")
    findings = {one.subject: one for one in look_at_endpoints(settings)}
    there.socket.close()
    assert findings["co"].verdict is Verdict.GOOD
    assert {name for name, one in findings.items() if one.problem and one.problem.code == "LT-DOC-040"} == {
        "khong",
        "sai",
    }
    assert there.received == b""


def test_a_partner_that_does_not_answer_takes_three_seconds(tmp_path: Path) -> None:
    """Silent partners are looked at side by side, each with its own three seconds."""
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers = [socket.socket() for _ in range(4)]
    for one in fillers:
        one.setblocking(False)
        one.connect_ex(full.getsockname())
    address = f"http://127.0.0.1:{full.getsockname()[1]}/"
    import time

    began = time.monotonic()
    found = codes(look_at_endpoints(endpoints(tmp_path, mot=address, hai=address, ba=address)))
    for one in (*fillers, full):
        one.close()
    assert found == {"LT-DOC-040"}
    assert time.monotonic() - began < 8


@pytest.mark.parametrize(
    ("days", "trusted", "verdict", "code"),
    [
        (400, True, Verdict.GOOD, ""),
        (10, True, Verdict.NOTE, ""),
        (-1, True, Verdict.WRONG, "LT-DOC-041"),
        (400, False, Verdict.WRONG, "LT-DOC-041"),
    ],
)
def test_a_certificate_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, trusted: bool, verdict: Verdict, code: str
) -> None:
    """Valid is good, soon over is worth a word, expired or from nobody we trust is wrong."""
    paper = certificate(tmp_path, days=days)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(paper))
    there = Listening(paper)
    (found,) = look_at_endpoints(endpoints(tmp_path, x=f"https://localhost:{there.port}/"))
    there.socket.close()
    assert found.verdict is verdict
    assert (found.problem.code if found.problem else "") == code
