"""Keys that live elsewhere: PKCS#12 of openssl, SoftHSM by PKCS#11, a remote signer by the CSC API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from schemas.problem import Refused
from signing.algorithms import Algorithm
from signing.dsig import Verified, sign_enveloped, verify
from signing.keys import KeyUnavailable
from signing.ring import KeyRing, Term
from signing.stores.pkcs12 import from_pkcs12
from signing.stores.remote import Credential, from_remote
from tests.interop.signing_world import run
from tests.unit.signing.issuer import DAY, NOW, Holder, Issuer
from tests.unit.signing.kit import DOSSIER

LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
PIN = "123456"


def _person(kind: str) -> Holder:
    key = rsa.generate_private_key(65537, 2048) if kind == "RSA" else ec.generate_private_key(ec.SECP256R1())
    return Issuer.root().person(key=key)


def _code(action, *arguments, **how) -> str:
    with pytest.raises(Refused) as refused:
        action(*arguments, **how)
    return refused.value.problems[0].code


@pytest.mark.foreign("openssl")
@pytest.mark.parametrize("kind", ["RSA", "EC"])
def test_pkcs12_of_openssl_is_loaded(kind: str, tmp_path: Path) -> None:
    """Key, certificate and issuers come from one file; a wrong password is named."""
    root = Issuer.root()
    key = rsa.generate_private_key(65537, 2048) if kind == "RSA" else ec.generate_private_key(ec.SECP256R1())
    holder = root.person(key=key)
    for name, data in (("k.pem", holder.private), ("c.pem", holder.pem), ("ca.pem", root.pem)):
        (tmp_path / name).write_bytes(data)
    done = run(
        "openssl", "pkcs12", "-export", "-inkey", tmp_path / "k.pem", "-in", tmp_path / "c.pem", "-certfile",
        tmp_path / "ca.pem", "-out", tmp_path / "s.p12", "-passout", "pass:mat-khau",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    data = (tmp_path / "s.p12").read_bytes()
    loaded = from_pkcs12(data, key_id="bus", password=b"mat-khau")
    assert (loaded.certificate, loaded.chain) == (holder.der, (root.der,))
    assert isinstance(verify(sign_enveloped(DOSSIER, loaded), {"bus": loaded.public()}), Verified)
    assert _code(from_pkcs12, data, key_id="bus", password=b"sai") == "LT-SIGN-002"
    assert _code(from_pkcs12, b"rac", key_id="bus", password=None) == "LT-SIGN-002"


class Hsm:
    """A SoftHSM token with one key; driven in a process of its own, because its library reads its place once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tokens").mkdir()
        (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\n")
        self.environment = {**os.environ, "SOFTHSM2_CONF": str(folder / "softhsm2.conf")}
        self.util("--init-token", "--free", "--label", "lienthong", "--so-pin", "1234", "--pin", PIN)

    def util(self, *words: str) -> None:
        done = subprocess.run(
            ("softhsm2-util", *words), env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr

    def put(self, holder: Holder, label: str) -> None:
        path = self.folder / f"{label}.pem"
        path.write_bytes(holder.private)
        number = label.encode().hex()
        self.util("--import", str(path), "--token", "lienthong", "--label", label, "--id", number, "--pin", PIN)
        path.unlink()

    def run(self, program: str, *words: str) -> str:
        done = subprocess.run(
            (sys.executable, "-c", PRELUDE + program, str(self.folder), *words),
            env=self.environment, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


PRELUDE = f"""
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signing.algorithms import Algorithm
from signing.keys import KeyUnavailable
from signing.stores.pkcs11 import Place, from_pkcs11
from schemas.problem import Refused
module = next(path for path in {LIBRARIES!r} if Path(path).exists())
folder = Path(sys.argv[1])
def load(label, pin={PIN!r}, algorithm=None, sessions=4, token="lienthong"):
    paper = (folder / (label + ".crt")).read_bytes()
    return from_pkcs11(Place(module, token, label, pin, sessions), key_id="bus", certificate=paper, algorithm=algorithm)
"""


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Hsm:
    made = Hsm(tmp_path_factory.mktemp("hsm"))
    for kind in ("RSA", "EC"):
        holder = _person(kind)
        made.put(holder, kind.lower())
        (made.folder / f"{kind.lower()}.crt").write_bytes(holder.pem)
    return made


@pytest.mark.foreign("softhsm2-util")
def test_key_in_hardware_signs_like_any_other(hsm: Hsm) -> None:
    """RSA in both paddings and ECDSA: what the token signs verifies with the certificate."""
    said = hsm.run("""
from signing.dsig import Verified, sign_enveloped, verify
for label, algorithm in (("ec", None), ("rsa", None), ("rsa", Algorithm.PS256), ("rsa", Algorithm.RS512)):
    key = load(label, algorithm=algorithm)
    result = verify(sign_enveloped(b"<a>x</a>", key), {"bus": key.public()})
    print(key.algorithm, isinstance(result, Verified))
""")
    assert said.split("\n")[:4] == ["ES256 True", "RS256 True", "PS256 True", "RS512 True"]


@pytest.mark.foreign("softhsm2-util")
def test_many_threads_share_few_sessions(hsm: Hsm) -> None:
    """Each operation has a session of its own; twenty threads wait for two."""
    said = hsm.run("""
key = load("ec", sessions=2)
public = key.public()
with ThreadPoolExecutor(20) as pool:
    signed = list(pool.map(lambda n: (b"%d" % n, key.sign(b"%d" % n)), range(200)))
print(sum(public.verify(data, value, key.algorithm) for data, value in signed))
""")
    assert said.strip() == "200"


@pytest.mark.foreign("softhsm2-util")
def test_lost_login_is_made_anew(hsm: Hsm) -> None:
    """Sessions that the token closed are opened again without a restart."""
    said = hsm.run("""
import gc
key = load("ec", sessions=1)
key.sign(b"x")
for found in gc.get_objects():
    if type(found).__name__ == "Session":
        found.close()
print(key.public().verify(b"y", key.sign(b"y"), key.algorithm))
""")
    assert said.strip() == "True"


@pytest.mark.foreign("softhsm2-util")
@pytest.mark.parametrize("how", ['"ec", pin="000000"', '"ec", token="khac"', '"khac"'])
def test_wrong_place_or_pin_is_a_problem(hsm: Hsm, how: str) -> None:
    """The operator reads what is wrong, at start and not at the first message."""
    (hsm.folder / "khac.crt").write_bytes((hsm.folder / "ec.crt").read_bytes())
    said = hsm.run(f"""
try:
    load({how})
except Refused as refused:
    print(refused.problems[0].code)
""")
    assert said.strip() == "LT-SIGN-007"


class Signer:
    """A remote signer by the CSC API."""

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        self.asked: list[dict] = []

    def __call__(self, question: bytes) -> bytes:
        row = json.loads(question)
        self.asked.append(row)
        digest = b64decode(row["hash"][0])
        key, how = self.holder.key, Prehashed(hashes.SHA256())
        if isinstance(key, rsa.RSAPrivateKey):
            value = key.sign(digest, padding.PKCS1v15(), how)
        else:
            value = key.sign(digest, ec.ECDSA(how))
        return json.dumps({"signatures": [b64encode(value).decode()]}).encode()


@pytest.mark.parametrize("kind", ["RSA", "EC"])
def test_remote_signer_sees_a_digest_alone(kind: str) -> None:
    """It signs without ever seeing the dossier, and the signature is like any other."""
    holder = _person(kind)
    signer = Signer(holder)
    key = from_remote(signer, Credential("cred-1", "sad"), key_id="bus", certificate=holder.pem)
    assert isinstance(verify(sign_enveloped(DOSSIER, key), {"bus": key.public()}), Verified)
    (row,) = signer.asked
    assert (row["credentialID"], row["SAD"], len(b64decode(row["hash"][0]))) == ("cred-1", "sad", 32)


@pytest.mark.parametrize(
    "answer", [b"", b"{}", b'{"signatures":["AAAA"]}', b'{"signatures":[]}', b"<html>", b'{"signatures":["%%"]}']
)
@pytest.mark.parametrize("kind", ["RSA", "EC"])
def test_signer_that_errs_is_unavailable_and_nothing_is_signed(kind: str, answer: bytes) -> None:
    """Rubbish never becomes a signature."""
    key = from_remote(lambda _: answer, Credential("c"), key_id="bus", certificate=_person(kind).pem)
    with pytest.raises(KeyUnavailable):
        key.sign(b"x")


def test_signature_of_another_key_is_not_used() -> None:
    """The signer mixed up its credentials: found out before it leaves the house."""
    key = from_remote(Signer(_person("EC")), Credential("c"), key_id="bus", certificate=_person("EC").pem)
    with pytest.raises(KeyUnavailable, match="not of our key"):
        key.sign(b"x")


def test_new_key_takes_over_on_its_first_day() -> None:
    """Two keys overlap; partners know both before, while and after."""
    root = Issuer.root()
    old = root.person(first=NOW - 300 * DAY, last=NOW + 10 * DAY).signing("cu")
    new = root.person(first=NOW - DAY, last=NOW + 300 * DAY).signing("moi")
    ring = KeyRing([Term(new, first=NOW + 5 * DAY), Term(old)])
    signs = [ring.active(NOW + days * DAY).key_id for days in (0, 4, 5, 9, 11, 200)]
    assert signs == ["cu", "cu", "moi", "moi", "moi", "moi"]
    assert set(ring.public()) == {"cu", "moi"}
    key, value = ring.sign(b"x", now=NOW)
    assert ring.public()["cu"].verify(b"x", value, key.algorithm)
    assert ring.uses == {"cu": 1}
    assert _code(ring.active, NOW + 400 * DAY) == "LT-SIGN-008"


def test_key_without_overlap_leaves_a_gap_that_is_told() -> None:
    """Between the last day of one and the first of the next nothing is signed."""
    key = _person("EC").signing("cu")
    ring = KeyRing([Term(key, last=NOW + DAY)])
    assert ring.active(NOW).key_id == "cu"
    assert _code(ring.active, NOW + 2 * DAY) == "LT-SIGN-008"


def test_algorithm_no_remote_signer_is_asked_for() -> None:
    """PSS has parameters the question cannot carry: said instead of signing something else."""
    key = from_remote(
        Signer(_person("RSA")), Credential("c"), key_id="bus", certificate=_person("RSA").pem, algorithm=Algorithm.PS256
    )
    with pytest.raises(KeyUnavailable, match="PS256"):
        key.sign(b"x")
