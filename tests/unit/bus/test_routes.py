"""Routes: the first that fits decides, and a configuration that cannot work is told before anything runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bus.delivery import AfterParking, Pattern
from bus.routes import Endpoint, Hop, Route, RouteTable, check, plan
from bus.windows import read_windows
from schemas.message import Envelope, Party
from schemas.problem import Problem
from tests.unit.bus.kit import house

NOW = datetime(2026, 7, 20, tzinfo=UTC)
PORTAL, DLMS = Hop("cong_dvcqg", "DongBoHoSoMC"), Hop("gplx_dlms", "TaoMoiHoSo")
STATUS = Hop("cong_dvcqg", "DongBoTrangThai")
ENDPOINTS = {
    "cong_dvcqg": Endpoint("cong_dvcqg", "cong_dvcqg"),
    "gplx_dlms": Endpoint("gplx_dlms", "gplx_dlms"),
    "mot_cua_cmon": Endpoint("mot_cua_cmon", "mot_cua_cmon"),
}


def envelope(**facts: str) -> Envelope:
    return Envelope("m", "ho_so", Party("", "", "mot_cua_cmon"), None, "", (), NOW, "", facts=facts)


def table(*routes: Route) -> RouteTable:
    return RouteTable(routes, ENDPOINTS)


def chosen(*routes: Route, of: Envelope) -> str:
    found = table(*routes).choose(of)
    return found.code if isinstance(found, Problem) else found.id


def test_the_first_route_that_fits_decides() -> None:
    """Order is meaning: the special before the general."""
    special = Route("a", "ho_so", (PORTAL,), when={"ma_tthc": ("9.999004",)})
    general = Route("b", "ho_so", (PORTAL,))
    assert chosen(special, general, of=envelope(ma_tthc="9.999004")) == "a"
    assert chosen(special, general, of=envelope(ma_tthc="9.999001")) == "b"
    assert chosen(general, special, of=envelope(ma_tthc="9.999004")) == "b"


@pytest.mark.parametrize(
    "route",
    [
        Route("a", "tien_do", (PORTAL,)),
        Route("a", "ho_so", (PORTAL,), senders=("cong_dvcqg",)),
        Route("a", "ho_so", (PORTAL,), when={"nguon": ("don_vi",)}),
        Route("a", "ho_so", (PORTAL,), when={"ma_tthc": ("9.999001",), "nguon": ("don_vi",)}),
    ],
)
def test_kind_sender_and_every_fact_must_fit(route: Route) -> None:
    """A fact that the message does not state fits nothing; and no route is a problem, never a drop."""
    assert chosen(route, of=envelope(ma_tthc="9.999001")) == "LT-ROUTE-001"


def test_an_ordered_route_holds_each_hop_behind_the_one_before() -> None:
    """And an unordered one holds none."""
    route = Route("a", "ho_so", (PORTAL, DLMS), ordered=True, priority=0)
    planned = plan(route, table(route), house().adapters, now=NOW)
    assert [(p.endpoint, p.after_endpoint, p.priority) for p in planned] == [
        ("cong_dvcqg", "", 0), ("gplx_dlms", "cong_dvcqg", 0)
    ]  # fmt: skip
    loose = plan(replace(route, ordered=False), table(route), house().adapters, now=NOW)
    assert [p.after_endpoint for p in loose] == ["", ""]


def test_what_is_fetched_never_enters_the_queue() -> None:
    """The operation's direction says how an endpoint is served."""
    route = Route("a", "ho_so", (Hop("mot_cua_cmon", "pullDocument"),))
    assert plan(route, table(route), house().adapters, now=NOW)[0].pattern is Pattern.PULL


def test_a_delay_is_counted_from_now() -> None:
    """A question to be asked later."""
    route = Route("a", "ho_so", (PORTAL,))
    (planned,) = plan(route, table(route), house().adapters, now=NOW, delay_s=5)
    assert planned.not_before == NOW + timedelta(seconds=5)


def test_a_route_says_what_a_parked_one_means() -> None:
    """Its policy goes with each delivery; only an operation that sets a whole state lets a newer one replace it."""
    status = Route("a", "tien_do", (STATUS,), after_parking=AfterParking.SUPERSEDE)
    (planned,) = plan(status, table(status), house().adapters, now=NOW)
    assert (planned.after_parking, planned.replaces) == (AfterParking.SUPERSEDE, "tien_do")
    assert check(table(status), house().adapters) == ()
    skipping = Route("a", "ho_so", (PORTAL,), after_parking=AfterParking.SKIP)
    (planned,) = plan(skipping, table(skipping), house().adapters, now=NOW)
    assert (planned.after_parking, planned.replaces) == (AfterParking.SKIP, "")


def test_the_shipped_routes_are_sane() -> None:
    """What `lienthong up` starts with."""
    assert check(house().routes, house().adapters) == ()


@pytest.mark.parametrize(
    ("route", "endpoints", "code"),
    [
        (Route("a", "ho_so", (PORTAL,)), {"cong_dvcqg": Endpoint("cong_dvcqg", "la")}, "LT-ROUTE-002"),
        (Route("a", "ho_so", (Hop("la", "DongBoHoSoMC"),)), ENDPOINTS, "LT-ROUTE-003"),
        (Route("a", "ho_so", (Hop("cong_dvcqg", "La"),)), ENDPOINTS, "LT-ROUTE-004"),
        (Route("a", "ho_so", (PORTAL, PORTAL)), ENDPOINTS, "LT-ROUTE-005"),
        (Route("a", "ho_so", (PORTAL,), after_parking=AfterParking.SUPERSEDE), ENDPOINTS, "LT-ROUTE-006"),
    ],
)
def test_what_cannot_work_is_told_before_anything_runs(route: Route, endpoints: dict[str, Endpoint], code: str) -> None:
    """Unknown system, endpoint, operation; two deliveries of one message to one endpoint; and a newer message that
    would take the place of an older one without telling all that it told."""
    assert [found.code for found in check(RouteTable((route,), endpoints), house().adapters)] == [code]


def test_what_comes_outside_the_receivers_hours_is_planned_for_the_opening() -> None:
    """So nobody is woken for it in vain; NOW is Monday 07:00 in Viet Nam. Whoever fetches comes when they like."""
    hours = read_windows("T2-T6 07:30-17:00")
    closed = {name: replace(one, windows=hours) for name, one in ENDPOINTS.items()}
    route = Route("a", "ho_so", (PORTAL, Hop("mot_cua_cmon", "pullDocument")))
    one, fetched = plan(route, RouteTable((route,), closed), house().adapters, now=NOW)
    assert one.not_before == NOW + timedelta(minutes=30)
    assert one.reason == "Ngoài giờ nhận, mở lại lúc 07:30 20/07/2026"
    assert (fetched.not_before, fetched.reason) == (None, "")
    (later,) = plan(Route("a", "ho_so", (PORTAL,)), RouteTable((), closed), house().adapters, now=NOW, delay_s=3600)
    assert (later.not_before, later.reason) == (NOW + timedelta(hours=1), "")
