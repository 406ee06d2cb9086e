"""The caller of JSON partners without an envelope: provincial façades that take the bare array and query parameters.

Settings: `auth` = "basic", or `key_header` (and `user_header`) = the header that carries the endpoint's secret (and
user name); `content_type` where the content is not JSON (encrypted: "application/jose"); see `address` for paths.
"""

from __future__ import annotations

from adapters.wire.address import address_of
from adapters.wire.contract import Exchange, PartnerReply, SendOrder
from adapters.wire.http_client import HttpClient, Outgoing
from adapters.wire.rendering import update_flag
from adapters.wire.replying import json_reply
from adapters.wire.soap_client import basic, signature
from schemas.jsondoc import loads


def members(content: bytes) -> dict[str, str]:
    """The members of a request's object as parameters of an address. What is not a scalar has no place there."""
    value = loads(content) if content else {}
    given = value.items() if isinstance(value, dict) else ()
    return {name: _as_text(item) for name, item in given if isinstance(item, str | int | float)}


def _as_text(value: str | int | float) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


class JsonCaller:
    """Outbound wire "json". Thread-safe."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def send(self, order: SendOrder) -> Exchange:
        """See OutboundWire."""
        headers = {
            "Content-Type": order.target.settings.get("content_type", "application/json; charset=utf-8"),
            "Accept": "application/json",
            "X-Lienthong-Id": order.message_id,
            **basic(order.target),
            **signature(order),
        }
        for setting, value in (("key_header", order.target.secret), ("user_header", order.target.user)):
            if name := order.target.settings.get(setting, ""):
                headers[name] = value
        if order.adapter.manifest.operations[order.name].method == "GET":
            del headers["Content-Type"]
            url = address_of(order, query=members(order.content))
            outgoing = Outgoing(url, b"", headers, order.timeout_s, method="GET")
        else:
            url = address_of(order, query=update_flag(order))
            outgoing = Outgoing(url, order.content, headers, order.timeout_s)
        return self._http.exchange(order.target, outgoing)

    def reply(self, order: SendOrder, exchange: Exchange) -> PartnerReply:
        """See OutboundWire."""
        return json_reply(order, exchange)

    def forget_login(self, endpoint: str) -> None:
        """See OutboundWire: this wire has no sessions."""
