"""Reading JSON: what is refused, with which problem, and where."""

import json

import pytest

from schemas.jsondoc import JsonLimits, loads
from schemas.problem import Problem, Refused


def refusal(body: bytes, limits: JsonLimits | None = None) -> Problem:
    with pytest.raises(Refused) as caught:
        loads(body, limits=limits or JsonLimits())
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def place(problem: Problem) -> str:
    assert problem.theirs is not None
    return problem.theirs.path


def test_reads_ordinary_json() -> None:
    """What a partner sends in good order is read as any parser reads it."""
    text = (
        '{"MaHoSo":"H99.12-260706-00001","Tep":[{"n":1,"p":1.5,"ok":true,"x":null}],"Ten":"Nguyễn 😀 \\ud83d\\ude00"}'
    )
    assert loads(text.encode()) == json.loads(text)
    assert loads(b"\xef\xbb\xbf[]") == []


def test_doubled_name_gives_its_pointer() -> None:
    """Two values for one name are refused, and the object is pointed at."""
    problem = refusal(b'[{"x":{"a/b":{"k":1,"z":0,"k":2}}}]')
    assert (problem.code, place(problem)) == ("LT-JSON-005", "/0/x/a~1b")
    assert "“k”" in problem.text_vi


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "1e999", "-1E400", "9" * 31, "1." + "0" * 60, "0." + "1" * 5000]
)
def test_odd_numbers_give_their_pointer(text: str) -> None:
    """Numbers that no partner can mean are refused, never rounded."""
    problem = refusal(f'{{"a":[0,{text}]}}'.encode())
    assert (problem.code, place(problem)) == ("LT-JSON-006", "/a/1")


def test_depth_is_refused_before_parsing() -> None:
    """One level too many is refused, the last allowed one is read, a bomb costs nothing."""
    limits = JsonLimits(depth=5)
    assert loads(b"[" * 5 + b"]" * 5, limits=limits) == [[[[[]]]]]
    assert refusal(b"[" * 6 + b"]" * 6, limits).code == "LT-JSON-002"
    assert refusal(b"[" * 200_000, limits).code == "LT-JSON-002"
    assert refusal(b'{"a":' * 200_000, limits).code == "LT-JSON-002"


def test_depth_counts_the_deepest_branch() -> None:
    """A deep branch among shallow ones is as deep as it is."""
    assert refusal(b"[[],[[]]]", JsonLimits(depth=2)).code == "LT-JSON-002"
    assert loads(b"[[],[[]],[],[]]", limits=JsonLimits(depth=3)) == [[], [[]], [], []]


def test_brackets_in_strings_do_not_hide_depth() -> None:
    """Closing brackets inside strings do not make the nesting look shallower."""
    assert refusal(b'["]",' * 70 + b"1" + b"]" * 70).code == "LT-JSON-002"
    assert refusal(b'["\\"]",' * 70 + b"1" + b"]" * 70).code == "LT-JSON-002"
    assert refusal(b'["\\\\","]",' * 70 + b"1" + b"]" * 70).code == "LT-JSON-002"


def test_brackets_in_strings_do_not_count_as_depth() -> None:
    """A text full of brackets is only a text."""
    text = ["[" * 100 + "{" * 100, '"[', "\\", "]" * 100]
    assert loads(json.dumps(text).encode()) == text


def test_size_and_values_are_bounded() -> None:
    """Size and number of values are counted on the bytes."""
    assert refusal(b'"' + b"x" * 99 + b'"', JsonLimits(size_bytes=100)).code == "LT-JSON-001"
    assert refusal(b"[" + b"0," * 20 + b"0]", JsonLimits(values=20)).code == "LT-JSON-003"
    assert refusal(b"[" + b"[]," * 20 + b"0]", JsonLimits(values=20)).code == "LT-JSON-003"


def test_wrong_utf8_is_placed() -> None:
    """Bytes that are not UTF-8 are a charset problem with their offset."""
    problem = refusal(b'{"Ten":"Nguy\xea\xden"}')
    assert (problem.code, place(problem)) == ("LT-TEXT-002", "byte 13")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_other_charsets_are_refused(encoding: str) -> None:
    """Only UTF-8 is JSON between systems."""
    assert refusal('{"a":1}'.encode(encoding)).code == "LT-TEXT-001"


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        (b'{"a":["\\ud800"]}', "LT-JSON-007", "/a/0"),
        (b'{"a":"x\\uDFFFy"}', "LT-JSON-007", "/a"),
        (b'{"\\ud800":1}', "LT-JSON-007", "#"),
        (b'{"a":"x\\u0000"}', "LT-JSON-009", "/a"),
        (b'["\\b"]', "LT-JSON-009", "/0"),
        (b'["\\uffff"]', "LT-JSON-009", "/0"),
    ],
)
def test_characters_no_xml_can_carry_are_refused(body: bytes, code: str, pointer: str) -> None:
    """Lone surrogates and control characters stop here, not in the middle of a translation."""
    problem = refusal(body)
    assert (problem.code, place(problem)) == (code, pointer)


@pytest.mark.parametrize(
    "body",
    [b'{"a":}', b"{a:1}", b"[1,]", b'["a', b"[1] 2", b'["\n"]', b"[01]", b"['a']", b"nul", b'["\\x"]', b"[", b"<a/>"],
)
def test_syntax_faults_give_line_and_column(body: bytes) -> None:
    """A malformed body gives a place and a reason, without its content."""
    problem = refusal(body)
    assert problem.code == "LT-JSON-004"
    assert problem.theirs is not None
    assert problem.theirs.line >= 1


def test_cut_off_large_body_is_refused_by_the_guard() -> None:
    """A large body that stops in the middle is refused without building half of it."""
    body = json.dumps([{"a": "x" * 1000}] * 2000).encode()[:-1]
    assert refusal(body).code == "LT-JSON-004"
    assert loads(body + b"]") != []


@pytest.mark.parametrize("body", [b"", b"  \n", b"\xef\xbb\xbf"])
def test_empty_body_has_its_own_problem(body: bytes) -> None:
    """Nothing is not the same as malformed."""
    assert refusal(body).code == "LT-JSON-008"


def test_many_doubled_names_cost_no_square() -> None:
    """An object of a hundred thousand names with a doubled one at its end is refused at once."""
    body = b"{" + b",".join(b'"k%d":0' % n for n in range(100_000)) + b',"k99999":1}'
    assert refusal(body).code == "LT-JSON-005"
