"""The section of the settings about who may call our doors, as pydantic reads it."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bus.key_sections import CertificateSettings, Login


def are_networks(value: tuple[str, ...]) -> tuple[str, ...]:
    """Texts that are; as a validator of pydantic's."""
    for text in value:
        try:
            ip_network(text)
        except ValueError as wrong:
            raise ValueError(f"{text}: không phải mạng, viết như / not a network, write it like 10.1.0.0/16") from wrong
    return value


class DecryptionSettings(BaseModel):
    """What a caller encrypts for us, and by which keys of ours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    form: Literal["jwe", "xml"]  # jwe: the whole JSON body; xml: the content of the SOAP body
    keys: Mapping[str, str]  # private keys agreed with this caller alone: key id as it names them → PEM, by reference
    order: Literal["sign-then-encrypt", "encrypt-then-sign"] = "sign-then-encrypt"
    required: bool = True  # nothing of this caller's is taken in the clear

    @field_validator("keys")
    @classmethod
    def _some(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        if not value:
            raise ValueError("cần ít nhất một khóa / at least one key is needed")
        return value


class CallerSettings(BaseModel):
    """One caller known to a door."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    agency: str
    name: str = ""
    user: str = ""  # "" where the key alone says who it is
    secret: str = Field(default="", repr=False)  # by reference; for jws: the public key's PEM
    signature: Literal["", "wss", "login", "dsig", "xades", "jws"] = ""  # how its messages are secured, see signing.md
    login: Login = ""  # a UsernameToken of `user` and `secret` must be there
    trust: str = ""  # store their certificates are judged by; "" = pinned: believed as they are
    certificates: tuple[CertificateSettings, ...] = ()  # which of them speaks for this caller, and in what
    jws_header: str = ""  # jws: the HTTP header that carries it; "" = as adapter.toml says, else X-JWS-Signature
    address: Literal["required", "optional"] = "required"  # jws: url in its header; optional: it is bound to nothing
    good_for_h: float = Field(
        default=24.0, gt=0, le=8_784
    )  # dsig, xades: a document may come so long after it was signed
    decryption: DecryptionSettings | None = None  # None: its contents come as they are, inside TLS
    signed_answers: bool = False  # what it is answered is signed by us
    attachments: Literal["", "off", "report", "warn", "refuse"] = ""  # signatures in theirs; "" = as [attachments]
    dangerous_open: bool = False  # whoever shows nothing is this caller: trials on this machine only
    from_: tuple[str, ...] = Field(default=(), alias="from")  # networks it may call from; () = anywhere

    _are_networks = field_validator("from_")(lambda value: are_networks(value))

    @model_validator(mode="after")
    def _secret_or_open(self) -> CallerSettings:
        if not (self.signature and not self.dangerous_open) and bool(self.secret) is self.dangerous_open:
            raise ValueError(
                "hoặc secret, hoặc dangerous_open = true, không cả hai / either secret or dangerous_open, not both"
            )
        return self

    @model_validator(mode="after")
    def _signs_as_said(self) -> CallerSettings:
        by_certificate = self.signature in ("wss", "dsig", "xades", "jws")
        if (self.trust or self.certificates) and not by_certificate:
            raise ValueError(f"chứng thư cần / needs {_BY_CERTIFICATE}")
        if by_certificate and not self.certificates:
            raise ValueError("cần [[certificates]]: chứng thư nào nói thay bên gọi này / which of them speaks for it")
        if self.login and self.signature not in ("wss", "login"):
            raise ValueError('login cần signature = "wss" hoặc "login" / needs signature = "wss" or "login"')
        if (self.login or self.signature == "login") and not (self.user and self.secret and self.login):
            raise ValueError("UsernameToken cần login, user và secret / needs login, user and secret")
        if self.signature == "dsig" and not self.secret:
            raise ValueError(
                "dsig không ghi lúc ký: cần thêm secret của bên gọi / it does not say when it was made: the caller's "
                "secret is needed as well"
            )
        if self.signed_answers and not self.signature:
            raise ValueError("signed_answers cần signature / needs signature")
        if self.jws_header and self.signature != "jws":
            raise ValueError('jws_header cần signature = "jws" / needs signature = "jws"')
        if self.address == "optional" and self.signature != "jws":
            raise ValueError('address cần signature = "jws" / needs signature = "jws"')
        return self

    @model_validator(mode="after")
    def _encrypts_as_said(self) -> CallerSettings:
        rule = self.decryption
        if rule is None:
            return self
        if not self.signature or (rule.form == "jwe") is not (self.signature == "jws"):
            raise ValueError(
                'decryption.form = "jwe" đi với signature = "jws", "xml" với các kiểu ký khác / "jwe" goes with '
                'signature = "jws", "xml" with the others'
            )
        if rule.order == "encrypt-then-sign" and self.signature in ("dsig", "xades"):
            raise ValueError(
                "chữ ký nằm trong tài liệu: chỉ ký rồi mã hóa / the signature stands in the document: it is signed, "
                "then encrypted"
            )
        return self


_BY_CERTIFICATE = 'signature = "wss" | "dsig" | "xades" | "jws"'
