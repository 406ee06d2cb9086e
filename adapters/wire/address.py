"""Where one operation of an endpoint is called.

Settings of an endpoint: `path` (where the operation declares none), `<operation>.path` and
`<operation>.<variant>.path` (partners with separate addresses for create and update), `query` (constant
parameters, written as in an address).
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from adapters.wire.contract import SendOrder

_NONE: Mapping[str, str] = {}


def address_of(order: SendOrder, *, query: Mapping[str, str] = _NONE) -> str:
    """The whole address; a path that is itself an address replaces it."""
    settings = order.target.settings
    operation = order.adapter.manifest.operations[order.name]
    path = (
        settings.get(f"{order.name}.{order.variant}.path")
        or settings.get(f"{order.name}.path")
        or operation.path
        or settings.get("path", "")
    )
    parameters = [*parse_qsl(settings.get("query", ""), keep_blank_values=True), *query.items()]
    return joined(order.target.address, path, parameters)


def joined(address: str, path: str, parameters: list[tuple[str, str]]) -> str:
    """An address with a path below it (or instead of it) and query parameters."""
    if path.startswith(("http://", "https://")):
        address = path
    elif path:
        base, mark, query = address.partition("?")
        address = f"{base.rstrip('/')}/{path.lstrip('/')}{mark}{query}"
    if not parameters:
        return address
    return address + ("&" if "?" in address else "?") + urlencode(parameters)
