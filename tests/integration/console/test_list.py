"""The list of messages: what it shows, in which order, and how it is narrowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bus.delivery import State
from bus.journal import open_journal
from bus.outcome import Outcome
from bus.web.console.words import STATES, VERDICTS
from tests.integration.console.populated import ENDPOINTS, PARK, Populated, Site, serving
from tests.integration.console.reading import rows, tree, words

REASON = "Lý do và việc cần làm"


def test_newest_first_in_vietnamese_time(world: Populated, site: Site) -> None:
    """Every message stands there once for each endpoint, newest first, with the moment in Vietnam."""
    lines = rows(tree(site.get("/console").text))
    ids = [line["link"].rsplit("/", 1)[1] for line in lines]
    assert ids == sorted(ids, reverse=True)
    assert set(ids) == set(world.messages.values())
    assert ids.count(world.messages["two"]) == 2
    moments = tree(site.get("/console").text).xpath("//tbody//time/@datetime")
    assert len(moments) >= len(lines)
    assert all(at.endswith("+07:00") for at in moments)


@pytest.mark.parametrize("state", list(State))
def test_each_state_is_a_word_an_icon_and_a_colour(world: Populated, site: Site, state: State) -> None:
    """A state is told by its word; icon and colour only help."""
    lines = rows(tree(site.get(f"/console?state={state.value}").text))
    assert lines
    assert {line["Trạng thái"] for line in lines} == {f"{STATES[state].icon} {STATES[state].word}"}


def test_states_differ_in_word_and_icon() -> None:
    """Nobody has to tell two states apart by colour."""
    signs = list(STATES.values())
    assert len({sign.word for sign in signs}) == len({sign.icon for sign in signs}) == len(State)
    assert len({sign.word for sign in (*signs, *VERDICTS.values())}) == len(signs) + len(VERDICTS)


def test_accepted_is_the_sum(world: Populated, site: Site) -> None:
    """The equation on top adds up, and is that of the journal."""
    said = words(tree(site.get("/console").text).xpath("//p[@class='equation']")[0])
    total, *parts = (int(number) for number in re.findall(r"\d+", said))
    counts = world.journal.counts()
    assert total == sum(parts) == sum(counts.values())
    assert sorted(parts) == sorted(counts.values())


def test_parked_leads_to_what_to_do(world: Populated, site: Site) -> None:
    """The problem, its next step, who must act, and how many wait behind."""
    page = tree(site.get("/console").text)
    assert page.xpath("//p[contains(@class, 'callout')]//a/@href") == ["/console?state=parked"]
    (line,) = rows(tree(site.get("/console?state=parked").text))
    assert line["Người phải làm"] == "Người vận hành"
    assert "LT-DLV-001" in line[REASON]
    assert "Việc cần làm: Đọc lời bên nhận, sửa dữ liệu" in line[REASON]
    assert "2 đang chờ phía sau" in line[REASON]


def test_others_need_nobody(world: Populated, site: Site) -> None:
    """Only what waits for a person names one; what is fetched names the fetcher."""
    acting = {
        line["Trạng thái"].split(" ", 1)[1]: line["Người phải làm"] for line in rows(tree(site.get("/console").text))
    }
    assert acting["Chờ thử lại"] == acting["Đã giao"] == acting["Bị giữ"] == acting["Chưa rõ"] == "–"
    (pull,) = rows(tree(site.get("/console?endpoint=mot_cua_cmon").text))
    assert pull["Người phải làm"] == "Bên nhận đến lấy"


def test_waiting_says_when(world: Populated, site: Site) -> None:
    """What tries again by itself says when."""
    (line,) = rows(tree(site.get("/console?state=waiting").text))
    assert re.search(r"lần 1/12, tự thử lại lúc \d\d:\d\d:\d\d \d\d/\d\d/\d{4}", line[REASON])


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=rejected", {"rejected"}),
        ("state=asked", set()),
        ("endpoint=gplx_dlms", {"two"}),
        ("kind=tien_do", {"held"}),
        ("problem=LT-DLV-001", {"parked"}),
        ("problem=LT-SCH-005", {"rejected"}),
        ("text=TN01-2026-0009", {"delivered"}),
        ("text=TN01-2026-0001&kind=ho_so", {"parked"}),
        ("text=TN01-2026-0001&state=held", {"held", "held too"}),
        ("text=NOBODY", set()),
    ],
)
def test_filters(world: Populated, site: Site, query: str, names: set[str]) -> None:
    """Each filter narrows, and they narrow together."""
    found = {line["link"].rsplit("/", 1)[1] for line in rows(tree(site.get(f"/console?{query}").text))}
    assert found == {world.messages[name] for name in names}


def test_filters_stay_chosen(world: Populated, site: Site) -> None:
    """The form shows what the page was asked for, and every link of the page keeps it."""
    page = tree(site.get("/console?state=held&kind=tien_do&text=TN01").text)
    assert page.xpath("//select[@name='state']/option[@selected]/@value") == ["held"]
    assert page.xpath("//select[@name='kind']/option[@selected]/@value") == ["tien_do"]
    assert page.xpath("//input[@name='text']/@value") == ["TN01"]
    assert page.xpath("//a[@class='refresh']/@href") == ["/console?state=held&kind=tien_do&text=TN01&refresh=10"]
    assert page.xpath("//form/@method") == ["get"]


@pytest.mark.parametrize(
    ("name", "value", "called"),
    [
        ("state", "gone", "trạng thái"), ("endpoint", "nobody", "nơi nhận"), ("kind", "<b>", "loại"),
        ("problem", "LT-XXX-999", "mã vấn đề"), ("text", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "mã tìm"),
        ("text", "a" * 81, "mã tìm"),
    ],
)  # fmt: skip
def test_a_filter_that_means_nothing_shows_nothing(site: Site, name: str, value: str, called: str) -> None:
    """Whoever asked for less is not shown everything: it is named, nothing of it comes back, the form stays."""
    answer = site.get(f"/console?{name}={value}&refresh=10" + ("&kind=tien_do" if name != "kind" else ""))
    assert answer.status == 400
    page = tree(answer.text)
    assert f"Không có {called} như trong địa chỉ" in words(page.xpath("//p[@role='alert']")[-1])
    assert rows(page) == []
    assert "script" not in answer.text
    assert value not in page.xpath("//input/@value")
    chosen = page.xpath("//select[@name='kind']/option[@selected]/@value")
    assert chosen == ([] if name == "kind" else ["tien_do"])


@pytest.mark.parametrize(("name", "value"), [("before", "zz"), ("refresh", "1")])
def test_what_is_not_understood_is_dropped_and_named(world: Populated, site: Site, name: str, value: str) -> None:
    """What narrows nothing is left out, and nothing of it comes back."""
    answer = site.get(f"/console?{name}={value}")
    assert answer.status == 200
    page = tree(answer.text)
    assert words(page.xpath("//p[@role='status']")[0]).endswith(f"đã được bỏ qua: {name}.")
    assert len(rows(page)) == len(rows(tree(site.get("/console").text)))
    assert "script" not in answer.text
    assert value not in page.xpath("//input/@value")


def test_renewing_is_a_choice(site: Site) -> None:
    """The page renews itself only after somebody asked for it, and can be stopped."""
    off = tree(site.get("/console").text)
    assert off.xpath("//meta[@http-equiv='refresh']") == []
    on = tree(site.get(off.xpath("//a[@class='refresh']/@href")[0]).text)
    assert on.xpath("//meta[@http-equiv='refresh']/@content") == ["10"]
    assert on.xpath("//a[@class='refresh']/@href") == ["/console"]


def test_an_empty_list_explains_itself(tmp_path: Path) -> None:
    """Before the first message the page says how one gets here."""
    journal = open_journal(f"sqlite:///{tmp_path / 'journal.sqlite'}")
    with serving(journal) as site:
        page = tree(site.get("/console").text)
        assert words(page.xpath("//section[@class='empty']/h2")[0]) == "Chưa có thông điệp nào"
        assert "Đã nhận 0 lượt giao" in words(page.xpath("//p[@class='equation']")[0])
    journal.close()


def test_nothing_found_explains_itself(site: Site) -> None:
    """A filter that fits nothing says how it looks, and how to drop it."""
    page = tree(site.get("/console?text=TN99").text)
    empty = page.xpath("//section[@class='empty']")[0]
    assert words(empty.xpath("./h2")[0]) == "Không có thông điệp nào khớp"
    assert empty.xpath(".//a/@href") == ["/console"]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Populated]:
    """Sixty dossiers parked, each with one behind."""
    folder = tmp_path_factory.mktemp("many")
    made = Populated(open_journal(f"sqlite:///{folder / 'journal.sqlite'}"), folder)
    for number in range(60):
        code = f"TN02-{number:04}"
        made.messages[code] = made.accept(code)
        made.attempt(f"{made.messages[code]}:cong_dvcqg", Outcome.REJECTED, PARK)
        made.messages[f"{code} step"] = made.accept(code, kind="tien_do")
    yield made
    made.journal.close()


def test_pages_show_everything_once(many: Populated) -> None:
    """Following "older" to the end meets every message once, newest first, and leads back to the start."""
    with serving(many.journal) as site:
        path, seen = "/console?endpoint=cong_dvcqg", []
        while path:
            page = tree(site.get(path).text)
            seen += [line["link"].rsplit("/", 1)[1] for line in rows(page)]
            older = page.xpath("//a[@rel='next']/@href")
            path = older[0] if older else ""
        assert page.xpath("//nav//a[contains(., 'Mới nhất')]/@href")[0] == "/console?endpoint=cong_dvcqg"
    assert seen == sorted(many.messages.values(), reverse=True)


def test_a_page_asks_the_journal_a_fixed_number_of_questions(many: Populated) -> None:
    """Fifty lines cost as many statements as one: nothing is asked line by line."""
    asked: list[str] = []

    def note(*of: object) -> None:
        asked.append(str(of[2]))

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", note)
    try:
        with serving(many.journal) as site:
            assert len(rows(tree(site.get("/console?state=parked").text))) == 60  # what is parked is ranked as a whole
            fifty, asked = asked, []
            assert len(rows(tree(site.get("/console?state=parked&text=TN02-0001").text))) == 1
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", note)
    selects = [one for one in fifty if one.lstrip().upper().startswith("SELECT")]
    assert 3 <= len(selects) <= 9
    assert len(fifty) <= len(asked) <= len(fifty) + 1  # one more: what the code stands for


def test_endpoints_are_called_by_name(site: Site) -> None:
    """Operators read names, not ids."""
    ways = {line["Từ → tới"] for line in rows(tree(site.get("/console").text))}
    assert f"Bộ phận Một cửa Sông Mây → tới {ENDPOINTS['cong_dvcqg']}" in ways
