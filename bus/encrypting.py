"""Contents encrypted for a partner that demands it, by its endpoint's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bus.key_places import kept_at
from bus.outgoing import Lock
from bus.sections import EndpointSettings, PartnerEncryption
from bus.settings import Settings
from schemas.problem import Refused, Stage, problem
from signing.encryption import RecipientKey, encrypt_jwe, encrypt_xml
from signing.encryption.jwe import MEDIA_TYPE

_WIRES = {"jwe": "json", "xml": "soap"}  # form → the wire that carries it; others put contents inside their own JSON


def lock_of(settings: Settings, rule: PartnerEncryption | None, *, wire: str) -> Lock | None:
    """None where nothing is demanded.

    Raises:
        Refused: the partner's key is not there or is of no use, or the wire cannot carry the form.
    """
    if rule is None:
        return None
    if _WIRES[rule.form] != wire:
        values = {"form": rule.form, "wire": wire, "fitting": _WIRES[rule.form]}
        raise Refused((problem("LT-ENC-005", Stage.CONFIGURE, values),))
    with kept_at(rule.key):
        to = RecipientKey.from_pem(settings.secret(rule.key).encode(), key_id=rule.key_id)
    return _AsJwe(to) if rule.form == "jwe" else _AsXml(to)


def wire_settings(endpoint: EndpointSettings) -> Mapping[str, str]:
    """The endpoint's, with the media type of what is encrypted."""
    if endpoint.encryption is None or endpoint.encryption.form != "jwe":
        return endpoint.settings
    return {"content_type": MEDIA_TYPE, **endpoint.settings}


@dataclass(frozen=True, slots=True)
class _AsJwe:
    to: RecipientKey

    def __call__(self, body: bytes, media_type: str) -> tuple[bytes, str]:
        """The whole body; what it was stands in the header."""
        return encrypt_jwe(body, self.to, media_type=media_type), MEDIA_TYPE


@dataclass(frozen=True, slots=True)
class _AsXml:
    to: RecipientKey

    def __call__(self, body: bytes, media_type: str) -> tuple[bytes, str]:
        """The content alone; it stays the XML it was."""
        return encrypt_xml(body, self.to), media_type
