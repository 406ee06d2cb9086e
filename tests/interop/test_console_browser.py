"""The console in a browser of another maker: a real bus, a real dossier, and what a person would get to see of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import html

from bus.delivery import State
from tests.acceptance.running_bus import SOMEBODY, Bus
from tests.foreign import path_of

pytestmark = pytest.mark.foreign("chromium")

CODE, LATER = "TN01-2026-7001", "TN01-2026-7002"
CITIZEN = (SOMEBODY, SOMEBODY.upper(), "Thử Nghiệm", "099000001", "phố Thử Nghiệm", "01/01/1990", "1990-01-01")


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    """One dossier delivered, one that the portal cannot take now."""
    running = Bus.start(tmp_path_factory.mktemp("bus"))
    try:
        running.portal(error_rate=0.0, latency_ms=0.0, duplicate=0.0)
        assert running.push(CODE).startswith("0")
        running.until(CODE, "ho_so", State.DELIVERED)
        running.portal(error_rate=1.0)
        assert running.push(LATER).startswith("0")
        yield running
    finally:
        running.stop()


class Browser:
    """Chromium without a screen, with a profile of its own for each look."""

    def __init__(self, bus: Bus, folder: Path) -> None:
        self._address, self._folder, self._looks = bus.demo.addresses["door"], folder, 0

    def look(self, path: str, *more: str) -> str:
        """The page as it stands in the browser once everything is loaded."""
        self._looks += 1
        program = path_of("chromium")
        assert program is not None
        command = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={self._folder / str(self._looks)}", *more, f"{self._address}{path}",
        ]  # fmt: skip
        run = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
        return run.stdout

    def tree(self, path: str) -> html.HtmlElement:
        """The same as a tree."""
        return html.document_fromstring(self.look(path, "--dump-dom"))


@pytest.fixture(scope="module")
def browser(bus: Bus, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """One browser for all tests."""
    return Browser(bus, tmp_path_factory.mktemp("browser"))


def _reachable(page: html.HtmlElement) -> list[str]:
    """Where the keyboard leads: links in order, but for those taken out of its way."""
    return [str(link) for link in page.xpath("//a[@href][not(@tabindex='-1')]/@href")]


def test_the_list(bus: Bus, browser: Browser) -> None:
    """The list renders, is narrowed by address, and its links lead to the journeys."""
    page = browser.tree(f"/console?text={CODE}")
    message_id = bus.journey(CODE, "ho_so").envelope.id
    assert page.xpath("/html/@lang") == ["vi"]
    (line,) = page.xpath("//table/tbody/tr")
    assert CODE in line.text_content()
    assert "Đã giao" in line.text_content()
    assert "cổng dịch vụ công quốc gia" in line.text_content().lower()
    links = _reachable(page)
    assert links[0] == "#noi-dung"
    assert f"/console/message/{message_id}" in links
    assert page.xpath("//form//button[not(@tabindex)]")


def test_one_journey(bus: Bus, browser: Browser) -> None:
    """The journey renders with its stages, attempts and covered body; from it one gets on and back."""
    journey = bus.journey(CODE, "ho_so")
    page = browser.tree(f"/console/message/{journey.envelope.id}")
    names = [one.text_content() for one in page.xpath("//ol[@class='steps']/li/span[@class='name']")]
    assert names[:5] == ["Nhận", "Kiểm tra", "Chuyển đổi", "Ghi nhận", "Tạo nội dung"]
    assert names[-1] == "Kết quả"
    assert f"<MaHoSoDonVi>{CODE}</MaHoSoDonVi>" in page.xpath("//pre")[0].text_content()
    links = _reachable(page)
    assert "/console" in links
    assert f"/console/message/{journey.causes[0]}" in links


def test_no_citizen_is_seen(bus: Bus, browser: Browser) -> None:
    """Neither the list nor any page of the two dossiers shows the person's name, number, address or birthday."""
    pages = [browser.look("/console", "--dump-dom")]
    for code in (CODE, LATER):
        journey = bus.journey(code, "ho_so")
        pages += [
            browser.look(f"/console/message/{one}", "--dump-dom") for one in (journey.envelope.id, *journey.causes)
        ]
    sent = f"/console/message/{bus.journey(CODE, 'ho_so').envelope.id}?body=content%40cong_dvcqg"
    pages.append(browser.look(sent, "--dump-dom"))
    assert len(pages) == 6
    assert all("•••&lt;/" in page for page in pages[1:-1])  # a covered leaf of XML
    assert '"•••"' in pages[-1]  # a covered member of JSON
    for secret in CITIZEN:
        assert not any(secret in page for page in pages), secret


def test_the_style_sheet_is_loaded_under_the_policy(browser: Browser, tmp_path: Path) -> None:
    """The policy lets our own style through: the picture is not a bare white page with black text."""
    picture = tmp_path / "list.png"
    browser.look("/console", f"--screenshot={picture}", "--window-size=1200,900", "--hide-scrollbars")
    plain = tmp_path / "plain.png"
    browser.look(
        "/console", f"--screenshot={plain}", "--window-size=1200,900", "--hide-scrollbars",
        "--blink-settings=preferredColorScheme=0",
    )  # fmt: skip
    assert picture.stat().st_size > 10_000
    # Only the style sheet knows two colour schemes: the same page by night is another picture.
    assert picture.read_bytes() != plain.read_bytes()
