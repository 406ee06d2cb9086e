"""WS-Security: what is signed is what is read, where it stands, now and once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from schemas import xmldoc
from schemas.problem import Refused
from signing.policy import BUS_SOAP
from signing.wss import Login, MemoryReplays, Part, Required, Secured, Users, secure, verify_soap
from signing.wss.names import SOAP_11, SOAP_12, WSSE, WSU
from tests.unit.signing.kit import p256, rsa2048, stranger

NOW = datetime(2026, 7, 6, 3, 4, 5, tzinfo=UTC)
WSA = "http://www.w3.org/2005/08/addressing"
HEADERS = (
    "<w:Action>urn:thu:nhan</w:Action><w:To>https://bus.example/soap</w:To><w:MessageID>urn:uuid:1</w:MessageID>"
    f"<w:ReplyTo><w:Address>{WSA}/anonymous</w:Address></w:ReplyTo><w:RelatesTo>urn:uuid:0</w:RelatesTo>"
)
PAIRS = pytest.mark.parametrize("pair", [p256, rsa2048], ids=["ES256", "RS256"])


def envelope(
    *, version: str = SOAP_11, headers: str = HEADERS, body: str = "<t:x xmlns:t='urn:t'>Thử &amp; nghiệm</t:x>"
) -> bytes:
    """A SOAP message as our client makes it."""
    header = f"<S:Header>{headers}</S:Header>" if headers else ""
    return f"<S:Envelope xmlns:S='{version}' xmlns:w='{WSA}'>{header}<S:Body>{body}</S:Body></S:Envelope>".encode()


def made(pair=p256, *, login: Login | None = None, **how: str) -> bytes:
    """The same, secured."""
    return secure(envelope(**how), pair().signing(with_certificate=True), now=NOW, login=login)


def read(
    message: bytes, *, keys=None, replays=None, now: datetime = NOW, required: Required | None = None, users=None
) -> Secured:
    """As the receiver checks it."""
    return verify_soap(
        xmldoc.parse(message),
        keys if keys is not None else p256().trusted(),
        BUS_SOAP,
        required=required or Required(),
        replays=replays or MemoryReplays(),
        now=now,
        users=users,
    )


def code(message: bytes, **how) -> str:
    """Why it is refused."""
    with pytest.raises(Refused) as refused:
        read(message, **how)
    return refused.value.problems[0].code


@PAIRS
@pytest.mark.parametrize("version", [SOAP_11, SOAP_12])
def test_all_parts_are_covered_and_given_back(pair, version: str) -> None:
    """Body, Timestamp and every addressing header are signed, and what is given back are the very elements."""
    secured = read(made(pair, version=version), keys=pair().trusted())
    assert set(secured.parts) == set(Part) - {Part.USERNAME, Part.CONFIRMATION}
    assert secured.body is secured.parts[Part.BODY].element
    assert secured.texts[Part.TO] == "https://bus.example/soap"
    assert secured.texts[Part.REPLY_TO] == f"{WSA}/anonymous"
    assert secured.signed is not None
    assert secured.signed.key_id == "bus"


def test_message_without_any_header_gets_one() -> None:
    """A bare envelope can be secured too."""
    assert set(read(made(headers="")).parts) == {Part.BODY, Part.TIMESTAMP}


def test_body_keeps_its_bytes() -> None:
    """What the application wrote is not rewritten: prefixes and namespaces stay."""
    body = "<t:x xmlns:t='urn:t' xmlns:u='urn:u'><t:y kieu='u:k'/></t:x>"
    secured = read(made(body=body))
    assert body.replace("'", '"') in made(body=body).decode()
    assert secured.body[0].tag == "{urn:t}x"


@pytest.mark.parametrize(
    ("good", "bad"),
    [("Thử", "Thu"), ("urn:uuid:1", "urn:uuid:2"), ("bus.example", "bad.example"), ("anonymous", "none")],
)
def test_changed_part_is_refused(good: str, bad: str) -> None:
    """Body, MessageID, To and ReplyTo cannot be changed on the way."""
    assert code(made().replace(good.encode(), bad.encode())) == "LT-SIGN-035"


def test_timestamp_cannot_be_renewed() -> None:
    """The Timestamp is signed: an old message cannot be made young."""
    assert code(made().replace(b"03:04:05", b"03:04:06")) == "LT-SIGN-035"


def test_part_that_was_added_unsigned_is_refused() -> None:
    """An addressing header that nobody signed is not read."""
    unsigned = made(headers="").replace(b"<S:Body", b"<S:Body", 1)
    added = unsigned.replace(
        b"<wsse:Security", f'<w:To xmlns:w="{WSA}">http://x.example</w:To><wsse:Security'.encode(), 1
    )
    assert code(added) == "LT-WSS-006"


def test_body_moved_away_is_refused() -> None:
    """The classic wrapping: the signed Body elsewhere, another in its place."""
    root = etree.fromstring(made())
    body = root[-1]
    name = body.get(f"{{{WSU}}}Id")
    other = etree.fromstring(f'<S:Body xmlns:S="{SOAP_11}"><x/></S:Body>')
    root.replace(body, other)
    wrapper = etree.SubElement(root[0], "boc")
    wrapper.append(body)
    assert code(etree.tostring(root)) == "LT-WSS-003"
    body.tag = "Than"  # also where it does not look like a Body any more
    other.set(f"{{{WSU}}}Id", name)
    assert code(etree.tostring(root)) == "LT-SIGN-034"
    del other.attrib[f"{{{WSU}}}Id"]
    assert code(etree.tostring(root)) in ("LT-SIGN-035", "LT-WSS-006")


@pytest.mark.parametrize("name", ["Security", "BinarySecurityToken", "Timestamp"])
def test_second_of_anything_is_refused(name: str) -> None:
    """There is one Security header, one token, one Timestamp, one signature."""
    root = etree.fromstring(made())
    (element,) = root.iter(f"{{*}}{name}")
    element.addnext(etree.fromstring(etree.tostring(element)))
    assert code(etree.tostring(root)) == "LT-WSS-003"


def test_stranger_is_refused() -> None:
    """A certificate inside the message says who it claims to be, and makes nobody trusted."""
    assert code(made(stranger)) == "LT-SIGN-037"


def test_other_certificate_than_the_one_pointed_at_is_refused() -> None:
    """The signature points at its token."""
    assert code(made().replace(b'URI="#_', b'URI="#x_', 1)) in ("LT-WSS-007", "LT-SIGN-034", "LT-SIGN-036")


def test_replayed_message_is_refused_once_it_was_taken() -> None:
    """The same signed message is taken once, also with a second valid value of its ECDSA signature."""
    replays, message = MemoryReplays(), made()
    read(message, replays=replays)
    assert code(message, replays=replays) == "LT-WSS-015"


@pytest.mark.parametrize(("seconds", "expected"), [(-301, "LT-WSS-011"), (601, "LT-WSS-012"), (86_400, "LT-WSS-012")])
def test_message_of_another_time_is_refused(seconds: int, expected: str) -> None:
    """From the future beyond the clocks' difference, or expired: the reason says which, with both clocks."""
    assert code(made(), now=NOW + timedelta(seconds=seconds)) == expected


@pytest.mark.parametrize("seconds", [-299, 0, 599])
def test_clocks_may_differ_a_little(seconds: int) -> None:
    """Within skew and lifetime it is taken."""
    assert read(made(), now=NOW + timedelta(seconds=seconds)).signed is not None


def test_message_without_security_is_refused() -> None:
    """Nothing unsigned passes where a signature is required."""
    assert code(envelope()) == "LT-WSS-005"
    assert code(secure(envelope(), None, now=NOW)) == "LT-WSS-005"


def test_login_with_its_digest_is_right_once() -> None:
    """Name and password are checked; the nonce is good once, also under another signature."""
    users = Users({"so_nn": "mật khẩu"}.get)
    login = Login("so_nn", "mật khẩu")
    replays, message = MemoryReplays(), secure(envelope(), None, now=NOW, login=login)
    unsigned = Required(signature=False, login=True)
    assert read(message, required=unsigned, users=users, replays=replays).user == "so_nn"
    assert code(message, required=unsigned, users=users, replays=replays) == "LT-WSS-015"
    assert read(made(login=login), required=Required(login=True), users=users).user == "so_nn"


@pytest.mark.parametrize(
    "login", [Login("so_nn", "sai"), Login("khac", "mật khẩu"), Login("so_nn", "mật khẩu", digest=False)]
)
def test_wrong_login_is_refused(login: Login) -> None:
    """Wrong password, unknown user, or a password in clear where none is taken."""
    assert code(made(login=login), users=Users({"so_nn": "mật khẩu"}.get)) in ("LT-WSS-014", "LT-WSS-013")


def test_login_is_signed_where_the_message_is() -> None:
    """A login cannot be put into somebody else's signed message."""
    message = made().replace(b"<wsse:BinarySecurityToken", _username("so_nn") + b"<wsse:BinarySecurityToken", 1)
    assert code(message, users=Users({"so_nn": "x"}.get, text=True)) == "LT-WSS-006"


def _username(user: str) -> bytes:
    return (
        f'<wsse:UsernameToken xmlns:wsse="{WSSE}"><wsse:Username>{user}</wsse:Username>'
        "<wsse:Password>x</wsse:Password></wsse:UsernameToken>"
    ).encode()


def test_key_without_certificate_cannot_secure() -> None:
    """The receiver would not know whose signature it is: said before anything is sent."""
    with pytest.raises(Refused) as refused:
        secure(envelope(), p256().signing(), now=NOW)
    assert refused.value.problems[0].code == "LT-WSS-004"


def test_full_memory_of_replays_says_no_rather_than_forget() -> None:
    """Flooding it cannot make an old message new."""
    replays = MemoryReplays(limit=2)
    until = NOW + timedelta(minutes=5)
    assert [replays.first(mark, until=until, now=NOW) for mark in ("a", "b", "c", "a")] == [True, True, False, False]
    assert replays.first("c", until=until, now=until + timedelta(seconds=1))
