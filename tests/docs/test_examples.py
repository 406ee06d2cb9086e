"""The worked example of the tutorial: what a newcomer copies passes every check, and reaches the portal's map."""

from __future__ import annotations

import pytest
from lxml import etree

from adapters.check import check_system
from adapters.mapping.plan import MapContext
from adapters.registry import built_in, load_system
from adapters.samples import NOW, identities
from bus.compose import load_house
from bus.settings import load
from schemas.xmldoc import parse
from tests.docs.generate import ROOT

EXAMPLES = ROOT / "docs" / "examples"
SYSTEM = EXAMPLES / "so_nong_nghiep"


def test_the_example_system_passes_its_check() -> None:
    """Manifest, maps, tables and samples of the tutorial are right, to the last sample."""
    report = check_system(load_system(SYSTEM))

    assert report.problems == ()
    assert len(report.samples) == 3


@pytest.mark.parametrize(
    ("sample", "map"),
    [("GuiHoSo-du", "dong_bo_ho_so.map.xml"), ("GuiTienDo-mot-buoc", "cap_nhat_tien_do.map.xml")],
)
def test_what_it_makes_is_enough_for_the_portal(sample: str, map: str) -> None:
    """The tutorial's sixth step succeeds: nothing that the portal demands is missing."""
    portal = load_system(built_in() / "cong_dvcqg")
    made = parse((SYSTEM / "samples" / "in" / f"{sample}.expected.xml").read_bytes())
    context = MapContext(on=NOW.date(), identities=identities(portal))

    found = [portal.maps[map].to_legacy(each, context) for each in made.iterchildren(etree.Element)]

    assert [one.problems for one in found] == [()]


def test_its_configuration_starts() -> None:
    """Partners and routes of the example fit the systems, its own among them."""
    house = load_house(load(EXAMPLES / "cau_hinh", over={"systems": [str(SYSTEM)]}))

    assert "so_nong_nghiep" in house.adapters
    assert {hop.endpoint for route in house.routes.routes for hop in route.to} == {"cong_dvcqg"}
