"""What is sent is made once: translated with the dossier's names, signed, checked against the partner's schema."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from adapters.manifest import SignRule
from adapters.wire.registry import render
from bus.outgoing import make_content, translate_out
from bus.records import Content, WorkItem
from schemas.xmldoc import parse
from tests.unit.bus.kit import Desk, adapter, dossier, soap


class Stamp:
    """A signer that can be seen at work."""

    key_id = "thu"

    def pen(self) -> Stamp:
        """Itself."""
        return self

    def jws(self, body: bytes) -> str:
        """Says over how much."""
        return f"jws:{len(body)}"

    def xml(self, body: bytes) -> bytes:
        """Says over what."""
        return b"<Ky>" + body + b"</Ky>"


@pytest.fixture
def item() -> WorkItem:
    """A dossier for the portal, as a worker is given it."""
    desk = Desk()
    desk.say("mot_cua_cmon", soap("pushDocument", dossier()))
    return desk.work(desk.told[0].delivery_id)


def test_the_dossiers_name_at_the_partner_is_written(item: WorkItem) -> None:
    """The national code, given at acceptance."""
    element, problems = translate_out(item, adapter("cong_dvcqg"), "DongBoHoSoMC")
    assert problems == ()
    assert element is not None
    assert element.findtext("{*}MaHoSo") == dict(item.identities)["cong_dvcqg"] == "H99.12-260706-00001"


def test_without_that_name_nothing_is_made(item: WorkItem) -> None:
    """A problem that names the party, not a message with a hole."""
    nameless = replace(item, identities=())
    _, problems = translate_out(nameless, adapter("cong_dvcqg"), "DongBoHoSoMC")
    assert [found.code for found in problems] == ["LT-DLV-007"]
    assert "cong_dvcqg" in problems[0].text_vi


def test_the_content_is_signed_inside_and_outside(item: WorkItem) -> None:
    """The XML signature is over the canonical message, the JWS over the exact bytes that are sent."""
    made = make_content(item, adapter("cong_dvcqg"), signer=Stamp(), render=render)
    assert isinstance(made, Content)
    assert made.signature == f"jws:{len(made.body)}"
    (sent,) = json.loads(made.body)
    inside = base64.b64decode(sent["DuLieuKySo"])
    assert inside == b"<Ky>" + item.message.body + b"</Ky>"
    assert made.profile == adapter("cong_dvcqg").profile


def test_a_signature_without_a_place_is_a_problem(item: WorkItem) -> None:
    """A wrong path in [sign] does not crash the worker."""
    portal = adapter("cong_dvcqg")
    wrong = replace(portal, manifest=replace(portal.manifest, sign=SignRule(xmldsig="KhongCo/Ky")))
    made = make_content(item, wrong, signer=Stamp(), render=render)
    assert not isinstance(made, Content)
    assert [found.code for found in made] == ["LT-DLV-009"]


def test_what_the_partners_schema_forbids_is_not_sent(item: WorkItem) -> None:
    """A leaf the partner does not know is found here, not by its rejection."""
    portal = adapter("cong_dvcqg")
    wrong = replace(portal, manifest=replace(portal.manifest, sign=SignRule(xmldsig="KhongCo")))
    made = make_content(item, wrong, signer=Stamp(), render=render)
    assert not isinstance(made, Content)
    assert {found.stage.value for found in made} == {"validate-out"}


def test_the_same_message_always_makes_the_same_bytes(item: WorkItem) -> None:
    """Replay “as now” differs only where a map, a table or a name does."""
    one = make_content(item, adapter("cong_dvcqg"), signer=Stamp(), render=render)
    two = make_content(item, adapter("cong_dvcqg"), signer=Stamp(), render=render)
    assert one == two
    assert parse(item.message.body) is not None
