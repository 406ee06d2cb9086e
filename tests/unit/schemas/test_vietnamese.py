"""Vietnamese text: the search key, old charsets, and signs of damage."""

import unicodedata

import pytest

from schemas.legacy_text import decode_legacy
from schemas.problem import Stage
from schemas.vietnamese import Damage, damage, find_damage, nfc, phrase_key, search_key
from schemas.xmldoc import parse

NAME = "Nguyễn Thị Thử Nghiệm"
ALPHABET = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"


def test_search_key_finds_both_spellings_and_nfd() -> None:
    """Old and new places of the tone mark, capitals, NFD and đ all meet in one key."""
    assert search_key("Hoà") == search_key("HÒA") == search_key(unicodedata.normalize("NFD", "hòa")) == "hoa"
    assert search_key("  ĐẶNG   Thị Đào ") == "dang thi dao"
    assert search_key(ALPHABET) == search_key(ALPHABET.upper())
    assert search_key(ALPHABET).isascii()


def test_tone_marks_are_never_moved() -> None:
    """The text itself keeps the spelling its owner uses."""
    assert nfc("Hoà") == "Hoà"
    assert nfc("Hòa") == "Hòa"
    assert phrase_key("Hoà") != phrase_key("Hòa")


@pytest.mark.parametrize(
    ("charset", "raw"),
    [
        ("cp1258", "4e677579eade6e20546869f2205468fdd2204e676869eaf26d"),
        ("tcvn3", "4e677579d46e205468de205468f6204e676869d66d"),
        ("vni", "4e67757965e36e205468f2205468f6fb204e67686965e46d"),
    ],
)
def test_known_bytes_of_the_old_charsets(charset: str, raw: str) -> None:
    """One name in each charset is read to the same NFC text."""
    assert decode_legacy(bytes.fromhex(raw), charset) == NAME


def vni(text: str) -> bytes:
    """VNI as its keyboards wrote it, made letter by letter from the decomposed text."""
    marks = {"\u0301": 0xF9, "\u0300": 0xF8, "\u0309": 0xFB, "\u0303": 0xF5, "\u0323": 0xEF}
    alone = {"í": 0xED, "ì": 0xEC, "ỉ": 0xE6, "ĩ": 0xF3, "ị": 0xF2, "đ": 0xF1, "ỵ": 0xEE}
    roof = {"": 0xE2, "\u0301": 0xE1, "\u0300": 0xE0, "\u0309": 0xE5, "\u0303": 0xE3, "\u0323": 0xE4}
    bowl = {"": 0xEA, "\u0301": 0xE9, "\u0300": 0xE8, "\u0309": 0xFA, "\u0303": 0xFC, "\u0323": 0xEB}
    made = bytearray()
    for letter in text:
        parts = unicodedata.normalize("NFD", letter.lower())
        tone = next((part for part in parts if part in marks), "")
        if letter.lower() in alone:
            code = bytes([alone[letter.lower()]])
        elif "\u0302" in parts or "\u0306" in parts:
            code = bytes([ord(parts[0]), (roof if "\u0302" in parts else bowl)[tone]])
        elif "\u031b" in parts:
            code = bytes([{"o": 0xF4, "u": 0xF6}[parts[0]]]) + (bytes([marks[tone]]) if tone else b"")
        else:
            code = parts[0].encode() + (bytes([marks[tone]]) if tone else b"")
        made += bytes(byte - 0x20 for byte in code) if letter.isupper() else code
    return bytes(made)


def test_vni_reads_every_letter_in_both_cases() -> None:
    """Every Vietnamese letter written in VNI is read back, small and capital."""
    for letter in ALPHABET + ALPHABET.upper():
        assert decode_legacy(vni(letter), "vni") == letter
    assert decode_legacy(vni("ĐƯỜNG hoa"), "vni") == "ĐƯỜNG hoa"


@pytest.mark.parametrize(("charset", "byte"), [("tcvn3", 0x80), ("tcvn3", 0xFF), ("vni", 0x9F)])
def test_bytes_the_charset_does_not_have_are_refused(charset: str, byte: int) -> None:
    """A byte outside the charset is an error with its offset, not a letter of another charset."""
    with pytest.raises(UnicodeDecodeError) as caught:
        decode_legacy(b"ab" + bytes([byte]), charset)
    assert caught.value.start == 2


def test_unknown_charset_is_a_lookup_error() -> None:
    """Only what can be read right is read."""
    with pytest.raises(LookupError):
        decode_legacy(b"a", "viscii")


@pytest.mark.parametrize(
    ("text", "kind", "offset"),
    [
        (NAME.encode().decode("latin-1"), Damage.DOUBLE_ENCODED, 4),
        (NAME.encode().decode("cp1252", "replace"), Damage.DOUBLE_ENCODED, 4),
        ("Nguy?n Th? Th? Nghi?m", Damage.LOST, 4),
        ("Nguy\ufffdn", Damage.LOST, 4),
        ("Nguy&#7877;n", Damage.DOUBLE_ESCAPED, 4),
        ("Nguy&#x1EC5;n", Damage.DOUBLE_ESCAPED, 4),
    ],
)
def test_damage_is_seen_with_its_offset(text: str, kind: Damage, offset: int) -> None:
    """Typical damage of names is told apart and placed."""
    found = damage(text)
    assert found is not None
    assert (found.damage, found.offset) == (kind, offset)


@pytest.mark.parametrize(
    "text",
    [
        NAME,
        NAME.upper(),
        ALPHABET,
        ALPHABET.upper(),
        "Hồ sơ này ở đâu? Ở “Sở ĐÔ”…",
        "ĐÃ” rồi",
        "https://a.example/x?b=c",
        "",
        "AT&T",
    ],
)
def test_sound_text_is_left_alone(text: str) -> None:
    """Ordinary Vietnamese, quotes, questions and addresses raise no suspicion."""
    assert damage(text) is None


def test_warnings_name_the_place_not_the_text() -> None:
    """Operators are told which element is damaged; what stands there is not repeated."""
    root = parse("<HoSo><Ten>Nguyễn</Ten><Ten>Nguy?n</Ten></HoSo>".encode())
    (found,) = find_damage(root, stage=Stage.VALIDATE_IN)
    assert found.code == "LT-TEXT-006"
    assert "HoSo/Ten[2]" in found.text_vi
    assert "Nguy" not in repr(found)
