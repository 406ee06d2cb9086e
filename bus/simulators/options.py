"""What a simulator can be started with: frozen dataclasses, from which the command lines are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bus.simulators.switches import Switches


def _text(default: str, text: str) -> str:
    value: str = field(default=default, metadata={"help": text})
    return value


def _number(default: int, text: str) -> int:
    value: int = field(default=default, metadata={"help": text})
    return value


def _real(default: float, text: str) -> float:
    value: float = field(default=default, metadata={"help": text})
    return value


def _yes(text: str) -> bool:
    value: bool = field(default=False, metadata={"help": text})
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonOptions:
    """For every simulator. Secrets are never given on the command line, only names of environment variables."""

    host: str = _text("127.0.0.1", "address to listen on")
    port: int = _number(0, "port to listen on; 0 = any free one (it is printed)")
    seed: int = _number(1, "the same seed makes the same people, contents and mishaps")
    ledger: Path | None = field(default=None, metadata={"help": "append one JSON line per fact to this file"})
    switches: Switches = field(default=Switches(), metadata={"help": ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderOptions(CommonOptions):
    """For simulators that call the bus."""

    parallel: int = _number(8, "dossiers worked on at once; the calls of one dossier always follow one another")
    rate: float = _real(0.0, "calls a second at most; 0 = as fast as they are answered")
    timeout_s: float = _real(30.0, "give up waiting for an answer after so long, then send the same again")
    retry_s: float = _real(0.5, "wait so long before sending the same again")
    give_up_s: float = _real(600.0, "stop sending the same again after so long")


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalOptions(SenderOptions):
    """The national portal, first generation."""

    user: str = _text("", "the only user name taken at login; empty = any that is not empty")
    password_env: str = _text("", "environment variable with its password; empty = any that is not empty")
    session_calls: int = _number(0, "a login session is good for so many calls; 0 = no limit")
    session_seconds: float = _real(0.0, "a login session is good for so long; 0 = no limit")
    verify_key: tuple[str, ...] = field(
        default=(),
        metadata={"help": "PEM public key or certificate the bus signs with, FILE or KEYID=FILE; repeatable"},
    )
    require_signature: bool = _yes("refuse dossiers and progress without a good signature")
    callback: str = _text("", "base address for our own calls, e.g. http://127.0.0.1:8700/cong_dvcqg")
    callback_key_env: str = _text("", "environment variable with the shared key for our own calls")
    callback_header: str = _text("X-Api-Key", "header that carries the shared key")
    callbacks: int = _number(0, "send so many submissions by ourselves after the start")
    procedures: tuple[str, ...] = field(
        default=("9.999002",), metadata={"help": "procedures of submissions, in turn; repeatable"}
    )
    licence_procedures: tuple[str, ...] = field(
        default=("9.999004",), metadata={"help": "those of them that go to the driving-licence office; repeatable"}
    )
    attachment_bytes: int = _number(2_000, "size of each attachment")


@dataclass(frozen=True, slots=True, kw_only=True)
class CmonOptions(SenderOptions):
    """A department's one-stop desk that calls the bus by SOAP and fetches from it."""

    door: str = _text("http://127.0.0.1:8700/mot_cua_cmon", "SOAP address of the bus")
    user: str = _text("motcua.demo", "user name inside the messages")
    password_env: str = _text("LIENTHONG_CMON_PASSWORD", "environment variable with the password")
    soap12: bool = _yes("speak SOAP 1.2 instead of 1.1")
    dossiers: int = _number(0, "send so many dossiers by ourselves after the start")
    steps: int = _number(3, "progress steps of a dossier")
    invalid_rate: float = _real(0.0, "send broken content at this rate; it must be refused")
    results: float = _real(1.0, "share of dossiers whose result is handed over")
    licences: float = _real(0.2, "share of dossiers of the driving-licence kind")
    batch: int = _number(1, "dossiers in one call")
    pull_s: float = _real(0.0, "fetch online dossiers every so often; 0 = only when told to")
    pulled_steps: int = _number(2, "progress steps of a fetched dossier")
    ack_loss: float = _real(0.0, "forget to acknowledge what was fetched at this rate: it must be offered again")
    kinds: tuple[str, ...] = field(default=("TN01",), metadata={"help": "kinds of dossier, in turn; repeatable"})
    licence_kinds: tuple[str, ...] = field(
        default=("TN02",), metadata={"help": "kinds that go on to the driving-licence office; repeatable"}
    )
    first: int = _number(1, "number of the first dossier")


@dataclass(frozen=True, slots=True, kw_only=True)
class DlmsOptions(CommonOptions):
    """The driving-licence office's ASMX service."""

    again: str = field(
        default="sentence",
        metadata={"help": "a dossier sent twice is answered by", "choices": ("sentence", "number")},
    )
    status_by: str = field(
        default="ask", metadata={"help": "the status of a dossier moves on with each", "choices": ("ask", "time")}
    )
    status_seconds: float = _real(5.0, "with --status-by time: so long for each status")
    wss_certificate: Path | None = field(
        default=None, metadata={"help": "take only calls signed by WS-Security with this certificate, PEM"}
    )
    wss_key: Path | None = field(
        default=None, metadata={"help": "sign answers by WS-Security with this key, PEM; with --wss-paper"}
    )
    wss_paper: Path | None = field(default=None, metadata={"help": "certificate of that key, PEM"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FacadeOptions(SenderOptions):
    """A department whose software speaks the portal's JSON and posts bare arrays to the bus."""

    door: str = _text("http://127.0.0.1:8700/mat_tien_json", "address of the JSON front of the bus")
    key_env: str = _text("LIENTHONG_FACADE_KEY", "environment variable with the shared key")
    key_header: str = _text("X-Api-Key", "header that carries the shared key")
    agency: str = _text("H99.12", "MaDinhDanhDV in the query")
    dossiers: int = _number(0, "send so many dossiers by ourselves after the start")
    steps: int = _number(3, "progress steps of a dossier")
    invalid_rate: float = _real(0.0, "send broken content at this rate; it must be refused")
    updates: float = _real(0.2, "share of dossiers sent again with isUpdating=True and the last status")
    first: int = _number(1, "number of the first dossier")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListsOptions(CommonOptions):
    """A partner that waits to be asked: lists of rows, and an inbox with acknowledgement."""

    key_env: str = _text("", "environment variable with the key that callers must show; empty = none")
    key_header: str = _text("X-Api-Key", "header that carries the key")
    dossiers: int = _number(0, "so many rows in the list of dossiers at the start")
    steps: int = _number(3, "progress steps of each of them, in the list of steps")
    letters: int = _number(0, "so many letters in the inbox at the start, each with a dossier")
    prefix: str = _text("SM", "beginning of the dossiers' codes")
    first: int = _number(1, "number of the first dossier")
    page_most: int = _number(0, "rows in a page at most, whatever is asked for; 0 = as asked")
    repeat_page: bool = _yes("give the first page again and again, whichever is asked for")
    invalid_rate: float = _real(0.0, "dossiers with a day that does not exist at this rate; they must be refused")
    skew_s: float = _real(0.0, "the clock is so far ahead, or behind")


class Trouble(StrEnum):
    """What the proxy does to an exchange."""

    NONE = "none"
    DELAY = "delay"  # every block waits, there and back
    DROP = "drop"  # nothing passes, nobody is told
    HALF_OPEN = "half-open"  # the request passes, no answer comes back, nobody is told
    RESET = "reset"  # the request passes, then the caller's connection is reset
    CUT = "cut"  # the answer ends in the middle
    REFUSE = "refuse"  # the connection is reset before anything passes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySwitches:
    """What can be changed while it runs."""

    fault: str = field(
        default="none", metadata={"help": "what befalls an exchange", "choices": tuple(one.value for one in Trouble)}
    )
    rate: float = _real(1.0, "share of exchanges it befalls")
    delay_ms: float = _real(500.0, "with --fault delay: so long for each block")
    cut_bytes: int = _number(60, "with --fault cut: so much of the answer gets through")

    def __post_init__(self) -> None:
        if self.fault not in {one.value for one in Trouble}:
            raise ValueError(f"fault must be one of {', '.join(one.value for one in Trouble)}, not {self.fault!r}")
        for name, most in (("rate", 1.0), ("delay_ms", 600_000.0), ("cut_bytes", 1_000_000)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
                raise ValueError(f"{name} must be a number from 0 to {most:g}, not {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyOptions(ProxySwitches):
    """A TCP proxy with faults, between the bus and a partner."""

    to: str = _text("", "HOST:PORT of the partner; empty = every connection is refused until it is set")
    host: str = _text("127.0.0.1", "address to listen on")
    port: int = _number(0, "port of the way through; 0 = any free one (it is printed)")
    control_port: int = _number(0, "port of the controls; 0 = any free one (it is printed)")
    seed: int = _number(1, "the same seed makes the same mishaps")
