"""A TCP proxy with faults, between the bus and any partner: slow, silent, half-open, cut and reset connections.

It knows no protocol: bytes from the caller after bytes from the partner begin a new exchange, and for each exchange
the dice decide whether the fault strikes. What it still holds when the caller goes away is thrown away.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace

from bus.simulators.options import ProxyOptions, ProxySwitches, Trouble
from bus.simulators.server import Answer, Seen, serve
from bus.simulators.switches import unknown_name

_BLOCK = 65_536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, no time to linger: close sends RST


@dataclass(slots=True)
class _Pair:
    """One connection of a caller, and ours to the partner for it."""

    caller: asyncio.StreamWriter
    partner: asyncio.StreamWriter
    trouble: Trouble = Trouble.NONE
    answering: bool = True  # the partner spoke last: the caller's next bytes begin an exchange


class Proxy:
    """One running proxy. Everything happens in one event loop, but for the controls."""

    name = "proxy"

    def __init__(self, options: ProxyOptions) -> None:
        self._to = _address(options.to) if options.to else None
        self._switches = ProxySwitches(**{one.name: getattr(options, one.name) for one in fields(ProxySwitches)})
        self._dice = random.Random(options.seed)  # noqa: S311  # a simulator's dice, no secret
        self._counts: Counter[str] = Counter()
        self._door = socket.create_server((options.host, options.port), backlog=512)
        self._server: asyncio.Task[asyncio.Server] | None = None

    def started(self) -> None:
        """Opens the way through."""
        host, port = self._door.getsockname()[:2]
        self._server = asyncio.get_running_loop().create_task(asyncio.start_server(self._relay, sock=self._door))
        print(f"proxy on {host}:{port}", flush=True)

    # ---------------------------------------------------------------- the way through

    async def _relay(self, reader: asyncio.StreamReader, caller: asyncio.StreamWriter) -> None:
        self._counts["connections"] += 1
        if self._to is None or (Trouble(self._switches.fault) is Trouble.REFUSE and self._draw() is Trouble.REFUSE):
            _reset(caller)
            return
        try:
            answers, partner = await asyncio.open_connection(*self._to)
        except OSError:
            self._counts["partner_away"] += 1
            _reset(caller)
            return
        pair = _Pair(caller, partner)
        ways = {asyncio.ensure_future(self._ask(reader, pair)), asyncio.ensure_future(self._answer(answers, pair))}
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for one in ways:
            one.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for writer in (caller, partner):
            with suppress(OSError, RuntimeError):
                writer.close()

    async def _ask(self, reader: asyncio.StreamReader, pair: _Pair) -> None:
        """Caller → partner."""
        while block := await reader.read(_BLOCK):
            if pair.answering:
                pair.answering, pair.trouble = False, self._draw()
            if pair.trouble is Trouble.REFUSE:
                _reset(pair.caller)
                return
            if pair.trouble is Trouble.DROP:
                continue
            if pair.trouble is Trouble.DELAY:
                await asyncio.sleep(self._switches.delay_ms / 1000)
                if reader.at_eof():
                    return
            pair.partner.write(block)
            await pair.partner.drain()

    async def _answer(self, reader: asyncio.StreamReader, pair: _Pair) -> None:
        """Partner → caller."""
        while block := await reader.read(_BLOCK):
            match pair.trouble:
                case Trouble.DROP | Trouble.HALF_OPEN:
                    continue
                case Trouble.RESET:
                    _reset(pair.caller)
                    return
                case Trouble.CUT:
                    pair.caller.write(block[: self._switches.cut_bytes])
                    await pair.caller.drain()
                    return
                case Trouble.DELAY:
                    await asyncio.sleep(self._switches.delay_ms / 1000)
            pair.answering = True
            pair.caller.write(block)
            await pair.caller.drain()
        if pair.trouble in (Trouble.DROP, Trouble.HALF_OPEN):
            await asyncio.sleep(3600)  # the partner hung up, but word of it does not get through

    def _draw(self) -> Trouble:
        trouble = Trouble(self._switches.fault)
        if self._dice.random() >= self._switches.rate:
            trouble = Trouble.NONE
        self._counts[trouble.value] += 1
        return trouble

    # ---------------------------------------------------------------- the controls

    def handle(self, seen: Seen) -> Answer:
        """Only the controls are served by HTTP."""
        return Answer(404, b"only /_sim/ here; the way through has a port of its own", "text/plain")

    def control(self, action: str, given: Mapping[str, object]) -> object:
        """set, reset."""
        if action == "set":
            wanted = dict(given)
            if "to" in wanted:
                self._to = _address(str(wanted.pop("to")))
            self._switches = _changed(self._switches, wanted)
            return asdict(self._switches)
        if action == "reset":
            self._counts.clear()
            return {"reset": True}
        raise LookupError(f"no control {action!r}: set, reset")

    def state(self, *, brief: bool) -> dict[str, object]:
        """Exchanges by what befell them."""
        return {"who": self.name, "counts": dict(self._counts), "switches": asdict(self._switches)}

    def answered(self, call: int, how: str) -> None:
        """Nobody wants to know."""

    def close(self) -> None:
        """The end."""
        self._door.close()


def serve_proxy(options: ProxyOptions) -> None:
    """Runs the proxy until SIGTERM.

    Raises:
        ValueError: an option cannot be used.
        OSError: a port is taken.
    """
    serve(Proxy(options), host=options.host, port=options.control_port)


def _changed(switches: ProxySwitches, given: Mapping[str, object]) -> ProxySwitches:
    known = [one.name for one in fields(ProxySwitches)]
    for name in given:
        if name not in known:
            raise ValueError(unknown_name(name, [*known, "to"]))
    return replace(switches, **given)  # type: ignore[arg-type]  # checked in ProxySwitches


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.removeprefix("http://").rstrip("/").rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"to must be HOST:PORT, not {text!r}")
    return host.strip("[]"), int(port)


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
