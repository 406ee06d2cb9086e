"""The simulated department that posts bare arrays."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from bus.simulators import judge, read_ledgers

from .conftest import Door, Running

Start = Callable[..., Running]


def department(start: Start, door: Door, *options: str) -> Running:
    return start("facade", "--door", f"{door.url}/mat_tien_json", *options, LIENTHONG_FACADE_KEY="shared")


def test_bare_arrays_with_a_key(start: Start, door: Door) -> None:
    """The dossier, its steps and its last update: bare arrays, agency and isUpdating in the query, key in a header."""
    door.answer = lambda path, body: (200, '{"error_code": 0, "message": "Thành công"}'.encode())
    facade = department(start, door, "--dossiers", "1", "--steps", "2", "--updates", "1")
    facade.until(lambda state: state["counts"].get("accepted", 0) == 4)
    paths = [urlsplit(path) for path, _, _ in door.calls]
    assert [one.path.rpartition("/")[2] for one in paths] == [
        "DongBoHoSoMC", "CapNhatTienDoHoSoMC", "CapNhatTienDoHoSoMC", "DongBoHoSoMC",
    ]  # fmt: skip
    assert [parse_qs(one.query).get("isUpdating") for one in paths] == [["False"], None, None, ["True"]]
    assert {parse_qs(one.query)["MaDinhDanhDV"][0] for one in paths} == {"H99.12"}
    assert {headers["x-api-key"] for _, headers, _ in door.calls} == {"shared"}
    items = [json.loads(body) for _, _, body in door.calls]
    assert all(isinstance(one, list) and len(one) == 1 for one in items)
    assert len({one[0]["MaHoSo"] for one in items}) == 1


def test_both_names_of_the_code(start: Start, door: Door) -> None:
    """`response_code` "00" of a provincial front is a success too; a code that is no success ends the dossier."""
    door.answer = lambda path, body: (
        200,
        b'{"response_code": "00"}' if "DongBo" in path else b'{"response_code": "-1"}',
    )
    facade = department(start, door, "--dossiers", "1", "--steps", "2")
    state = facade.until(lambda state: state["open_scripts"] == 0)
    assert (state["counts"]["accepted"], state["counts"]["refused"]) == (1, 1)


def test_stubborn(start: Start, door: Door) -> None:
    """HTML with 200 and a 503 are no answer: the same content is sent again."""
    answers = iter([(200, b"<html>"), (503, b""), (200, b'{"error_code": "0"}')])
    door.answer = lambda path, body: next(answers)
    facade = department(start, door, "--dossiers", "1", "--steps", "0", "--updates", "0", "--retry-s", "0.05")
    facade.until(lambda state: state["open_scripts"] == 0)
    assert len(door.calls) == 3
    assert len({body for _, _, body in door.calls}) == 1
    verdict = judge(read_ledgers(facade.ledger))
    assert (verdict.accepted, verdict.lost) == (1, 1)  # nobody received it here: the judge must say so
