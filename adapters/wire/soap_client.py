"""The SOAP caller: department systems that we call. Content bytes are wrapped into an envelope, never re-written."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from adapters.adapter import Adapter
from adapters.wire.address import address_of
from adapters.wire.contract import Exchange, Fault, PartnerReply, SendOrder, Target, Unsecured
from adapters.wire.http_client import HttpClient, Outgoing, unsent
from adapters.wire.quirks import SOAP_12
from adapters.wire.replying import soap_reply
from adapters.wire.soap_binding import load_binding
from adapters.wire.soap_envelope import MEDIA_TYPE, PROLOG, Version, wrap
from schemas.problem import Refused, Stage, problem


class SoapCaller:
    """Outbound wire "soap". Thread-safe; the connections are the HTTP client's."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def send(self, order: SendOrder) -> Exchange:
        """See OutboundWire."""
        try:
            version, action = _manner(order.adapter, order.name)
        except Refused as refused:  # a mistake in the system folder: nothing was sent, and its words are told
            found = refused.problems[0]
            return unsent(order, Fault.CONNECT, f"{found.code}: {found.text_en}")
        headers = {
            **_soap_headers(version, action),
            **basic(order.target),
            **signature(order),
            "X-Lienthong-Id": order.message_id,
        }
        body = PROLOG + order.content if order.adapter.manifest.whole_envelope else wrap(order.content, version)
        if order.target.security is not None:
            try:
                body = order.target.security.secure(body)
            except Unsecured as away:
                return unsent(order, Fault.KEY, str(away))
        return self._http.exchange(order.target, Outgoing(address_of(order), body, headers, order.timeout_s))

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


def _manner(adapter: Adapter, name: str) -> tuple[Version, str]:
    """SOAP version and soapAction of one operation: what the manifest says stands over the WSDL.

    Raises:
        Refused: the WSDL is not usable, or does not know the operation.
    """
    manifest, operation = adapter.manifest, adapter.manifest.operations[name]
    prefer_12 = SOAP_12 in manifest.quirks
    if not manifest.wsdl:
        return (Version.SOAP12 if prefer_12 else Version.SOAP11), operation.soap_action
    binding = load_binding(adapter.folder, manifest.wsdl, prefer_12=prefer_12)
    called = operation.service or name
    if called not in binding.actions and not operation.soap_action:
        values = {"file": manifest.wsdl, "operation": called}
        raise Refused((problem("LT-WIRE-043", Stage.CONFIGURE, values),))
    return binding.version, operation.soap_action or binding.actions.get(called, "")


def _soap_headers(version: Version, action: str) -> dict[str, str]:
    if version is Version.SOAP11:
        return {"Content-Type": MEDIA_TYPE[version], "SOAPAction": f'"{action}"'}
    return {"Content-Type": MEDIA_TYPE[version] + (f'; action="{action}"' if action else "")}
