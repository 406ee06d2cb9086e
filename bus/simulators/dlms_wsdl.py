"""The WSDL of the simulated ASMX service, SOAP 1.1 and 1.2, made from the same list of members it checks by."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from bus.simulators.dlms_form import MEMBERS, NAMESPACE, TIMES

_UPLOAD = '<s:element minOccurs="0" maxOccurs="1" name="uploadDocumentsAttach" type="tns:UploadDocumentsAttach"/>'
OPERATIONS = {
    "TaoMoiHoSo": '<s:element minOccurs="0" maxOccurs="1" name="dongBoQuyTrinh" type="tns:DongBoQuyTrinh"/>',
    "TaiAnhDinhKem": _UPLOAD,
    "TaiAnhChanDung": _UPLOAD,
    "GetTrangThaiHoSo": '<s:element minOccurs="0" maxOccurs="1" name="maDK" type="s:string"/>',
}
_ATTACHMENT = (("MaDK", "string"), ("Data", "base64Binary"), ("FileExtension", "string"), ("TenAnh", "string"))


def wsdl(address: str) -> bytes:
    """The description, with the address the caller used."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"'
        f' xmlns:tns="{NAMESPACE}" targetNamespace="{NAMESPACE}">'
        f"<wsdl:types>{_schema()}</wsdl:types>"
        + "".join(_messages(name) for name in OPERATIONS)
        + '<wsdl:portType name="ServiceSoap">'
        + "".join(_port_operation(name) for name in OPERATIONS)
        + "</wsdl:portType>"
        + _binding("ServiceSoap", "soap")
        + _binding("ServiceSoap12", "soap12")
        + '<wsdl:service name="Service">'
        + _port("ServiceSoap", "soap", address)
        + _port("ServiceSoap12", "soap12", address)
        + "</wsdl:service></wsdl:definitions>"
    ).encode()


def _schema() -> str:
    members = "".join(
        f'<s:element minOccurs="1" maxOccurs="1" name="{name}" type="s:dateTime"/>'
        if name in TIMES
        else f'<s:element minOccurs="0" maxOccurs="1" name="{name}" type="s:string"/>'
        for name in MEMBERS
    )
    attachment = "".join(f'<s:element minOccurs="0" name="{name}" type="s:{kind}"/>' for name, kind in _ATTACHMENT)
    elements = "".join(
        f'<s:element name="{name}"><s:complexType><s:sequence>{inside}</s:sequence></s:complexType></s:element>'
        f'<s:element name="{name}Response"><s:complexType><s:sequence>'
        f'<s:element minOccurs="0" maxOccurs="1" name="{name}Result" type="s:string"/>'
        "</s:sequence></s:complexType></s:element>"
        for name, inside in OPERATIONS.items()
    )
    return (
        f'<s:schema elementFormDefault="qualified" targetNamespace="{NAMESPACE}">{elements}'
        f'<s:complexType name="DongBoQuyTrinh"><s:sequence>{members}</s:sequence></s:complexType>'
        f'<s:complexType name="UploadDocumentsAttach"><s:sequence>{attachment}</s:sequence></s:complexType></s:schema>'
    )


def _messages(name: str) -> str:
    return (
        f'<wsdl:message name="{name}SoapIn"><wsdl:part name="parameters" element="tns:{name}"/></wsdl:message>'
        f'<wsdl:message name="{name}SoapOut"><wsdl:part name="parameters" element="tns:{name}Response"/></wsdl:message>'
    )


def _port_operation(name: str) -> str:
    return (
        f'<wsdl:operation name="{name}"><wsdl:input message="tns:{name}SoapIn"/>'
        f'<wsdl:output message="tns:{name}SoapOut"/></wsdl:operation>'
    )


def _binding(name: str, soap: str) -> str:
    operations = "".join(
        f'<wsdl:operation name="{one}"><{soap}:operation soapAction="{NAMESPACE}{one}" style="document"/>'
        f'<wsdl:input><{soap}:body use="literal"/></wsdl:input>'
        f'<wsdl:output><{soap}:body use="literal"/></wsdl:output></wsdl:operation>'
        for one in OPERATIONS
    )
    return (
        f'<wsdl:binding name="{name}" type="tns:ServiceSoap">'
        f'<{soap}:binding transport="http://schemas.xmlsoap.org/soap/http"/>{operations}</wsdl:binding>'
    )


def _port(name: str, soap: str, address: str) -> str:
    return f'<wsdl:port name="{name}" binding="tns:{name}"><{soap}:address location={quoteattr(address)}/></wsdl:port>'
