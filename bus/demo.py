"""The main job on the embedded default: every part as its own process, real dossiers both ways, judged at the end."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bus.delivery import State
from bus.keyring import practice_key
from bus.ports import Journal
from bus.records import Query
from bus.simulators.judge import Verdict, judge
from bus.simulators.ledger import read_ledgers

_QUIET = 3  # looks in a row without anything open, before it is over
_START_S = 60.0
_END_S = 25.0  # more than the bus takes to end its own


@dataclass(frozen=True, slots=True)
class DemoSize:
    """How much is moved."""

    counter: int = 45  # dossiers taken in at the SOAP desk
    facade: int = 20  # dossiers from the desk that speaks JSON
    online: int = 24  # submissions on the portal, every fourth for driving licences
    steps: int = 3


SHORT = DemoSize(counter=6, facade=3, online=4, steps=2)


@dataclass(frozen=True, slots=True)
class Progress:
    """One look at what is going on."""

    seconds: float
    states: Mapping[State, int]
    senders_busy: int  # scripts of the simulated senders that are not finished
    accepted: int  # deliveries accepted so far


@dataclass(slots=True)
class Demo:
    """Starts, watches, judges, ends. Not thread-safe."""

    folder: Path
    size: DemoSize = field(default_factory=DemoSize)
    environment: dict[str, str] = field(default_factory=dict)  # over what the demo sets
    port: int = 0
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # further arguments of simulators, by name
    addresses: dict[str, str] = field(default_factory=dict)
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _began: float = 0.0

    def start(self) -> None:
        """Starts everything and lets the dossiers come."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or _free_port()
        door = f"http://127.0.0.1:{self.port}"
        key = practice_key(self._data()).with_name("practice.pub.pem")
        base = self._environment()
        self._simulate(
            "portal", base, "--verify-key", f"lienthong={key}", "--require-signature", "--user", "demo.motcua",
            "--password-env", "LIENTHONG_DVCQG_PASSWORD", "--callback", f"{door}/cong_dvcqg",
            "--callback-key-env", "LIENTHONG_DVCQG_CALLBACK_KEY", "--session-calls", "60", "--latency-ms", "15",
            "--error-rate", "0.02", "--duplicate", "0.1",
            "--procedures", "9.999002", "--procedures", "9.999002", "--procedures", "9.999002",
            "--procedures", "9.999004",
        )  # fmt: skip
        self._simulate("dlms", base, "--latency-ms", "15", "--status-by", "time", "--status-seconds", "2.5")
        self.addresses["door"] = door
        self.start_bus()
        self._began = time.monotonic()
        self._simulate(
            "cmon", base, "--door", f"{door}/mot_cua_cmon", "--dossiers", str(self.size.counter), "--steps",
            str(self.size.steps), "--invalid-rate", "0.05", "--pull-s", "1", "--ack-loss", "0.05",
        )  # fmt: skip
        self._simulate(
            "facade", base, "--door", f"{door}/mat_tien_json", "--dossiers", str(self.size.facade), "--steps",
            str(self.size.steps), "--invalid-rate", "0.05",
        )  # fmt: skip
        self.control("portal", "submit", {"count": self.size.online, "files": 2})

    def start_bus(self) -> None:
        """Only the bus itself: also after it was killed."""
        self._spawn("up", [sys.executable, "-m", "bus.cli", "up"], self.bus_environment())
        self._wait_ready(f"{self.addresses['door']}/health/ready")

    def control(self, who: str, action: str, given: Mapping[str, object]) -> None:
        """One of a simulator's controls."""
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            f"{self.addresses[who]}/_sim/{action}", json.dumps(given).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
            reply.read()

    def watch(self, journal: Journal, *, timeout_s: float, every_s: float = 0.5) -> Iterator[Progress]:
        """Looks until nothing is open and no sender is busy, or the time is over."""
        quiet = 0
        while quiet < _QUIET and time.monotonic() - self._began < timeout_s:
            states = journal.counts()
            busy = sum(self._state(who)["open_scripts"] for who in ("cmon", "facade", "portal"))
            opened = sum(n for state, n in states.items() if not state.final and state is not State.PARKED)
            quiet = 0 if busy or opened else quiet + 1
            yield Progress(time.monotonic() - self._began, states, busy, sum(states.values()))
            time.sleep(every_s)

    def verdict(self) -> Verdict:
        """What the ledgers of all simulators say together."""
        return judge(read_ledgers(*sorted((self.folder / "ledgers").glob("*.jsonl"))))

    def portal_counts(self) -> Mapping[str, int]:
        """The portal's own counts, signatures among them."""
        counts: Mapping[str, int] = self._state("portal")["counts"]
        return counts

    def bus_environment(self) -> dict[str, str]:
        """What a `lienthong` command needs to see this demo's stores."""
        return self._bus_environment(self._environment())

    def write_environment(self) -> Path:
        """The same as a file for a shell: `. FILE` and `lienthong` commands see this demo. Holds its secrets."""
        file = self.folder / "moi-truong.sh"
        file.touch(mode=0o600)
        wanted = {name: value for name, value in self.bus_environment().items() if name.startswith("LIENTHONG_")}
        wanted |= {who.upper(): address for who, address in self.addresses.items()}
        lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(wanted.items())]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    def state(self, who: str) -> Mapping[str, Any]:  # Any: the simulators' own JSON
        """Counts of one simulator."""
        return self._state(who)

    def pid(self, name: str) -> int:
        """Process id of something the demo started itself: `up` or a simulator."""
        return self._processes[name].pid

    def journal_url(self) -> str:
        """Where this demo's journal is."""
        return os.environ.get("LIENTHONG_JOURNAL__URL") or f"sqlite:///{self._data().resolve() / 'journal.sqlite'}"

    def pid_file(self, role: str) -> Path:
        """Where `up` keeps the process id of a role."""
        return self._data() / "run" / f"{role}.pid"

    def stop(self) -> None:
        """Ends all processes: who sends first, then the bus, then its partners, so that nothing is cut off."""
        for names in (("cmon", "facade"), ("up",), ("portal", "dlms")):
            ending = [process for name in names if (process := self._processes.pop(name, None)) is not None]
            for process in ending:
                process.terminate()
            for process in ending:
                try:
                    process.wait(_END_S)
                except subprocess.TimeoutExpired:
                    process.kill()

    def alive(self) -> tuple[str, ...]:
        """Names of the processes that run."""
        return tuple(name for name, process in self._processes.items() if process.poll() is None)

    # ------------------------------------------------------------------ inside

    def _data(self) -> Path:
        return self.folder / "data"

    def _environment(self) -> dict[str, str]:
        """Secrets are made for this run and live in the environment only."""
        names = ("DVCQG_PASSWORD", "CMON_PASSWORD", "DVCQG_CALLBACK_KEY", "FACADE_KEY")
        kept = self.folder / "secrets.json"
        if not kept.is_file():
            kept.touch(mode=0o600)
            kept.write_text(json.dumps({f"LIENTHONG_{name}": secrets.token_urlsafe(18) for name in names}))
        return {**os.environ, **json.loads(kept.read_text()), "PYTHONUNBUFFERED": "1"}

    def _bus_environment(self, base: Mapping[str, str]) -> dict[str, str]:
        return {
            **base,
            "LIENTHONG_DATA": str(self._data().resolve()),
            "LIENTHONG_DOOR__PORT": str(self.port),
            "LIENTHONG_SIGNING__DANGEROUS_MAKE_KEY": "true",
            "LIENTHONG_ENDPOINTS__CONG_DVCQG__ADDRESS": self.addresses["portal"],
            "LIENTHONG_ENDPOINTS__GPLX_DLMS__ADDRESS": f"{self.addresses['dlms']}/TichHopMotCua/Service.asmx",
            "LIENTHONG_ENDPOINTS__CONG_DVCQG__RETRY": "10s;1000;exp(500ms..5s)",
            **self.environment,
        }

    def _simulate(self, name: str, environment: Mapping[str, str], *arguments: str) -> None:
        ledger = self.folder / "ledgers" / f"{name}.jsonl"
        command = [sys.executable, "-m", "bus.simulators", name, "--port", "0", "--ledger", str(ledger)]
        command += [*arguments, *self.more.get(name, ())]
        log = self.folder / "logs" / f"{name}.log"
        before = log.stat().st_size if log.is_file() else 0  # a folder used again holds the words of the last run
        self._spawn(name, command, environment)
        self.addresses[name] = self._listening(name, log, before)

    def _spawn(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        logs = self.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command, env=dict(environment), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )

    def _listening(self, name: str, log: Path, before: int) -> str:
        end = time.monotonic() + _START_S
        while time.monotonic() < end:
            for line in log.read_bytes()[before:].decode(errors="replace").splitlines():
                if line.startswith("listening on "):
                    return line.removeprefix("listening on ").strip()
            if self._processes[name].poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"{name} did not start, see {log}")

    def _wait_ready(self, url: str) -> None:
        end = time.monotonic() + _START_S
        while time.monotonic() < end and self._processes["up"].poll() is None:
            try:
                with urllib.request.urlopen(url, timeout=2) as reply:  # noqa: S310 - our own loopback address
                    if reply.status == 200:
                        return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"the door did not open, see {self.folder / 'logs' / 'up.log'} and {self._data() / 'run'}")

    def _state(self, who: str) -> Mapping[str, Any]:  # Any: the simulators' own JSON
        with urllib.request.urlopen(f"{self.addresses[who]}/_sim/state?brief", timeout=10) as reply:  # noqa: S310
            state: Mapping[str, Any] = json.load(reply)
        return state


def operations(journal: Journal) -> Mapping[str, int]:
    """How many messages came in, and how many deliveries went out, by operation."""
    found: Counter[str] = Counter()
    before = ""
    while page := journal.find(Query(limit=500, before=before, verdict="accepted")):
        seen: set[str] = set()
        for line in page:
            if line.envelope.id not in seen:
                seen.add(line.envelope.id)
                found[f"{line.envelope.sender.system}.{line.envelope.operation} →"] += 1
            if line.delivery is not None:
                found[f"→ {line.delivery.endpoint}.{line.delivery.operation}"] += 1
        before = page[-1].envelope.id
    return found


def rejected_codes(journal: Journal) -> Mapping[str, int]:
    """How often each problem refused a message at the door."""
    found: dict[str, int] = {}
    for line in journal.find(Query(limit=1000, verdict="rejected")):
        for code in line.problem_codes[:1]:
            found[code] = found.get(code, 0) + 1
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
