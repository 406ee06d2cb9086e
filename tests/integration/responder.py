"""A responder for tests, behind real HTTP: answers as it is told to, by the tests' own small authority."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from tests.unit.signing.issuer import NOW, Holder, Issuer

HOUR = timedelta(hours=1)
GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN


@dataclass
class Responder:
    """What is said about one certificate; members may be changed between two questions."""

    issuer: Issuer
    paper: x509.Certificate
    status: ocsp.OCSPCertStatus = GOOD
    at: datetime = NOW - HOUR
    next_at: datetime | None = NOW + HOUR
    signer: Holder | None = None  # a delegate; None = the issuer
    nonce: str = "same"  # same | none | other
    about: x509.Certificate | None = None  # another certificate than the one asked about
    http: int = 200
    plain: bytes | None = None  # instead of an answer
    delay_s: float = 0.0
    asked: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append(question)
                time.sleep(outer.delay_s)
                body = outer.plain if outer.plain is not None else outer.answer(question)
                self.send_response(outer.http)
                self.send_header("Content-Type", "application/ocsp-response")
                self.send_header("Content-Length", str(len(body)))
                if outer.http == 302:
                    self.send_header("Location", outer.address)
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:  # whoever asked has gone
                    return

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/"

    def answer(self, question: bytes) -> bytes:
        """DER."""
        request = ocsp.load_der_ocsp_request(question)
        by = self.signer or self.issuer
        revoked_at = self.at if self.status is REVOKED else None
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                self.about or self.paper, self.issuer.paper, hashes.SHA1(), self.status, self.at, self.next_at,
                revoked_at, None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.NAME, by.paper)
        )  # fmt: skip
        if self.signer is not None:
            builder = builder.certificates([self.signer.paper])
        if self.nonce != "none":
            given = request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
            said = given if self.nonce == "same" else bytes(16)
            builder = builder.add_extension(x509.OCSPNonce(said), critical=False)
        return builder.sign(by.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def close(self) -> None:
        """Nobody is there any more."""
        self.server.shutdown()
        self.server.server_close()


def until(true: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Waits for something that happens in another thread."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
