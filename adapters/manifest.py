"""The manifest of a system folder, `adapter.toml`, as frozen values. Docs: docs/vi/adapter-toml.md.

Paths are plain steps of local names joined by "/", relative to the operation's element (or to one item of it
where said so). Secrets never stand here: `secrets` and `[auth]` name where they travel, keys are given by
reference in the partner's settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from adapters.poll_rule import PollRule


class Direction(StrEnum):
    """Who starts an operation, and what we do with it."""

    IN = "in"  # they call us with messages to keep
    OUT = "out"  # we call them; queued
    PULL = "pull"  # they fetch what waits for them
    ACK = "ack"  # they acknowledge what they fetched
    ASK_IN = "ask-in"  # they ask us; answered now
    ASK_OUT = "ask-out"  # we ask them; one deadline, no queue
    POLL = "poll"  # we fetch from them: a list, or one item of it
    TELL = "tell"  # we tell them what became of an item we fetched


class Auth(StrEnum):
    """How a caller proves who it is. No door is open: every system that calls us declares one."""

    BODY = "body"  # user name and password inside the message
    HEADER = "header"  # a shared key in an HTTP header
    BASIC = "basic"  # HTTP basic
    JWS = "jws"  # a detached JWS over the body, in a header
    WSS = "wss"  # SOAP: WS-Security, by certificate or UsernameToken; whose, the settings say


class AnswerKind(StrEnum):
    """What we can have to say to a caller."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    UNKNOWN_DOSSIER = "unknown-dossier"
    UNAUTHENTICATED = "unauthenticated"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class AuthRule:
    """Where the caller's credentials travel."""

    kind: Auth
    user: str = ""  # BODY: path of the user name
    password: str = ""  # BODY: path of the password
    header: str = ""  # HEADER, JWS: the header's name


@dataclass(frozen=True, slots=True)
class Answer:
    """How one kind of answer is said in the partner's protocol.

    `fields` are paths under the reply element; texts may hold {vi}, {en}, {code}, {message_id}, {dossier}.
    """

    status: int = 200
    fault: bool = False  # SOAP: a fault with typed detail instead of the reply element
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DossierName:
    """One name of the dossier inside an item."""

    party: str  # whose name it is, e.g. "mot_cua_cmon"
    path: str
    ignore: tuple[str, ...] = ()  # values that mean "none", e.g. "0"


@dataclass(frozen=True, slots=True)
class ReplyRule:
    """One line of the table that says what a partner's reply means. The first line that fits decides.

    All members that are given must fit; `code` and `text` are read at the operation's `reply_code` and
    `reply_text`. Texts are compared NFC, case-folded, spaces collapsed.
    """

    outcome: str  # accepted|duplicate|rejected|refused|unavailable|throttled|unclear|bad-reply
    status: tuple[int, ...] = ()  # HTTP status
    code: tuple[str, ...] = ()
    code_pattern: str = ""  # whole-match regular expression
    code_missing: bool | None = None
    text_contains: tuple[str, ...] = ()  # any of them
    present: str = ""  # path that must stand in the reply
    absent: str = ""  # path that must not stand in the reply
    again: str = ""  # "update": send again as an update; "login": log in again once
    learn: str = ""  # party for which the code is the dossier's name
    problem: str = ""  # problem code shown to the operator


@dataclass(frozen=True, slots=True)
class KnownCode:
    """A reply code that the partner's contract names: every operation's table must say what it means."""

    code: str  # as it comes; "" = the reply bears none
    vi: str
    en: str
    text: str = ""  # words that come with it, where the table reads them
    status: int = 200
    operations: tuple[str, ...] = ()  # of which it is a reply; () = of every one we call


@dataclass(frozen=True, slots=True)
class Then:
    """A message born when a delivery is taken (`reply_map` given: from the reply, else from the message)."""

    kind: str
    after_s: float = 0.0
    reply_map: str = ""  # file under maps/ that reads the reply into the canonical kind
    until_code: tuple[str, ...] = ()  # with `repeat`: reply codes after which no further question is asked
    repeat: bool = False  # ask again after `after_s` until `until_code`


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a partner, in the partner's own name."""

    direction: Direction
    title_vi: str
    title_en: str
    element: str = ""  # local name of the operation's element in the schema; "" = the operation's name
    reply_element: str = ""
    items: str = ""  # path to the repeated element; each is one message. "" = the whole element is one
    items_limit: int = 1000  # items in one call at most
    all_or_nothing: bool = True
    map: str = ""  # file under maps/
    kind: str = ""  # canonical kind that is made (IN), sent (OUT, PULL) or answered (ASK)
    dossier: tuple[DossierName, ...] = ()  # relative to an item
    creates: bool = False  # may open a new dossier
    key: tuple[str, ...] = ()  # paths that make the duplicate key, relative to an item
    update: bool = False  # same key with other content is an update
    dated_by: str = ""  # path of the day that code tables are judged by, relative to an item; "" = the day it came
    dated_format: str = ""  # how that day is written, as in maps: "dd/MM/yyyy", "yyyyMMddHHmmss", "iso" …
    answers: Mapping[AnswerKind, Answer] = field(default_factory=dict)  # over the adapter's
    # -- OUT, POLL, TELL --
    method: str = "POST"  # json: "GET" puts the members of the request into the address
    service: str = ""  # the name on the wire where one service serves several operations here; "" = the name
    soap_action: str = ""
    path: str = ""  # appended to the endpoint's address; JSON doors: how the called path ends
    data_form: str = ""  # portal, json: "list" ([element], default of OUT), "object", or "members" (default of ASK_OUT)
    envelope: Mapping[str, str] = field(default_factory=dict)  # portal: constant members beside `service`
    unclear: str = "park"  # ask | repeat | park
    ask: str = ""  # the ASK_OUT operation that tells whether the dossier is there
    after: str = ""  # operation that must have been taken there before, for the same dossier
    unordered: bool = False  # changes nothing there; may overtake
    full_state: bool = False  # sets a whole state: a later one tells all that an earlier one told
    signed: str = ""  # with sign.xmldsig: map whose form of the message is signed; "" = the canonical form itself
    reply_code: str = ""
    reply_text: str = ""
    replies: tuple[ReplyRule, ...] = ()
    then: tuple[Then, ...] = ()
    identities: tuple[str, ...] = ()  # parties whose name of the dossier must exist before it is sent
    # -- PULL, ACK --
    limit: int = 50
    offer_s: int = 300  # not acknowledged after this = offered again
    ack_path: str = ""  # ACK: path of the repeated code
    ack_party: str = ""  # ACK: whose names the codes are


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How a party's name for a dossier is given by us where the partner needs one."""

    prefix: str = ""  # may hold {co_quan} and {ngay:yyMMdd}; "" = a bare integer
    width: int = 0
    start: int = 1


@dataclass(frozen=True, slots=True)
class SignRule:
    """Which signatures the content carries."""

    jws: str = ""  # HTTP header for a detached JWS over the content bytes; "" = none
    xmldsig: str = ""  # path of the base64Binary element that carries the signed canonical XML; "" = none


@dataclass(frozen=True, slots=True)
class LookUp:
    """How the partner is asked what it has of one dossier, for reconciliation."""

    operation: str  # ASK_OUT, or OUT where asking changes nothing there
    record: str = ""  # path of the record found in the reply, may repeat; "" = the whole reply is the record
    record_element: str = ""  # global element of the schema that the record is read as, where `record` is given
    reply_map: str = ""  # file under maps/ that reads the record into a canonical kind; "" = only whether it is there
    absent: tuple[str, ...] = ()  # the reply's text holds one of these: it is not there; () = any "rejected" says so
    status_from: str = "us"  # "us": they have the status we sent; "them": the status is born there and comes to us
    shown_by: Mapping[str, str] = field(default_factory=dict)  # operation we send a status by → "table/column" there


@dataclass(frozen=True, slots=True)
class Manifest:
    """One system folder."""

    id: str
    title_vi: str
    title_en: str
    wire: str  # soap | portal | json
    namespace: str  # target namespace of the operations' elements; "" = none
    schema: str  # main XSD, relative to the folder
    operations: Mapping[str, Operation]
    wsdl: str = ""
    party: str = ""  # the partner's name in the identity table; "" = id
    auth: AuthRule | None = None  # None: nobody calls us by this system
    secrets: tuple[str, ...] = ()  # local names whose text is never kept, shown or compared
    quirks: tuple[str, ...] = ()
    answers: Mapping[AnswerKind, Answer] = field(default_factory=dict)
    numbers: Mapping[str, NumberRule] = field(default_factory=dict)  # by party
    sign: SignRule = SignRule()
    known_codes: tuple[KnownCode, ...] = ()  # of replies, as the contract lists them
    poll: Mapping[str, PollRule] = field(default_factory=dict)  # by operation
    look_up: LookUp | None = None  # None: there is nothing to ask of them
    body_limit_bytes: int = 10_485_760
    hooks: bool = False
    whole_envelope: bool = False  # soap: the schema and the maps speak of the envelope, its header included
    waived_rules: tuple[str, ...] = ()  # cross-field rules this partner's messages are not held to

    def element_of(self, name: str) -> str:
        """The schema's element that paths and maps of an operation begin at."""
        return "Envelope" if self.whole_envelope else self.operations[name].element or name
