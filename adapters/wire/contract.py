"""What every wire speaks with the floor above: plain HTTP values in, calls and replies out. No framework here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import AnswerKind, Operation
from schemas.problem import Problem


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as a door received it."""

    method: str
    path: str  # below the system's prefix, e.g. "/addtthcKhuyenMai"; "" or "/" for SOAP
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    address: str  # our public address of this system, without query
    peer: str = ""  # the caller's network address, as the door saw it


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A reply for a door to send."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the caller showed. Never logged."""

    user: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OutboxWord:
    """What a partner that fetches says of one item."""

    id: str
    word: str  # "ack" | "later" | "refuse" | "extend"
    reason: str = ""
    after_s: float = 0.0  # LATER, EXTEND: so long from now


@dataclass(frozen=True, slots=True)
class OutboxCall:
    """A call of the outbox: words about items, or, without any, the wish for more."""

    endpoint: str
    words: tuple[OutboxWord, ...] = ()
    limit: int = 0
    lease_s: float = 0.0


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One item on offer, in the partner's form."""

    id: str
    operation: str
    kind: str
    offered_until: datetime
    names: tuple[tuple[str, str], ...]  # (party, code) of its dossier
    element: etree._Element


@dataclass(frozen=True, slots=True)
class OutboxSaid:
    """The answer to a call of the outbox."""

    items: tuple[OutboxItem, ...] = ()
    more: bool = False
    results: tuple[tuple[str, str], ...] = ()  # (id, what became of it)


@dataclass(frozen=True, slots=True)
class Call:
    """An understood call: which operation, its element, who says so."""

    name: str
    operation: Operation
    payload: etree._Element  # the operation's element in the partner's form (JSON already turned into XML)
    credentials: Credentials | None
    voice: str  # how to answer: "soap11", "soap12", "json"
    problems: tuple[Problem, ...] = ()  # not empty: operation and caller are readable, the content is not valid
    outbox: OutboxCall | None = None  # PULL by the outbox: the payload says nothing
    secured: bool = False  # the payload is what a signature or a token of WS-Security vouches for


@dataclass(frozen=True, slots=True)
class Said:
    """What is to be answered."""

    kind: AnswerKind
    problems: tuple[Problem, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)  # message_id, dossier …
    payload: etree._Element | None = None  # PULL, ASK_IN: the whole reply element, ready
    outbox: OutboxSaid | None = None


class SecuredWire(Protocol):
    """What an inbound wire does more where callers secure their messages."""

    def plain(self, adapter: Adapter, request: HttpRequest) -> tuple[bytes, str | None] | Problem:
        """The bytes to be judged, without the marks the manifest allows before them, and their charset."""

    def read_believed(self, adapter: Adapter, request: HttpRequest, body: etree._Element) -> Call | tuple[Problem, ...]:
        """As `read`, of the body element that the gate gave back; nothing else of the message is looked at."""

    def read_enclosed(
        self, adapter: Adapter, request: HttpRequest, root: etree._Element | None, content: etree._Element
    ) -> Call | tuple[Problem, ...]:
        """As `read`, of the signed document `content`, which the envelope `root` carried; of that only its version
        counts. None: there was no envelope."""


class InboundWire(Protocol):
    """Reads calls and writes answers in the partner's protocol. Pure: no clock, no store, no network."""

    def read(self, adapter: Adapter, request: HttpRequest) -> Call | tuple[Problem, ...]:
        """Guards, parses, finds the operation, validates its element against the partner's schema.

        Problems alone: nobody can say which call it was. A call with `problems`: it can be authenticated and
        answered in the operation's own form, and must not go further.
        """

    def write(self, adapter: Adapter, request: HttpRequest, call: Call | None, said: Said) -> HttpReply:
        """Says it in the caller's version; `call` is None when the request was not understood."""

    def describe(self, adapter: Adapter, request: HttpRequest) -> HttpReply | None:
        """What the door publishes about itself under this address (a WSDL); None = nothing."""


class Fault(StrEnum):
    """What went wrong on the line."""

    NONE = "none"
    CONNECT = "connect"  # before a byte was sent
    TIMEOUT = "timeout"  # after the request was sent, at least in part
    RESET = "reset"  # connection lost after the request was sent, at least in part
    TOO_LARGE = "too-large"  # reply over the limit
    LOGIN = "login"  # the partner refused our login; the message was not sent
    KEY = "key"  # our key cannot be used now; the message was not sent


class Unsecured(Exception):
    """A message could not be secured just now: nothing was sent, and nothing is sent bare instead."""


class Security(Protocol):
    """How messages to one endpoint are secured, each try anew, and how its replies are judged. Thread-safe."""

    def secure(self, envelope: bytes) -> bytes:
        """The same envelope with its security header.

        Raises:
            Unsecured: our key cannot be used now.
        """

    def check(self, reply: bytes) -> tuple[Problem, ...]:
        """Why a reply is not to be believed. Never raises for what a partner sent."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an endpoint is and how to get in. Secrets are already resolved; never logged."""

    endpoint: str
    address: str
    settings: Mapping[str, str]  # dstcode, madonvi, … as the wire's docs name them
    user: str = ""
    secret: str = field(default="", repr=False)
    verify_tls: bool = True
    reply_limit_bytes: int = 4_194_304
    security: Security | None = None  # None: messages go as they are


@dataclass(frozen=True, slots=True)
class SendOrder:
    """One content to be sent once."""

    adapter: Adapter
    target: Target
    name: str  # operation
    content: bytes  # as made and signed once; the wire wraps it and never changes it
    signature: str  # detached JWS or ""
    variant: str  # "create" | "update" | "": only wires that know the difference look at it
    message_id: str  # ours, sent along where the protocol has a place for it
    timeout_s: float  # total: connect, send, wait and read


@dataclass(frozen=True, slots=True)
class Exchange:
    """What happened on the line. A fault is a value, not an exception."""

    fault: Fault
    sent: bool  # at least one byte of the message may have reached the partner
    status: int
    headers: Mapping[str, str]
    body: bytes
    peer: str
    duration_ms: int
    request_sha256: str
    request_size: int
    detail: str = ""  # for operators, English, no secrets


@dataclass(frozen=True, slots=True)
class PartnerReply:
    """A reply as the partner's form: code and text by the declared paths, element for maps."""

    code: str | None
    text: str
    element: etree._Element | None
    problems: tuple[Problem, ...] = ()  # outside the contract: HTML with 200, wrong content type, fault


class OutboundWire(Protocol):
    """Sends one content and reads the reply. Thread-safe; keeps connections and login sessions."""

    def send(self, order: SendOrder) -> Exchange:
        """Sends once, logging in first where the protocol wants it. Connection faults before a byte was sent
        are tried three times within the deadline (tenacity); nothing else is tried again here."""

    def reply(self, order: SendOrder, exchange: Exchange) -> PartnerReply:
        """Reads the reply by the operation's declared paths. Never raises for what a partner sent."""

    def forget_login(self, endpoint: str) -> None:
        """The next send logs in anew."""
