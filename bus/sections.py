"""The sections of the settings, as pydantic reads them. Every key stands, commented, in the files under `config/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from bus.caller_section import are_networks
from bus.delivery import AfterParking
from bus.key_sections import Login
from bus.notation import read_notation
from bus.queue.address import check_url
from bus.rates import read_rate
from bus.reading import Misread
from bus.records import Breaker
from bus.records.examining import AttachmentPolicy
from bus.routes import Hop, Route
from bus.watch.liveness import Limits
from bus.watch.stuck import Patience
from bus.windows import read_windows


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


MISREAD = "misread"  # the type of pydantic's error for a line that cannot be read


def _readable(read: Callable[[str], object], text: str, *below: str) -> None:
    try:
        read(text)
    except Misread as wrong:
        found = {
            "text": wrong.marked(),
            "position": wrong.position + 1,
            "expected_vi": wrong.vi,
            "expected_en": wrong.en,
        }
        raise PydanticCustomError(MISREAD, "{text}", {**found, "below": below}) from wrong


class DoorSettings(_Part):
    """Where we listen."""

    host: str = "127.0.0.1"
    port: int = 8700
    public_address: str = ""  # as partners reach us, for WSDLs; "" = http://host:port
    connections: int = Field(default=1000, ge=10)
    connections_per_address: int = Field(default=200, ge=2)
    metrics_from: tuple[str, ...] = ("127.0.0.0/8", "::1/128")  # networks

    _are_networks = field_validator("metrics_from")(lambda value: are_networks(value))


class EncryptionSettings(_Part):
    """Bodies under lock, see bus.journal.vault."""

    active: str = ""  # key of new bodies; "" = the only one of `keys`; "-" = new bodies in clear, old ones readable
    keys: Mapping[str, str] = Field(default_factory=dict)  # id → 32 bytes as base64, by reference

    @model_validator(mode="after")
    def _active_is_named(self) -> EncryptionSettings:
        if not self.active and len(self.keys) > 1:
            raise ValueError("active: có nhiều khóa, phải ghi khóa đang dùng / several keys: say which is active")
        return self

    def active_key(self) -> str:
        """Its id; "" = new bodies stay in clear."""
        return "" if self.active == "-" else self.active or next(iter(self.keys), "")


class JournalSettings(_Part):
    """Where the record is."""

    url: str = ""  # SQLAlchemy URL; "" = SQLite in the data folder
    encryption: EncryptionSettings = EncryptionSettings()


class BreakerSettings(_Part):
    """See bus.records.Breaker."""

    failures: int = Field(default=5, ge=0)
    first_s: float = Field(default=5.0, gt=0)
    most_s: float = Field(default=60.0, gt=0)

    def rules(self) -> Breaker | None:
        """As the queue takes them; None = never."""
        return Breaker(**self.model_dump()) if self.failures else None


class QueueSettings(_Part):
    """Where the queue is, and how long a lease lasts."""

    redis_url: str = ""  # "" = a private server of our own; forms: bus.queue.address
    redis_user: str = ""
    redis_password: str = Field(default="", repr=False)  # by reference
    sentinel_password: str = Field(default="", repr=False)  # by reference
    partitions: int = Field(default=1, ge=1, le=64)  # over the servers of a cluster; all processes the same
    wait_replicas: int = Field(default=0, ge=0, le=8)  # that must have each write before it counts
    lease_s: float = 60.0  # longer than any attempt's deadline
    in_flight_per_endpoint: int = Field(default=12, ge=1)
    breaker: BreakerSettings = BreakerSettings()

    @field_validator("redis_url")
    @classmethod
    def _address_is_read(cls, value: str) -> str:
        if value:
            check_url(value)
        return value

    @property
    def drain_s(self) -> float:
        """From the order to stop: the longest attempt ends, and ten seconds more for its result to be recorded."""
        return self.lease_s / 2 + 10.0


class WorkerSettings(_Part):
    """How many deliver at once."""

    processes: int = 1
    threads: int = Field(default=32, ge=2)
    waiting: int = Field(default=96, ge=0)  # more that may be under way while as many wait long for an answer
    batch: int = 16


class WatchSettings(_Part):
    """When something takes too long. See docs: metrics and stuck messages."""

    every_s: float = Field(default=5.0, gt=0)  # a look, and a worker's sign of life
    still_s: float = Field(default=60.0, gt=0)
    silent_s: float = Field(default=20.0, gt=0)
    lost_s: float = Field(default=30.0, gt=0)
    endpoint_s: float = Field(default=300.0, gt=0)
    ready_s: float = Field(default=60.0, gt=0)
    unclear_s: float = Field(default=3600.0, gt=0)
    parked_working_days: int = Field(default=1, ge=0)
    fetch_s: float = Field(default=86_400.0, gt=0)

    def patience(self, *, lease_s: float) -> Patience:
        """With what is stuck."""
        return Patience(
            ready=timedelta(seconds=self.ready_s), sending=timedelta(seconds=lease_s * 1.5),
            unclear=timedelta(seconds=self.unclear_s), fetch=timedelta(seconds=self.fetch_s),
            parked_working_days=self.parked_working_days, undelivered=timedelta(seconds=self.ready_s),
        )  # fmt: skip

    def limits(self) -> Limits:
        """Of the watch."""
        return Limits(self.still_s, self.silent_s, self.lost_s, self.endpoint_s)


class EvidenceSettings(_Part):
    """How the journal's chain is sealed, and by whose time."""

    seal_every_s: float = Field(default=60.0, ge=1)
    batch: int = Field(default=10_000, ge=1, le=100_000)  # entries under one seal
    grace_s: float = Field(default=14_400.0, gt=0)  # an entry may wait so long for its time-stamp
    authorities: tuple[str, ...] = ()  # addresses of time-stamp authorities (RFC 3161), in order; empty = none is asked
    trust: str = ""  # folder of the authorities' certificates, from the configuration folder
    own_trust: str = ""  # store of [trust.*] that our own certificate is judged by; its proof goes into containers

    @model_validator(mode="after")
    def _whom_to_believe(self) -> EvidenceSettings:
        if self.authorities and not self.trust:
            raise ValueError("evidence.authorities cần evidence.trust / need evidence.trust: whom to believe")
        return self


class AttachmentSettings(_Part):
    """What the signatures inside attachments (PDF, CMS) are to us."""

    policy: AttachmentPolicy = AttachmentPolicy.REPORT
    trust: str = ""  # store the signers are judged by; "" = nobody is believed, whether they are intact is told
    time_trust: str = ""  # folder of time-stamp authorities, from the configuration folder; "" = as evidence.trust
    every_s: float = Field(default=5.0, ge=0.1)  # a look for messages that wait
    at_once: int = Field(default=2, ge=1, le=16)  # processes that read files, in each process of ours that looks
    file_s: float = Field(default=20.0, ge=1, le=300)  # of processor time for one file
    message_s: float = Field(default=120.0, ge=1, le=3600)  # for all files of one message
    door_s: float = Field(default=15.0, ge=1, le=120)  # so long a caller waits at most where a wrong one refuses

    def without_refusal(self) -> AttachmentPolicy:
        """For what we fetch ourselves: there is nobody to refuse it to."""
        return AttachmentPolicy.WARN if self.policy is AttachmentPolicy.REFUSE else self.policy


class PartnerEncryption(_Part):
    """A partner that demands that contents are encrypted for it."""

    form: Literal["jwe", "xml"]  # jwe: the whole body; xml: the content of the SOAP body, or the document
    key: str  # its certificate or public key, PEM, by reference
    key_id: str  # as the partner calls that key


class EndpointSettings(_Part):
    """One partner connection."""

    system: str
    address: str = ""  # "" for partners that only call or fetch
    agency: str = ""  # who may fetch from it, where several agencies use one system; "" = every caller of the system
    user: str = ""
    secret: str = Field(default="", repr=False)
    verify_tls: bool = True
    security: Literal["", "wss"] = ""  # "wss": each try carries a timestamp and our signature (WS-Security)
    login: Login = ""  # with security: a UsernameToken of `user` and `secret` as well
    reply_signature: Literal["", "optional", "required"] = ""  # of what they answer; "" = not looked at
    trust: str = ""  # store their certificate is judged by; "" = `certificates` are believed as they are
    certificates: tuple[str, ...] = ()  # that sign their replies, PEM, by reference
    attachments: Literal["", "off", "report", "warn"] = ""  # of what we fetch there; "" = as [attachments] says
    settings: Mapping[str, str] = Field(default_factory=dict)
    rate: str = ""  # how fast they may be sent to at most: "5/s", "300/min", see bus.rates; "" = as fast as they take
    windows: str = ""  # when they may be sent to, see bus.windows; "" = always
    encryption: PartnerEncryption | None = None  # None: contents go as they are, inside TLS
    retry: Mapping[str, str] = {"*": "10s;1000;exp(2s..15m);<3d;?16"}  # by operation or kind, see bus.notation

    @model_validator(mode="after")
    def _secured_as_said(self) -> EndpointSettings:
        if (self.login or self.reply_signature or self.trust or self.certificates) and not self.security:
            raise ValueError('cần security = "wss" / needs security = "wss"')
        if self.login and not (self.user and self.secret):
            raise ValueError("login cần user và secret / needs user and secret")
        if self.reply_signature and not (self.trust or self.certificates):
            raise ValueError("reply_signature cần trust hoặc certificates / needs trust or certificates")
        return self

    @field_validator("retry", mode="before")
    @classmethod
    def _one_for_all(cls, value: object) -> object:
        """A line alone holds for everything."""
        return {"*": value} if isinstance(value, str) else value

    @field_validator("retry")
    @classmethod
    def _retry_is_read(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for of, text in value.items():
            _readable(read_notation, text, of)
        return value

    @field_validator("windows")
    @classmethod
    def _windows_are_read(cls, value: str) -> str:
        _readable(read_windows, value)
        return value

    @field_validator("rate")
    @classmethod
    def _rate_is_read(cls, value: str) -> str:
        return str(read_rate(value)) if value else ""

    def timeouts_s(self) -> Mapping[str, float]:
        """Of one try, by what they hold for."""
        return {of: read_notation(text).timeout_s for of, text in self.retry.items()}


class HopSettings(_Part):
    """One stop of a route."""

    endpoint: str
    operation: str


PRIORITIES = {"khẩn": 0, "thường": 1, "thấp": 2, "urgent": 0, "normal": 1, "low": 2}  # of routes, by name


class RouteSettings(_Part):
    """One route, as in routes.toml."""

    id: str
    kind: str
    to: tuple[HopSettings, ...]
    senders: tuple[str, ...] = ()
    when: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    ordered: bool = False
    attachments: str = ""
    after_parking: AfterParking = AfterParking.HOLD
    priority: int = Field(default=1, ge=0, le=2)

    @field_validator("priority", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        """By number or by name."""
        if isinstance(value, str) and value not in PRIORITIES:
            raise ValueError(f"phải là một trong / must be one of: {', '.join(PRIORITIES)}")
        return PRIORITIES[value] if isinstance(value, str) else value

    def route(self) -> Route:
        """As a pure value."""
        hops = tuple(Hop(hop.endpoint, hop.operation) for hop in self.to)
        return Route(**{name: getattr(self, name) for name in self.__class__.model_fields if name != "to"}, to=hops)
