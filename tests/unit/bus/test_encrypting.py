"""Contents for a partner that demands encryption."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.wire.registry import render
from bus.encrypting import lock_of, wire_settings
from bus.outgoing import make_content
from bus.records import Content
from bus.sections import EndpointSettings, PartnerEncryption
from bus.settings import Settings
from schemas.problem import Refused
from signing.encryption import ReadingKey, decrypt_jwe
from tests.unit.bus.kit import Desk, adapter, dossier, soap
from tests.unit.bus.test_outgoing import Stamp
from tests.unit.signing.kit import p256, rsa2048


def rule(folder: Path, pair, form: str = "jwe") -> PartnerEncryption:
    """With the partner's certificate in the configuration folder."""
    (folder / "partner.pem").write_bytes(pair().certificate)
    return PartnerEncryption(form=form, key="file:partner.pem", key_id="H99")


@pytest.mark.parametrize("pair", [rsa2048, p256])
def test_the_signature_is_over_what_is_sent(pair, tmp_path: Path) -> None:
    """Encrypted once, then signed: every retry sends the same, and the partner checks before it decrypts."""
    desk = Desk()
    desk.say("mot_cua_cmon", soap("pushDocument", dossier()))
    lock = lock_of(Settings(folder=tmp_path), rule(tmp_path, pair), wire="json")
    item = desk.work(desk.told[0].delivery_id)
    made = make_content(item, adapter("cong_dvcqg"), signer=Stamp(), render=render, lock=lock)
    plain = make_content(item, adapter("cong_dvcqg"), signer=Stamp(), render=render)
    assert isinstance(made, Content)
    assert isinstance(plain, Content)
    assert (made.media_type, made.signature) == ("application/jose", f"jws:{len(made.body)}")
    read = decrypt_jwe(made.body, {"H99": ReadingKey.from_pem(pair().pem, key_id="H99")})
    assert json.loads(read) == json.loads(plain.body)


@pytest.mark.parametrize(("form", "wire"), [("jwe", "soap"), ("xml", "json"), ("jwe", "portal")])
def test_a_form_that_the_wire_cannot_carry_is_refused(form: str, wire: str, tmp_path: Path) -> None:
    """When the bus is started, not when the first dossier is sent."""
    with pytest.raises(Refused, match="LT-ENC-005"):
        lock_of(Settings(folder=tmp_path), rule(tmp_path, rsa2048, form), wire=wire)


def test_the_media_type_goes_with_the_form(tmp_path: Path) -> None:
    """The wire is told; what the endpoint says itself stands."""
    encrypted = EndpointSettings(system="x", encryption=rule(tmp_path, rsa2048))
    assert wire_settings(encrypted) == {"content_type": "application/jose"}
    assert wire_settings(EndpointSettings(system="x", settings={"a": "b"})) == {"a": "b"}
