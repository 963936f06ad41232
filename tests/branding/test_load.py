"""The folder of brandings: what is inherited and reset, and every mistake with its place."""

from dataclasses import replace
from pathlib import Path

import pytest

from pictures import png
from postseal.branding.branding import DARK, LIGHT, Branding
from postseal.branding.color import READABLE, contrast
from postseal.branding.load import load, read
from postseal.errors import BadInput
from postseal.language.language import Language
from postseal.settings.settings import Settings
from postseal.settings.sign_in import Provider, SignIn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logo.png").write_bytes(png(340, 140))
    (tmp_path / "large.png").write_bytes(png(340, 140) + bytes(200_000))
    (tmp_path / "text.png").write_text("<svg/>")
    return tmp_path


def written(folder: Path, text: str) -> Path:
    (folder / "10.yaml").write_text(text)
    return folder


def test_without_a_folder_there_is_the_default_alone(tmp_path: Path) -> None:
    assert read(tmp_path / "none") == {"default": Branding()}


def test_default_cannot_be_removed(folder: Path) -> None:
    assert set(read(written(folder, "brandings: {sales: {name: Sales}}"))) == {"default", "sales"}


def test_key_left_out_is_the_defaults_and_an_empty_one_our_own(folder: Path) -> None:
    found = read(
        written(
            folder,
            "brandings:\n"
            "  default: {name: Example Ltd, logo: logo.png, languages: [de, fr], privacy: 'https://a.test/p',"
            " disclaimer: Below., colors: {accent: '#7a2e3a'}}\n"
            "  own:\n    name:\n    logo: null\n    disclaimer: ''\n    privacy: ~\n"
            "    languages: ''\n    colors: {accent: ''}\n"
            "  same: {}\n",
        )
    )

    default, own, same = found["default"], found["own"], found["same"]
    assert (default.name, default.languages) == ("Example Ltd", (Language.DE, Language.FR))
    assert default.logo is not None
    assert default.logo.shown == (170, 70)
    assert (own.name, own.logo, own.privacy, own.languages) == ("", None, "", (Language.EN,))
    assert not own.disclaimer
    assert own.light.accent == LIGHT.accent
    assert (same.name, same.logo, same.light) == (default.name, default.logo, default.light)


def test_text_by_language_is_the_readers_or_else_the_first(folder: Path) -> None:
    texts = read(written(folder, "brandings: {a: {text: {de: Hallo, en: Hello}, button: 'Read 10:30'}}"))["a"]

    assert [texts.text.read(each) for each in (Language.EN, Language.DE, Language.JA)] == [
        "Hello",
        "Hallo",
        "Hallo",
    ]
    assert texts.button.read(Language.AR) == "Read 10:30"
    assert texts.text.anew(Language.JA, (Language.DE,)) == ""


@pytest.mark.parametrize("accent", ["#ffcc00", "#000000", "#ffffff", "#777777", "#1a5fb4", "#00ff00"])
def test_whatever_the_accent_everything_can_be_read(folder: Path, accent: str) -> None:
    found = read(written(folder, f"brandings: {{a: {{colors: {{accent: '{accent}'}}}}}}"))["a"]

    assert found.light.accent == accent
    for palette in (found.light, found.dark):
        assert contrast(palette.accent_text, palette.accent) >= READABLE
        for ground in (palette.background, palette.sheet):
            for text in (palette.text, palette.soft, palette.link):
                assert contrast(text, ground) >= READABLE
    assert found.dark.background == DARK.background


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("brandings: {A b: {}}", "10.yaml:1:13: bad name of a branding 'A b'"),
        ("brandings: {a: {nmae: x}}", "10.yaml:1:17: unknown key 'nmae'\n  hint: did you mean 'name'?"),
        ("brandings: {a: {colors: {accent: blue}}}", "10.yaml:1:34: bad color 'blue'"),
        (
            "brandings: {a: {colors: {accent: '#777777', accent_text: '#888888'}}}",
            "10.yaml:1:58: accent_text #888888 on accent #777777: a contrast of 1.26:1, and WCAG AA needs",
        ),
        ("brandings: {a: {dark: {text: '#555555'}}}", "10.yaml:1:30: text #555555 on background #16181b"),
        ("brandings: {a: {colors: {background: '#444444'}}}", "10.yaml:1:38: text #23262b on background"),
        ("brandings: {a: {logo: none.png}}", "none.png: there is no such file"),
        ("brandings: {a: {logo: text.png}}", "10.yaml:1:23: 'text.png' is no logo: this is neither PNG nor"),
        ("brandings: {a: {logo: large.png}}", "10.yaml:1:23: 'large.png' is no logo: 195 KiB are too many"),
        ("brandings: {a: {text: {xx: a}}}", "10.yaml:1:24: unknown language 'xx'"),
        (f"brandings: {{a: {{text: {'x' * 1025}}}}}", "10.yaml:1:23: too long, or not text"),
        ("brandings: {a: {languages: [de, de]}}", "10.yaml:1:28: no language, or one twice"),
        ("brandings: {a: {sign_in: [Lab]}}", "10.yaml:1:27: bad name 'Lab'"),
        ("brandings: {a: {expire: 731d}}", "10.yaml:1:25: too short or too long"),
        ("brandings: {default: {expire: 30d}}", "10.yaml:1:22: 'default' says how long messages can be read"),
        ("brandings: {a: {privacy: 'http://a.test'}}", "10.yaml:1:26: bad address 'http://a.test'"),
        ("brandings: {a: {portal: 'https://a.test/b'}}", "10.yaml:1:25: bad address of a portal"),
    ],
)
def test_mistake_is_told_with_its_place(folder: Path, text: str, problem: str) -> None:
    with pytest.raises(BadInput) as raised:
        read(written(folder, text))

    assert problem in str(raised.value.problems[0])


def test_ways_to_sign_in_are_those_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "brandings").mkdir()
    written(tmp_path / "brandings", "brandings: {a: {sign_in: [passcode, lab]}}")
    settings = Settings(policies=tmp_path)

    with pytest.raises(BadInput, match="branding 'a': there is no way to sign in called 'lab'"):
        load(settings)
    lab = Provider("lab", "c", "file:/x")
    found = load(replace(settings, sign_in=SignIn(providers=(lab,))))
    assert [found["a"].allows(way) for way in ("passcode", "lab", "passkey")] == [True, True, False]
    assert found["default"].allows("passkey")


def test_two_files_cannot_write_the_same_branding(folder: Path) -> None:
    written(folder, "brandings: {a: {}}")
    (folder / "20.yaml").write_text("brandings: {a: {}}")

    with pytest.raises(BadInput, match="there is a branding 'a' at"):
        read(folder)
