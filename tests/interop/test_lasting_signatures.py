"""Signatures that last and containers: B, T, LT; every tampering refuses; other makers check them without us."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.problem import Refused
from signing.asic import Checked, open_sealed, seal, unpack
from signing.encoding import to_base64
from signing.stamp import accept, query
from signing.trust import Evidence, TrustRules, TrustStore
from signing.trust.papers import read_list
from signing.xades import Lasting, Level, LongTerm, sign_document, verify_lasting
from tests.interop.signing_world import run
from tests.interop.time_authority import TimeAuthority
from tests.unit.signing.issuer import DAY, NOW, Issuer
from tests.unit.signing.kit import DOSSIER, SHAPES

FILES = {
    "thu/goc.xml": ("application/xml", DOSSIER),
    "thu/tờ khai.json": ("application/json", '{"a":"Nguyễn"}'.encode()),
    "trong.bin": ("application/octet-stream", b""),
}


class World:
    """An issuer, a signer valid for the machine's clock, and whom a verifier trusts."""

    def __init__(self, authority: TimeAuthority) -> None:
        self.now = datetime.now(UTC)
        self.root = Issuer.root()
        self.signer = self.root.person(first=self.now - 10 * DAY, last=self.now + 10 * DAY)
        self.key = self.signer.signing()
        self.crl = self.root.crl(at=self.now - timedelta(hours=1), next_at=self.now + DAY)
        self.signers = TrustStore.of((self.root.paper,), purpose="public")
        self.authority = authority

    def stamper(self, data: bytes) -> bytes:
        """Asks the real authority."""
        asked = query(data)
        return accept(self.authority.answer(asked.body), asked, self.authority.trusted()).token

    def evidence(self) -> Evidence:
        """The issuer's list."""
        return Evidence((read_list(self.crl, name="crl"),))

    def sign(self, document: bytes, level: Level) -> bytes:
        """By level."""
        return sign_document(document, self.key, **self.how(level))

    def how(self, level: Level) -> dict:
        """What a level takes."""
        keep = LongTerm((self.root.der,), (self.crl,)) if level is Level.LT else LongTerm()
        return {"now": self.now, "stamper": None if level is Level.B else self.stamper, "keep": keep}

    def verify(self, document: bytes, *, now: datetime | None = None, evidence: Evidence | None = None):
        """With the list at hand, unless said otherwise."""
        return verify_lasting(
            document,
            self.signers,
            self.authority.trusted(),
            now=now or self.now,
            evidence=self.evidence() if evidence is None else evidence,
        )


pytestmark = pytest.mark.foreign("openssl")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(TimeAuthority.made(tmp_path_factory.mktemp("tsa")))


@pytest.mark.parametrize("level", Level)
def test_signature_of_each_level_verifies(world: World, level: Level) -> None:
    """Who, when by the signer's word, when by an authority, and the document as it was."""
    result = world.verify(world.sign(DOSSIER, level))
    assert isinstance(result, Lasting), result
    assert result.level is level
    assert "H99" in result.subject
    assert abs(result.claimed_at - world.now) < timedelta(seconds=1)
    assert (result.stamped is not None) == (level is not Level.B)
    assert result.verified.element.tag == "{urn:lienthong:canonical:1}HoSo"


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_documents_of_every_shape_can_be_signed(world: World, shape: bytes) -> None:
    """Namespaces, white space and empty roots included."""
    assert isinstance(world.verify(world.sign(shape, Level.B)), Lasting)


def test_long_term_signature_needs_nothing_from_outside(world: World) -> None:
    """Years later, the certificate expired, no list at hand: what stands inside is enough. Without it, it is not."""
    later = world.now + 3_000 * DAY
    assert isinstance(world.verify(world.sign(DOSSIER, Level.LT), now=later, evidence=Evidence()), Lasting)
    for level, code in ((Level.T, "LT-TRUST-014"), (Level.B, "LT-TRUST-010")):
        refused = world.verify(world.sign(DOSSIER, level), now=later, evidence=Evidence())
        assert isinstance(refused, tuple)
        assert refused[0].code == code


@pytest.mark.parametrize("level", [Level.B, Level.LT])
def test_every_changed_byte_refuses_or_changes_nothing(world: World, level: Level) -> None:
    """Whatever byte is changed: it refuses, or what is proved is the same."""
    signed = world.sign(DOSSIER, level)
    good = world.verify(signed)
    assert isinstance(good, Lasting)
    unsigned = signed.index(b"<xades:UnsignedProperties>") if level is Level.LT else len(signed)
    taken = 0
    for at in range(0, len(signed), 97 if level is Level.LT else 23):
        changed = bytearray(signed)
        changed[at] ^= 0x01
        result = world.verify(bytes(changed))
        if isinstance(result, Lasting):
            taken += at < unsigned  # evidence that was kept inside is signed by its own makers, if by anybody
            assert result.verified.covered == good.verified.covered
            assert (result.claimed_at, result.subject) == (good.claimed_at, good.subject)
    assert taken < 6


def test_other_certificate_of_the_same_key_is_refused(world: World) -> None:
    """The signer signed which certificate he used: a milder one of the same key does not fit."""
    other = world.root.person("Người khác", key=world.signer.key, first=world.now - DAY, last=world.now + DAY)
    signed = world.sign(DOSSIER, Level.B)
    changed = signed.replace(to_base64(world.signer.der).encode(), to_base64(other.der).encode())
    assert changed != signed
    refused = world.verify(changed)
    assert isinstance(refused, tuple)
    assert refused[0].code == "LT-XADES-003"


def test_time_stamp_of_another_signature_is_refused(world: World) -> None:
    """A token is bound to the value it stamped."""
    first, second = world.sign(DOSSIER, Level.T), world.sign(DOSSIER, Level.T)
    begin, end = b"<xades:EncapsulatedTimeStamp>", b"</xades:EncapsulatedTimeStamp>"
    token = first[first.index(begin) : first.index(end)]
    refused = world.verify(second[: second.index(begin)] + token + second[second.index(end) :])
    assert isinstance(refused, tuple)
    assert refused[0].code == "LT-STAMP-003"


def test_certificate_revoked_before_signing_is_refused(world: World) -> None:
    """Also at level T, by a list at hand."""
    fresh = World(world.authority)
    signed = fresh.sign(DOSSIER, Level.T)
    fresh.root.revoke(fresh.signer, at=fresh.now - 2 * DAY)
    fresh.crl = fresh.root.crl(at=fresh.now - timedelta(minutes=1), next_at=fresh.now + DAY)
    refused = fresh.verify(signed)
    assert isinstance(refused, tuple)
    assert refused[0].code == "LT-TRUST-013"


def test_plain_verifier_of_another_maker_agrees(world: World, tmp_path: Path) -> None:
    """xmlsec1 verifies the signature and its signed properties."""
    path = tmp_path / "ky.xml"
    path.write_bytes(world.sign(DOSSIER, Level.LT))
    (tmp_path / "ca.pem").write_bytes(world.root.pem)
    words = ("--verify", "--trusted-pem", tmp_path / "ca.pem", "--id-attr:Id", "SignedProperties", path)
    done = run("xmlsec1", *words)
    assert done.returncode == 0, done.stderr
    path.write_bytes(path.read_bytes().replace(b"H99.12", b"H99.13"))
    assert run("xmlsec1", *words).returncode != 0


@pytest.mark.parametrize("level", Level)
def test_container_proves_all_its_files(world: World, level: Level) -> None:
    """One signature over every file; the container opens with any ZIP tool, its type first."""
    sealed = seal(FILES, world.key, **world.how(level))
    result = open_sealed(sealed, world.signers, world.authority.trusted(), now=world.now, evidence=world.evidence())
    assert isinstance(result, Checked), result
    assert {name: body for name, (_, body) in FILES.items()} == dict(result.container.files)
    (lasting,) = result.signatures.values()
    assert lasting.level is level
    with zipfile.ZipFile(io.BytesIO(sealed)) as archive:
        assert archive.testzip() is None
        assert archive.infolist()[0].filename == "mimetype"
    assert sealed[30:38] == b"mimetype"


def _rebuilt(sealed: bytes, *, change=None, leave: str = "", add: dict | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sealed)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename != leave:
                new.writestr(entry, change(data) if change and entry.filename == "thu/goc.xml" else data)
        for name, data in (add or {}).items():
            new.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"change": lambda data: data.replace(b"H99.12", b"H99.13")}, "LT-ASIC-006"),
        ({"leave": "trong.bin"}, "LT-ASIC-007"),
        ({"leave": "META-INF/signatures0.xml"}, "LT-SIGN-030"),
        ({"leave": "mimetype"}, "LT-ASIC-001"),
        ({"add": {"them.txt": b"x"}}, "LT-ASIC-004"),
    ],
)
def test_tampered_container_is_refused(world: World, how: dict, code: str) -> None:
    """A file changed, taken away or added; the signature or the type taken away."""
    sealed = _rebuilt(seal(FILES, world.key, **world.how(Level.B)), **how)
    result = open_sealed(sealed, world.signers, None, now=world.now, evidence=world.evidence())
    assert isinstance(result, tuple)
    assert result[0].code == code


def _hostile(name: str, data: bytes = b"x", *, mode: int = 0o100644, how=zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/vnd.etsi.asic-e+zip")
        entry = zipfile.ZipInfo(name)
        entry.external_attr, entry.compress_type = mode << 16, how
        archive.writestr(entry, data)
    return out.getvalue()


HOSTILE = {
    "leaves the container": _hostile("../../etc/passwd"),
    "absolute": _hostile("/etc/passwd"),
    "drive": _hostile("C:x"),
    "backslash": _hostile("a\\b"),
    "link": _hostile("a", mode=0o120777),
    "device": _hostile("a", mode=0o020644),
    "folder entry": _hostile("a/"),
    "bomb": _hostile("a", bytes(30_000_000)),
    "bzip2": _hostile("a", how=zipfile.ZIP_BZIP2),
    "control character": _hostile("a\nb"),
    "same name in other case": _rebuilt(_hostile("a"), add={"A": b"y"}),
    "bytes before": b"#!/bin/sh\n" + _hostile("a"),
    "bytes after": _hostile("a") + b"x",
    "not a ZIP": b"PK\x03\x04 no",
    "nothing": b"",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_container_is_refused(data: bytes) -> None:
    """Each with a typed refusal, none unpacked to disk or beyond its limits."""
    with pytest.raises(Refused) as refused:
        unpack(data)
    assert refused.value.problems[0].code.startswith("LT-ASIC-")


def test_size_that_lies_is_refused() -> None:
    """An entry that holds more than its directory says."""
    made = bytearray(_hostile("a", b"x" * 100, how=zipfile.ZIP_STORED))
    at = made.rindex(b"PK\x01\x02")
    made[at + 24 : at + 28] = (50).to_bytes(4, "little")
    with pytest.raises(Refused):
        unpack(bytes(made))


def test_bits_at_random_never_break_it(world: World) -> None:
    """Whatever is changed in a container: a verdict, never an exception."""
    sealed = seal(FILES, world.key, **world.how(Level.B))
    store = TrustStore.of((world.root.paper,), purpose="public", rules=TrustRules(revocation=False))
    for at in range(0, len(sealed), 11):
        changed = bytearray(sealed)
        changed[at] ^= 0x41
        result = open_sealed(bytes(changed), store, None, now=NOW if at % 2 else world.now)
        if isinstance(result, Checked):
            assert dict(result.container.files) == {name: body for name, (_, body) in FILES.items()}
