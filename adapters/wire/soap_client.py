"""The SOAP caller: department systems that we call. Content bytes are wrapped into an envelope, never re-written."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from adapters.adapter import Adapter
from adapters.wire.address import address_of
from adapters.wire.contract import Exchange, PartnerReply, SendOrder, Target
from adapters.wire.http_client import HttpClient, Outgoing
from adapters.wire.quirks import SOAP_12
from adapters.wire.replying import soap_reply
from adapters.wire.soap_binding import Binding, load_binding
from adapters.wire.soap_envelope import MEDIA_TYPE, Version, wrap


class SoapCaller:
    """Outbound wire "soap". Thread-safe; the connections are the HTTP client's."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def send(self, order: SendOrder) -> Exchange:
        """See OutboundWire."""
        binding = _binding(order.adapter)
        operation = order.adapter.manifest.operations[order.name]
        action = operation.soap_action or binding.actions.get(operation.service or order.name, "")
        outgoing = Outgoing(
            url=address_of(order),
            body=wrap(order.content, binding.version),
            headers={
                **_soap_headers(binding.version, action),
                **basic(order.target),
                **signature(order),
                "X-Lienthong-Id": order.message_id,
            },
            timeout_s=order.timeout_s,
        )
        return self._http.exchange(order.target, outgoing)

    def reply(self, order: SendOrder, exchange: Exchange) -> PartnerReply:
        """See OutboundWire."""
        return soap_reply(order, exchange)

    def forget_login(self, endpoint: str) -> None:
        """See OutboundWire: this wire has no sessions."""


def basic(target: Target) -> dict[str, str]:
    """HTTP Basic, where the endpoint's settings ask for it."""
    if target.settings.get("auth") != "basic":
        return {}
    value = base64.b64encode(f"{target.user}:{target.secret}".encode()).decode("ascii")
    return {"Authorization": f"Basic {value}"}


def signature(order: SendOrder) -> Mapping[str, str]:
    """The detached signature over the content, in the header the manifest names."""
    name = order.adapter.manifest.sign.jws
    return {name: order.signature} if name and order.signature else {}


def _binding(adapter: Adapter) -> Binding:
    prefer_12 = SOAP_12 in adapter.manifest.quirks
    if not adapter.manifest.wsdl:
        return Binding(Version.SOAP12 if prefer_12 else Version.SOAP11, {})
    return load_binding(adapter.folder, adapter.manifest.wsdl, prefer_12=prefer_12)


def _soap_headers(version: Version, action: str) -> dict[str, str]:
    if version is Version.SOAP11:
        return {"Content-Type": MEDIA_TYPE[version], "SOAPAction": f'"{action}"'}
    return {"Content-Type": MEDIA_TYPE[version] + (f'; action="{action}"' if action else "")}
