"""The responder of openssl, asked live: good, revoked, unknown, delegated; and what it said is kept in a signature."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bus.live_trust import LiveTrust
from bus.status_answers import StatusAnswers
from bus.status_rule import StatusRule
from schemas.problem import Problem, Refused
from signing.dsig.key_info import Hints
from signing.policy import XADES
from signing.trust import TrustRules, TrustStore
from signing.xades import Lasting, sign_document, verify_lasting
from tests.foreign import path_of
from tests.unit.signing.issuer import DAY, Holder, Issuer

pytestmark = pytest.mark.foreign("openssl")
NOW = datetime.now(UTC)


@dataclass
class World:
    """openssl as a responder over the tests' own authority."""

    folder: Path
    root: Issuer
    good: Holder
    revoked: Holder
    stranger: Holder
    port: int

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/"

    def trust(self, name: str, **how: object) -> LiveTrust:
        """A store that asks it."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "root.crt").write_bytes(self.root.pem)
        rule = StatusRule({"*": self.address}, needs_nonce=True, timeout_s=10.0, wait_s=10.0)
        self.source = StatusAnswers(name, rule)
        return LiveTrust(
            folder, None, name=name, purpose="partner", rules=TrustRules(), policy=XADES,
            monotonic=time.monotonic, source=self.source,
        )  # fmt: skip


def _line(holder: Holder, *, revoked: bool) -> str:
    """Of the authority's index, as openssl keeps it."""
    at = f"{NOW - DAY:%y%m%d%H%M%SZ}" if revoked else ""
    serial = f"{holder.paper.serial_number:X}"
    serial = serial if len(serial) % 2 == 0 else f"0{serial}"
    return (
        "\t".join(("R" if revoked else "V", f"{NOW + 900 * DAY:%y%m%d%H%M%SZ}", at, serial, "unknown", "/CN=x")) + "\n"
    )


def _listening(server: subprocess.Popen[bytes]) -> int:
    """Its port, once it says that it waits. It is not to be tried: a connection without a question blocks it."""
    assert server.stdout is not None
    said = server.stdout.readline().decode()
    assert b"waiting" in server.stdout.readline(), said
    found = re.search(r":(\d+) PID", said)
    assert found is not None, said
    return int(found[1])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A delegate of the authority signs; the authority itself is never online."""
    folder = tmp_path_factory.mktemp("ocsp")
    root = Issuer.root()
    first, last = NOW - 10 * DAY, NOW + 900 * DAY
    good, revoked, stranger = (root.person(name, first=first, last=last) for name in ("Tốt", "Thu hồi", "Lạ"))
    delegate = root.person("Máy trả lời", first=first, last=last, for_status=True)
    files = {"root.pem": root.pem, "delegate.pem": delegate.pem, "delegate.key": delegate.private}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "index.txt").write_text(_line(good, revoked=False) + _line(revoked, revoked=True), encoding="ascii")
    command = [
        str(path_of("openssl")), "ocsp", "-index", "index.txt", "-port", "0", "-CA", "root.pem", "-rsigner",
        "delegate.pem", "-rkey", "delegate.key", "-ndays", "1", "-rmd", "sha256",
    ]  # fmt: skip
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield World(folder, root, good, revoked, stranger, _listening(server))
    finally:
        server.kill()
        server.wait()


def code(trust: LiveTrust, holder: Holder) -> str:
    """ "" = believed."""
    found = trust.key(Hints(certificates=(holder.der,)), now=datetime.now(UTC))
    return found[0].code if isinstance(found, tuple) and isinstance(found[0], Problem) else ""


def test_what_openssl_says_decides(world: World) -> None:
    """Good lets in; revoked and unknown keep out; each answer carries our nonce and a delegate's signature."""
    trust = world.trust("kho")
    found = [code(trust, one) for one in (world.good, world.revoked, world.stranger)]
    assert found == ["", "LT-TRUST-013", "LT-TRUST-014"]
    world.source.close()


def test_a_signature_keeps_the_answer_it_needs(world: World) -> None:
    """XAdES-LT: fetched at signing, judged later from the signature alone, with nobody to ask and no list."""
    trust = world.trust("lau-dai")
    now = datetime.now(UTC)
    keep = trust.lasting(world.good.der, now=now)
    assert (len(keep.certificates), len(keep.lists), len(keep.answers)) == (1, 0, 1)
    signed = sign_document(b"<HoSo><Ma>H99</Ma></HoSo>", world.good.signing(), now=now, keep=keep)
    bare = sign_document(b"<HoSo><Ma>H99</Ma></HoSo>", world.good.signing(), now=now)
    store = TrustStore.of((world.root.paper,), purpose="partner")
    found = verify_lasting(signed, store, None, now=now + timedelta(hours=1))
    assert isinstance(found, Lasting), found
    refused = verify_lasting(bare, store, None, now=now + timedelta(hours=1))
    assert not isinstance(refused, Lasting)
    assert refused[0].code == "LT-TRUST-014"
    with pytest.raises(Refused, match="LT-TRUST-013"):
        trust.lasting(world.revoked.der, now=now)
    world.source.close()
