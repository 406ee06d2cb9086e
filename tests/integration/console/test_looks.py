"""Who cannot see well, has no mouse, or has a phone: the pages' structure and the style sheet's contrasts."""

from __future__ import annotations

import re
from importlib import resources
from itertools import pairwise

import pytest
from lxml import html

from tests.integration.console.populated import Populated, Site
from tests.integration.console.reading import tree, words

_SHEET = resources.files("bus.web").joinpath("static/console.css").read_text(encoding="utf-8")
_SCHEMES = {
    "light": dict(re.findall(r"--([\w-]+): (#\w{6})", _SHEET.split("@media (prefers-color-scheme: dark)")[0])),
    "dark": dict(re.findall(r"--([\w-]+): (#\w{6})", _SHEET.split("@media (prefers-color-scheme: dark)")[1])),
}
_PAIRS = [
    *((text, ground) for text in ("ink", "quiet", "link") for ground in ("ground", "sheet")),
    *((tone, f"{tone}-bg") for tone in ("ok", "go", "wait", "bad", "odd", "off")),
    ("bad", "sheet"), ("ground", "link"), ("link", "bad-bg"),
]  # fmt: skip


def _light(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pair", _PAIRS, ids="/".join)
def test_contrast(scheme: str, pair: tuple[str, str]) -> None:
    """Every text stands out from its ground by 4.5 to 1, by day and by night."""
    high, low = sorted((_light(_SCHEMES[scheme][name]) for name in pair), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_is_seen(scheme: str) -> None:
    """What has the focus is outlined, by 3 to 1 against its ground."""
    assert re.search(r":focus-visible \{ outline: 3px solid var\(--focus\)", _SHEET)
    high, low = sorted((_light(_SCHEMES[scheme][name]) for name in ("focus", "ground")), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 3


def _pages(world: Populated, site: Site) -> list[html.HtmlElement]:
    paths = ["/console", "/console?state=parked", "/console?text=TN99", "/console/nothing"]
    paths += [f"/console/message/{world.messages[name]}" for name in ("parked", "rejected", "two", "cancelled")]
    return [tree(site.get(path).text) for path in paths]


def test_every_page_has_its_parts(world: Populated, site: Site) -> None:
    """Language, title, one heading, landmarks, and a way past the header that leads somewhere."""
    for page in _pages(world, site):
        assert page.xpath("/html/@lang") == ["vi"]
        assert words(page.xpath("//title")[0]).endswith("· lienthong")
        assert len(page.xpath("//h1")) == len(page.xpath("//main")) == 1
        assert [one.tag for one in page.xpath("/html/body/*")] == ["a", "header", "main", "footer"]
        skip = page.xpath("/html/body/a[1]/@href")[0]
        assert page.xpath(f"//main[@id='{skip[1:]}']")
        assert page.xpath("//meta[@name='viewport']/@content") == ["width=device-width, initial-scale=1"]


def test_headings_leave_out_no_level(world: Populated, site: Site) -> None:
    """Who walks by headings finds the next level below each."""
    for page in _pages(world, site):
        levels = [int(one.tag[1]) for one in page.xpath("//h1 | //h2 | //h3 | //h4")]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))


def test_tables_are_tables(world: Populated, site: Site) -> None:
    """Every heading of a table says what it heads, every line has one, and every list cell names its column."""
    seen = 0
    for page in _pages(world, site):
        for table in page.xpath("//table"):
            seen += 1
            assert set(table.xpath("./thead//th/@scope")) == {"col"}
            assert all(row.xpath("./th[@scope='row']") for row in table.xpath("./tbody/tr"))
            assert table.xpath("./caption") or table.xpath("ancestor::*[@aria-labelledby]")
            columns = [words(one) for one in table.xpath("./thead//th")]
            for row in table.xpath("self::*[contains(@class, 'list')]/tbody/tr"):
                assert [cell.get("data-label") for cell in row] == columns
    assert seen >= 7


def test_forms_and_links_have_names(world: Populated, site: Site) -> None:
    """Every field has its label, every link its words, every id stands once, every target exists."""
    for page in _pages(world, site):
        labels = set(page.xpath("//label/@for"))
        fields = page.xpath("//input[not(@type='hidden')]/@id | //select/@id")
        assert labels == set(fields)
        assert all(words(link) for link in page.xpath("//a"))
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids))
        targets = [link[1:] for link in page.xpath("//a/@href[starts-with(., '#')]")]
        targets += [one for names in page.xpath("//@aria-labelledby") for one in names.split()]
        assert set(targets) <= set(ids)


def test_the_keyboard_reaches_everything(world: Populated, site: Site) -> None:
    """What scrolls can be focused; no element is taken out of, or put ahead in, the order of the keyboard."""
    for page in _pages(world, site):
        assert all(one.get("tabindex") == "0" for one in page.xpath("//pre"))
        assert set(page.xpath("//@tabindex")) <= {"0", "-1"}
        assert [one.tag for one in page.xpath("//*[@tabindex='-1']")] == ["main"]


def test_signs_are_not_read_out(world: Populated, site: Site) -> None:
    """Icons are decoration: a voice reads the word beside them."""
    for page in _pages(world, site):
        assert all(one.get("aria-hidden") == "true" for one in page.xpath("//span[@class='icon']"))
