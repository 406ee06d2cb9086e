"""`lienthong signing-keys`: which key signs, which follows, who is believed, and for how many days."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from signing.jws import verify_detached
from signing.keys import VerifyKey
from tests.integration.cli.running import run_any
from tests.unit.signing.issuer import DAY, Holder, Issuer

NOW = datetime.now(UTC)
LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")


def person(folder: Path, root: Issuer, name: str, *, days: int) -> Holder:
    """A key and its certificate as files."""
    made = root.person(first=NOW - 2 * DAY, last=NOW + days * DAY)
    (folder / f"{name}.pem").write_bytes(made.private)
    (folder / f"{name}.crt").write_bytes(made.pem)
    return made


def command(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command on these settings."""
    settings = {**os.environ, "LIENTHONG_DATA": str(folder / "data"), **environment}
    ran = run_any(("--config", str(folder), *words), env=settings)
    return subprocess.CompletedProcess(words, ran.code, ran.out, ran.err)


def told(folder: Path, **environment: str) -> tuple[int, dict[str, Any]]:
    """Exit status, and what programs read."""
    done = command(folder, "signing-keys", "--json", **environment)
    return done.returncode, json.loads(done.stdout)


def test_keys_and_those_we_believe_are_told_with_their_days(tmp_path: Path) -> None:
    """The one that signs is marked; the successor and its first day stand beside it."""
    root = Issuer.root()
    person(tmp_path, root, "cu", days=20)
    person(tmp_path, root, "moi", days=400)
    (tmp_path / "kho").mkdir()
    (tmp_path / "kho" / "goc.pem").write_bytes(root.pem)
    (tmp_path / "lienthong.toml").write_text(
        '[signing.keys.cu]\nkey = "file:cu.pem"\ncertificate = "file:cu.crt"\n'
        f'[signing.keys.moi]\nkey = "file:moi.pem"\ncertificate = "file:moi.crt"\nfirst = {NOW + 9 * DAY:%Y-%m-%d}\n'
        '[trust.thu]\nfolder = "kho"\n'
    )
    status, found = told(tmp_path)
    assert status == 0
    assert [(one["key_id"], one["active"], round(one["days_left"])) for one in found["keys"]] == [
        ("cu", True, 20), ("moi", False, 400),
    ]  # fmt: skip
    assert [one["name"].split(":")[0] for one in found["believed"]] == ["trust thu"]
    shown = command(tmp_path, "doctor").stdout
    assert "cu" in shown
    assert "19 ngày" in shown


def test_no_key_in_force_is_a_failure(tmp_path: Path) -> None:
    """So that a monitor that runs the command is alarmed."""
    person(tmp_path, Issuer.root(), "cu", days=-1)
    (tmp_path / "lienthong.toml").write_text('[signing]\nkey = "file:cu.pem"\ncertificate = "file:cu.crt"\n')
    status, found = told(tmp_path)
    assert (status, found["keys"][0]["active"]) == (1, False)


SIGN = """
import sys
from pathlib import Path
from bus.keyring import KeySigner
from bus.settings import load
print(KeySigner.of(load(Path(sys.argv[1]))).jws(b"noi dung"))
"""


@pytest.mark.foreign("softhsm2-util")
def test_a_key_in_hardware_is_named_by_the_settings(tmp_path: Path) -> None:
    """Library, token, label and PIN by reference; the key itself is in no file of ours."""
    holder = person(tmp_path, Issuer.root(), "hsm", days=90)
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path}/tokens\n")
    place = {"SOFTHSM2_CONF": str(tmp_path / "softhsm2.conf"), "BUS_PIN": "123456"}
    pin = ("--pin", "123456")
    for words in (
        ("--init-token", "--free", "--label", "truc", "--so-pin", "1234", *pin),
        ("--import", f"{tmp_path}/hsm.pem", "--token", "truc", "--label", "ky", "--id", "6b79", *pin),
    ):
        subprocess.run(("softhsm2-util", *words), env={**os.environ, **place}, check=True, capture_output=True)
    (tmp_path / "hsm.pem").unlink()
    library = next(name for name in LIBRARIES if Path(name).is_file())
    (tmp_path / "lienthong.toml").write_text(
        f'[signing.keys.hsm]\ncertificate = "file:hsm.crt"\n[signing.keys.hsm.pkcs11]\nmodule = "{library}"\n'
        'token = "truc"\nlabel = "ky"\npin = "env:BUS_PIN"\n'
    )
    status, found = told(tmp_path, **place)
    assert (status, found["keys"][0]["active"]) == (0, True)
    done = subprocess.run(
        [sys.executable, "-c", SIGN, str(tmp_path)], env={**os.environ, **place}, capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    public = VerifyKey.from_pem(holder.pem, key_id="hsm")
    assert not verify_detached(b"noi dung", done.stdout.strip(), {"hsm": public})
