"""The bench's contender: its folders are systems like any other, its configuration starts, its files are fresh."""

from __future__ import annotations

import base64
import doctest
import importlib.util
import json
import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from adapters.check import check_sample, check_system
from adapters.registry import Registry, load_system
from adapters.samples import Sample, find_samples
from adapters.wire.registry import render
from bus.delivery import Delivery, Pattern, State, Unclear
from bus.outgoing import make_content
from bus.records import Content, WorkItem
from bus.routes import check
from bus.settings import Settings, load
from schemas.message import Envelope, Message, Party, sha256_hex
from schemas.problem import Problem
from schemas.xmldoc import parse
from signing.dsig import sign_enveloped
from signing.jws import sign_detached
from signing.keys import SigningKey

HERE = Path(__file__).parents[1] / "bench" / "contender"
SYSTEMS = HERE / "systems"
NAMES = ("bench_cong", "bench_cong_ky", "bench_so")
DOSSIER = "{urn:example:lgsp:dossier:1}"
adapter_of = cache(load_system)
SAMPLES = [(name, sample) for name in NAMES for sample in find_samples(adapter_of(SYSTEMS / name))]


def told(problems: tuple[Problem, ...]) -> str:
    return "\n".join(f"{p.code} {p.text_en} [{p.ours}] [{p.theirs}]" for p in problems)


def module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_is_good(name: str) -> None:
    """The bench's systems enter by the same door, and pass the same check, as every other one."""
    report = check_system(adapter_of(SYSTEMS / name))

    assert report.good, told(report.problems)
    assert len(report.samples) >= 4


@pytest.mark.parametrize(("name", "sample"), SAMPLES, ids=[f"{n}/{s.name}" for n, s in SAMPLES])
def test_a_sample_gives_what_is_expected(name: str, sample: Sample) -> None:
    """What stands beside a sample is what comes of it."""
    problems = check_sample(adapter_of(SYSTEMS / name), sample)

    assert not problems, told(problems)


def test_generated_files_are_fresh() -> None:
    """Tables and the xmldsig folder are what `generate.py` writes now, and it writes every one that is there."""
    written = dict(module(HERE / "generate.py").files())
    there = {
        file for file in (SYSTEMS / "bench_cong_ky").rglob("*") if file.is_file() and "__pycache__" not in str(file)
    }
    there |= {file for name in ("bench_so", "bench_cong") for file in (SYSTEMS / name / "tables").glob("*.csv")}

    assert there == set(written)
    stale = [file for file, text in written.items() if file.read_text(encoding="utf-8") != text]
    assert stale == []


def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, portal: str) -> Settings:
    monkeypatch.setenv("LIENTHONG_DATA", str(tmp_path))
    monkeypatch.setenv("LIENTHONG_ENDPOINTS__BENCH_CONG__SYSTEM", portal)
    monkeypatch.setenv("LIENTHONG_ENDPOINTS__BENCH_CONG__ADDRESS", "http://127.0.0.1:1/portal")
    return load(HERE / "config")


@pytest.mark.parametrize("portal", ["bench_cong", "bench_cong_ky"])
def test_routes_fit_the_systems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, portal: str) -> None:
    """Both profiles start: every hop names an operation that is there; one caller is open, on loopback."""
    made = settings(monkeypatch, tmp_path, portal=portal)
    adapters = {adapter.id: adapter for adapter in Registry.load(SYSTEMS)}

    assert check(made.route_table(), adapters) == ()
    assert made.endpoints["bench_cong"].address.endswith("/portal")
    assert [name for name, caller in made.callers.items() if caller.dangerous_open] == ["bench_so"]


@pytest.mark.parametrize(("file", "profile"), [("lienthong.json", "jws"), ("lienthong-xmldsig.json", "xmldsig")])
def test_the_contender_files_ask_for_all_three_checks(file: str, profile: str) -> None:
    """A run of the bench fails when order, durability or a reason is missing; both roles are there to be killed."""
    contender = json.loads((HERE / file).read_text(encoding="utf-8"))

    assert contender["profile"] == profile
    assert contender["must"] == ["order", "durable", "reasons"]
    assert [process["role"] for process in contender["procs"]] == ["web", "worker"]
    assert os.access(HERE / contender["procs"][0]["cmd"][0], os.X_OK)


class Keys:
    """A signer with one key, as the worker has it."""

    def __init__(self) -> None:
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.key = SigningKey.from_pem(pem, key_id="thu")

    key_id = "thu"

    def pen(self) -> Keys:
        """Itself."""
        return self

    def jws(self, body: bytes) -> str:
        return sign_detached(body, self.key)

    def xml(self, body: bytes) -> bytes:
        return sign_enveloped(body, self.key)


def content(system: str, operation: str, sample: str) -> Content:
    """What a worker makes of a canonical sample."""
    adapter = adapter_of(SYSTEMS / system)
    body = (SYSTEMS / system / "samples" / "out" / f"{operation}-{sample}.xml").read_bytes()
    now = datetime(2026, 7, 20, tzinfo=UTC)
    envelope = Envelope(
        id="0" * 32, kind=adapter.manifest.operations[operation].kind, sender=Party("H99", "", "bench_so"),
        receiver=None, operation=operation, business_ids=(), received_at=now, sha256=sha256_hex(body),
    )  # fmt: skip
    delivery = Delivery(
        id=f"{'0' * 32}:cong", message_id="0" * 32, endpoint="cong", operation=operation, pattern=Pattern.PUSH,
        lane="l", lane_seq=1, state=State.READY, reason="", problem_code="", attempts_used=0, manual_used=0, crashes=0,
        created_at=now, next_at=None, held_behind="", last_outcome=None,
    )  # fmt: skip
    item = WorkItem(
        delivery=delivery, message=Message(envelope, body, "application/xml"), unclear=Unclear.REPEAT, identities=(),
        content=None, next_attempt=1, open_intent=False, known_there=False, is_head=True,
    )  # fmt: skip
    made = make_content(item, adapter, signer=Keys(), render=render)
    assert isinstance(made, Content), made
    return made


@pytest.mark.parametrize(
    ("operation", "sample", "element"),
    [("DongBoHoSo", "day-du", "SubmitDossier"), ("CapNhatTrangThai", "mot-buoc", "UpdateStatus")],
)
def test_the_department_s_own_form_is_what_is_signed(operation: str, sample: str, element: str) -> None:
    """With `signed`, the signature is on the department's element, valid against its schema."""
    made = content("bench_cong_ky", operation, sample)
    signed = parse(base64.b64decode(json.loads(made.body)["DuLieuKySo"]))
    signatures = signed.findall("{http://www.w3.org/2000/09/xmldsig#}Signature")

    assert made.signature == ""
    assert signed.tag == DOSSIER + element
    assert signed.findtext(DOSSIER + "DossierNo") == "H99.01.01-250302-000001"
    assert len(signatures) == 1
    signed.remove(signatures[0])
    schema = etree.XMLSchema(etree.parse(str(SYSTEMS / "bench_so" / "xsd" / "1" / "dossier.xsd")))
    assert schema.validate(signed), schema.error_log


def test_the_content_is_signed_as_it_is_sent() -> None:
    """The JWS profile signs the JSON bytes and puts nothing into them."""
    made = content("bench_cong", "CapNhatTrangThai", "mot-buoc")

    assert made.signature.count(".") == 2
    assert "DuLieuKySo" not in json.loads(made.body)


def test_docstring_examples_of_the_hooks_hold() -> None:
    """What the bench's hooks show is what they do."""
    result = doctest.testmod(module(SYSTEMS / "bench_cong" / "hooks.py"))

    assert result.attempted > 0
    assert result.failed == 0
