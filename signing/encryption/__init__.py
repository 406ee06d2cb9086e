"""Encryption for partners that demand it: XML Encryption and JWE, one strict profile each. Pure."""

from signing.encryption.jwe import decrypt_jwe, encrypt_jwe
from signing.encryption.keys import ReadingKey, RecipientKey
from signing.encryption.opening import Opener
from signing.encryption.xmlenc import decrypt_xml, encrypt_xml

__all__ = ["Opener", "ReadingKey", "RecipientKey", "decrypt_jwe", "decrypt_xml", "encrypt_jwe", "encrypt_xml"]
