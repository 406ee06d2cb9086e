"""The JSON door: JWS with certificates, their replays and addresses, and bodies encrypted for us. Each is sent through
the gatekeeper of a door; many are rightly signed by a trusted key.
"""

from __future__ import annotations

import base64
import codecs
import hmac
import json
import os
import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from signing.encoding import to_base64url
from signing.encryption import RecipientKey
from tests.attacks.corpus import TAKEN, Case, Category, cases
from tests.unit.bus.gate_world import BODY, PATH, URL, World, json_request, jws
from tests.unit.signing.issuer import DAY, NOW, Holder, Issuer
from tests.unit.signing.kit import pem_of

OTHER_PATH = "/CapNhatTienDoHoSoMC"
OTHER_URL = URL.replace(PATH, OTHER_PATH)
BASE = {"system": "mat_tien_json", "signature": "jws", "trust": "kho"}


class Door:
    """Two departments in the clear, the second of which cannot say where to; two that encrypt, one in each order; each
    has a key of ours of its own."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        self.root = Issuer.root()
        self.middle = self.root.below()
        self.one, self.two, self.three, self.gone, self.vague = (self.middle.person(f"Sở {n}") for n in range(5))
        self.middle.revoke(self.gone)
        self.past = self.middle.person("Sở cũ", first=NOW - 9 * DAY, last=NOW - DAY)
        self.keys = {name: rsa.generate_private_key(65537, 2048) for name in ("hai", "ba")}
        store = folder / "kho"
        store.mkdir()
        for name, data in {
            "goc.pem": self.root.pem, "giua.pem": self.middle.pem, "goc.crl": self.root.crl(),
            "giua.crl": self.middle.crl(),
        }.items():  # fmt: skip
            (store / name).write_bytes(data)
        for name, key in self.keys.items():
            (folder / f"{name}.pem").write_bytes(pem_of(key))
        callers = {
            "mot": self._caller(folder, "H99.11", self.one, key_id="mot", operations=["DongBoHoSoMC"]),
            "hai": self._caller(folder, "H99.12", self.two, decryption=self._locked("hai", "sign-then-encrypt")),
            "ba": self._caller(folder, "H99.13", self.three, decryption=self._locked("ba", "encrypt-then-sign")),
            "cu": self._caller(folder, "H99.14", self.past),
            "mo_ho": self._caller(folder, "H99.16", self.vague, address="optional"),
            "thu_hoi": self._caller(folder, "H99.15", self.gone),
        }
        self.world = World(folder, "mat_tien_json", callers, {"kho": {"folder": "kho", "purpose": "public_service"}})

    def _caller(self, folder: Path, agency: str, holder: Holder, **more: object) -> dict[str, object]:
        (folder / f"{agency}.crt").write_bytes(holder.pem)
        line = {"file": f"file:{agency}.crt"} | {k: more.pop(k) for k in ("key_id", "operations") if k in more}
        return {**BASE, "agency": agency, "certificates": [line], **more}

    def _locked(self, name: str, order: str) -> dict[str, object]:
        return {"form": "jwe", "keys": {name: f"file:{name}.pem"}, "order": order}

    def to(self, name: str) -> RecipientKey:
        """Our public key of this name."""
        return RecipientKey(name, self.keys[name].public_key())


@cache
def door() -> Door:
    """One."""
    return Door()


def der(*holders: Holder) -> list[object]:
    """As x5c holds them."""
    return [base64.b64encode(each.der).decode() for each in holders]


def sent(header: str, body: bytes = BODY, **how: object) -> str:
    """Through the gate."""
    return door().world.outcome(json_request(body, header, **how))  # type: ignore[arg-type]


def fresh(holder: Holder, body: bytes = BODY, **how: object) -> str:
    """A JWS that was not seen before."""
    return jws(holder, body, jti=os.urandom(6).hex(), **how)  # type: ignore[arg-type]


def _headed(header: dict[str, object], value: bytes | None = None) -> str:
    """By hand, signed by the first unless a value is given."""
    protected = to_base64url(json.dumps({"iat": int(NOW.timestamp()), **header}).encode())
    data = f"{protected}.{to_base64url(BODY)}".encode()
    return f"{protected}..{to_base64url(door().one.signing().sign(data) if value is None else value)}"


def _mac() -> str:
    protected = to_base64url(json.dumps({"alg": "HS256", "iat": int(NOW.timestamp()), "x5c": der(door().one)}).encode())
    value = hmac.new(door().one.pem, f"{protected}.{to_base64url(BODY)}".encode(), "sha256").digest()
    return f"{protected}..{to_base64url(value)}"


def _twice(second: Callable[[str], str], holder: Holder | None = None, **how: object) -> str:
    made = fresh(holder or door().one, **how)
    assert sent(made) == TAKEN
    return second(made)


def _malleable(made: str) -> str:
    """The other value of the same ECDSA signature."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    head, _, value = made.rpartition(".")
    raw = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    other = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    return f"{head}.{to_base64url(other)}"


def _jti_of(made: str) -> str:
    head = made.split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["jti"])


CERT, SIGN, HEAD, TIME, PLACE = "certificate", "signature", "structure", "freshness", "addressing"
JWS = {
    "x5c of another partner, signed by its own key for our operation": (lambda: sent(fresh(door().two, BODY)), "decryption"),
    "x5c of a partner for an operation it is not entitled to": (lambda: sent(fresh(door().one, url=OTHER_URL), path=OTHER_PATH), CERT),
    "x5c of a partner, signed by another partner": (lambda: sent(fresh(door().two, x5c=der(door().one))), SIGN),
    "x5c of a stranger's authority": (lambda: sent(fresh(Issuer.root("Lạ").person())), CERT),
    "x5c of a good authority nobody registered": (lambda: sent(fresh(door().middle.person("Không ai"))), CERT),
    "x5c that ended": (lambda: sent(fresh(door().past)), CERT),
    "x5c that was revoked": (lambda: sent(fresh(door().gone)), CERT),
    "x5c of the authority itself": (lambda: sent(fresh(door().middle)), CERT),
    "x5c of a stranger before the partner's": (lambda: sent(fresh(Issuer.root("Lạ").person(), x5c=der(Issuer.root("Lạ").person(), door().one))), CERT),
    "x5c of the partner, a stranger's key": (lambda: sent(fresh(Issuer.root("Lạ").person(), x5c=der(door().one))), SIGN),
    "x5c with the issuer first": (lambda: sent(fresh(door().one, x5c=der(door().middle, door().one))), CERT),
    "x5c that brings its own root": (lambda: _own_root(), CERT),
    "x5c with the same name and another key": (lambda: sent(fresh(Issuer.root().below().person("Sở 0"))), CERT),
    "x5c in url-safe base64": (lambda: sent(fresh(door().one, x5c=[str(der(door().one)[0]).replace("+", "-").replace("/", "_").rstrip("=") + "-_"])), HEAD),
    "x5c as PEM": (lambda: sent(fresh(door().one, x5c=[door().one.pem.decode()])), HEAD),
    "x5c of nothing": (lambda: sent(fresh(door().one, x5c=[])), HEAD),
    "x5c of five": (lambda: sent(fresh(door().one, x5c=der(door().one) * 5)), HEAD),
    "x5c of garbage": (lambda: sent(fresh(door().one, x5c=["AAAA"])), CERT),
    "x5c with bytes behind the certificate": (lambda: sent(fresh(door().one, x5c=[base64.b64encode(door().one.der + b"\0").decode()])), CERT),
    "x5c and kid": (lambda: sent(fresh(door().one, x5c=der(door().one), kid="mot")), HEAD),
    "kid of a partner, signed by another": (lambda: sent(fresh(door().two, kid="mot")), SIGN),
    "kid nobody has": (lambda: sent(fresh(door().one, kid="hai")), CERT),
    "no key at all": (lambda: sent(_headed({"alg": "ES256"})), HEAD),
    "x5u beside x5c": (lambda: sent(fresh(door().one, x5u="http://127.0.0.1:1/")), HEAD),
    "jwk beside x5c": (lambda: sent(fresh(door().one, jwk={"kty": "oct", "k": "AA"})), HEAD),
    "jku beside x5c": (lambda: sent(fresh(door().one, jku="http://127.0.0.1:1/")), HEAD),
    "x5t beside x5c": (lambda: sent(fresh(door().one, x5t="AA")), HEAD),
    "crit beside x5c": (lambda: sent(fresh(door().one, crit=["exp"])), HEAD),
    "b64 false beside x5c": (lambda: sent(fresh(door().one, b64=False)), HEAD),
    "RS256 for the certificate of an EC key": (lambda: sent(fresh(door().one, alg="RS256")), SIGN),
    "ES384 for the certificate of a P-256 key": (lambda: sent(fresh(door().one, alg="ES384")), SIGN),
    "HS256 with the certificate": (lambda: sent(_mac()), SIGN),
    "none with a certificate": (lambda: sent(fresh(door().one, alg="none")), SIGN),
    "r and s are zero": (lambda: sent(_headed({"alg": "ES256", "x5c": der(door().one)}, bytes(64))), SIGN),
    "another body": (lambda: sent(fresh(door().one), BODY + b" "), SIGN),
    "a mark before the body": (lambda: sent(fresh(door().one), codecs.BOM_UTF8 + BODY), SIGN),
    "no body": (lambda: sent(fresh(door().one), b""), SIGN),
    "two signatures in two headers": (lambda: sent(f"{fresh(door().two)}, {fresh(door().one)}"), HEAD),
    "an empty header": (lambda: sent(""), HEAD),
    "a header of thirty thousand characters": (lambda: sent(fresh(door().one, url="https://x.example/" + "x" * 30_000)), HEAD),
}  # fmt: skip
MOMENT = {
    "no iat": (lambda: sent(fresh(door().one, drop="iat")), TIME),
    "iat as text": (lambda: sent(fresh(door().one, iat=str(int(NOW.timestamp())))), HEAD),
    "iat as a fraction": (lambda: sent(fresh(door().one, iat=NOW.timestamp() + 0.5)), HEAD),
    "iat is true": (lambda: sent(fresh(door().one, iat=True)), HEAD),
    "iat before all time": (lambda: sent(fresh(door().one, iat=-1)), HEAD),
    "iat in milliseconds": (lambda: sent(fresh(door().one, iat=int(NOW.timestamp() * 1000))), HEAD),
    "iat in the last second there is": (lambda: sent(fresh(door().one, iat=253_402_300_799)), TIME),
    "iat beyond all numbers": (lambda: sent(fresh(door().one, iat=10**400)), HEAD),
    "iat of yesterday, exp of tomorrow": (lambda: sent(fresh(door().one, at=NOW - DAY, exp=int((NOW + DAY).timestamp()))), TIME),
    "exp before iat": (lambda: sent(fresh(door().one, exp=int((NOW - DAY).timestamp()))), TIME),
    "nbf, which nobody reads": (lambda: sent(fresh(door().one, nbf=int((NOW + DAY).timestamp()))), HEAD),
    "at another operation": (lambda: _twice(lambda made: sent(made, path=OTHER_PATH)), PLACE),
    "at another operation, of a caller bound to no address": (lambda: _twice(lambda made: sent(made, path=OTHER_PATH), door().vague, drop="url"), TIME),
    "with a parameter": (lambda: _twice(lambda made: sent(made, query={"isUpdating": "true"})), PLACE),
    "the other value of its signature": (lambda: _twice(lambda made: sent(_malleable(made))), TIME),
    "its jti on another message": (lambda: _twice(lambda made: sent(jws(door().one, jti=_jti_of(made), at=NOW - timedelta(seconds=1)))), TIME),
    "jti of nothing": (lambda: sent(jws(door().one, jti="")), HEAD),
    "jti with NUL": (lambda: sent(jws(door().one, jti="a\0b")), HEAD),
    "jti of two thousand and more": (lambda: sent(jws(door().one, jti="x" * 2_049)), HEAD),
}  # fmt: skip
ADDRESSED = {
    "no address, taken off the line for a sibling operation": (lambda: sent(fresh(door().one, drop="url"), path=OTHER_PATH), PLACE),
    "an address, taken off the line for a sibling operation": (lambda: sent(fresh(door().one), path=OTHER_PATH), PLACE),
    "no address": (lambda: sent(fresh(door().one, drop="url")), PLACE),
    "no address, by key id": (lambda: sent(fresh(door().one, drop="url", kid="mot")), PLACE),
    "no address, of a caller who need not say it, with a parameter": (lambda: sent(fresh(door().vague, drop="url"), query={"isUpdating": "true"}), PLACE),
    "another address, of a caller who need not say it": (lambda: sent(fresh(door().vague), path=OTHER_PATH), PLACE),
    "a POST sent as GET": (lambda: sent(fresh(door().one), method="GET"), PLACE),
    "a POST of a caller bound to no address sent as GET": (lambda: sent(fresh(door().vague, drop="url"), method="GET"), PLACE),
    "a POST sent as PUT": (lambda: sent(fresh(door().one), method="PUT"), PLACE),
    "a GET sent as POST": (lambda: sent(fresh(door().one, b""), b""), PLACE),
    "a GET sent as HEAD": (lambda: sent(fresh(door().one, b""), b"", method="HEAD"), PLACE),
    "a parameter nobody signed": (lambda: sent(fresh(door().one), query={"isUpdating": "true"}), PLACE),
    "another parameter than was signed": (lambda: sent(fresh(door().one, url=f"{URL}?isUpdating=false"), query={"isUpdating": "true"}), PLACE),
    "a parameter twice": (lambda: sent(fresh(door().one, url=f"{URL}?a=1&a=2"), query={"a": "1"}), PLACE),
    "signed for another operation": (lambda: sent(fresh(door().one, url=URL.replace(PATH, OTHER_PATH))), PLACE),
    "signed for another host": (lambda: sent(fresh(door().one, url=URL.replace("lienthong", "khac"))), PLACE),
    "signed for our host as somebody's user": (lambda: sent(fresh(door().one, url=URL.replace("https://", "https://x@"))), PLACE),
    "signed for another scheme": (lambda: sent(fresh(door().one, url=URL.replace("https", "http"))), PLACE),
    "signed for a path with a step back": (lambda: sent(fresh(door().one, url=URL.replace(PATH, f"/x/..{PATH}"))), PLACE),
    "signed for no address": (lambda: sent(fresh(door().one, url="http://[")), PLACE),
    "url is a list": (lambda: sent(fresh(door().one, url=[URL])), HEAD),
}  # fmt: skip


def _own_root() -> str:
    root = Issuer.root("Gốc tự mang")
    person = root.person()
    return sent(fresh(person, x5c=der(person, root)))


def _elsewhere_first() -> str:
    made = fresh(door().one)
    assert sent(made, path=OTHER_PATH) != TAKEN
    return sent(made)


CONTROL = {
    "a JSON call by x5c": (lambda: sent(fresh(door().one)), TAKEN),
    "a JSON call by x5c with its issuer": (lambda: sent(fresh(door().one, x5c=der(door().one, door().middle))), TAKEN),
    "a JSON call by key id": (lambda: sent(fresh(door().one, kid="mot")), TAKEN),
    "a JSON call without jti": (lambda: sent(jws(door().one)), TAKEN),
    "the same JSON call again": (lambda: _twice(sent), TAKEN),
    "a JSON call without its address, of a caller who need not say it": (lambda: sent(fresh(door().vague, drop="url")), TAKEN),
    "a JSON call that was tried at a sibling operation first": (lambda: _elsewhere_first(), TAKEN),
    "a JSON call with its address, written with a capital": (lambda: sent(fresh(door().one, url=URL.replace("lienthong", "LienThong"))), TAKEN),
}  # fmt: skip

CASES: list[Case] = [
    *cases(Category.DOOR_JWS, {**JWS, **MOMENT, **ADDRESSED}),
    *cases(Category.CONTROL, CONTROL),
]
