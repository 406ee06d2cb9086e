"""Our callers against the simulated portal and licence office, separate processes over real HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.adapter import Adapter
from adapters.registry import load_system
from adapters.replies import ReplyVerdict, classify
from adapters.wire.contract import Exchange, Fault, SendOrder, Target
from adapters.wire.http_client import HttpClient
from adapters.wire.registry import outbound, render
from schemas.xmldoc import parse
from signing.jws import sign_detached
from signing.keys import SigningKey

ROOT = Path(__file__).parents[3]
SYSTEMS = ROOT / "adapters" / "systems"
PASSWORD = "mật khẩu thử"
Start = Callable[..., str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts simulators on free ports and tells their addresses."""
    running: list[subprocess.Popen[str]] = []

    def begin(kind: str, *options: str) -> str:
        command = [
            sys.executable,
            "-m",
            "bus.simulators",
            kind,
            "--port",
            "0",
            "--ledger",
            str(tmp_path / kind),
            *options,
        ]
        environment = {**os.environ, "SIM_PASSWORD": PASSWORD}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
        running.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip().removeprefix("listening on ")

    yield begin
    for process in running:
        process.kill()
        process.communicate()


class Caller:
    """One endpoint with its adapter and wire."""

    def __init__(self, system: str, address: str) -> None:
        self.adapter: Adapter = load_system(SYSTEMS / system)
        self.http = HttpClient()
        self.wire = outbound(self.adapter.manifest.wire, self.http)
        settings = {"madonvi": "000.00.00.H99", "dstcode": "VN:GOV:thu"}
        self.target = Target(system, address, settings, user="motcua.thu", secret=PASSWORD)
        self.last = Exchange(Fault.NONE, False, 0, {}, b"", "", 0, "", 0)

    def send(self, name: str, content: bytes, *, variant: str = "create", signature: str = "") -> ReplyVerdict:
        """One exchange and what it means."""
        order = SendOrder(
            self.adapter, self.target, name, content, signature, variant, message_id="0" * 32, timeout_s=8.0
        )  # fmt: skip
        self.last = self.wire.send(order)
        return classify(self.adapter.manifest.operations[name], self.last, self.wire.reply(order, self.last))

    def sample(self, name: str) -> bytes:
        """The content a sample of the system's folder stands for."""
        file = next(self.adapter.folder.glob(f"samples/out/{name}.expected.*"))
        if file.suffix == ".json":
            return file.read_bytes().rstrip(b"\n")
        operation = name.partition("-")[0]
        element = parse(file.read_bytes())
        return render(self.adapter, operation, self.adapter.manifest.operations[operation], element)[0]


@pytest.fixture
def portal(start: Start) -> Iterator[Callable[..., Caller]]:
    """A caller of a portal started with these options."""
    made: list[Caller] = []

    def begin(*options: str) -> Caller:
        address = start("portal", "--user", "motcua.thu", "--password-env", "SIM_PASSWORD", *options)
        made.append(Caller("cong_dvcqg", address))
        return made[-1]

    yield begin
    for caller in made:
        caller.http.close()


def test_create_exists_update_and_ask(portal: Callable[..., Caller]) -> None:
    """The whole life of a dossier at the portal, as the manifest reads the replies."""
    caller = portal()
    dossier, question = caller.sample("DongBoHoSoMC-toi-thieu"), caller.sample("TraCuuHoSo-hoi")
    assert caller.send("TraCuuHoSo", question).outcome == "rejected"
    assert caller.send("CapNhatTienDoHoSoMC", caller.sample("CapNhatTienDoHoSoMC-mot-buoc")).outcome == "rejected"
    assert caller.send("DongBoHoSoMC", dossier).outcome == "accepted"
    again = caller.send("DongBoHoSoMC", dossier)
    assert (again.outcome, again.again) == ("duplicate", "update")
    assert caller.send("DongBoHoSoMC", dossier, variant="update").outcome == "accepted"
    assert caller.send("TraCuuHoSo", question).outcome == "accepted"
    assert caller.send("CapNhatTienDoHoSoMC", caller.sample("CapNhatTienDoHoSoMC-mot-buoc")).outcome == "accepted"


def test_an_expired_session_is_renewed_once(portal: Callable[..., Caller]) -> None:
    """The portal says so in words; the next send logs in anew."""
    caller = portal("--session-calls", "1")
    question = caller.sample("TraCuuHoSo-hoi")
    assert caller.send("TraCuuHoSo", question).outcome == "rejected"
    expired = caller.send("TraCuuHoSo", question)
    assert (expired.outcome, expired.again) == ("refused", "login")
    caller.wire.forget_login(caller.target.endpoint)
    assert caller.send("TraCuuHoSo", question).outcome == "rejected"


def test_a_wrong_password_is_refused_and_nothing_is_sent(portal: Callable[..., Caller]) -> None:
    """The message stays with us."""
    caller = portal()
    caller.target = replace(caller.target, secret="sai")
    assert caller.send("DongBoHoSoMC", caller.sample("DongBoHoSoMC-toi-thieu")).outcome == "refused"
    assert not caller.last.sent


def test_a_lost_reply_is_unclear_and_asking_finds_the_dossier(portal: Callable[..., Caller]) -> None:
    """Dropped after commit: neither success nor failure, until asked."""
    caller = portal("--drop-after-commit", "1.0")
    assert caller.send("DongBoHoSoMC", caller.sample("DongBoHoSoMC-toi-thieu")).outcome == "unclear"
    assert (caller.last.fault, caller.last.sent) == (Fault.RESET, True)
    urllib3.request("POST", f"{caller.target.address}/_sim/set", json={"drop_after_commit": 0})
    assert caller.send("TraCuuHoSo", caller.sample("TraCuuHoSo-hoi")).outcome == "accepted"


@pytest.mark.parametrize("mishap", ["--html-rate", "--bad-code-rate"])
def test_an_odd_answer_is_never_success(portal: Callable[..., Caller], mishap: str) -> None:
    """HTML with 200, codes missing or not numbers."""
    caller = portal(mishap, "1.0")
    verdict = caller.send("DongBoHoSoMC", caller.sample("DongBoHoSoMC-toi-thieu"))
    assert verdict.outcome in ("bad-reply", "unclear")
    assert caller.last.fault is Fault.NONE


def test_the_portal_verifies_our_signature_over_the_spliced_bytes(
    portal: Callable[..., Caller], tmp_path: Path
) -> None:
    """The detached JWS covers exactly the bytes of data, and a wrong one is noticed."""
    made = ec.generate_private_key(ec.SECP256R1())
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = tmp_path / "khoa.pem"
    public.write_bytes(
        made.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    caller = portal("--verify-key", f"thu={public}", "--require-signature")
    content = caller.sample("DongBoHoSoMC-toi-thieu")
    good = sign_detached(content, SigningKey.from_pem(pem, key_id="thu"))
    assert caller.send("DongBoHoSoMC", content.replace(b"999001", b"999002"), signature=good).outcome == "rejected"
    assert caller.send("DongBoHoSoMC", content).outcome == "rejected"
    assert caller.send("DongBoHoSoMC", content, signature=good).outcome == "accepted"


@pytest.fixture
def office(start: Start) -> Iterator[Caller]:
    """A caller of the licence office."""
    made = Caller("gplx_dlms", start("dlms") + "/TichHopMotCua/Service.asmx")
    yield made
    made.http.close()


def test_the_office_gives_its_number_and_then_says_it_exists(office: Caller) -> None:
    """Both with HTTP 200 in one string: the declared table tells them apart, and the number is learned."""
    name = next(office.adapter.folder.glob("samples/out/TaoMoiHoSo-*.expected.xml")).name.removesuffix(".expected.xml")
    content = office.sample(name)
    first = office.send("TaoMoiHoSo", content)
    assert first.outcome == "accepted"
    ((party, number),) = first.learned
    assert (party, len(number)) == ("gplx_dlms", 12)
    assert office.send("TaoMoiHoSo", content).outcome == "duplicate"
    assert office.last.status == 200
