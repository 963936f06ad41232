"""Names that strangers gave themselves."""

import pytest

from postseal.message import Header
from postseal.reading.person import cleaned, people


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("Ann <ann@here.test>", ["Ann <ann@here.test>"]),
        ("ann@here.test", ["ann@here.test"]),
        ("ann@here.test (Ann)", ["ann@here.test"]),
        ("<ann@here.test>", ["ann@here.test"]),
        ('"Smith, Ann" <ann@here.test>, bob@x.test', ["Smith, Ann <ann@here.test>", "bob@x.test"]),
        ("team: a@x.test, B <b@x.test>; c@x.test", ["a@x.test", "B <b@x.test>", "c@x.test"]),
        ("undisclosed-recipients:;", []),
        ("=?utf-8?q?J=C3=BCrgen?= <j@x.test>", ["Jürgen <j@x.test>"]),
        # A name that pretends to be an address, in several ways.
        ('"boss@bank.test" <a@evil.test>', ["a@evil.test"]),
        ('"Boss <boss@bank.test>" <a@evil.test>', ["a@evil.test"]),
        ("=?utf-8?q?boss=40bank.test?= <a@evil.test>", ["a@evil.test"]),
        ("=?utf-8?q?boss=EF=BC=A0bank.test?= <a@evil.test>", ["a@evil.test"]),  # a wide @
        ("boss at bank.test <a@evil.test>", ["a@evil.test"]),
        ("ann@here.test <ann@here.test>", ["ann@here.test"]),
        # Invisible and turning characters.
        ("=?utf-8?q?=E2=80=AEtset=2Eknab?= <a@evil.test>", ["tset.knab <a@evil.test>"]),
        ("=?utf-8?q?A=E2=80=8Bnn=00=0A=07?= <a@x.test>", ["Ann <a@x.test>"]),
        ("=?utf-8?b?4aCO?= <a@x.test>", ["a@x.test"]),
        ("=?utf-8?q?Ann_=3E_=3Cx?= [y] <a@x.test>", ["Ann x y <a@x.test>"]),
        (f"{'n' * 500} <a@x.test>", [f"{'n' * 119}… <a@x.test>"]),
        # What makes no sense.
        ("", []),
        (",,;;", []),
        ("<<<>>>", []),
        ('"', []),
        ("Ann <ann@here.test", ["Ann <ann@here.test>"]),
        ("(((((", ["("]),
    ],
)
def test_people(field: str, shown: list[str]):
    assert [str(one) for one in people([Header(b"To", field.encode())])] == shown


def test_people_are_not_without_end():
    assert len(people([Header(b"To", b"a@x.test," * 100_000)])) == 200


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\n b\tc", "a b c"),
        ("a\u202eb\u2066c\ufeffd\u00ade", "abcde"),
        ("نامه\u200cای", "نامه\u200cای"),  # joiners are letters' business
        ("👩\u200d💻", "👩\u200d💻"),
        ("\ud800x", "x"),
        ("\u3164x\u2028y", "x y"),
    ],
)
def test_cleaned(text: str, shown: str):
    assert cleaned(text) == shown
