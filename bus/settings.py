"""Settings: one frozen object from `lienthong.toml`, `partners.toml`, `routes.toml` and LIENTHONG_… variables.

Every key stands, commented, in the files under `config/`. An unknown key is an error that names the nearest one.
Secrets come by reference: "env:NAME" or "file:PATH" (relative to the configuration folder).
"""

from __future__ import annotations

import contextlib
import difflib
import os
import tomllib
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any  # tomllib and pydantic hand over untyped trees

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from adapters.toml_places import line_of
from bus.caller_section import CallerSettings
from bus.key_sections import SigningSettings, TrustSettings
from bus.retention_section import RetentionSettings
from bus.routes import Endpoint, RouteTable
from bus.sections import (
    MISREAD,
    AttachmentSettings,
    DoorSettings,
    EndpointSettings,
    EvidenceSettings,
    JournalSettings,
    QueueSettings,
    RouteSettings,
    WatchSettings,
    WorkerSettings,
)
from schemas.plain_words import of_toml, of_value, reasons
from schemas.problem import Place, Problem, Refused, Stage, problem

_FILES = ("lienthong.toml", "partners.toml", "routes.toml")  # what stands in a later one wins


class _Variables(EnvSettingsSource):
    """LIENTHONG_… variables. LIENTHONG_SYSTEMS is the registry's own: paths, beside `systems`, not over it."""

    def __call__(self) -> dict[str, Any]:  # Any: as in pydantic-settings
        """What the variables say."""
        found = super().__call__()
        found.pop("systems", None)
        return found


class Settings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="LIENTHONG_", env_nested_delimiter="__", toml_file=None
    )

    folder: Path = Path()  # the configuration folder itself; set by `load`
    data: Path = Path("data")
    systems: Annotated[tuple[Path, ...], NoDecode] = ()  # further system folders, beside LIENTHONG_SYSTEMS
    door: DoorSettings = DoorSettings()
    journal: JournalSettings = JournalSettings()
    queue: QueueSettings = QueueSettings()
    worker: WorkerSettings = WorkerSettings()
    watch: WatchSettings = WatchSettings()
    signing: SigningSettings = SigningSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    retention: RetentionSettings = RetentionSettings()
    attachments: AttachmentSettings = AttachmentSettings()
    trust: Mapping[str, TrustSettings] = Field(default_factory=dict)  # stores by name
    endpoints: Mapping[str, EndpointSettings] = Field(default_factory=dict)
    callers: Mapping[str, CallerSettings] = Field(default_factory=dict)
    routes: tuple[RouteSettings, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables win over files; files over defaults."""
        return _Variables(settings_cls), init_settings

    @model_validator(mode="after")
    def _lease_outlasts_attempts(self) -> Settings:
        for name, endpoint in self.endpoints.items():
            for of, timeout_s in endpoint.timeouts_s().items():
                # Half of the lease is left for the commit before and after the wire.
                if timeout_s * 2 > self.queue.lease_s:
                    raise ValueError(
                        f"queue.lease_s ({self.queue.lease_s:g}) phải dài ít nhất gấp đôi thời gian chờ của "
                        f"endpoints.{name}.retry.{of} ({timeout_s:g} s) / must be at least twice the endpoint's timeout"
                    )
        return self

    @model_validator(mode="after")
    def _one_cannot_take_all(self) -> Settings:
        """An endpoint that never answers must leave threads to the others."""
        if self.queue.in_flight_per_endpoint >= self.worker.threads:
            raise ValueError(
                f"queue.in_flight_per_endpoint ({self.queue.in_flight_per_endpoint}) phải nhỏ hơn worker.threads "
                f"({self.worker.threads}): một nơi nhận treo không được chiếm hết luồng / must be less than "
                "worker.threads: one receiver that hangs must not take them all"
            )
        return self

    @model_validator(mode="after")
    def _who_fetches_is_told(self) -> Settings:
        """Two agencies with the same software must not fetch each other's dossiers."""
        fetched = [(name, e) for name, e in self.endpoints.items() if not e.address]
        for name, endpoint in fetched:
            if not endpoint.agency and sum(other.system == endpoint.system for _, other in fetched) > 1:
                raise ValueError(
                    f"endpoints.{name}.agency: {endpoint.system} có nhiều điểm nối để lấy, phải ghi mã cơ quan "
                    "nào được lấy ở đây / several endpoints of this system are fetched from: say which agency may"
                )
        return self

    @model_validator(mode="after")
    def _stores_are_there(self) -> Settings:
        """Whoever is to be believed by a store names one that is declared."""
        named = [(f"callers.{name}.trust", one.trust) for name, one in self.callers.items()]
        named += [("evidence.own_trust", self.evidence.own_trust), ("attachments.trust", self.attachments.trust)]
        named += [(f"endpoints.{name}.trust", one.trust) for name, one in self.endpoints.items()]
        for place, store in named:
            if store and store not in self.trust:
                near = difflib.get_close_matches(store, self.trust, n=1) or sorted(self.trust) or ["–"]
                raise ValueError(f"{place}: không có [trust.{store}] / no such store; gần nhất / nearest: {near[0]}")
        return self

    @model_validator(mode="after")
    def _wrong_signers_are_known(self) -> Settings:
        asked = {"attachments.policy": self.attachments.policy.value}
        asked |= {f"callers.{name}.attachments": one.attachments for name, one in self.callers.items()}
        asked |= {f"endpoints.{name}.attachments": one.attachments for name, one in self.endpoints.items()}
        for place, policy in asked.items():
            if policy in ("warn", "refuse") and not self.attachments.trust:
                raise ValueError(f'{place} = "{policy}" cần attachments.trust / needs attachments.trust')
        return self

    @model_validator(mode="after")
    def _open_only_here(self) -> Settings:
        opened = [name for name, caller in self.callers.items() if caller.dangerous_open]
        if opened and not _is_loopback(self.door.host):
            raise ValueError(
                f"callers.{opened[0]}.dangerous_open: cửa mở chỉ được nghe ở máy này, door.host = {self.door.host} / "
                "an open door may listen on this machine only"
            )
        return self

    def route_table(self) -> RouteTable:
        """Routes and endpoints as pure values."""
        endpoints = {name: Endpoint(name, e.system, e.agency) for name, e in self.endpoints.items()}
        return RouteTable(tuple(route.route() for route in self.routes), endpoints)

    def journal_url(self) -> str:
        """SQLAlchemy URL of the journal."""
        return self.journal.url or f"sqlite:///{self.data.resolve() / 'journal.sqlite'}"

    def has_journal(self) -> bool:
        """There may be a journal at its address: a file that is not there holds none."""
        url = self.journal_url()
        return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///").partition("?")[0]).is_file()

    def address(self) -> str:
        """How partners reach us."""
        return self.door.public_address.rstrip("/") or f"http://{self.door.host}:{self.door.port}"

    def secret_bytes(self, reference: str) -> bytes:
        """The same for what is no text: the bytes of a file.

        Raises:
            Refused: it is not there.
        """
        kind, _, rest = reference.partition(":")
        if kind == "file":
            with contextlib.suppress(OSError):
                return (self.folder / rest).read_bytes()
        return self.secret(reference).encode()

    def secret(self, reference: str) -> str:
        """Resolves a reference.

        Raises:
            Refused: the variable or file is not there, or cannot be read.
        """
        kind, _, rest = reference.partition(":")
        if kind == "env" and rest in os.environ:
            return os.environ[rest]
        if kind == "file":
            with contextlib.suppress(OSError, UnicodeDecodeError):
                return (self.folder / rest).read_text(encoding="utf-8").strip("\r\n")
        if not reference:
            return ""
        raise Refused((problem("LT-CONF-003", Stage.CONFIGURE, {"reference": reference}),))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def packaged_defaults() -> Path:
    """The folder with the commented default files: in the wheel, or `config/` of the source tree."""
    inside = Path(__file__).parent / "defaults"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "config"


def load(folder: Path | None = None, *, over: Mapping[str, Any] | None = None) -> Settings:  # Any: any TOML value
    """Reads a configuration folder (default: LIENTHONG_CONFIG, else the packaged defaults).

    Raises:
        Refused: there is no such folder, a file is not TOML, or a key or value is wrong; all findings at once.
    """
    folder = folder or Path(os.environ.get("LIENTHONG_CONFIG") or packaged_defaults())
    if not folder.is_dir():  # the defaults instead would quietly be another, empty bus
        raise Refused((problem("LT-CONF-006", Stage.CONFIGURE, {"folder": folder.absolute()}),))
    tree: dict[str, Any] = {"folder": folder}  # Any: any TOML value
    for name in _FILES:
        file = folder / name
        if not file.is_file():
            continue
        try:
            tree.update(tomllib.loads(file.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            vi, en, line = of_toml(error)
            values = {"file": name, "reason_vi": vi, "reason_en": en}
            found = problem("LT-CONF-001", Stage.CONFIGURE, values).at(ours=Place(name, line))
            raise Refused((found,)) from error
    tree.update(over or {})
    try:
        return Settings(**tree)
    except ValidationError as error:
        raise Refused(tuple(_finding(detail, tree) for detail in error.errors())) from error
    except SettingsError as error:  # a variable that should hold JSON and does not
        raise Refused((problem("LT-CONF-002", Stage.CONFIGURE, {"place": "LIENTHONG_…", **reasons(error)}),)) from error


def _finding(detail: Any, tree: Mapping[str, Any]) -> Problem:  # Any: pydantic's error dictionaries
    if detail["type"] == MISREAD:
        return _misread(detail, tree)
    place = ".".join(str(step) for step in detail["loc"])
    if detail["type"] != "extra_forbidden":
        vi, en = of_value(detail)
        values = {"place": place or "–", "reason_vi": vi, "reason_en": en}
        return _placed("LT-CONF-002", values, detail["loc"], tree)
    near = difflib.get_close_matches(str(detail["loc"][-1]), _known(detail["loc"][:-1]), n=1)
    return problem("LT-CONF-004", Stage.CONFIGURE, {"place": place, "nearest": near[0] if near else "–"})


def _misread(detail: Any, tree: Mapping[str, Any]) -> Problem:  # Any: as above
    """A line in a notation of its own: which file or variable, which key, which character, what was expected."""
    steps = [*detail["loc"], *detail["ctx"]["below"]]
    return _placed("LT-CONF-007", {"place": ".".join(map(str, steps)), **detail["ctx"]}, steps, tree)


def _placed(
    code: str, values: Mapping[str, object], steps: Sequence[str | int], tree: Mapping[str, Any]
) -> Problem:  # Any: as above
    """With the variable, or the file and line, where it was set, as far as can be told."""
    names = ("_".join(("LIENTHONG", "__".join(map(str, steps[:many])))).upper() for many in range(len(steps), 0, -1))
    variable = next((name for name in names if name in {known.upper() for known in os.environ}), "")
    if variable:
        return problem(code, Stage.CONFIGURE, {**values, "place": f"{variable} ({values['place']})"})
    found: Place | None = None
    for name in _FILES:
        path = tree["folder"] / name
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if steps and steps[0] in tomllib.loads(text):
            found = Place(name, line_of(text, list(steps)))
    return problem(code, Stage.CONFIGURE, values).at(ours=found)


def _known(steps: tuple[str | int, ...]) -> list[str]:
    model: Any = Settings  # Any: walks through annotations
    for step in steps:
        if isinstance(step, int) or not hasattr(model, "model_fields") or step not in model.model_fields:
            continue
        annotation = model.model_fields[step].annotation
        inner = [part for part in getattr(annotation, "__args__", ()) if hasattr(part, "model_fields")]
        model = inner[0] if inner else annotation
    return list(getattr(model, "model_fields", {}))


__all__ = ["EndpointSettings", "Settings", "load", "packaged_defaults"]
