"""A delivery that is ready and cannot be sent for its endpoint's configuration says so where people look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.endpoint_faults import EndpointFaults
from bus.settings import load
from bus.web.console.asked import Asked
from bus.web.console.listing import read_listing
from bus.web.console.message_page import read_message
from tests.contract.journal_world import World, open_world, to
from tests.unit.cli.conftest import Typed

PARTNERS = """
[endpoints.cong]
system = "{system}"
address = "{address}"
secret = "{secret}"
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A journal with a ready delivery to "cong"."""
    (tmp_path / "lienthong.toml").write_text(f'data = "{tmp_path}"\n', encoding="utf-8")
    opened = open_world("sqlite", tmp_path)
    opened.delivery(to("cong"))
    yield opened
    opened.journal.close()


def configured(
    folder: Path, *, system: str = "cong_dvcqg", address: str = "http://cong.example", secret: str = ""
) -> Path:
    text = PARTNERS.format(system=system, address=address, secret=secret)
    (folder / "partners.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("over", "code", "said"),
    [
        ({"secret": "file:khong-co"}, "LT-CONF-003", "file:khong-co"),
        ({"system": "khong_co"}, "LT-ROUTE-002", "khong_co"),
        ({"address": ""}, "LT-DLV-010", "cong"),
    ],
)
def test_find_and_show_say_why(
    lienthong: Typed, world: World, tmp_path: Path, over: dict[str, str], code: str, said: str
) -> None:
    """The problem, what to do, and its code."""
    folder = configured(tmp_path, **over)
    line = lienthong("-c", folder, "find", "--json").json()
    assert (line["state"], code in line["reason"], said in line["reason"], "→" in line["reason"]) == (
        "ready", True, True, True,
    )  # fmt: skip
    shown = lienthong("-c", folder, "show", line["id"], "--json").json()
    assert shown["deliveries"][0]["reason"] == line["reason"]


def test_nothing_is_said_where_nothing_is_wrong(lienthong: Typed, world: World, tmp_path: Path) -> None:
    """Ready is ready."""
    assert lienthong("-c", configured(tmp_path), "find", "--json").json()["reason"] == ""


def test_the_console_says_why(world: World, tmp_path: Path) -> None:
    """On the list and on the page of the message; what was mended is seen after a while, not at each line."""
    moments = iter((0.0, 1.0, 20.0))
    settings = load(configured(tmp_path, secret="file:khong-co"))
    faults = EndpointFaults(settings, monotonic=lambda: next(moments))
    [row] = read_listing(world.journal, Asked(), {}, explain=faults.explain).rows
    assert "LT-CONF-003" in row.reason
    (tmp_path / "khong-co").write_text("mat-khau", encoding="utf-8")
    message_id = row.link.rsplit("/", 1)[1]
    for still in (True, False):
        page = read_message(world.journal, message_id, "", {}, explain=faults.explain)
        assert page is not None
        assert ("LT-CONF-003" in page.deliveries[0].reason) is still
