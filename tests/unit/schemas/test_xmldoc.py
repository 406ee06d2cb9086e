"""Reading XML: what is refused, with which problem, where, and without any request."""

import contextlib
import socket
from collections.abc import Iterator

import pytest
from lxml import etree

from schemas.problem import Place, Problem, Refused, Stage
from schemas.xmldoc import XmlLimits, c14n, parse, to_bytes
from schemas.xmlguard import _first_mark

VIETNAMESE = "<HoTen>Nguyễn Thị Thử Nghiệm</HoTen>"


def refusal(body: bytes, **options: object) -> Problem:
    with pytest.raises(Refused) as caught:
        parse(body, **options)  # type: ignore[arg-type]
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


@contextlib.contextmanager
def listener() -> Iterator[tuple[str, socket.socket]]:
    """An address of this machine where a request would be seen."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x.dtd", server


def assert_nobody_called(server: socket.socket) -> None:
    with pytest.raises(TimeoutError):
        server.accept()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_reads_utf8_and_utf16_with_bom(encoding: str) -> None:
    """UTF-8, with or without BOM, and UTF-16 with BOM are read as they are."""
    assert parse(VIETNAMESE.encode(encoding)).text == "Nguyễn Thị Thử Nghiệm"


def test_channel_charset_stands_over_the_declaration() -> None:
    """Text taken out of a .NET string still says utf-16; the channel's word decides."""
    body = ('<?xml version="1.0" encoding="utf-16"?>' + VIETNAMESE).encode()
    assert parse(body, charset="utf-8").text == "Nguyễn Thị Thử Nghiệm"


@pytest.mark.parametrize(
    ("charset", "raw"),
    [
        ("windows-1258", "4e677579eade6e20546869f2205468fdd2204e676869eaf26d"),
        ("tcvn3", "4e677579d46e205468de205468f6204e676869d66d"),
        ("vni", "4e67757965e36e205468f2205468f6fb204e67686965e46d"),
    ],
)
def test_legacy_charset_is_read_where_declared_for_the_partner(charset: str, raw: str) -> None:
    """A charset older than Unicode is read to NFC, but only where the partner's limits name it."""
    body = b"<a>" + bytes.fromhex(raw) + b"</a>"
    assert parse(body, charset=charset, limits=XmlLimits(charsets=(charset,))).text == "Nguyễn Thị Thử Nghiệm"
    assert refusal(body, charset=charset).code == "LT-TEXT-001"


@pytest.mark.parametrize("declared", ["utf-7", "iso-8859-1", "windows-1258", "ebcdic-cp-us", "big5"])
def test_charset_not_allowed_has_its_own_problem(declared: str) -> None:
    """A declaration outside the allow-list is refused by name, never tried."""
    problem = refusal(f'<?xml version="1.0" encoding="{declared}"?><a/>'.encode())
    assert problem.code == "LT-TEXT-001"
    assert "utf-8" in problem.text_vi


def test_bytes_that_do_not_fit_the_charset_are_placed() -> None:
    """Windows-1258 bytes sent as UTF-8 give the byte and the line, not a syntax error."""
    problem = refusal(b"<a>\n<b>Nguy\xea\xden</b></a>")
    assert problem.code == "LT-TEXT-002"
    assert problem.theirs == Place("message", 2, "byte 12")


def test_large_bodies_give_the_same_problems() -> None:
    """The first glance at a large body changes no verdict."""
    fill = "Hồ sơ ".encode() * 60_000
    assert refusal(b"<a>x\xff" + fill + b"</a>").theirs == Place("message", 1, "byte 5")
    assert refusal(b"<a>" + fill + b"\xff</a>").code == "LT-TEXT-002"
    assert refusal(b"<a><b></c>" + fill + b"</a>").code == "LT-XML-005"
    assert refusal(b"<a>" + fill + b"<!DOCTYPE a></a>").code == "LT-XML-003"
    assert refusal(b"<a>" * 300 + fill).code == "LT-XML-004"
    assert parse(b"<a>" + fill + b"</a>").text == fill.decode()
    assert parse(b"<a>" + fill + b"<!-- x --></a>").text == fill.decode()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_bom_is_refused(encoding: str) -> None:
    """Without a BOM the byte order would be a guess."""
    assert refusal("<a/>".encode(encoding)).code == "LT-TEXT-003"
    assert refusal("<a/>".encode(encoding), charset="utf-16").code == "LT-TEXT-003"


def test_bom_against_the_channel_is_refused() -> None:
    """A body whose BOM contradicts Content-Type is not read by either."""
    assert refusal("<a/>".encode("utf-16"), charset="utf-8").code == "LT-TEXT-004"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("word", ["<!DOCTYPE a>", "<!DOCTYPE a [<!ENTITY x 'y'>]>", "<!ENTITY x 'y'>"])
def test_doctype_and_entity_are_refused_in_any_encoding(encoding: str, word: str) -> None:
    """The guard finds DTDs in UTF-8 and UTF-16 bytes alike, before any parser sees them."""
    body = (word + "<a/>").encode(encoding)
    assert refusal(b"\xff\xfe" + body if encoding == "utf-16-le" else body).code in ("LT-XML-003", "LT-TEXT-003")
    assert refusal(body).code != "LT-XML-005"


def test_doctype_line_is_told() -> None:
    """The problem names the line of the DOCTYPE."""
    problem = refusal(b'<?xml version="1.0"?>\n\n<!DOCTYPE a SYSTEM "x"><a/>')
    assert (problem.code, problem.theirs) == ("LT-XML-003", Place("message", 3))


def test_external_things_cause_no_request() -> None:
    """Neither an external DTD nor a schema hint in the message makes us call anybody."""
    with listener() as (address, server):
        assert refusal(f'<!DOCTYPE a SYSTEM "{address}"><a/>'.encode()).code == "LT-XML-003"
        hint = f'<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x {address}"/>'
        assert parse(hint.encode()).tag == "a"
        include = f'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{address}"/></a>'
        assert len(parse(include.encode())) == 1
        assert_nobody_called(server)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<a>" + b"x" * 100 + b"</a>", "LT-XML-001"),
        (b"<a>" + b"<b/>" * 10 + b"</a>", "LT-XML-002"),
        (b"<a " + b" ".join(b'x%d=""' % n for n in range(9)) + b"/>", "LT-XML-002"),
        (b"<a " + b" ".join(b'xmlns:x%d="u"' % n for n in range(4)) + b"/>", "LT-XML-002"),
        ("\ufeff<a>=========</a>".encode("utf-16-le"), "LT-XML-002"),
    ],
)
def test_counts_are_bounded_before_parsing(body: bytes, code: str) -> None:
    """Size, tags, attributes and namespaces are counted on the bytes."""
    limits = XmlLimits(size_bytes=90, tags=9, equals=8, namespaces=3)
    assert refusal(body, limits=limits).code == code


def test_depth_is_bounded() -> None:
    """One level too many is refused, the last allowed one is read; a bomb is refused as depth too."""
    limits = XmlLimits(depth=5)
    assert parse(b"<a>" * 5 + b"</a>" * 5, limits=limits).tag == "a"
    assert refusal(b"<a>" * 6 + b"</a>" * 6, limits=limits).code == "LT-XML-004"
    assert refusal(b"<a>" * 90_000, limits=limits).code == "LT-XML-004"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<a><b></a>", "thẻ đóng không khớp thẻ mở"),
        (b"<a><b>", "kết thúc giữa chừng"),
        (b"<a/><b/>", "còn nội dung sau phần tử gốc"),
        (b"<a>&hoso;</a>", "thực thể"),
        (b"<a>A & B</a>", "dấu &"),
        (b"<a b=1/>", "dấu nháy"),
        (b'<a b="1" b="2"/>', "đứng hai lần"),
        (b"<x:a/>", "tiền tố"),
        (b"<a>\x01</a>", "ký tự không được phép"),
        (b"hello", "không bắt đầu bằng thẻ XML"),
        (b'{"a":1}', "không bắt đầu bằng thẻ XML"),
    ],
)
def test_syntax_faults_say_why_in_vietnamese_and_where(body: bytes, words: str) -> None:
    """A malformed body gives line, column and a reason a person understands."""
    problem = refusal(body)
    assert problem.code == "LT-XML-005"
    assert words in problem.text_vi
    assert problem.theirs is not None
    assert problem.theirs.line == 1


def test_syntax_fault_never_quotes_the_message() -> None:
    """What a citizen wrote is not in the problem, whatever libxml2 says about it."""
    problem = refusal(b"<a><HoTen>Bi Mat</HoTen><Bi-Mat></a>")
    assert "Mat" not in repr(problem)


def test_large_malformed_body_is_found_without_a_tree() -> None:
    """A body whose tree would be large gives the same problem as a small one."""
    body = b"<a>" + b"<b>x</b>" * 99_000 + b"x" * 9_000_000 + b"</b>"
    problem = refusal(body)
    assert problem.code == "LT-XML-005"
    assert "thẻ đóng không khớp" in problem.text_vi


@pytest.mark.parametrize("body", [b"", b" \r\n\t "])
def test_empty_body_has_its_own_problem(body: bytes) -> None:
    """Nothing is not the same as malformed."""
    assert refusal(body).code == "LT-XML-006"


def test_bytes_before_the_declaration_are_named() -> None:
    """The classic blank line before the prolog is told as such."""
    assert refusal(b'\n<?xml version="1.0"?><a/>').code == "LT-XML-008"


def test_text_over_ten_million_characters_is_refused() -> None:
    """libxml2's own limit on one text is a problem of ours, not a crash."""
    body = b"<a>" + b"A" * 10_000_001 + b"</a>"
    assert refusal(body, limits=XmlLimits(size_bytes=20_000_000)).code == "LT-XML-007"


def test_comments_and_instructions_are_dropped() -> None:
    """A comment cannot cut a value in two."""
    root = parse(b"<?x y?><a>09<!-- -->9<?z?>001</a>")
    assert (root.text, len(root)) == ("099001", 0)


def test_stage_is_kept() -> None:
    """The caller's stage stands in the problem."""
    assert refusal(b"<", stage=Stage.CONFIGURE).stage is Stage.CONFIGURE


def test_to_bytes_is_the_element_alone() -> None:
    """Serialised UTF-8 with a declaration, and nothing that follows the element."""
    root = parse("<a><b>ễ</b>tail</a>".encode())
    assert to_bytes(root[0]).decode() == "<?xml version='1.0' encoding='UTF-8'?>\n<b>ễ</b>"


def test_c14n_is_exclusive() -> None:
    """An unused namespace of the envelope does not change the content's hash."""
    plain = parse(b'<b xmlns="urn:x" k="1" a="2"/>')
    wrapped = parse(b'<s:e xmlns:s="urn:s" xmlns:y="urn:y"><b xmlns="urn:x" a="2" k="1"></b></s:e>')
    assert c14n(plain) == c14n(wrapped[0]) == b'<b xmlns="urn:x" a="2" k="1"></b>'


def test_root_is_an_lxml_element() -> None:
    """Others walk it with lxml."""
    assert isinstance(parse(b"<a/>"), etree._Element)


@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["ab<c><!D", "<!D", "abc", "<a" * 5000 + "<!D", "<a" * 5000, "<", ""])
def test_first_mark_is_where_a_plain_search_finds_it(encoding: str, text: str) -> None:
    """The quick search for a declaration misses none that a plain one finds."""
    body = text.encode(encoding)
    assert _first_mark(body, encoding) == body.find("<!".encode(encoding))


def test_many_attributes_of_one_element_are_refused() -> None:
    """What explains a fault looks through all attributes for each of them: 190 000 would hold the door for hours."""
    body = b"<a>\n<b " + b" ".join(b'a%d="1"' % number for number in range(257)) + b"/></a>"
    found = refusal(body)
    assert (found.code, found.theirs.line if found.theirs else 0) == ("LT-XML-002", 2)
    assert parse(b"<a>" + b'<b x="1"/>' * 1000 + b"</a>") is not None


def test_many_prefixes_in_force_at_one_place_are_refused() -> None:
    """Each element below would gather them anew; the same number of declarations side by side is harmless."""
    nested = "".join(f'<a xmlns:p{number}="u">' for number in range(50))
    wide = "".join(f' xmlns:q{number}="u"' for number in range(15))
    body = f"{nested}<b{wide}/>{'</a>' * 50}".encode()
    assert refusal(body).code == "LT-XML-002"
    assert parse(b"<a>" + b'<b xmlns:p="u"/>' * 1000 + b"</a>") is not None
