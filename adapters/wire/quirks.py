"""The quirks a wire knows: tolerance is per partner and declared in its manifest, never global."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SCALAR_NUMBERS = "scalar-numbers"
EMPTY_ARRAYS = "empty-arrays"
HEADER_CHARSET_LIES = "header-charset-lies"
DECLARED_CHARSET_LIES = "declared-charset-lies"
BOM_BEFORE_PROLOG = "bom-before-prolog"
XML_IN_STRING = "xml-in-string"
SOAP_12 = "soap-1.2"

# name → (Vietnamese, English); the reference page is made from this.
QUIRKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        SCALAR_NUMBERS: (
            "JSON: nhận số và true/false ở chỗ lược đồ ghi là chuỗi",
            "JSON: numbers and booleans are taken where the schema says text",
        ),
        EMPTY_ARRAYS: (
            "JSON: danh sách rỗng được ghi là [] thay vì bỏ đi",
            "JSON: an empty list is written as [] instead of being left out",
        ),
        HEADER_CHARSET_LIES: (
            "Bỏ qua charset trong Content-Type, tin vào chính tài liệu",
            "The charset of Content-Type is ignored; the document itself is believed",
        ),
        DECLARED_CHARSET_LIES: (
            "Bỏ qua encoding trong khai báo XML; theo Content-Type, nếu không có thì UTF-8",
            "The encoding of the XML declaration is ignored; Content-Type decides, else UTF-8",
        ),
        BOM_BEFORE_PROLOG: (
            "Bỏ các dấu BOM thừa và khoảng trắng trước khai báo XML",
            "Extra byte order marks and blanks before the XML declaration are cut",
        ),
        "charset-tcvn3": ("Nhận văn bản TCVN3 (ABC) khi bên gọi khai báo", "TCVN3 text is taken where declared"),
        "charset-vni": ("Nhận văn bản VNI khi bên gọi khai báo", "VNI text is taken where declared"),
        "charset-windows-1258": (
            "Nhận văn bản Windows-1258 khi bên gọi khai báo",
            "Windows-1258 text is taken where declared",
        ),
        XML_IN_STRING: (
            "Kết quả kiểu chuỗi chứa cả một tài liệu XML: đọc tài liệu đó",
            "A string result that holds a whole XML document is read as that document",
        ),
        SOAP_12: (
            "Gọi đối tác bằng SOAP 1.2 khi WSDL có cả hai",
            "The partner is called by SOAP 1.2 where its WSDL offers both",
        ),
    }
)
