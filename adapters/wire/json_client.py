"""The caller of JSON partners without an envelope: provincial façades that take the bare array and query parameters.

Settings: `auth` = "basic", or `key_header` = the header that carries the endpoint's secret; see `address` for paths.
"""

from __future__ import annotations

from adapters.wire.address import address_of
from adapters.wire.contract import Exchange, PartnerReply, SendOrder
from adapters.wire.http_client import HttpClient, Outgoing
from adapters.wire.rendering import update_flag
from adapters.wire.replying import json_reply
from adapters.wire.soap_client import basic, signature


class JsonCaller:
    """Outbound wire "json". Thread-safe."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def send(self, order: SendOrder) -> Exchange:
        """See OutboundWire."""
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Accept": "application/json",
            "X-Lienthong-Id": order.message_id,
            **basic(order.target),
            **signature(order),
        }
        if name := order.target.settings.get("key_header", ""):
            headers[name] = order.target.secret
        outgoing = Outgoing(
            url=address_of(order, query=update_flag(order)),
            body=order.content,
            headers=headers,
            timeout_s=order.timeout_s,
        )
        return self._http.exchange(order.target, outgoing)

    def reply(self, order: SendOrder, exchange: Exchange) -> PartnerReply:
        """See OutboundWire."""
        return json_reply(order, exchange)

    def forget_login(self, endpoint: str) -> None:
        """See OutboundWire: this wire has no sessions."""
