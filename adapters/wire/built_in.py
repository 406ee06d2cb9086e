"""The wires we bring: SOAP, the national portal, plain JSON."""

from __future__ import annotations

from adapters.wire.fetched import json_page, soap_page
from adapters.wire.json_client import JsonCaller
from adapters.wire.json_server import JsonDoor
from adapters.wire.outbox import OutboxDoor
from adapters.wire.portal import PortalCaller
from adapters.wire.registry import Wire
from adapters.wire.rendering import render_json, render_xml
from adapters.wire.soap_client import SoapCaller
from adapters.wire.soap_server import SoapDoor

SOAP = Wire("soap", SoapDoor, SoapCaller, render_xml, soap_page)
PORTAL = Wire("portal", JsonDoor, PortalCaller, render_json)
OUTBOX_REST = Wire("outbox_rest", OutboxDoor, JsonCaller, render_json, json_page)
JSON = Wire("json", JsonDoor, JsonCaller, render_json, json_page)
