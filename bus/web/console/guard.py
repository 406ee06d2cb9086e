"""Who may see the console while it has no login: a browser on this very machine, and nobody through it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from starlette.requests import Request

_HOSTS = frozenset(("localhost", "127.0.0.1", "[::1]"))
# A proxy on this machine brings strangers: whoever passed one is not a peer of ours.
_PROXY = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_FOREIGN_PAGE = ("cross-site", "same-site")

HEADERS: Mapping[str, str] = {
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


def is_allowed(request: Request) -> bool:
    """The peer is this machine, the browser was told so, and no other site's page stands in between.

    The Host header is what a rebound name cannot fake: a page of a stranger whose name suddenly points to 127.0.0.1
    still sends the stranger's name.
    """
    return (
        _is_loopback(request.client.host if request.client else "")
        and _is_our_host(request.headers.get("host", ""))
        and not any(name in request.headers for name in _PROXY)
        and request.headers.get("sec-fetch-site", "none") not in _FOREIGN_PAGE
    )


def _is_loopback(peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _is_our_host(host: str) -> bool:
    name, colon, port = host.lower().rpartition(":") if not host.endswith("]") else (host.lower(), "", "")
    if not colon:
        name, port = host.lower(), "0"
    return name in _HOSTS and port.isascii() and port.isdigit()
