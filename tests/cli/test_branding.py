"""`postseal branding`: what an administrator types, and what he sees."""

import json
import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pictures import png
from postseal.branding.load import read
from postseal.cli import branding as room
from postseal.cli.main import main
from postseal.sealed.master import LocalKeys, Wrapped
from postseal.store import ring
from postseal.store.engine import Store
from postseal.store.migrate import migrate
from postseal.store.sealed import Addressee, SealedMessage, State

NOW = datetime.now(UTC)
BRANDINGS = """
brandings:
  default: {name: Example Ltd}
  sales:
    name: Sales
    logo: logo.png
    languages: [ar, en]
    colors: {accent: '#7a2e3a'}
    portal: https://sales.test
    expire: 30d
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    (tmp_path / "policies" / "brandings").mkdir(parents=True)
    (tmp_path / "policies" / "brandings" / "10.yaml").write_text(BRANDINGS)
    (tmp_path / "policies" / "brandings" / "logo.png").write_bytes(png(340, 140))
    file = tmp_path / "postseal.yaml"
    file.write_text(f"policies: policies\nstore: 'sqlite:///{tmp_path}/store/store.sqlite'\n")
    return file


def said(settings: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["branding", *words, "--settings", str(settings)])


def test_list_tells_each_branding(settings: Path) -> None:
    assert said(settings, "list").stdout.splitlines() == [
        "default: Example Ltd, at (no portal), en, no logo",
        "sales: Sales, at sales.test, ar, en, logo 0 KiB, expire 30d",
    ]


def sealed_with(dsn: str, *brandings: tuple[str, datetime | None]) -> None:
    """Messages in the store, each with the word of a branding, and when it expires."""
    migrate(dsn)
    with closing(Store(dsn, timeout=30)) as store:
        messages = ring.opened(store, LocalKeys({"a": bytes(32)}, "a")).messages
        for word, expires in brandings:
            who = Addressee("bob@one.test", "bob@one.test", State.OPEN, expires, NOW, Wrapped("a", bytes(60)))
            messages.add(SealedMessage(os.urandom(16), "<1@a>", "ann@a", (), word, 1, NOW, (who,)))


def test_check_tells_that_a_branding_of_a_readable_message_is_gone(settings: Path, tmp_path: Path) -> None:
    dsn = f"sqlite:///{tmp_path}/store/store.sqlite"
    settings.write_text(settings.read_text() + "ome: {portal: 'https://p.test'}\n")
    sealed_with(dsn, ("sales", None), ("old", NOW - timedelta(days=1)), ("gone", None))

    told = said(settings, "check")
    messages_in = said(settings, "list")

    assert told.exit_code == 1
    assert "messages that can be read name brandings that are gone: gone" in told.stderr
    assert "write them again" in told.stderr
    assert messages_in.exit_code == 0


def test_check_of_everything_tells_it_too_and_makes_no_store(settings: Path, tmp_path: Path) -> None:
    def checked() -> Result:
        return CliRunner().invoke(main, ["check", "--settings", str(settings)])

    dsn = f"sqlite:///{tmp_path}/store/store.sqlite"
    sealing = f"ome: {{portal: 'https://p.test', master_keys: 'file:{tmp_path}/master.keys'}}\n"
    settings.write_text(settings.read_text() + f"runtime_directory: {tmp_path}/run\n" + sealing)
    (settings.parent / "policies" / "10.yaml").write_text("rules: []\n")
    assert CliRunner().invoke(main, ["keys", "init", "--settings", str(settings)]).exit_code == 0
    good = checked()
    assert good.exit_code == 0, good.output
    assert not (tmp_path / "store").exists()
    sealed_with(dsn, ("sales", None), ("old", NOW - timedelta(days=1)))
    assert checked().exit_code == 0
    sealed_with(dsn, ("gone", None))

    told = checked()

    assert told.exit_code == 1
    assert "messages that can be read name brandings that are gone: gone" in told.stderr
    (tmp_path / "store" / "store.sqlite").write_bytes(b"no database")
    unknown = checked()
    assert unknown.exit_code == 0
    assert "warning: the store does not say which brandings messages name" in unknown.stderr


def test_mistake_is_told_with_its_place(settings: Path) -> None:
    file = settings.parent / "policies" / "brandings" / "10.yaml"
    file.write_text("brandings: {a: {nmae: b}}")

    told = said(settings, "list")

    assert told.exit_code == 1
    assert "10.yaml:1:17: unknown key 'nmae'" in told.stderr
    assert "did you mean 'name'?" in told.stderr


def test_preview_writes_files_without_a_browser(
    settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_CHROMIUM", ())

    told = said(settings, "preview", "sales", "--out", str(tmp_path / "out"))

    assert told.exit_code == 0, told.output
    assert "with Chromium installed" in told.stderr
    files = {file.stem: file.read_text() for file in (tmp_path / "out").iterdir()}
    assert set(files) == {"mail", "message", "address", "code", "read", "help", "gone"}
    for name, html in files.items():
        assert 'lang="ar" dir="rtl"' in html, name
        assert "#7a2e3a" in html, name
        assert "data:image/png;base64," in html, name
        assert "<script" not in html
        assert 'src="/' not in html
        assert '<link rel="stylesheet"' not in html
    assert "Numbers for the board" in files["read"]
    assert "https://sales.test/m/" in files["mail"]


def test_preview_has_the_page_of_senders_where_there_is_one(
    settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_CHROMIUM", ())
    with settings.open("a") as file:
        file.write("accepted_domains: [lab.test]\nportal: {senders: {}}\n")

    told = said(settings, "preview", "sales", "--out", str(tmp_path / "out"))

    assert told.exit_code == 0, told.output
    html = (tmp_path / "out" / "sent.html").read_text()
    assert "Numbers for the board" in html
    assert "#7a2e3a" in html
    assert 'name="recipient" value="bob@mail.example"' in html


def test_preview_of_no_branding_says_so(settings: Path, tmp_path: Path) -> None:
    told = said(settings, "preview", "slaes", "--out", str(tmp_path / "out"))

    assert told.exit_code == 1
    assert "there is no branding 'slaes'" in told.stderr


@pytest.mark.skipif(not room._browser(), reason="no Chromium: contrib/install-tools installs it")
@pytest.mark.slow
def test_preview_makes_pictures(settings: Path, tmp_path: Path) -> None:
    told = said(settings, "preview", "sales", "--dark", "--out", str(tmp_path / "out"))

    assert told.exit_code == 0, told.output
    pictures = list((tmp_path / "out").iterdir())
    assert {file.suffix for file in pictures} == {".png"}
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in pictures)


def test_import_carries_over_what_exchange_has(settings: Path, tmp_path: Path) -> None:
    default = {"Identity": "OME Configuration", "ExternalMailExpiryInDays": 0, "BackgroundColor": "#102030"}
    sales = {
        "Identity": "Sales France",
        "Image": list(png(170, 70)),
        "IntroductionText": "a vous: yes\nencore",
        "ReadButtonText": "Lire",
        "EmailText": "#texte",
        "DisclaimerText": "- x",
        "PortalText": "no",
        "PrivacyStatementUrl": "https://a.test/p",
        "ExternalMailExpiryInDays": 7,
        "OTPEnabled": True,
        "SocialIdSignIn": False,
        "BackgroundColor": "Blue",
    }
    odd = {"Identity": "odd", "OTPEnabled": False, "Image": "Qk0=", "PrivacyStatementUrl": "http://a.test"}
    (tmp_path / "ome.json").write_text(json.dumps([default, sales, odd]))
    out = tmp_path / "out"

    told = CliRunner().invoke(main, ["branding", "import", str(tmp_path / "ome.json"), "--out", str(out)])
    found = read(out)

    assert told.exit_code == 0, told.output
    assert found["default"].light.background == "#102030"
    french = found["sales-france"]
    assert french.logo is not None
    assert (french.logo.width, french.expire, french.sign_in) == (170, 7 * 86400.0, ("passcode",))
    texts = (french.introduction, french.button, french.text, french.disclaimer, french.portal_text)
    assert [each.common for each in texts] == ["a vous: yes\nencore", "Lire", "#texte", "- x", "no"]
    assert french.privacy == "https://a.test/p"
    for lost in (
        "branding 'sales-france': BackgroundColor: write 'Blue' as '#rrggbb'",
        "branding 'odd': OTPEnabled: name the ways",
        "branding 'odd': Image: this is neither PNG nor JPEG",
        "branding 'odd': PrivacyStatementUrl",
    ):
        assert lost in told.stderr


@pytest.mark.parametrize("text", ["", "[]x", "[1]", '{"Name": "x"}', '{"Identity": "!"}'])
def test_import_of_something_else_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "ome.json").write_text(text)
    words = ["branding", "import", str(tmp_path / "ome.json"), "--out", str(tmp_path / "out")]

    told = CliRunner().invoke(main, words)

    assert told.exit_code == 1
    assert "Get-OMEConfiguration" in told.stderr
