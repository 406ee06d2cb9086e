"""PHP's SoapClient, which departments write their programs with, against the real door over HTTP."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any  # what PHP prints

import pytest

from adapters.manifest import AnswerKind
from adapters.registry import load_system
from adapters.wire.contract import Said
from schemas.problem import Stage, problem
from tests.foreign import path_of
from tests.integration.door.running import SECRET, Running, running
from tests.unit.wire.parts import soap_system

pytestmark = pytest.mark.foreign("php")
HERE = Path(__file__).parent / "php"
SYSTEMS = Path(__file__).parents[2] / "adapters" / "systems"


def php(script: str, *arguments: str) -> Any:  # Any: what PHP prints
    """Runs a script and reads what it prints."""
    done = subprocess.run(
        [path_of("php") or "php", str(HERE / script), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(params=["with the folder's WSDL", "with a made WSDL"])
def door(request: pytest.FixtureRequest) -> Iterator[Running]:
    """A door whose WSDL is the partner's, or made from the schema."""
    with running(soap_system(wsdl="wsdl/thu.wsdl" if "folder" in request.param else "")) as made:
        yield made


@pytest.mark.parametrize(
    ("version", "voice", "query"), [("1", "soap11", "wsdl=1.1"), ("1", "soap11", "wsdl"), ("2", "soap12", "wsdl")]
)
def test_php_calls_in_both_versions(door: Running, version: str, voice: str, query: str) -> None:
    """From the served WSDL alone, imports and all; Vietnamese and markup survive."""
    assert php("goi.php", f"{door.address}/thu?{query}", version, SECRET) == {"loi": 0}
    ((call, _, party),) = door.beyond.calls
    assert (call.voice, party.agency) == (voice, "H99.12")
    names = [item.findtext("ten") for item in call.payload.findall("hoSo")]
    assert names == ["Nguyễn Thị Thử", 'Đặng "Mẫu" & <con>']


@pytest.mark.parametrize(("version", "code"), [("1", "Client"), ("2", "Sender")])
def test_php_reads_our_faults(door: Running, version: str, code: str) -> None:
    """Fault code and reason in its version; the detail holds the problem's code."""
    door.beyond.answer = Said(AnswerKind.CONFLICT, (problem("LT-WIRE-005", Stage.PARSE, {"count": 2}),))
    said = php("goi.php", f"{door.address}/thu?wsdl", version, SECRET)
    assert code in said["faultcode"]
    assert "LT-WIRE-005" in said["faultstring"]
    assert "LT-WIRE-005" in json.dumps(said["detail"])


def test_php_hears_that_its_password_is_wrong(door: Running) -> None:
    """As a fault, and nothing is handed over."""
    assert "LT-DOOR-001" in php("goi.php", f"{door.address}/thu?wsdl", "1", "sai")["faultstring"]
    assert door.beyond.calls == []


def test_a_department_in_php_speaks_with_the_cmon_door() -> None:
    """The shipped system: errCode in-band with HTTP 200, also for a wrong password."""
    with running(load_system(SYSTEMS / "mot_cua_cmon")) as door:
        said = php("cmon.php", f"{door.address}/mot_cua_cmon?wsdl", "1", "motcua.thu", SECRET)
        assert [one["errCode"] for one in said] == [0, 3]
        ((call, request, _),) = door.beyond.calls
        assert call.payload.findtext("arg0/ossDocumentSoapList/hoTenNguoiNop") == "Nguyễn Thị Thử Nghiệm"
        assert request.body.startswith(b"<?xml")
