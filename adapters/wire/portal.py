"""The caller of the national portal, first generation: login session, envelope, data spliced in unchanged."""

from __future__ import annotations

import time

from adapters.wire.address import address_of
from adapters.wire.contract import Exchange, PartnerReply, SendOrder
from adapters.wire.http_client import HttpClient, Outgoing, unsent
from adapters.wire.json_client import JsonCaller
from adapters.wire.jsonxml import compact
from adapters.wire.portal_session import NoSession, Sessions, routing
from adapters.wire.rendering import MEMBERS, data_form, update_flag
from adapters.wire.replying import json_reply
from adapters.wire.soap_client import signature


class PortalCaller:
    """Outbound wire "portal". Thread-safe. An endpoint with `form = "facade"` is called without the envelope."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._sessions = Sessions(http)
        self._facade = JsonCaller(http)

    def send(self, order: SendOrder) -> Exchange:
        """See OutboundWire."""
        if order.target.settings.get("form") == "facade":
            return self._facade.send(order)
        started = time.monotonic()
        until = started + order.timeout_s
        session = self._sessions.session(order, until=until)
        if isinstance(session, NoSession):
            return unsent(order, session.fault, session.detail, duration_ms=int((time.monotonic() - started) * 1000))
        parameters, headers = routing(order)
        outgoing = Outgoing(
            url=address_of(order, query=dict(parameters)),
            body=envelope(order, session),
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                "Charset": "utf-8",
                "X-Lienthong-Id": order.message_id,
                **headers,
                **signature(order),
            },
            timeout_s=max(0.0, until - time.monotonic()),
        )
        return self._http.exchange(order.target, outgoing)

    def reply(self, order: SendOrder, exchange: Exchange) -> PartnerReply:
        """See OutboundWire."""
        return json_reply(order, exchange)

    def forget_login(self, endpoint: str) -> None:
        """See OutboundWire."""
        self._sessions.forget(endpoint)


def envelope(order: SendOrder, session: str) -> bytes:
    """The envelope. The content is its last member `data`, byte for byte as it was made and signed; an operation
    without `data` (a question) has its own members at the top, after ours."""
    operation = order.adapter.manifest.operations[order.name]
    ahead = {
        "session": session,
        "madonvi": order.target.settings.get("madonvi", ""),
        "service": operation.service or order.name,
        **operation.envelope,
    }
    head = compact({**ahead, **update_flag(order)})[:-1]
    if data_form(operation) != MEMBERS:
        return head + b',"data":' + order.content + b"}"
    members = order.content.strip()[1:]  # an object without its opening brace
    return head + (b"," if members.strip() != b"}" else b"") + members
