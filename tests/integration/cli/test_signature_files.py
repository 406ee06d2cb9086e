"""`lienthong signature` and `lienthong gate` on files: verdict, covered parts, reasons, exit status."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.cli.running import run_any
from tests.unit.signing.issuer import DAY, NOW, Holder, Issuer
from tests.unit.signing.kit import DOSSIER
from tests.unit.signing.signed_files import plain_pdf, shadowed, signed_cms, signed_pdf
from tests.unit.signing.test_wss import envelope

AS_OF = ("--now", NOW.isoformat())
XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t" elementFormDefault="qualified">
<xs:element name="x"><xs:complexType><xs:sequence><xs:element name="y" type="xs:int"/></xs:sequence></xs:complexType>
</xs:element></xs:schema>"""


class World:
    """A folder with a trust store, a signer's key and certificate, and a document."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = root = Issuer.root()
        self.middle = root.below()
        self.signer: Holder = self.middle.person()
        (folder / "tin-cay").mkdir()
        for name, data in {
            "tin-cay/goc.pem": root.pem, "tin-cay/duoi.pem": self.middle.pem, "tin-cay/goc.crl": root.crl(),
            "duoi.crl": self.middle.crl(), "khoa.pem": self.signer.private, "chung-thu.pem": self.signer.pem,
            "ho-so.xml": DOSSIER,
        }.items():  # fmt: skip
            (folder / name).write_bytes(data)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command, as a person types it."""
        ran = run_any(words, cwd=self.folder)
        return subprocess.CompletedProcess(words, ran.code, ran.out, ran.err)

    def sign(self, *words: str) -> None:
        """With the signer's key."""
        done = self.run("signature", "sign", *words, "--key", "khoa.pem", "--certificate", "chung-thu.pem")
        assert done.returncode == 0, done.stderr

    def verdict(self, *words: str) -> tuple[int, dict]:
        """Exit status and JSON."""
        done = self.run(*words, "--json")
        return done.returncode, json.loads(done.stdout)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_signed_file_is_accepted_by_its_trust_store(world: World) -> None:
    """Sign, then verify with store and revocation list: accepted, with the covered part and its hash."""
    world.sign("ho-so.xml", "--out", "ky.xml")
    status, said = world.verdict("signature", "verify", "ky.xml", "--trust", "tin-cay", "--crl", "duoi.crl", *AS_OF)
    assert (status, said["verdict"]) == (0, "accepted")
    assert [part["path"] for part in said["covered"]] == ["/HoSo"]
    assert len(said["covered"][0]["sha256"]) == 64
    assert "H99" in said["signer"]["subject"]


def test_missing_revocation_list_refuses(world: World) -> None:
    """Unknown is not valid, also for a file."""
    world.sign("ho-so.xml", "--out", "ky.xml")
    status, said = world.verdict("signature", "verify", "ky.xml", "--trust", "tin-cay", *AS_OF)
    assert (status, said["reasons"][0]["code"], said["reasons"][0]["step"]) == (1, "LT-TRUST-014", "certificate")


def test_revoked_signer_is_refused(world: World) -> None:
    """With the list that revokes it."""
    world.sign("ho-so.xml", "--out", "ky.xml")
    world.middle.revoke(world.signer)
    (world.folder / "duoi.crl").write_bytes(world.middle.crl())
    words = ("signature", "verify", "ky.xml", "--trust", "tin-cay", "--crl", "duoi.crl", *AS_OF)
    status, said = world.verdict(*words)
    assert (status, said["reasons"][0]["code"]) == (1, "LT-TRUST-013")


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ((b"H99.12", b"H99.13"), "signature"),
        ((b"</HoSo>", b""), "parse"),
        ((b"<HoSo", b"<!DOCTYPE x><HoSo"), "guard"),
        ((b"<ds:KeyName>", b"<ds:X/><ds:KeyName>"), "structure"),
    ],
)
def test_refusal_names_its_step(world: World, change: tuple[bytes, bytes], step: str) -> None:
    """Whoever asks is told where the file stopped, and what to do."""
    world.sign("ho-so.xml", "--out", "ky.xml")
    path = world.folder / "ky.xml"
    path.write_bytes(path.read_bytes().replace(*change))
    status, said = world.verdict("signature", "verify", "ky.xml", "--key", "chung-thu.pem", *AS_OF)
    assert (status, said["verdict"], said["covered"]) == (1, "refused", [])
    assert said["reasons"][0]["step"] == step
    assert said["reasons"][0]["do_vi"]


def test_pinned_certificate_is_enough(world: World) -> None:
    """`--key` trusts one key and asks nobody else."""
    world.sign("ho-so.xml", "--out", "ky.xml", "--key-id", "chung-thu")
    status, said = world.verdict("signature", "verify", "ky.xml", "--key", "chung-thu.pem", *AS_OF)
    assert (status, said["verdict"]) == (0, "accepted")


def test_jws_both_ways(world: World) -> None:
    """A detached JWS over the bytes of a file."""
    done = world.run("signature", "sign", "ho-so.xml", "--key", "khoa.pem", "--jws")
    good = ("signature", "verify", "ho-so.xml", "--key", "chung-thu.pem", "--jws", done.stdout.strip())
    assert world.run(*good).returncode == 0
    (world.folder / "ho-so.xml").write_bytes(DOSSIER + b"\n")
    assert world.run(*good).returncode == 1


def test_gate_lets_a_soap_message_through_and_says_why_not(world: World) -> None:
    """Signature, freshness, address and schema of one message, each with its step."""
    (world.folder / "goi.xml").write_bytes(envelope(body="<t:x xmlns:t='urn:t'><t:y>1</t:y></t:x>"))
    (world.folder / "luoc-do.xsd").write_text(XSD)
    world.sign("goi.xml", "--policy", "bus_soap", "--out", "ky.xml")
    gate = ("gate", "ky.xml", "--key", "chung-thu.pem", "--schema", "luoc-do.xsd")
    status, said = world.verdict(*gate, "--endpoint", "https://bus.example/soap")
    assert (status, said["verdict"]) == (0, "accepted"), said
    assert {part["path"].rsplit("/", 1)[1] for part in said["covered"]} >= {"Body", "Timestamp", "To", "MessageID"}
    status, said = world.verdict(*gate, "--endpoint", "https://khac.example/soap")
    assert (status, said["reasons"][0]["step"]) == (1, "addressing")
    status, said = world.verdict(*gate, "--now", "2020-01-01T00:00:00Z")
    assert (status, said["reasons"][0]["step"]) == (1, "freshness")
    (world.folder / "luoc-do.xsd").write_text(XSD.replace("xs:int", "xs:date"))
    status, said = world.verdict(*gate)
    assert (status, said["reasons"][0]["step"]) == (1, "schema")


@pytest.mark.parametrize(
    "words",
    [
        ("signature", "verify", "ho-so.xml"),
        ("signature", "verify", "ho-so.xml", "--key", "chung-thu.pem", "--policy", "khong-co"),
        ("signature", "verify", "ho-so.xml", "--key", "chung-thu.pem", "--now", "hom nay"),
        ("signature", "verify", "khong-co.xml", "--key", "chung-thu.pem"),
        ("gate", "ho-so.xml", "--trust", "khong-co"),
    ],
)
def test_wrong_use_is_status_2(world: World, words: tuple[str, ...]) -> None:
    """What was typed wrong is told apart from what was refused."""
    done = world.run(*words)
    assert done.returncode == 2
    assert "Usage: lienthong" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_pdf_is_known_by_its_content(world: World) -> None:
    """verify says who signed it and whether all is covered; exit 0 good, 1 not; the file's name counts nothing."""
    signer = world.middle.person(first=datetime.now(UTC) - DAY, last=datetime.now(UTC) + DAY)
    (world.folder / "goc.crl").write_bytes(world.root.crl(at=datetime.now(UTC), next_at=datetime.now(UTC) + DAY))
    (world.folder / "tin-cay" / "goc.crl").write_bytes((world.folder / "goc.crl").read_bytes())
    (world.folder / "moi.crl").write_bytes(world.middle.crl(at=datetime.now(UTC), next_at=datetime.now(UTC) + DAY))
    (world.folder / "giay-phep.dat").write_bytes(signed_pdf(plain_pdf(), signer, world.middle))
    (world.folder / "them.dat").write_bytes(shadowed(signed_pdf(plain_pdf(), signer, world.middle)))
    words = ("--trust", "tin-cay", "--crl", "moi.crl")
    code, said = world.verdict("signature", "verify", "giay-phep.dat", *words)
    assert (code, said["verdict"], said["kind"], said["signers"][0]["coverage"]) == (0, "accepted", "pdf", "whole")
    code, said = world.verdict("signature", "verify", "them.dat", *words)
    assert (code, said["verdict"], [each["code"] for each in said["reasons"]]) == (1, "refused", ["LT-ATT-003"])
    assert world.run("signature", "verify", "giay-phep.dat").returncode == 2


def test_cms_beside_its_content_needs_it(world: World) -> None:
    """.p7s with --content."""
    signer = world.middle.person(first=datetime.now(UTC) - DAY, last=datetime.now(UTC) + DAY)
    for name, of in (("tin-cay/goc.crl", world.root), ("moi.crl", world.middle)):
        (world.folder / name).write_bytes(of.crl(at=datetime.now(UTC), next_at=datetime.now(UTC) + DAY))
    (world.folder / "a.p7s").write_bytes(signed_cms(DOSSIER, signer, world.middle, beside=True))
    words = ("signature", "verify", "a.p7s", "--trust", "tin-cay", "--crl", "moi.crl")
    assert world.verdict(*words, "--content", "ho-so.xml")[0] == 0
    code, said = world.verdict(*words)
    assert (code, said["reasons"][0]["code"]) == (1, "LT-ATT-006")


def test_envelope_is_signed_as_doors_take_it_without_a_policy(world: World) -> None:
    """A SOAP envelope is signed by bus_soap, and that is said; a certificate that is not in force is told of."""
    (world.folder / "soap.xml").write_bytes(envelope())
    (world.folder / "cu.pem").write_bytes((old := world.middle.person(first=NOW - 9 * DAY, last=NOW - DAY)).pem)
    (world.folder / "cu.key").write_bytes(old.private)
    done = world.run("signature", "sign", "soap.xml", "--key", "cu.key", "--certificate", "cu.pem", "--out", "ky.xml")
    assert done.returncode == 0
    assert "bus_soap" in done.stderr
    assert "đã hết hạn" in done.stderr
    assert b"BinarySecurityToken" in (world.folder / "ky.xml").read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("signature", "sign", "ho-so.xml", "--key", "khoa.pem", "--jws", "--policy", "bus"), "--jws"),
        (("signature", "sign", "ho-so.xml", "--key", "ho-so.xml"), "ho-so.xml"),
        (("signature", "verify", "ho-so.xml", "--trust", "tin-cay", "--ocsp", "ho-so.xml"), "LT-TRUST-001"),
        (("signature", "verify", "ho-so.xml", "--trust", "tin-cay", "--crl", "ho-so.xml"), "LT-TRUST-001"),
        (("gate", "ho-so.xml", "--key", "ho-so.xml"), "ho-so.xml"),
        (("gate", "ho-so.xml", "--trust", "trong"), "LT-TRUST"),
    ],
)
def test_what_was_typed_and_is_unreadable_is_a_usage_mistake(world: World, words: tuple[str, ...], said: str) -> None:
    """Exit status 2, not the verdict's 1; the file or its code is named."""
    (world.folder / "trong").mkdir()
    (world.folder / "trong" / "x.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nrac\n-----END CERTIFICATE-----\n")
    done = world.run(*words)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr.replace("\n", "")


def test_dash_is_standard_input(world: World) -> None:
    """Signing and checking, and the gate, read what is piped to them."""
    pair = ("--key", "khoa.pem", "--certificate", "chung-thu.pem")
    made = run_any(("signature", "sign", "-", *pair), cwd=world.folder, given=DOSSIER)
    assert made.code == 0, made.err
    signed = made.out.encode()
    for words in (("signature", "verify", "-", *AS_OF), ("gate", "-", "--policy", "bus", *AS_OF)):
        assert run_any((*words, "--key", "chung-thu.pem"), cwd=world.folder, given=signed).code == 0
        assert run_any((*words, "--key", "chung-thu.pem"), cwd=world.folder, given=signed[:-9]).code == 1
