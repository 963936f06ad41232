"""The scanner never rules out what a pattern finds."""

import itertools

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from postseal.document import Scalar
from postseal.errors import BadInput, Place
from postseal.policy import pattern
from postseal.policy.pattern import Pattern, seen
from postseal.policy.scanner import Scanner
from postseal.policy.superset import superset

PLACE = Place("test")


def possible(looked_for: Pattern, text: str) -> bool:
    return looked_for in Scanner([looked_for]).scan(seen(text)).possible


FOUND = {
    "letter": ("abc", "xABCx"),
    "optional-within": ("x(?:a?b)c", "xabc"),
    "optional-at-ends": ("a?bc?", "b"),
    "empty-branch": ("x(?:|a)b", "xb"),
    "empty-branch-used": ("x(?:|a)b", "xab"),
    "nullable-repeated": ("q(?:a?b?)+x", "qbabax"),
    "anchors": (r"^\Aab$", "ab"),
    "multiline": (r"(?m)^b$", "a\nb\nc"),
    "word-boundary": (r"\ba\b", "b a-c"),
    "not-word-boundary": (r"a\Bb", "ab"),
    "upper-bound": (r"a\d{2,3}b", "a123b"),
    "many": (r"(?:ab){40}c", "ab" * 40 + "c"),
    "nested-many": (r"(?:(?:a{9}){9}b){2}", ("a" * 81 + "b") * 2),
    "lazy": (r"a.*?b.+?c", "a..b--c"),
    "dot-wide": ("a.b", "a€b"),
    "dot-emoji": ("a..b", "a😀😀b"),
    "dot-newline": ("(?s)a.b", "a\nb"),
    "complement": ("a[^b]c", "a€c"),
    "complement-brackets": ("a[^]]c", "a[c"),
    "bracket-first": ("[]x]y", "]y"),
    "class-dash": ("[a-]+z", "--z"),
    "class-escape": (r"[\]\-\d]+z", "]-7z"),
    "class-wide": ("[é-ü]x", "ÊX"),
    "class-wide-case": ("[é]x", "ÉX"),
    "class-greek": ("[α-ω]+", "ΩΣ"),
    "class-kelvin": ("[\u2100-\u2200]z", "kz"),
    "class-long-s": ("[ſ]z", "sz"),
    "class-posix": ("[[:alpha:]]+7", "ab7"),
    "class-property": (r"[\pL]+7", "äö7"),
    "property": (r"\p{Greek}7", "Ω7"),
    "not-property": (r"\PL7", "-7"),
    "space": (r"a\s+b", "a \t\nb"),
    "not-space": (r"a\Sb", "a€b"),
    "digit": (r"\d\D\d", "1ö2"),
    "literal-quoted": (r"\Qa.b\E*c", "a.c"),
    "hexadecimal": (r"\x41\x{e9}", "aÉ"),
    "octal": (r"\101b", "ab"),
    "case-flag": ("(?-i)ABC", "ABC"),
    "group-flags": ("(?i-s:a.c)|(?U)x*y", "abc"),
    "named": ("(?P<name>a)b", "AB"),
    "sharp-s": ("straße", "STRAẞE"),
    "sigma": ("ς", "Σ"),
    "long-s": ("ſ", "S"),
    "kelvin": ("\u212a", "k"),
    "circled": ("ⓐ", "Ⓐ"),
    "cherokee": ("ꭰ", "Ꭰ"),
    "braces": ("a{x}{,3}", "A{X}{,3}"),
    "backtracking": ("(?:a+)+b", "aaab"),
}


@pytest.mark.parametrize(("expression", "text"), FOUND.values(), ids=FOUND)
def test_what_a_pattern_finds_is_possible(expression: str, text: str):
    looked_for = Pattern.of(expression)

    assert looked_for.found(text.encode())
    assert looked_for in Scanner([looked_for]).scan(text.encode()).possible


WORDS = {
    "quoted": ("secret", "a “secret”."),
    "bracket": ("[secure]", "x[SECURE]y"),
    "star": ("c*t", "(c*t)"),
    "plus": ("c++", "in C++, too"),
    "marks-only": ("++", "a++b"),
    "phrase": ("top secret", "top \n\u2003secret"),
    "umlaut": ("größe", "die GRÖSSE GRÖßE"),
    "accent-decomposed": ("cafe\u0301", "café"),
    "chinese": ("机密", "(机密)"),
    "dashes": ("a–b", "x a–b y"),
    "underscore": ("_a", "(_a)"),
    "digits-wide": ("٣", "٣"),
}


@pytest.mark.parametrize(("word", "text"), WORDS.values(), ids=WORDS)
def test_word_that_is_found_is_possible(word: str, text: str):
    looked_for = pattern.words([Scalar(word, PLACE)])

    assert looked_for.found(seen(text))
    assert possible(looked_for, text)


def test_word_of_letters_and_digits_is_certain():
    words = [pattern.words([Scalar(word, PLACE)]) for word in ("secret", "größe_9", "中文")]

    assert Scanner(words).scan(seen("a “SECRET” GRÖßE_9/中文")).certain == set(words)


@pytest.mark.parametrize("word", ["top secret", "[x]", "c*t", "++"])
def test_word_with_other_characters_is_not_certain(word: str):
    looked_for = pattern.words([Scalar(word, PLACE)])
    found = Scanner([looked_for]).scan(seen(f" {word} "))

    assert (looked_for in found.possible, looked_for in found.certain) == (True, False)


@pytest.mark.parametrize("text", ["secretary", "a secret9", "_secret_", "asecret", "secreté", ""])
def test_part_of_a_word_is_ruled_out(text: str):
    assert not possible(pattern.words([Scalar("secret", PLACE)]), text)


NARROW = {
    "word": ("secret", "secre t"),
    "number": (r"\bA-\d{6}\b", "A-1234"),
    "wide": ("größe", "grosse"),
    "cyrillic": ("тайна", "тайга"),
    "alternatives": ("(?:foo|bar)baz", "foo bar"),
    "class": ("[a-f]{4}-x", "abcg-x"),
    "wide-class": ("[äöü]{2}", "áé"),
}


@pytest.mark.parametrize(("expression", "text"), NARROW.values(), ids=NARROW)
def test_what_a_pattern_does_not_find_is_mostly_ruled_out(expression: str, text: str):
    assert not possible(Pattern.of(expression), text)


@pytest.mark.parametrize("expression", ["a?", "", "(a|)", r"\b", "a*b*", "(?:(?:))*"])
def test_what_may_be_anywhere_has_no_superset(expression: str):
    assert superset(expression) == ()


CHARACTERS = st.sampled_from("aAkKsSzé ſßÉ1-_.\n€\u0301中Σς")
ATOMS = st.sampled_from(
    [*"akKsSé1-_ßſ€中Σ", r"\.", ".", r"\d", r"\w", r"\s", r"\S", r"\W", r"\pL", r"\b", r"\B", "^", "$",
     "[a-k]", "[^a]", "[é-ü]", r"[\dé]", "[[:upper:]]", r"[\s\pZ]", "(?i)", "[sſ]", "[Σ€]", r"\PN", r"\p{Ll}"]
)  # fmt: skip
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4).map("".join)
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})")
        | st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?", "+?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        )
    ),
    max_leaves=8,
)


@given(expression=EXPRESSIONS, text=st.text(CHARACTERS, max_size=12), length=st.integers(0, 12))
@settings(max_examples=1000, deadline=None)
def test_any_pattern_that_is_found_is_possible(expression: str, text: str, length: int):
    looked_for = Pattern.of(expression)
    try:
        looked_for.compile()
    except ValueError:
        assume(False)

    octets = seen(text)
    if looked_for.found(octets):
        assert looked_for in Scanner([looked_for]).scan(octets).possible


@given(
    looked_for=st.lists(st.text(CHARACTERS, min_size=1, max_size=5), min_size=1, max_size=4),
    text=st.lists(st.text(CHARACTERS, max_size=6), max_size=5),
)
@settings(max_examples=300, deadline=None)
def test_any_word_that_is_found_is_possible(looked_for: list[str], text: list[str]):
    try:
        words = pattern.words([Scalar(word, PLACE) for word in looked_for])
    except BadInput:
        assume(False)

    octets = seen("".join(itertools.chain(*itertools.zip_longest(text, looked_for, fillvalue=" "))))
    found = Scanner([words]).scan(octets)
    if words.found(octets):
        assert words in found.possible
    else:
        assert words not in found.certain


def test_every_letter_is_found_in_each_of_its_cases():
    import re2  # noqa: PLC0415 (its tables are what is compared with)

    everything = "".join(map(chr, (*range(0x80, 0xD800), *range(0xE000, 0x110000))))
    cased = "".join(re2.findall(r"[\p{Lu}\p{Ll}\p{Lt}\pM\p{Nl}\p{So}]", everything))
    letters = sorted({*filter(str.isalpha, cased)} & {c for c in cased if c.lower() != c or c.upper() != c})
    patterns = {letter: Pattern.of(letter) for letter in letters}
    scanner = Scanner(patterns.values())

    for letter, looked_for in patterns.items():
        for form in {letter.lower(), letter.upper(), letter.title(), letter.swapcase()}:
            octets = form.encode()
            if looked_for.found(octets):
                assert looked_for in scanner.scan(octets).possible, (letter, form)
