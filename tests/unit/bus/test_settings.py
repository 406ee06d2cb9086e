"""Settings: an unknown key names the nearest, secrets come by reference, wrong combinations do not start."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.settings import load, packaged_defaults
from schemas.problem import Problem, Refused

FETCHED = {"system": "mot_cua_cmon"}


def refused(folder: Path, **over: object) -> tuple[Problem, ...]:
    with pytest.raises(Refused) as caught:
        load(folder, over=over)
    return caught.value.problems


def test_the_shipped_files_are_the_defaults(tmp_path: Path) -> None:
    """A key in lienthong.toml that says something else than the program would mislead whoever reads it."""
    shipped, bare = load(packaged_defaults()), load(tmp_path)
    for part in ("data", "systems", "door", "journal", "queue", "worker", "signing"):
        assert getattr(shipped, part) == getattr(bare, part), part


def test_a_configuration_folder_that_is_not_there_is_not_the_defaults(tmp_path: Path) -> None:
    """A misspelt --config must not start an empty bus somewhere else."""
    (found,) = refused(tmp_path / "khong_co")
    assert (found.code, "khong_co" in found.text_vi) == ("LT-CONF-006", True)


@pytest.mark.parametrize(
    ("over", "place", "nearest"),
    [
        ({"dor": {}}, "dor", "door"),
        ({"door": {"prot": 1}}, "door.prot", "port"),
        ({"endpoints": {"a": {"system": "a", "window": ""}}}, "endpoints.a.window", "windows"),
        ({"routes": [{"id": "a", "kind": "ho_so", "to": [], "sender": ["a"]}]}, "routes.0.sender", "senders"),
    ],
)
def test_an_unknown_key_names_the_nearest(tmp_path: Path, over: dict[str, object], place: str, nearest: str) -> None:
    """At any depth; a misspelt key is not silently the default."""
    (found,) = refused(tmp_path, **over)
    assert found.code == "LT-CONF-004"
    assert place in found.text_en
    assert f"“{nearest}”" in found.text_en


def test_all_findings_come_at_once(tmp_path: Path) -> None:
    """Whoever mends one file starts once."""
    found = refused(tmp_path, door={"port": "x"}, worker={"threads": "y"})
    assert [each.code for each in found] == ["LT-CONF-002", "LT-CONF-002"]


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    """With the line, as the reader of TOML says it."""
    (tmp_path / "routes.toml").write_text("[[routes]\n")
    (found,) = refused(tmp_path)
    assert (found.code, "routes.toml" in found.text_en, "line 1" in found.text_en) == ("LT-CONF-001", True, True)


@pytest.mark.parametrize(("threads", "fine"), [(13, True), (12, False)])
def test_one_endpoint_cannot_take_all_threads(tmp_path: Path, threads: int, fine: bool) -> None:
    """Or one receiver that hangs would hold up all the others."""
    if fine:
        assert load(tmp_path, over={"worker": {"threads": threads}}).worker.threads == threads
        return
    (found,) = refused(tmp_path, worker={"threads": threads})
    assert "in_flight_per_endpoint" in found.text_en


@pytest.mark.parametrize(("timeout_s", "fine"), [(30.0, True), (30.1, False)])
def test_a_lease_outlasts_two_attempts(tmp_path: Path, timeout_s: float, fine: bool) -> None:
    """Half of it is left for the commits around the wire: else a slow attempt would be taken for a dead one."""
    retry = {"*": "10s;3;fixed(1m)", "ho_so": f"{timeout_s * 1000:.0f}ms;3;fixed(1m)"}
    over = {"endpoints": {"a": {"system": "a", "retry": retry}}, "queue": {"lease_s": 60}}
    if fine:
        assert load(tmp_path, over=over).queue.lease_s == 60
    else:
        assert "endpoints.a.retry.ho_so" in refused(tmp_path, **over)[0].text_en


def test_two_fetched_endpoints_of_one_system_say_whose_they_are(tmp_path: Path) -> None:
    """Else one department could fetch the other's dossiers."""
    (found,) = refused(tmp_path, endpoints={"a": FETCHED, "b": {**FETCHED, "agency": "H99.13"}})
    assert "endpoints.a.agency" in found.text_en
    good = {"a": {**FETCHED, "agency": "H99.12"}, "b": {**FETCHED, "agency": "H99.13"}}
    assert load(tmp_path, over={"endpoints": good}).route_table().endpoints["b"].agency == "H99.13"
    assert load(tmp_path, over={"endpoints": {"a": FETCHED}}).route_table().endpoints["a"].agency == ""


# ---------------------------------------------------------------- secrets


def test_a_secret_comes_from_a_variable_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file relative to the configuration folder, without the line end an editor adds."""
    monkeypatch.setenv("LT_THU", " giữ cả khoảng trắng ")
    (tmp_path / "khoa.txt").write_text("từ tệp\n", encoding="utf-8")
    settings = load(tmp_path)
    assert settings.secret("env:LT_THU") == " giữ cả khoảng trắng "
    assert settings.secret("file:khoa.txt") == "từ tệp"
    assert settings.secret("") == ""


@pytest.mark.parametrize("reference", ["env:LT_KHONG_CO", "file:khong-co.txt", "file:thu-muc", "file:nhi-phan", "trần"])
def test_a_secret_that_cannot_be_had_is_a_problem(tmp_path: Path, reference: str) -> None:
    """Missing, a folder, not text, or the secret itself where its reference should stand."""
    (tmp_path / "thu-muc").mkdir()
    (tmp_path / "nhi-phan").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Refused) as caught:
        load(tmp_path).secret(reference)
    assert [found.code for found in caught.value.problems] == ["LT-CONF-003"]


def test_no_secret_is_printed(tmp_path: Path) -> None:
    """Settings may end up in a log."""
    over = {
        "endpoints": {"a": {"system": "a", "secret": "file:bi-mat"}},
        "callers": {"b": {"system": "a", "agency": "H99", "secret": "file:bi-mat"}},
        "signing": {"password": "file:bi-mat"},
    }
    assert "bi-mat" not in repr(load(tmp_path, over=over))


def test_routes_and_endpoints_are_pure_values(tmp_path: Path) -> None:
    """Every member of a route arrives."""
    route = {
        "id": "r", "kind": "ho_so", "to": [{"endpoint": "a", "operation": "X"}], "senders": ["s"],
        "when": {"nguon": ["don_vi"]}, "ordered": True, "attachments": "tep_dinh_kem", "priority": 0,
    }  # fmt: skip
    (made,) = load(tmp_path, over={"routes": [route]}).route_table().routes
    assert (made.id, made.kind, made.senders, made.ordered, made.attachments, made.priority) == (
        "r", "ho_so", ("s",), True, "tep_dinh_kem", 0
    )  # fmt: skip
    assert (made.to[0].endpoint, made.to[0].operation, made.when["nguon"]) == ("a", "X", ("don_vi",))


@pytest.mark.parametrize(("said", "priority"), [("khẩn", 0), ("thường", 1), ("thấp", 2), ("urgent", 0), (2, 2)])
def test_a_priority_by_name(tmp_path: Path, said: object, priority: int) -> None:
    """Three bands, by name or by number."""
    routes = [{"id": "a", "kind": "ho_so", "to": [], "priority": said}]
    assert load(tmp_path, over={"routes": routes}).routes[0].route().priority == priority


@pytest.mark.parametrize("said", [3, -1, "gấp"])
def test_no_other_priority(tmp_path: Path, said: object) -> None:
    """A fourth band there is not; an unknown name is told the known ones."""
    (found,) = refused(tmp_path, routes=[{"id": "a", "kind": "ho_so", "to": [], "priority": said}])
    assert "routes.0.priority" in found.text_en
    assert said != "gấp" or "khẩn, thường, thấp" in found.text_en


def test_a_rate_that_is_none(tmp_path: Path) -> None:
    """A rate that cannot be read is refused with examples."""
    (found,) = refused(tmp_path, endpoints={"a": {"system": "a", "rate": "nhanh"}})
    assert "300/min" in found.text_en
