"""Callers of a JSON door that sign by JWS: who is taken for whom, once, and for which address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from bus.doctor.finding import Verdict
from bus.doctor.partners import _speakers
from bus.routing import House
from bus.settings import load
from bus.status_answers import StatusAnswers
from schemas.problem import Refused
from signing.trust.asking import Asked
from tests.unit.bus.gate_world import ADDRESS, TAKEN, URL, World, json_request, jws
from tests.unit.signing.issuer import DAY, NOW, Holder, Issuer

CALLER = {"system": "mat_tien_json", "agency": "H99.12", "signature": "jws", "trust": "lien_thong"}
OTHER = "/CapNhatTienDoHoSoMC"


@dataclass
class Door:
    """Three departments of one authority; the second may only report progress, the third cannot say where to."""

    world: World
    root: Issuer
    first: Holder
    second: Holder
    third: Holder


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """One."""
    root = Issuer.root()
    first, second, third, gone = (root.person(f"Sở {name}") for name in ("Một", "Hai", "Ba", "thu hồi"))
    root.revoke(gone)
    store = tmp_path / "kho"
    store.mkdir()
    (store / "goc.pem").write_bytes(root.pem)
    (store / "goc.crl").write_bytes(root.crl())
    for name, holder in (("mot", first), ("hai", second), ("ba", third)):
        (tmp_path / f"{name}.crt").write_bytes(holder.pem)
    callers = {
        "so_mot": {**CALLER, "certificates": [{"file": "file:mot.crt", "key_id": "mot-2026"}]},
        "so_hai": {
            **CALLER, "agency": "H99.13",
            "certificates": [{"file": "file:hai.crt", "operations": ["CapNhatTienDoHoSoMC"]}],
        },
        "so_ba": {**CALLER, "agency": "H99.15", "address": "optional", "certificates": [{"file": "file:ba.crt"}]},
        "so_khoa": {"system": "mat_tien_json", "agency": "H99.14", "secret": "file:khoa"},
    }  # fmt: skip
    (tmp_path / "khoa").write_text("x")
    trust = {"lien_thong": {"folder": "kho", "purpose": "public_service"}}
    return Door(World(tmp_path, "mat_tien_json", callers, trust), root, first, second, third)


def _sent(door: Door, made: str, **how: object) -> str:
    return door.world.outcome(json_request(jws=made, **how))  # type: ignore[arg-type]


def test_a_certificate_in_the_header_says_who_it_is(door: Door) -> None:
    """Its path, revocation and entitlement are judged; the call goes on as that agency's."""
    assert _sent(door, jws(door.first)) == TAKEN
    heard = door.world.heard(json_request(jws=jws(door.first, jti="a")))
    assert heard.speaker is not None
    assert heard.speaker.id == "so_mot"


def test_a_key_id_names_a_certificate_of_the_settings(door: Door) -> None:
    """It is judged as if it had come along."""
    heard = door.world.heard(json_request(jws=jws(door.first, kid="mot-2026")))
    assert heard.speaker is not None
    assert heard.speaker.id == "so_mot"
    assert _sent(door, jws(door.first, kid="hai-2026")) == "certificate:LT-SIGN-037"


def test_a_certificate_speaks_in_its_own_operations_alone(door: Door) -> None:
    """Good, trusted, and still not entitled."""
    assert _sent(door, jws(door.second)) == "certificate:LT-TRUST-020"


def test_whoever_shows_no_signature_is_another_kind_of_caller(door: Door) -> None:
    """The door with a shared key stays as it is; a header with a signature goes through the gate."""
    assert door.world.outcome(json_request()) == "unguarded"
    assert _sent(door, "x") == "structure:LT-SIGN-010"


def test_bare_key_ids_of_others_are_left_to_them(door: Door) -> None:
    """Callers who are known by a key id alone stand beside those of the gate; its own do not come without a time."""
    assert _sent(door, jws(door.first, kid="khac", drop=("iat", "url"))) == "unguarded"
    assert _sent(door, jws(door.first, kid="mot-2026", drop="iat")) == "freshness:LT-SIGN-015"


def test_a_strangers_certificate_makes_us_ask_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates are public: whoever sends other people's would have responders flooded, and callers wait. The one
    of a caller is asked about."""
    asked: list[str] = []

    def ask(self: StatusAnswers, paper: object, issuer: object, *, now: object) -> Asked:
        asked.append(self.store)
        return Asked(needed=True, why="silent")

    monkeypatch.setattr(StatusAnswers, "ask", ask)
    root = Issuer.root()
    known, stranger = root.person("Sở Một"), root.person("Không ai")
    (tmp_path / "kho").mkdir()
    (tmp_path / "kho" / "goc.pem").write_bytes(root.pem)
    (tmp_path / "mot.crt").write_bytes(known.pem)
    trust = {"lien_thong": {"folder": "kho", "purpose": "public_service", "ocsp": {"*": "http://ocsp.example/"}}}
    world = World(tmp_path, "mat_tien_json", {"so_mot": {**CALLER, "certificates": [{"file": "file:mot.crt"}]}}, trust)
    assert world.outcome(json_request(jws=jws(stranger))) == "certificate:LT-TRUST-020"
    assert asked == []
    assert world.outcome(json_request(jws=jws(known))) == "certificate:LT-TRUST-014"
    assert asked == ["lien_thong"]


def test_once_and_not_at_another_address(door: Door) -> None:
    """The same request again is the same message; the same signature elsewhere is a replay."""
    made = jws(door.first)
    assert _sent(door, made) == TAKEN
    assert _sent(door, made) == TAKEN
    assert _sent(door, made, path=OTHER) == "addressing:LT-SIGN-016"
    bare = jws(door.third, drop="url")
    assert _sent(door, bare) == TAKEN
    assert _sent(door, bare, path=OTHER) == "freshness:LT-WSS-015"
    assert _sent(door, jws(door.first, jti="mot")) == TAKEN
    assert _sent(door, jws(door.first, jti="mot", at=NOW - timedelta(seconds=1))) == "freshness:LT-WSS-015"


def test_it_is_of_now(door: Door) -> None:
    """iat must be there, exp is heard, and both clocks may differ by five minutes."""
    assert _sent(door, jws(door.first, drop="iat")) == "freshness:LT-SIGN-015"
    assert _sent(door, jws(door.first, at=NOW - timedelta(seconds=601))) == "freshness:LT-WSS-012"
    assert _sent(door, jws(door.first, at=NOW + timedelta(seconds=301))) == "freshness:LT-WSS-011"
    early = int((NOW - timedelta(seconds=301)).timestamp())
    assert _sent(door, jws(door.first, at=NOW - timedelta(seconds=400), exp=early)) == "freshness:LT-WSS-012"
    assert _sent(door, jws(door.first, at=NOW - timedelta(seconds=400))) == TAKEN


def test_it_says_where_it_goes(door: Door) -> None:
    """Taken off the line before us, it fits no other operation, and is not used up by whoever tries it there. Of a
    caller that cannot say so, nothing but the body is signed."""
    assert _sent(door, jws(door.first, drop="url")) == "addressing:LT-SIGN-040"
    made = jws(door.first, jti="duong-day")
    assert _sent(door, made, path=OTHER) == "addressing:LT-SIGN-016"
    assert _sent(door, made) == TAKEN
    assert _sent(door, jws(door.third, drop="url")) == TAKEN
    assert _sent(door, jws(door.third), path=OTHER) == "addressing:LT-SIGN-016"


def test_the_doctor_names_who_need_not_say_it(door: Door) -> None:
    """As a note: it is allowed, and weaker."""
    world = door.world
    settings = load(world.folder, over={"callers": world.callers, "trust": world.trust})
    house = cast(House, SimpleNamespace(adapters={world.system: world.adapter}))
    notes = [found.subject for found in _speakers(settings, house) if found.verdict is Verdict.NOTE]
    assert notes == ["callers.so_ba.address"]


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
def test_the_method_fits_what_was_signed(door: Door, method: str) -> None:
    """A body is for POST, nothing is for GET: a call made for one is not the other, whoever sends it so."""
    for holder in (door.first, door.third):
        made = jws(holder)
        assert _sent(door, made, method=method) == "addressing:LT-SIGN-041"
        assert _sent(door, made) == TAKEN
        empty = jws(holder, b"")
        assert door.world.outcome(json_request(b"", empty)) == "addressing:LT-SIGN-041"


def test_a_box_is_at_two_addresses(tmp_path: Path) -> None:
    """By the system's name and by its own: either is signed, and is another than the same box at another place."""
    root = Issuer.root()
    person = root.person()
    (tmp_path / "so.crt").write_bytes(person.pem)
    caller = {
        "system": "hop_lay_rest",
        "agency": "H99.12",
        "signature": "jws",
        "certificates": [{"file": "file:so.crt"}],
    }
    world = World(tmp_path, "hop_lay_rest", {"so": caller})
    for place, step in (
        ("/hop_lay_rest/outbox/a", TAKEN),
        ("/outbox/a", TAKEN),
        ("/outbox/b", "addressing:LT-SIGN-016"),
    ):
        made = jws(person, b"", url=f"{ADDRESS}{place}")
        request = json_request(b"", made, path="/outbox/a", system="hop_lay_rest", method="GET")
        assert world.outcome(request) == step


def test_what_stands_in_the_address_is_signed_too(door: Door) -> None:
    """A parameter that nobody signed would change what the body means."""
    url, parameters = URL, {"isUpdating": "true"}
    assert _sent(door, jws(door.third, drop="url"), query=parameters) == "addressing:LT-SIGN-016"
    assert _sent(door, jws(door.first), query=parameters) == "addressing:LT-SIGN-016"
    assert _sent(door, jws(door.first, url=url), query=parameters) == "addressing:LT-SIGN-016"
    assert _sent(door, jws(door.first, url=f"{url}?isUpdating=false"), query=parameters) == "addressing:LT-SIGN-016"
    assert _sent(door, jws(door.first, url=f"{url}?isUpdating=true"), query=parameters) == TAKEN
    assert _sent(door, jws(door.first, url=url, jti="b"), query={"dstcode": "x"}) == TAKEN
    assert _sent(door, jws(door.first, url="https://khac.example/x")) == "addressing:LT-SIGN-016"


def test_trust_is_asked_for_anew(door: Door) -> None:
    """A list that went too old refuses; unknown is not valid."""
    door.world.clock.at = NOW + 20 * DAY
    assert _sent(door, jws(door.first, at=NOW + 20 * DAY)) == "certificate:LT-TRUST-014"


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        ({"system": "mot_cua_cmon"}, "only for JSON doors"),
        ({"signature": "wss"}, "only for SOAP doors"),
        ({"certificates": [{"fingerprint": "a" * 64, "key_id": "x"}]}, "needs a file"),
    ],
)
def test_what_does_not_fit_is_told_at_the_start(tmp_path: Path, caller: dict[str, object], expected: str) -> None:
    """Before a message comes."""
    root = Issuer.root()
    (tmp_path / "kho").mkdir()
    (tmp_path / "kho" / "goc.pem").write_bytes(root.pem)
    given = {**CALLER, "certificates": [{"fingerprint": "a" * 64}], **caller}
    with pytest.raises(Refused) as refused:
        World(tmp_path, str(given["system"]), {"so": given}, {"lien_thong": {"folder": "kho"}})
    assert expected in " ".join(found.text_en for found in refused.value.problems)
