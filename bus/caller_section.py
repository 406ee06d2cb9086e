"""The section of the settings about who may call our doors, as pydantic reads it."""

from __future__ import annotations

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


class CallerSettings(BaseModel):
    """One caller known to a door."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    agency: str
    name: str = ""
    user: str = ""  # "" where the key alone says who it is
    secret: str = Field(default="", repr=False)  # by reference; for jws: the public key's PEM
    signature: Literal["", "wss", "login"] = ""  # SOAP: WS-Security, by certificate or by UsernameToken alone
    login: Login = ""  # a UsernameToken of `user` and `secret` must be there
    trust: str = ""  # store their certificates are judged by; "" = pinned: believed as they are
    certificates: tuple[CertificateSettings, ...] = ()  # which of them speaks for this caller, and in what
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
        if (self.trust or self.certificates or self.login) and not self.signature:
            raise ValueError('cần signature = "wss" hoặc "login" / needs signature = "wss" or "login"')
        if self.signature == "wss" and not self.certificates:
            raise ValueError("cần [[certificates]]: chứng thư nào nói thay bên gọi này / which of them speaks for it")
        if self.signature == "login" and (self.certificates or self.trust):
            raise ValueError('chứng thư cần signature = "wss" / certificates need signature = "wss"')
        if (self.login or self.signature == "login") and not (self.user and self.secret and self.login):
            raise ValueError("UsernameToken cần login, user và secret / needs login, user and secret")
        return self
