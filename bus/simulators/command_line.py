"""The command line of the simulators, made from their options: `portal|cmon|dlms|facade|lists|proxy [--option …]`.

`lienthong simulate` and `python -m bus.simulators` both end here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any

from bus.simulators.cmon import serve_cmon
from bus.simulators.dlms import serve_dlms
from bus.simulators.facade import serve_facade
from bus.simulators.lists import serve_lists
from bus.simulators.options import (
    CmonOptions,
    DlmsOptions,
    FacadeOptions,
    ListsOptions,
    PortalOptions,
    ProxyOptions,
)
from bus.simulators.portal import serve_portal
from bus.simulators.proxy import serve_proxy
from bus.simulators.switches import SENDER_SWITCHES, Switches
from schemas.problem import Refused

_PROG = "python -m bus.simulators"
_CONTROLS = """controls while it runs (JSON over HTTP):
  GET  /_sim/health            is it there
  GET  /_sim/state[?brief]     what was received or sent, per dossier, with times, duplicates and overlaps
  POST /_sim/set               change switches, e.g. {"error_rate": 0.2, "latency_ms": 50}
  POST /_sim/reset             forget everything
"""


@dataclass(frozen=True, slots=True)
class _Kind:
    """One simulator: what it can be started with and what a reader should know."""

    options: type[Any]  # Any: one of the options dataclasses
    serve: Callable[[Any], None]
    title: str
    more: str
    sends: bool = False  # only calls others: it has the switches of a sender


KINDS: Mapping[str, _Kind] = {
    "portal": _Kind(
        PortalOptions,
        serve_portal,
        "the national portal, first generation (Cổng dịch vụ công quốc gia)",
        "  POST /_sim/submit            send submissions: {\"count\": 5, \"procedure\": \"9.999002\", \"files\": 2}\n"
        "  POST /_sim/look-up           ask the bus for a dossier, e.g. {\"dossier\": \"H99.12-260706-00001\"}\n"
        "  POST /_sim/expire            end all login sessions\n\n"
        "example:\n"
        "  python -m bus.simulators portal --port 18080 --drop-after-commit 0.05 --ledger portal.jsonl\n",
    ),
    "cmon": _Kind(
        CmonOptions,
        serve_cmon,
        sends=True,
        title="a one-stop desk that calls the bus by SOAP (một cửa CMON)",
        more="  POST /_sim/push              send dossiers, e.g. {\"count\": 20, \"steps\": 4, \"licences\": 0.5}\n"
        "  POST /_sim/pull              fetch online dossiers now\n\n"
        "example:\n"
        "  LIENTHONG_CMON_PASSWORD=… python -m bus.simulators cmon --dossiers 50 --rate 20 --pull-s 1\n",
    ),
    "dlms": _Kind(
        DlmsOptions,
        serve_dlms,
        "the driving-licence office, ASMX (giấy phép lái xe)",
        "\nexample:\n  python -m bus.simulators dlms --port 18081 --again number --error-rate 0.1\n",
    ),
    "facade": _Kind(
        FacadeOptions,
        serve_facade,
        sends=True,
        title="a department that posts the portal's JSON to the bus",
        more="  POST /_sim/push              send dossiers, e.g. {\"count\": 20, \"steps\": 4}\n\n"
        "example:\n"
        "  LIENTHONG_FACADE_KEY=… python -m bus.simulators facade --dossiers 50\n",
    ),
    "lists": _Kind(
        ListsOptions,
        serve_lists,
        "a partner that waits to be asked: lists of rows, and an inbox with acknowledgement",
        "  POST /_sim/add               e.g. {\"dossiers\": 20, \"steps\": 3, \"letters\": 10}\n"
        "  POST /_sim/touch             the oldest rows change and go to the end of the list: {\"count\": 5}\n"
        "  POST /_sim/offer-again       the inbox forgets every acknowledgement\n\n"
        "paths: GET /ho-so, /buoc, /hop-thu, /van-ban; POST /xac-nhan\n\n"
        "example:\n"
        "  python -m bus.simulators lists --port 18084 --dossiers 200 --letters 50 --error-rate 0.05\n",
    ),
    "proxy": _Kind(
        ProxyOptions,
        serve_proxy,
        "a TCP proxy with faults, between the bus and a partner",
        "\nexample:\n"
        "  python -m bus.simulators proxy --to 127.0.0.1:18080 --port 18090 --control-port 18091 --fault half-open\n",
    ),
}  # fmt: skip


def parser(prog: str = _PROG) -> argparse.ArgumentParser:
    """The command line, made from the options dataclasses."""
    top = argparse.ArgumentParser(prog=prog, description="Simulated partners of the bus, each over real HTTP.")
    kinds = top.add_subparsers(dest="kind", required=True, metavar="|".join(KINDS))
    for name, kind in KINDS.items():
        one = kinds.add_parser(
            name,
            help=kind.title,
            description=kind.title,
            epilog=(_CONTROLS + kind.more).replace(_PROG, prog),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        group = one.add_argument_group("what it does")
        for option in fields(kind.options):
            if option.name != "switches":
                _add(group, option)
        if not switches_of(kind):
            continue
        group = one.add_argument_group("how it misbehaves (rates between 0 and 1, drawn once a call)")
        for option in switches_of(kind):
            _add(group, option)
    return top


def switches_of(kind: _Kind) -> tuple[Field[Any], ...]:  # Any: whatever the field holds
    """The switches that act in a simulator; the proxy has its own among its options."""
    if not any(one.name == "switches" for one in fields(kind.options)):
        return ()
    return tuple(one for one in fields(Switches) if not kind.sends or one.name in SENDER_SWITCHES)


def _add(group: argparse._ArgumentGroup, option: Field[Any]) -> None:  # Any: whatever the field holds
    flag = "--" + option.name.replace("_", "-")
    text, default = option.metadata["help"], option.default
    if isinstance(default, bool):
        group.add_argument(flag, action="store_true", help=text)
    elif isinstance(default, tuple):
        shown = f" (default: {' '.join(default)})" if default else ""
        group.add_argument(flag, action="append", metavar="TEXT", help=text + shown)
    else:
        kind = Path if default is None else type(default)
        shown = f" (default: {default})" if default not in (None, "", 0, 0.0) else ""
        choices = option.metadata.get("choices")
        metavar = None if choices else {int: "N", float: "X", str: "TEXT"}.get(kind, "FILE")
        group.add_argument(flag, type=kind, default=default, choices=choices, metavar=metavar, help=text + shown)


def read_options(argv: list[str], *, prog: str = _PROG) -> tuple[_Kind, Any]:
    """The simulator and its options by a command line.

    Raises:
        ValueError: a value is out of range.
        SystemExit: the command line is wrong, or only help was asked for.
    """
    given = vars(parser(prog).parse_args(argv))
    kind = KINDS[given["kind"]]
    switches = {"switches": Switches(**{one.name: given[one.name] for one in switches_of(kind)})}
    values = {one.name: given[one.name] for one in fields(kind.options) if one.name != "switches"}
    for one in fields(kind.options):
        if isinstance(one.default, tuple):
            values[one.name] = tuple(values[one.name] or one.default)
    return kind, kind.options(**(switches if switches_of(kind) else {}), **values)


def main(argv: list[str] | None = None, *, prog: str = _PROG) -> int:
    """Runs one simulator; 2 = it cannot be started so."""
    try:
        kind, options = read_options(sys.argv[1:] if argv is None else argv, prog=prog)
        kind.serve(options)
    except (ValueError, OSError, Refused) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0
