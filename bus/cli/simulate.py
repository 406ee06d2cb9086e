"""`lienthong simulate`: simulated partners over real HTTP, for integrators; see docs/vi/simulators.md."""

from __future__ import annotations

import sys

import typer

EXAMPLES = """\b
Ví dụ / examples:
  lienthong simulate portal --port 18080 --error-rate 0.1     Cổng, mười phần trăm lỗi / the portal, 10 % errors
  lienthong simulate dlms --port 18081 --latency-ms 200       giấy phép lái xe, chậm / the licence office, slow
  lienthong simulate cmon --dossiers 50 --rate 20             một cửa gửi 50 hồ sơ / a desk sends 50 dossiers
  lienthong simulate lists --dossiers 200 --letters 50        đối tác chờ được hỏi / a partner that waits to be asked
  lienthong simulate proxy --to 127.0.0.1:18080 --fault reset   proxy TCP phá đường truyền / a TCP proxy with faults
  lienthong simulate portal --help                            mọi công tắc / every switch
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        "simulate",
        short_help="đối tác giả lập / simulated partners",
        epilog=EXAMPLES,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    )(simulate)


def simulate(context: typer.Context) -> None:
    """Đối tác giả lập: portal, cmon, dlms, facade, lists, proxy, có công tắc lỗi / simulated partners with faults."""
    from bus.simulators.command_line import main

    sys.exit(main(context.args, prog="lienthong simulate"))
