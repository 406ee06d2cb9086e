"""Signature wrapping of SOAP messages: what was signed is moved elsewhere, and something else stands in its place.

XSW1–8 are the classic shapes by their usual numbers, carried over from assertions to the Body and the other parts.
"""

from __future__ import annotations

from signing.wss.names import SOAP_11, SOAP_12, WSSE, WSU
from tests.attacks.corpus import INERT, Case, Category, cases
from tests.attacks.soap import ADDRESSING, CONTENT, IDS, TIMESTAMP, TYPED, cut, envelope, held, sent, signed, token
from tests.unit.signing.kit import stranger

EVIL = CONTENT.replace("1000000", "9999999")
EVIL_BODY = f"<S:Body>{EVIL}</S:Body>"
EVIL_BODY_NAMED = f"<S:Body wsu:Id='body'>{EVIL}</S:Body>"
BODY = f"<S:Body wsu:Id='body'>{CONTENT}</S:Body>"
EVIL_TO = "<w:To>https://bus.example/khac</w:To>"


def _swapped(old: str, new: str, *more: str) -> bytes:
    """The signed message with one text for another, and so on for further pairs."""
    text = signed().decode()
    for before, after in ((old, new), *zip(more[::2], more[1::2], strict=True)):
        assert before in text, before
        text = text.replace(before, after, 1)
    return text.encode()


def _in_header(inside: str, body: str = EVIL_BODY) -> bytes:
    """Another Body; the signed one inside a header."""
    return _swapped(BODY, body, "</S:Header>", f"{inside}</S:Header>")


def _signature_within(before: str, after: str, body: str) -> bytes:
    """The signature taken out and wrapped; `%` in `after`: where it goes."""
    found, rest = cut(signed(), "ds:Signature")
    return rest.replace(before, after.replace("%", found), 1).replace(BODY, body, 1).encode()


def _object(inside: str, body: str) -> bytes:
    return _swapped("</ds:Signature>", f"<ds:Object>{inside}</ds:Object></ds:Signature>", BODY, body)


def _renamed_id(attribute: str) -> bytes:
    """The signed Body in a wrapper, the other Body with the same id under another attribute."""
    return _in_header(f"<x:boc xmlns:x='urn:x'>{BODY.replace('S:Body', 'x:than')}</x:boc>",
                      f"<S:Body {attribute}='body'>{EVIL}</S:Body>")  # fmt: skip


def _part_moved(name: str, evil: str) -> bytes:
    """An addressing header moved into a wrapper, another in its place."""
    good = ADDRESSING[name]
    return _swapped(good, evil, "</S:Header>", f"<x:boc xmlns:x='urn:x'>{good}</x:boc></S:Header>")


def _two_signatures() -> bytes:
    """Both good, the second over the other parts."""
    text = envelope(security="@")
    first = signed(text.replace("@@", "@"), ids=IDS).decode()
    second, _ = cut(signed(text.replace("@@", "@"), ids=("body", "ts")), "ds:Signature")
    return first.replace("</wsse:Security>", f"{second}</wsse:Security>").encode()


def _confused_ids() -> bytes:
    """Rightly signed by an insider: two parts carry one id under two attributes."""
    text = envelope().replace("<w:To wsu:Id='to'>", "<w:To wsu:Id='to' Id='body'>")
    return signed(text.replace("Id='body'>https", "ID='body'>https"))


def _old_timestamp_kept(evil: str) -> bytes:
    return _swapped(TIMESTAMP, evil, "</S:Header>", f"<x:boc xmlns:x='urn:x'>{TIMESTAMP}</x:boc></S:Header>")


NEW_TIMESTAMP = TIMESTAMP.replace("T03:0", "T04:0")
SECOND_SECURITY = f"<wsse:Security>{NEW_TIMESTAMP}</wsse:Security>"
XSW = {
    "XSW1: signed Body beside the other, in the Header": (lambda: sent(_in_header(BODY)), "structure"),
    "XSW2: the signature before, both Bodies under the Envelope": (lambda: sent(_swapped(BODY, EVIL_BODY + BODY)), "structure"),
    "XSW3: the signed Body first, another after it": (lambda: sent(_swapped(BODY, BODY + EVIL_BODY)), "structure"),
    "XSW4: the signed Body inside the other": (lambda: sent(_swapped(BODY, f"<S:Body>{EVIL}{BODY}</S:Body>")), "structure"),
    "XSW4: the signed Body renamed, inside the other": (
        lambda: sent(_swapped(BODY, f"<S:Body>{EVIL}{BODY.replace('S:Body', 'than')}</S:Body>")), "signature"),
    "XSW5: the signature beside the wrapper": (
        lambda: sent(_signature_within("</S:Header>", "%</S:Header>", EVIL_BODY)), "structure"),
    "XSW6: signature, and the signed Body in it, inside the other Body": (
        lambda: sent(_signature_within("</S:Envelope>", "</S:Envelope>", f"<S:Body>{EVIL}{BODY}</S:Body>")), "structure"),
    "XSW7: the signed Body in an extension of the Header": (
        lambda: sent(_in_header(f"<x:Extensions xmlns:x='urn:x'>{BODY}</x:Extensions>")), "structure"),
    "XSW8: the signed Body in the signature's Object": (lambda: sent(_object(BODY, EVIL_BODY)), "structure signature"),
    "XSW8: renamed, in the Object, the id given to the other": (
        lambda: sent(_object(BODY.replace("S:Body", "than"), EVIL_BODY_NAMED)), "structure signature"),
}  # fmt: skip
IDS_CONFUSED = {
    f"the other Body has the same id as {attribute}": (lambda a=attribute: sent(_renamed_id(a)), "structure signature")
    for attribute in ("wsu:Id", "Id", "ID", "id", "xml:id", "AssertionID", "S:Id")
}
MOVED = {
    "wsa:To moved away": (lambda: sent(_part_moved("to", EVIL_TO)), "signature"),
    "wsa:To moved away, the other with its id": (lambda: sent(_part_moved("to", EVIL_TO.replace("To>", "To wsu:Id='to'>", 1))), "signature"),
    "wsa:To twice, the signed one first": (lambda: sent(_swapped(ADDRESSING["to"], ADDRESSING["to"] + EVIL_TO)), "structure"),
    "wsa:To twice, the signed one last": (lambda: sent(_swapped(ADDRESSING["to"], EVIL_TO + ADDRESSING["to"])), "structure"),
    "wsa:Action moved away": (lambda: sent(_part_moved("act", "<w:Action>urn:thu:nhan</w:Action>")), "signature"),
    "wsa:MessageID moved away: a replay under a new name": (lambda: sent(_part_moved("mid", "<w:MessageID>urn:uuid:2</w:MessageID>")), "signature"),
    "wsa:ReplyTo moved away": (lambda: sent(_part_moved("rep", ADDRESSING["rep"].replace("wsu:Id='rep'", ""))), "signature"),
    "Timestamp moved away, a younger one in its place": (lambda: sent(_old_timestamp_kept(NEW_TIMESTAMP)), "structure"),
    "Timestamp moved away and renamed, a younger one in its place": (
        lambda: sent(_swapped(TIMESTAMP, NEW_TIMESTAMP.replace(" wsu:Id='ts'", ""), "</S:Header>",
                              f"<x:boc xmlns:x='urn:x'>{TIMESTAMP.replace('wsu:Timestamp', 'x:luc')}</x:boc></S:Header>")), "signature"),
    "a second Timestamp in Security": (lambda: sent(_swapped(TIMESTAMP, TIMESTAMP + NEW_TIMESTAMP)), "structure"),
    "a second Security, with a younger Timestamp": (lambda: sent(_swapped("</S:Header>", f"{SECOND_SECURITY}</S:Header>")), "structure"),
    "a second Security inside Security": (lambda: sent(_swapped("</wsse:Security>", f"{SECOND_SECURITY}</wsse:Security>")), "structure"),
    "a second Security for another actor": (
        lambda: sent(_swapped("</S:Header>", f"<wsse:Security S:actor='urn:khac'>{NEW_TIMESTAMP}</wsse:Security></S:Header>")), "structure"),
    "Security inside the Body": (lambda: sent(_swapped("<t:hoSo", f"{SECOND_SECURITY}<t:hoSo")), "structure"),
    "a second good signature over fewer parts": (lambda: sent(_two_signatures()), "structure"),
    "a second empty signature": (lambda: sent(_swapped("</wsse:Security>", "<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/></wsse:Security>")), "structure"),
    "the signature inside the Body": (
        lambda: sent(_signature_within("<t:hoSo", "%<t:hoSo", BODY)), "structure"),
    "signature of another message of the same sender": (
        lambda: sent(_swapped(CONTENT, EVIL)), "signature"),
    "two parts of one id, rightly signed": (lambda: sent(_confused_ids()), "structure signature"),
}  # fmt: skip


def _less(*names: str) -> bytes:
    """Rightly signed by an insider, but not over these."""
    return signed(ids=[name for name in IDS if name not in names])


def _around(prefix: str, namespace: str) -> bytes:
    return _swapped(
        BODY, BODY.replace("S:Body", f"{prefix}:Body").replace(" wsu", f" xmlns:{prefix}='{namespace}' wsu")
    )


SCOPE = {
    f"{name} is not signed": (lambda n=name: sent(_less(n)), "signature structure") for name in IDS
} | {
    "nothing but the token is signed": (lambda: sent(signed(ids=("tok",))), "signature structure"),
    "the whole Header is signed, not its parts": (
        lambda: sent(signed(envelope().replace("<S:Header>", "<S:Header wsu:Id='head'>"), ids=("head", "body"))), "signature structure"),
    "the child of the Body is signed, not the Body": (
        lambda: sent(signed(envelope(content=CONTENT.replace("<t:hoSo", "<t:hoSo wsu:Id='con'")), ids=("con", *IDS[1:]))), "signature"),
    "the signed Body is in another namespace": (lambda: sent(_around("Q", SOAP_12)), "structure"),
    "the signed Body is in no namespace": (lambda: sent(_swapped(BODY, BODY.replace("S:Body", "Body"))), "structure"),
    "prefix of the content bound to another namespace": (lambda: sent(_swapped("xmlns:t='urn:t'", "xmlns:t='urn:u'")), "signature"),
    "prefix of addressing bound to another namespace": (
        lambda: sent(_swapped("<w:To wsu", "<w:To xmlns:w='urn:w' wsu")), "signature"),
    "prefix of wsu bound to another namespace": (
        lambda: sent(_swapped(f"xmlns:wsu='{WSU}'", "xmlns:wsu='urn:wsu'")), "signature structure"),
    "prefix of wsse bound to another namespace": (
        lambda: sent(_swapped(f"xmlns:wsse='{WSSE}'", "xmlns:wsse='urn:wsse'")), "structure"),
    "prefix of the envelope bound to the other SOAP": (lambda: sent(_swapped(SOAP_11, SOAP_12)), "signature structure"),
    "default namespace put over the content": (
        lambda: sent(_swapped("<S:Body ", "<S:Body xmlns='urn:x' ", "<t:ma>", "<ma>", "</t:ma>", "</ma>")), "signature"),
    "a prefix that only a value uses, bound to another namespace": (
        lambda: held(signed(envelope(content=TYPED, declared=" xmlns:k='urn:k'")).replace(b"xmlns:k='urn:k'", b"xmlns:k='urn:evil'")), INERT),
    "a header that nobody signed": (lambda: held(_swapped("</S:Header>", "<x:Admin xmlns:x='urn:x'>1</x:Admin></S:Header>")), INERT),
    "xml:lang and xml:base above the Body": (lambda: held(_swapped("<S:Envelope ", "<S:Envelope xml:lang='en' xml:base='http://x.example/' ")), INERT),
    "wsa:From that nobody signed": (lambda: held(_swapped("</S:Header>", "<w:From><w:Address>http://x.example/</w:Address></w:From></S:Header>")), INERT),
    "text between Header and Body": (lambda: held(_swapped("</S:Header>", "</S:Header>9999999")), INERT),
    "token exchanged for a stranger's": (lambda: sent(_swapped(token(), token(stranger()))), "certificate signature"),
    "two tokens, the reference at the stranger's": (
        lambda: sent(_swapped(token(), token() + token(stranger(), name="tok2"))), "structure"),
    "reference at a token that is not there": (lambda: sent(_swapped("#tok", "#tok9")), "certificate"),
    "reference at the Body as token": (lambda: sent(_swapped("#tok", "#body")), "certificate"),
}  # fmt: skip


CASES: list[Case] = [
    *cases(Category.WRAPPING, XSW),
    *cases(Category.WRAPPING, IDS_CONFUSED),
    *cases(Category.WRAPPING, MOVED),
    *cases(Category.WRAPPING, SCOPE),
]
