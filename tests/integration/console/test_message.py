"""One message's page: its journey, and what may be seen of it."""

from __future__ import annotations

import os
import shlex

import pytest
from lxml import html

from bus.delivery import State
from bus.web.console.words import STATES
from tests.integration.cli.running import run_any
from tests.integration.console.populated import CITIZEN, NAME, STREET, Populated, Site
from tests.integration.console.reading import tree, words


def _page(world: Populated, site: Site, name: str, query: str = "") -> html.HtmlElement:
    answer = site.get(f"/console/message/{world.messages[name]}{query}")
    assert answer.status == 200
    return tree(answer.text)


def _steps(page: html.HtmlElement) -> list[tuple[str, str]]:
    found = page.xpath("//ol[@class='steps']/li")
    return [
        (words(one.xpath("./span[@class='name']")[0]), words(one.xpath("./span[@class='how']")[0])) for one in found
    ]


def test_the_journey_of_a_delivered_one(world: Populated, site: Site) -> None:
    """Every stage in time order, each with how it ended."""
    assert _steps(_page(world, site, "delivered")) == [
        ("Nhận", "xong"), ("Kiểm tra", "xong"), ("Chuyển đổi", "xong"), ("Ghi nhận", "xong"), ("Tạo nội dung", "xong"),
        ("Lần thử 1: gửi", "xong"), ("Kết quả", "xong"),
    ]  # fmt: skip


def test_the_journey_of_a_parked_one(world: Populated, site: Site) -> None:
    """It ends where a person is needed, and says what that person does."""
    page = _page(world, site, "parked")
    assert _steps(page)[-3:] == [("Tạo nội dung", "xong"), ("Lần thử 1: gửi", "lỗi"), ("Kết quả", "cần người")]
    said = words(page.xpath("//article[@class='delivery']/p[contains(@class, 'callout')]")[0])
    assert said.startswith("! Người vận hành: Đọc lời bên nhận")
    assert said.endswith("2 đang chờ phía sau")


def test_the_journey_of_a_refused_one(world: Populated, site: Site) -> None:
    """The stage that failed, those never reached, and the problem with its place and next step."""
    page = _page(world, site, "rejected")
    assert _steps(page) == [
        ("Nhận", "xong"), ("Kiểm tra", "lỗi"), ("Chuyển đổi", "chưa tới"), ("Ghi nhận", "chưa tới"),
        ("Lưu bằng chứng", "xong"),
    ]  # fmt: skip
    problem = words(page.xpath("//article[@class='problem']")[0])
    assert problem.startswith("LT-SCH-005 Giá trị của “ngayHenTra” không phải là ngày")
    assert "pushDocument/ngayHenTra · dòng 7" in problem
    assert "Bên gửi" in problem
    assert "kiểm tra theo lược đồ bên gửi" in problem
    assert page.xpath("//article[@class='delivery']") == []


def test_what_is_under_way(world: Populated, site: Site) -> None:
    """A stage not reached yet is not called done."""
    assert _steps(_page(world, site, "ready"))[-2:] == [("Tạo nội dung", "chưa tới"), ("Kết quả", "đang chờ")]
    assert _steps(_page(world, site, "sending"))[-2:] == [("Tạo nội dung", "xong"), ("Kết quả", "đang chờ")]


def test_attempts(world: Populated, site: Site) -> None:
    """Number, how long, outcome in words, HTTP, the partner's code and words without the citizen."""
    page = _page(world, site, "parked")
    cells = [words(cell) for cell in page.xpath("//table[caption='Các lần thử']/tbody/tr/*")]
    assert cells[:2] == ["1", "Gửi"]
    assert cells[3:7] == ["1,2 giây", "× Bên nhận từ chối nội dung", "200", "-3"]
    assert cells[7] == "Công dân •••, CCCD •••, thư •••: hồ sơ TN01-2026-0001 đã có"
    assert cells[8:] == ["2.048 byte / 31 byte", "Tự động"]


@pytest.mark.parametrize(
    ("name", "acts"),
    [
        ("parked", ["release", "replay", "cancel"]),
        ("waiting", ["release", "replay", "cancel"]),
        ("ready", ["replay", "cancel"]),
        ("delivered", ["replay"]),
        ("cancelled", []),
    ],
)
def test_acts_are_commands_to_copy(world: Populated, site: Site, name: str, acts: list[str]) -> None:
    """The page shows the exact command for each act that is open now; it has no button that changes anything."""
    page = _page(world, site, name)
    commands = [words(one) for one in page.xpath("//article[@class='delivery']//code[@class='command']")]
    assert [one.split()[:3] for one in commands] == [
        ["lienthong", act, f"{world.messages[name]}:cong_dvcqg"] for act in acts
    ]
    assert all(one.endswith(' --why "LÝ DO"') for one in commands)
    assert page.xpath("//form | //button | //script") == []


def test_the_commands_shown_work(world: Populated, site: Site) -> None:
    """Each command, copied as it stands, does on this journal what the page says; acts are only tried here."""
    page = _page(world, site, "parked")
    commands = [words(one) for one in page.xpath("//code[@class='command']")]
    assert [one.split()[1] for one in commands] == ["release", "replay", "cancel", "show"]
    environment = {**os.environ, "LIENTHONG_DATA": str(world.folder)}
    for command in commands:
        name, act, *arguments = shlex.split(command)
        trial = [] if act == "show" else ["--dry-run"]
        ran = run_any((act, *arguments, *trial), env=environment)
        assert (name, ran.code) == ("lienthong", 0), (command, ran)
    assert NAME in ran.out  # the last one shows the body uncovered, on the machine, with a reason


def test_one_article_for_each_endpoint(world: Populated, site: Site) -> None:
    """The stop that waits for the one before says so."""
    page = _page(world, site, "two")
    assert [words(one) for one in page.xpath("//article/h3")] == [
        f"Tới Cổng dịch vụ công quốc gia ○ {STATES[State.READY].word}",
        f"Tới Giấy phép lái xe ‖ {STATES[State.HELD].word}",
    ]


def test_held_links_to_the_one_before(world: Populated, site: Site) -> None:
    """From a held one to what holds it is one step."""
    assert f"/console/message/{world.messages['parked']}" in _page(world, site, "held").xpath("//article//a/@href")


def test_causes_and_names(world: Populated, site: Site) -> None:
    """The chain upward and downward is linked, and the dossier's names are told."""
    page = _page(world, site, "parked")
    (cause,) = page.xpath("//ol[@class='ids']//a/@href")
    raw = tree(site.get(cause).text)
    assert words(raw.xpath("//h1")[0]).startswith("Bản gốc")
    assert raw.xpath("//ul[@class='ids']//a/@href") == [f"/console/message/{world.messages['parked']}"]
    assert "Mã ở Phần mềm một cửa TN01-2026-0001" in words(page.xpath("//section[@aria-labelledby='lien-quan']")[0])


def test_bodies_with_hash_and_covered_look(world: Populated, site: Site) -> None:
    """Every kept body is listed with size and hash; one is shown, its structure and codes, not its people."""
    page = _page(world, site, "parked")
    kept = world.journal.journey(world.messages["parked"])
    assert kept is not None
    listed = [words(row) for row in page.xpath("//section[@aria-labelledby='noi-dung-giu']//tbody/tr")]
    assert listed == [f"{one.role} {one.media_type} {one.size} byte {one.sha256}" for one in kept.bodies]
    shown = page.xpath("//pre")[0].text_content()
    assert "<HoTen>•••</HoTen>" in shown
    assert "<Ma>9.999001</Ma>" in shown
    assert "<NgayTiepNhan>2026-07-06T08:00:00+07:00</NgayTiepNhan>" in shown
    assert "<TrangThai>2</TrangThai>" in shown


def test_every_body_can_be_chosen(world: Populated, site: Site) -> None:
    """The link of each body shows that body; an unknown one shows the first choice."""
    links = _page(world, site, "parked").xpath("//section[@aria-labelledby='noi-dung-giu']//th/a/@href")
    assert len(links) == 4
    for link in links:
        page = _page(world, site, "parked", link.partition("#")[0])
        assert page.xpath("//a[@aria-current='true']/@href") == [link]
    odd = _page(world, site, "parked", "?body=%3Cscript%3E")
    assert words(odd.xpath("//h3[@id='xem']")[0]) == "Xem canonical, đã che"


def test_no_page_shows_a_citizen(world: Populated, site: Site) -> None:
    """Neither list nor journey nor any body shows the name, number, mail, phone or street that was sent."""
    pages = [site.get("/console").text]
    for message_id in world.messages.values():
        first = site.get(f"/console/message/{message_id}").text
        roles = tree(first).xpath("//section[@aria-labelledby='noi-dung-giu']//th/a/@href")
        pages += [first, *(site.get(f"/console/message/{message_id}{link.partition('#')[0]}").text for link in roles)]
        causes = tree(first).xpath("//ol[@class='ids']//a/@href")
        pages += [site.get(cause).text for cause in causes]
    assert len(pages) > 40
    assert sum("•••" in page for page in pages) > 30
    for secret in (*CITIZEN, STREET, "17/1990"):
        assert [page for page in pages if secret in page] == [], secret


def test_what_people_did(world: Populated, site: Site) -> None:
    """Acts are told with who and why, the reason covered."""
    said = words(_page(world, site, "cancelled").xpath("//section[@aria-labelledby='thao-tac']//tbody/tr")[0])
    assert said.endswith("Hủy vanhanh Trùng với hồ sơ của ••• Đã làm")


def test_who_looked_is_seen(world: Populated, site: Site) -> None:
    """An uncovered look is told on the message's page like any other act."""
    world.journal.record_look(world.messages["ready"], "canonical", who="vanhanh", why="đối chiếu").result(20)
    said = words(_page(world, site, "ready").xpath("//section[@aria-labelledby='thao-tac']//tbody/tr")[0])
    assert "Mở che vanhanh" in said
    assert "đối chiếu" in said


@pytest.mark.parametrize("path", ["message/" + "0" * 32, "message/<script>", "message", "nothing", "a/b/c/d"])
def test_unknown_pages(site: Site, path: str) -> None:
    """What is not there says so, without repeating the address."""
    answer = site.get(f"/console/{path.replace('<', '%3C').replace('>', '%3E')}")
    assert answer.status == 404
    assert words(tree(answer.text).xpath("//h1")[0]) == "Không có trang này"
    assert "script" not in answer.text
