"""A small invented system for the tests of the wires: a SOAP one, and a portal-like JSON one. No real partner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

from adapters.adapter import Adapter
from adapters.manifest import (
    Answer,
    AnswerKind,
    Auth,
    AuthRule,
    Direction,
    Manifest,
    Operation,
    ReplyRule,
    SignRule,
)
from adapters.wire.contract import HttpRequest, SendOrder, Target
from schemas.codes import CodeTables
from schemas.validate import Schema

FOLDER = Path(__file__).parent / "he_thong_thu"
NAMESPACE = "urn:he-thong-thu"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
ADDRESS = "http://lienthong.example/thu"

GUI = Operation(
    direction=Direction.IN,
    title_vi="Gửi hồ sơ",
    title_en="Send dossiers",
    reply_element="guiHoSoResponse",
    items="hoSo",
)
HOI = Operation(
    direction=Direction.ASK_IN, title_vi="Hỏi hồ sơ", title_en="Ask for a dossier", reply_element="hoiHoSoResponse"
)
IN_BAND = MappingProxyType(
    {
        AnswerKind.ACCEPTED: Answer(fields={"return/loi": "0"}),
        AnswerKind.INVALID: Answer(fields={"return/loiNhan": "{vi}", "return/loi": "1"}),
        AnswerKind.UNAUTHENTICATED: Answer(fields={"return/loi": "3"}),
    }
)


@cache
def _schema(name: str) -> Schema:
    return Schema.load(FOLDER / "wsdl" / name)


def adapter(manifest: Manifest) -> Adapter:
    """A loaded system without maps."""
    name = Path(manifest.schema).name
    return Adapter(FOLDER, manifest, _schema(name), maps={}, tables=CodeTables.load(), profile="thu")


def soap_system(*, answers: Mapping[AnswerKind, Answer] | None = None, **changes: object) -> Adapter:
    """A department that calls us and that we can call, by SOAP."""
    manifest = Manifest(
        id="thu",
        title_vi="Hệ thống thử",
        title_en="Test system",
        wire="soap",
        namespace=NAMESPACE,
        schema="wsdl/thu.xsd",
        wsdl="wsdl/thu.wsdl",
        operations={"guiHoSo": GUI, "hoiHoSo": HOI},
        auth=AuthRule(Auth.BODY, user="taiKhoan", password="matKhau"),
        secrets=("matKhau",),
        answers=answers or {AnswerKind.ACCEPTED: Answer(fields={"return/loi": "0"})},
    )
    return adapter(replace(manifest, **changes))  # type: ignore[arg-type]


DONG_BO = Operation(
    direction=Direction.OUT,
    title_vi="Đồng bộ",
    title_en="Push",
    reply_element="PhanHoi",
    reply_code="error_code",
    reply_text="message",
    replies=(
        ReplyRule("accepted", code=("0", "00")),
        ReplyRule("refused", text_contains=("hết hạn",), again="login"),
        ReplyRule("duplicate", code=("3", "-3"), text_contains=("đã tồn tại",), again="update"),
        ReplyRule("rejected", code_pattern="-?[0-9]+"),
    ),
)
TRA_CUU = Operation(
    direction=Direction.ASK_OUT,
    title_vi="Tra cứu",
    title_en="Ask",
    reply_element="PhanHoi",
    reply_code="result/MaHoSo",
    replies=(ReplyRule("accepted", code_missing=False), ReplyRule("rejected", code_missing=True)),
)
NHAN = Operation(
    direction=Direction.IN, title_vi="Nhận hồ sơ", title_en="Take a dossier", reply_element="TraLoi", kind="ho_so"
)
MANG = Operation(
    direction=Direction.IN, title_vi="Mảng trần", title_en="Bare array", reply_element="TraLoi", items="HoSo"
)
JSON_ANSWERS = MappingProxyType(
    {
        AnswerKind.ACCEPTED: Answer(fields={"error_code": "0", "message": ""}),
        AnswerKind.DUPLICATE: Answer(fields={"error_code": "1", "message": "{vi}"}),
        AnswerKind.INVALID: Answer(fields={"error_code": "-1", "message": "{vi}"}),
        AnswerKind.UNAUTHENTICATED: Answer(fields={"error_code": "-1", "message": "{vi}"}),
        AnswerKind.UNAVAILABLE: Answer(fields={"error_code": "-1", "message": "{vi}"}),
    }
)


def portal_system(**changes: object) -> Adapter:
    """A portal that calls us back and that we call, by JSON."""
    manifest = Manifest(
        id="cong_thu",
        title_vi="Cổng thử",
        title_en="Test portal",
        wire="portal",
        namespace="",
        schema="wsdl/cong.xsd",
        operations={
            "DongBo": DONG_BO,
            "TraCuu": TRA_CUU,
            "nhanHoSo": NHAN,
            "DongBoMang": MANG,
            "search/call": replace(NHAN, element="nhanHoSo"),
        },
        auth=AuthRule(Auth.BODY, password="securityKey"),
        secrets=("securityKey",),
        answers=JSON_ANSWERS,
        sign=SignRule(jws="X-Chu-Ky"),
    )
    return adapter(replace(manifest, **changes))  # type: ignore[arg-type]


def request(body: bytes | str = b"", *, method: str = "POST", path: str = "/", **more: object) -> HttpRequest:
    """A request as a door received it; header names as keyword arguments with underscores."""
    query = more.pop("query", {})
    headers = {name.replace("_", "-"): str(value) for name, value in more.items()}
    raw = body.encode() if isinstance(body, str) else body
    return HttpRequest(method, path, query, headers, raw, ADDRESS)  # type: ignore[arg-type]


def gui(*, ma: str = "H99-0001", password: str = "bí mật", extra: str = "") -> str:
    """A valid guiHoSo element."""
    return (
        f'<t:guiHoSo xmlns:t="{NAMESPACE}"><matKhau>{password}</matKhau><taiKhoan>motcua.thu</taiKhoan>'
        f"<hoSo><ma>{ma}</ma><ten>Nguyễn Thị Thử</ten>{extra}</hoSo></t:guiHoSo>"
    )


def envelope(content: str, *, soap: str = SOAP11, header: str = "") -> str:
    """A SOAP envelope around content."""
    head = f"<s:Header>{header}</s:Header>" if header else ""
    return f'<s:Envelope xmlns:s="{soap}">{head}<s:Body>{content}</s:Body></s:Envelope>'


def order(system: Adapter, name: str, content: bytes, *, address: str, **more: object) -> SendOrder:
    """One content to be sent."""
    settings = more.pop("settings", {})
    target = Target("dau_cuoi", address, settings, user="motcua.thu", secret="bí mật")  # type: ignore[arg-type]
    fields = {"signature": "", "variant": "create", "message_id": "0" * 32, "timeout_s": 5.0, **more}
    return SendOrder(adapter=system, target=target, name=name, content=content, **fields)  # type: ignore[arg-type]
