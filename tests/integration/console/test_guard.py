"""Who may see the console, and what a browser is told to do with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.requests import Request

from bus.journal import open_journal
from bus.records import Rejection
from bus.web.console.guard import is_allowed
from schemas.message import Envelope, Message, Party, new_id, sha256_hex
from schemas.problem import Place, Stage, problem
from tests.integration.console.populated import DESK, Populated, Site, serving
from tests.integration.console.reading import tree


def _request(peer: str, **headers: str) -> Request:
    sent = {"host": "127.0.0.1:8700", **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    return Request({"type": "http", "method": "GET", "path": "/console", "headers": raw, "client": (peer, 4000)})


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("::ffff:127.0.0.1", True), ("192.0.2.7", False),
        ("::ffff:192.0.2.7", False), ("2001:db8::1", False), ("0.0.0.0", False), ("", False), ("unix", False),
    ],
)  # fmt: skip
def test_only_this_machine(peer: str, allowed: bool) -> None:
    """A peer that is not this machine is turned away."""
    assert is_allowed(_request(peer)) is allowed


@pytest.mark.parametrize("host", ["localhost:8700", "127.0.0.1", "[::1]:8700", "[::1]", "LOCALHOST"])
def test_our_own_names(site: Site, host: str) -> None:
    """The three names of this machine are ours, with and without a port."""
    assert site.get("/console", host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "evil.example:127.0.0.1", "localhost:", "",
     "localhost:80:80", "[::1", "::1", "127.0.0.1@evil.example"],
)  # fmt: skip
def test_a_rebound_name_is_turned_away(site: Site, host: str) -> None:
    """A stranger's page whose name points here still sends the stranger's name."""
    answer = site.get("/console", host=host)
    assert answer.status == 403
    assert "TN01" not in answer.text


@pytest.mark.parametrize("name", ["x_forwarded_for", "forwarded", "via", "x_real_ip", "x_forwarded_host"])
def test_nobody_comes_through_a_proxy(site: Site, name: str) -> None:
    """A proxy on this machine brings strangers."""
    assert site.get("/console", **{name: "192.0.2.7"}).status == 403


def test_other_sites_cannot_lead_here(site: Site) -> None:
    """A link or form on another site's page does not open the console; typing and its own links do."""
    assert site.get("/console", sec_fetch_site="cross-site").status == 403
    assert site.get("/console", sec_fetch_site="same-site").status == 403
    assert site.get("/console", sec_fetch_site="same-origin").status == 200
    assert site.get("/console", sec_fetch_site="none").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_but_looking(site: Site, world: Populated, method: str) -> None:
    """No other method is taken, anywhere under /console."""
    for path in ("/console", f"/console/message/{world.messages['parked']}"):
        answer = site.get(path, method=method)
        assert answer.status == 405
        assert answer.headers["allow"] == "GET, HEAD"


def test_every_answer_says_what_a_browser_may_do(site: Site, world: Populated) -> None:
    """Nothing foreign is loaded, framed, kept or told to others: on pages, refusals and mistakes alike."""
    answers = [
        site.get("/console"),
        site.get(f"/console/message/{world.messages['parked']}"),
        site.get("/console/nothing"),
        site.get("/console", host="evil.example"),
        site.get("/console", method="POST"),
    ]
    assert [answer.status for answer in answers] == [200, 200, 404, 403, 405]
    for answer in answers:
        policy = answer.headers["content-security-policy"].split("; ")
        assert policy[:2] == ["default-src 'none'", "style-src 'self'"]
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_pages_keep_to_their_policy(site: Site, world: Populated) -> None:
    """No script, no inline style, nothing from elsewhere: the policy would block it."""
    for path in ("/console", f"/console/message/{world.messages['parked']}"):
        page = tree(site.get(path).text)
        assert page.xpath("//script | //style | //*[@style] | //img | //iframe | //@*[starts-with(name(), 'on')]") == []
        (sheet,) = page.xpath("//link/@href")
        style = site.get(sheet)
        assert (style.status, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
        assert "url(" not in style.text
        assert "@import" not in style.text


HOSTILE = '"><script>alert(1)</script><a href="javascript:x'


def test_hostile_words_are_only_words(tmp_path: Path) -> None:
    """A sender's code, name, operation, element names and our quotes of them never become markup."""
    journal = open_journal(f"sqlite:///{tmp_path / 'journal.sqlite'}")
    body = '{"%s": {"MaHoSo": "</pre><script>x</script>"}}'.replace("%s", "<script>alert(2)</script>").encode()
    envelope = Envelope(
        id=new_id(), kind="goc", sender=replace(DESK, name=HOSTILE), receiver=Party("", HOSTILE, HOSTILE),
        operation=HOSTILE, business_ids=(("mot_cua_cmon", HOSTILE),), received_at=datetime.now(UTC),
        sha256=sha256_hex(body), facts={HOSTILE: HOSTILE},
    )  # fmt: skip
    found = replace(problem("LT-JRN-002", Stage.ACCEPT), text_vi=HOSTILE, do_vi=HOSTILE)
    place = Place(HOSTILE, 1, HOSTILE, HOSTILE)
    raw = Message(envelope, body, f"application/json; {HOSTILE}")
    journal.reject(Rejection(raw, (found.at(theirs=place, ours=place),), HOSTILE)).result(20)
    with serving(journal) as site:
        for path in ("/console", f"/console/message/{envelope.id}"):
            answer = site.get(path)
            assert answer.status == 200
            page = tree(answer.text)
            assert page.xpath("//script") == []
            assert [link for link in page.xpath("//@href") if link.startswith("javascript")] == []
            assert "<script>alert(1)" in page.text_content()
    journal.close()


def test_a_closed_journal_is_told(tmp_path: Path) -> None:
    """When the journal cannot be read the page says so, and says nothing else."""
    path = tmp_path / "journal.sqlite"
    journal = open_journal(f"sqlite:///{path}")
    with serving(journal) as site:
        assert site.get("/console").status == 200
        journal.close()
        for file in tmp_path.glob("journal.sqlite*"):
            file.unlink()
        path.mkdir()
        answer = site.get("/console")
        assert answer.status in (500, 503)
        assert "sqlite" not in answer.text.lower()
        assert answer.headers["cache-control"] == "no-store"
