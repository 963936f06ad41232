"""Pages look as the branding of their message says, and speak the language of whoever reads."""

import re

from portal_place import Place, path_of


def test_page_of_a_message_has_its_branding(here: Place) -> None:
    page = here.visitor().get(path_of(here.sealed(branding="sales"))).text
    plain = here.visitor().get(path_of(here.sealed())).text

    assert '<p class="brand">Sales of Lab</p>' in page
    assert "Sales reads with you." in page
    assert "Only for you." in page
    assert '<a href="https://lab.test/privacy"' in page
    assert "Sales of Lab" not in plain


def test_colors_are_a_style_sheet_that_may_be_kept(here: Place) -> None:
    visitor = here.visitor()
    page = visitor.get(path_of(here.sealed(branding="sales"))).text
    (address,) = re.findall(r'href="(/branding/sales\.css\?[0-9a-f]{12})"', page)

    sheet = visitor.get(address)

    assert "--accent:#7a2e3a" in sheet.text
    assert sheet.fields["Content-Type"].startswith("text/css")
    assert sheet.fields["Cache-Control"] == "public, max-age=31536000, immutable"


def test_passcode_comes_from_the_branding_in_the_readers_language(here: Place) -> None:
    path = path_of(here.sealed(to=("ann.b@one.test",), branding="sales"))
    visitor = here.visitor()
    visitor.send["Accept-Language"] = "ja"
    visitor.post(f"{path}/address", address="ann.b@one.test")

    mail, _ = here.code()

    assert mail["From"].addresses[0].display_name == "Sales of Lab"
    assert "暗号化メッセージ" in mail["Subject"]
    assert re.search(r"20\d\d年\d+月\d+日", mail.get_content())


def test_switch_changes_the_language_and_comes_back(here: Place) -> None:
    path = path_of(here.sealed())
    visitor = here.visitor()

    answer = visitor.ask(
        "POST",
        "/language",
        b"language=ar",
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": f"https://localhost:{here.portal.port}{path}/address",
        },
    )
    page = visitor.get(path, Cookie=answer.fields["Set-Cookie"].partition(";")[0])

    assert (answer.status, answer.to) == (303, path)
    assert '<html lang="ar" dir="rtl">' in page.text
    assert '<button name="language" value="ar" lang="ar" aria-current="true">العربية</button>' in page.text


def test_switch_leads_nowhere_else(here: Place) -> None:
    for referer in ("https://evil.test//evil.test/", "https://evil.test/o", "//evil.test", ""):
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Referer": referer}
        answer = here.visitor().ask("POST", "/language", b"language=xx", kind)

        assert (answer.status, answer.to) == (303, "/")
        assert "Set-Cookie" not in answer.fields


def test_page_is_in_the_language_of_the_browser(here: Place) -> None:
    for language, title in (
        ("de", "Ist diese Mail echt?"),
        ("zh-CN", "这封邮件是真的吗？"),
        ("nl", "Is this"),
    ):
        assert f"<h1>{title}" in here.visitor().get("/help", Accept_Language=language).text


def test_branding_with_a_host_of_its_own_is_reached_there(here: Place) -> None:
    mail = here.sealed(branding="other")
    host = f"127.0.0.1:{here.portal.port}"
    plain = mail.get_body(("plain",))

    assert plain is not None
    assert f"https://{host}/m/" in plain.get_content()
    assert "Another Ltd" in here.visitor().get("/", Host=host).text
    assert "Another Ltd" not in here.visitor().get("/").text
    assert here.visitor().get("/", Host="evil.test").status == 421
