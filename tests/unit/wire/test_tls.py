"""TLS: certificates are checked by default, and a handshake is not a byte of the message."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.wire.contract import Exchange, Fault, Target
from adapters.wire.http_client import HttpClient, Outgoing
from tests.unit.wire.lines import answer, says, serving, trickles


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-made certificate for 127.0.0.1 with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "thu.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "thu.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


def server_side(certificate: Path) -> ssl.SSLContext:
    """A server's context."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def exchange(address: str, *, timeout_s: float = 5.0, verify: bool = True, **settings: str) -> Exchange:
    """One POST by a new client."""
    client = HttpClient()
    try:
        target = Target("dau_cuoi", address, settings, verify_tls=verify)
        return client.exchange(target, Outgoing(address, b"<a/>", {}, timeout_s))
    finally:
        client.close()


def test_a_certificate_nobody_vouches_for_is_refused_before_a_byte_is_sent(certificate: Path) -> None:
    """By default an unknown certificate ends the attempt, and nothing was sent."""
    with serving(says(answer("{}")), tls=server_side(certificate)) as line:
        got = exchange(line.address)
        assert (got.fault, got.sent, line.requests) == (Fault.CONNECT, False, [])
        assert line.connections == 1  # a wrong certificate is not tried again


def test_a_declared_authority_is_believed(certificate: Path) -> None:
    """The endpoint's settings may name the authority of a partner."""
    with serving(says(answer("{}")), tls=server_side(certificate)) as line:
        assert exchange(line.address, tls_ca=str(certificate)).status == 200


def test_checking_can_be_switched_off_for_one_endpoint(certificate: Path) -> None:
    """Only where the settings say so."""
    with serving(says(answer("{}")), tls=server_side(certificate)) as line:
        assert exchange(line.address, verify=False).status == 200


def test_the_deadline_holds_over_tls(certificate: Path) -> None:
    """A trickle inside TLS does not stretch it either, and the message counts as sent."""
    play = trickles(b"x", every_s=0.05, first=b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    with serving(play, tls=server_side(certificate)) as line:
        started = time.monotonic()
        got = exchange(line.address, timeout_s=0.6, verify=False)
        took = time.monotonic() - started
    assert (got.fault, got.sent) == (Fault.TIMEOUT, True)
    assert took < 1.5


def test_a_handshake_that_never_ends_is_not_sent() -> None:
    """A server that accepts and says nothing got no byte of the message."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        started = time.monotonic()
        got = exchange(f"https://127.0.0.1:{port}/", timeout_s=0.5, verify=False)
    assert (got.fault, got.sent) == (Fault.CONNECT, False)
    assert time.monotonic() - started < 1.5
