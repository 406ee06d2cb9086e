"""The sections of the settings that say where our keys are and whom we believe, as pydantic reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bus.status_rule import StatusRule, parts_of
from signing.algorithms import Algorithm
from signing.trust import Purpose, TrustRules

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:[0-9]{1,5})?", re.ASCII)
_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,63}", re.ASCII)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TokenSettings(_Part):
    """A key that never leaves its hardware (PKCS#11)."""

    module: str  # path of the vendor's library
    token: str  # label
    label: str  # of the key, and of its certificate
    pin: str = Field(repr=False)  # by reference
    sessions: int = Field(default=4, ge=1, le=64)


class RemoteSettings(_Part):
    """A key that a remote signer holds, asked by the CSC API."""

    address: str  # up to and with the version, e.g. https://ky.example/csc/v2
    credential: str  # credentialID
    authorization: str = Field(default="", repr=False)  # bearer token, by reference
    activation: str = Field(default="", repr=False)  # SAD, by reference; "" = none is asked for
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    tls_ca: str = ""  # PEM file of the authorities the signer's server is believed by; "" = the system's

    @field_validator("address")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("phải bắt đầu bằng https:// / must begin with https://")
        return value.rstrip("/")


class KeySettings(_Part):
    """One key of ours: where it is, and its days."""

    key: str = ""  # PEM, by reference: "file:…" or "env:…"
    pkcs12: str = ""  # a container with key and certificate, by reference: "file:…"
    pkcs11: TokenSettings | None = None
    remote: RemoteSettings | None = None
    password: str = Field(default="", repr=False)  # of the PEM or the container, by reference
    certificate: str = ""  # PEM, its issuers' may follow; by reference
    algorithm: Algorithm | None = None  # None = the usual one of the key's kind
    first: date | None = None  # signs from this day on (UTC)
    last: date | None = None  # signs up to and with this day (UTC); None = until its certificate ends

    def places(self) -> tuple[str, ...]:
        """Where it is said to be: one of these."""
        return tuple(name for name in ("key", "pkcs12", "pkcs11", "remote") if getattr(self, name))

    @model_validator(mode="after")
    def _at_one_place(self) -> KeySettings:
        if len(self.places()) > 1:
            raise ValueError(f"chỉ một nơi giữ khóa / one place only: {', '.join(self.places())}")
        if self.remote is not None and not self.certificate:
            raise ValueError("remote cần certificate / needs certificate: what the signer returns is checked with it")
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError("last trước first / last is before first")
        return self


class SigningSettings(KeySettings):
    """Our keys: one of them here, or several with their days in `keys`. A key is made on first start where none is
    declared and `dangerous_make_key` is true."""

    key_id: str = "lienthong"
    dangerous_make_key: bool = False  # a self-made key in the data folder: demo and tests only
    keys: Mapping[str, KeySettings] = Field(default_factory=dict)  # by key id; the newest in force signs

    @model_validator(mode="after")
    def _one_or_several(self) -> SigningSettings:
        if self.keys and self.places():
            raise ValueError("hoặc một khóa ở [signing], hoặc [signing.keys.<mã>] / either one key here, or keys below")
        for name, one in self.keys.items():
            if not _KEY_ID.fullmatch(name):
                raise ValueError(f"keys.{name}: mã khóa chỉ gồm chữ, số và . _ : @ / - / letters, digits, . _ : @ / -")
            if not one.places():
                raise ValueError(f"keys.{name}: cần key, pkcs12, pkcs11 hoặc remote / needs one of these")
        return self

    def declared(self) -> Mapping[str, KeySettings]:
        """All of them by key id; empty = none is declared."""
        if self.keys:
            return self.keys
        return {self.key_id: self} if self.places() else {}


class TrustSettings(_Part):
    """One trust store: a folder, read anew whenever it changes."""

    folder: str  # from the configuration folder; *.pem *.crt *.cer *.der authorities, *.crl revocation lists
    purpose: Purpose = Purpose.PARTNER
    revocation: bool = True  # False: not asked; pinned partners only
    max_age_days: float = Field(default=7.0, gt=0)  # of a revocation list, whatever it says itself
    lists: tuple[str, ...] = ()  # addresses revocation lists are fetched from; never taken from a certificate
    lists_every_s: float = Field(default=3600.0, ge=60)
    ocsp: Mapping[str, str] = Field(default_factory=dict)  # issuer's common name or "*" → address that is asked
    ocsp_hosts: tuple[str, ...] = ()  # hosts at which addresses that stand in certificates may be asked
    ocsp_nonce: bool = False  # True: an answer must name our question; False: if it names one, it must be ours
    ocsp_wait_s: float = Field(default=3.0, gt=0, le=10)
    ocsp_every_s: float = Field(default=3600.0, ge=60)
    list_suffices: bool = False  # a good revocation list is enough where a responder gives no answer

    @field_validator("lists")
    @classmethod
    def _are_http(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if not address.startswith(("https://", "http://")):
                raise ValueError(f"{address}: phải bắt đầu bằng http:// / must begin with http:// or https://")
        return value

    @field_validator("ocsp")
    @classmethod
    def _are_responders(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for address in value.values():
            if parts_of(address) is None:
                raise ValueError(f"{address}: phải bắt đầu bằng http:// / must begin with http:// or https://")
        return value

    @field_validator("ocsp_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not _HOST.fullmatch(host):
                raise ValueError(f"{host}: chỉ tên máy, chữ thường, có thể kèm :cổng / a host, maybe with :port")
        return value

    @model_validator(mode="after")
    def _asked_for_something(self) -> TrustSettings:
        if (self.ocsp or self.ocsp_hosts) and not self.revocation:
            raise ValueError("ocsp cần revocation = true / needs revocation = true")
        return self

    def status_rule(self) -> StatusRule | None:
        """Who is asked; None = nobody."""
        if not self.ocsp and not self.ocsp_hosts:
            return None
        return StatusRule(
            addresses=dict(self.ocsp), hosts=frozenset(self.ocsp_hosts), needs_nonce=self.ocsp_nonce,
            list_suffices=self.list_suffices, wait_s=self.ocsp_wait_s, every_s=self.ocsp_every_s,
        )  # fmt: skip

    @model_validator(mode="after")
    def _only_partners_unasked(self) -> TrustSettings:
        if not self.revocation and self.purpose is not Purpose.PARTNER:
            raise ValueError(
                f'revocation = false chỉ dành cho purpose = "partner", đây là "{self.purpose.value}" / '
                "is for partners agreed with one by one only"
            )
        return self

    def rules(self) -> TrustRules:
        """As the store takes them."""
        return TrustRules(revocation=self.revocation, max_age=timedelta(days=self.max_age_days))


class CertificateSettings(_Part):
    """Which certificate speaks for the caller, and in what: one line of the register."""

    file: str = ""  # certificate or public key, PEM, by reference
    fingerprint: str = ""  # instead: SHA-256 of the public key, hex, so that a renewed certificate keeps it
    key_id: str = ""  # as the caller names this key (kid, KeyName); "" = it is known by its certificate alone
    operations: tuple[str, ...] = ()  # () = all of the system's
    first: date | None = None
    last: date | None = None  # including this day

    @field_validator("fingerprint")
    @classmethod
    def _is_sha256(cls, value: str) -> str:
        plain = value.replace(":", "").lower().removeprefix("sha256")
        if value and not _FINGERPRINT.fullmatch(plain):
            raise ValueError("phải là SHA-256 dạng hex, 64 ký tự / must be a SHA-256 in hex, 64 characters")
        return plain

    @model_validator(mode="after")
    def _one_way(self) -> CertificateSettings:
        if bool(self.file) is bool(self.fingerprint):
            raise ValueError("hoặc file, hoặc fingerprint / either file or fingerprint")
        return self


Login = Literal["", "text", "digest"]  # of a UsernameToken: the password itself (only behind TLS), or its digest
