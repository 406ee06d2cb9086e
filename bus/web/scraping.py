"""Who may scrape the metrics, and the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bus.web.networks import is_within

_FORBIDDEN = "Địa chỉ này không được đọc số đo (door.metrics_from) / this address may not read the metrics\n"
_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Scraping:
    """At /metrics."""

    def __init__(self, text: Callable[[], bytes], allowed: Sequence[IPv4Network | IPv6Network]) -> None:
        self._text, self._allowed = text, tuple(allowed)

    async def answer(self, request: Request) -> Response:
        """The numbers of the last look."""
        if not is_within(request.client.host if request.client else "", self._allowed):
            return PlainTextResponse(_FORBIDDEN, status_code=403)
        body = await asyncio.to_thread(self._text)
        return Response(body, headers={"content-type": _TYPE, "cache-control": "no-store"})
