"""Invented people: recognisable as such, and with every Vietnamese letter."""

from __future__ import annotations

import unicodedata

from bus.simulators.people import person


def test_nobody_exists() -> None:
    """Identity numbers are 12 digits beginning 099, unique over numbers and seeds; addresses of e-mail are .example."""
    people = [person(number, seed=seed) for seed in (1, 2, 251) for number in range(400)]
    identities = {somebody.identity for somebody in people}
    assert len(identities) == len(people)
    assert all(len(one) == 12 and one.isdigit() and one.startswith("099") for one in identities)
    assert all(somebody.email.endswith(".example") for somebody in people)


def test_same_seed_same_person() -> None:
    """A seed and a number always give the same person."""
    assert person(7, seed=3) == person(7, seed=3)
    assert person(7, seed=3) != person(7, seed=4)


def test_every_letter_with_every_mark() -> None:
    """Names and addresses hold all 12 vowels with all 6 tones, and đ, in composed form."""
    marks = ("", "\u0301", "\u0300", "\u0309", "\u0303", "\u0323")
    letters = {unicodedata.normalize("NFC", vowel + mark) for vowel in "aăâeêioôơuưy" for mark in marks} | {"đ"}
    people = [person(number) for number in range(3000)]
    text = "".join(somebody.name + somebody.address for somebody in people)
    assert unicodedata.is_normalized("NFC", text)
    assert sorted(letters - set(text.lower())) == []
