"""Perl's SOAP::Lite, without a WSDL and in the old style, against the real door over HTTP."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any  # what Perl prints

import pytest

from tests.foreign import path_of
from tests.integration.door.running import SECRET, running
from tests.unit.wire.parts import soap_system

pytestmark = pytest.mark.foreign("perl")
SCRIPT = Path(__file__).parent / "perl" / "goi.pl"


def perl(*arguments: str) -> Any:  # Any: what Perl prints
    """Runs the script and reads what it prints."""
    command = [path_of("perl") or "perl", str(SCRIPT), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("version", "voice"), [("1.1", "soap11"), ("1.2", "soap12")])
def test_an_old_style_caller_is_understood(version: str, voice: str) -> None:
    """xsi:type on every leaf with its prefix on the envelope, an encodingStyle, an empty SOAPAction."""
    with running(soap_system()) as door:
        assert perl(f"{door.address}/thu", version, SECRET) == {"loi": "0"}
        ((call, request, _),) = door.beyond.calls
    assert b"xsi:type" in request.body
    assert call.voice == voice
    assert call.payload.findtext("hoSo/ten") == "Nguyễn Thị Thử"


def test_it_reads_our_faults() -> None:
    """Fault code, words and the typed detail."""
    with running(soap_system()) as door:
        said = perl(f"{door.address}/thu", "1.1", "sai")
    assert said["faultcode"] == "soap:Client"
    assert "LT-DOOR-001" in said["faultstring"]
    assert said["code"] == "LT-DOOR-001"


def test_it_finds_the_typed_detail_in_a_12_fault() -> None:
    """SOAP::Lite knows no fault code of 1.2, but the detail tells all."""
    with running(soap_system()) as door:
        assert perl(f"{door.address}/thu", "1.2", "sai")["code"] == "LT-DOOR-001"
