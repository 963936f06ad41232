"""A person with Chromium reads what real Postfix and Postseal have sent."""

import hashlib
import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from browser import saved
from browser_lab import DESKTOP, PHONE, Lab, mail

pytestmark = [pytest.mark.postfix, pytest.mark.slow]

SMALL, LARGE = 100 << 10, 25 << 20


@pytest.mark.parametrize(
    ("form", "size", "script", "width"),
    [
        ("file", SMALL, True, PHONE),
        ("file", SMALL, False, PHONE),
        ("file", SMALL, True, DESKTOP),
        ("file", SMALL, False, DESKTOP),
        ("link", SMALL, True, DESKTOP),
        ("link", SMALL, False, PHONE),
        ("file", LARGE, True, DESKTOP),
        ("file", LARGE, False, PHONE),
        ("link", LARGE, True, PHONE),
        ("link", LARGE, False, DESKTOP),
    ],
    ids=lambda value: str(value["width"]) if isinstance(value, dict) else str(value),
)
def test_reader_opens_the_mail_and_saves_its_file(
    chromium_lab: Lab,
    request: pytest.FixtureRequest,
    form: str,
    size: int,
    *,
    script: bool,
    width: dict[str, int],
) -> None:
    recipient = f"reader-{form}-{size}-{script}-{width['width']}@one.test".lower()
    # The whole message has that size: base64 makes a third more of the file.
    file = b"%PDF-1.7\n" + os.urandom(size * 57 // 78 - 2000)
    arrived = chromium_lab.sent(
        mail(recipient, subject="Numbers for the board", text="One, two, three.", file=file), recipient
    )
    context = chromium_lab.context(script=script, size=width)
    page, hosts, complaints = context.new_page(), set[str](), list[str]()
    page.on("request", lambda asked: hosts.add(urlsplit(asked.url).netloc))
    page.on("console", lambda said: complaints.append(said.text))

    chromium_lab.opened(page, arrived, recipient, form=form, script=script)
    text = page.frame_locator("iframe").locator("body").inner_text()
    saving = saved(page, page.get_by_role("link", name="numbers.pdf").click)

    assert page.get_by_role("heading", name="Numbers for the board").is_visible()
    assert "One, two, three." in text
    assert hashlib.sha256(Path(saving.path()).read_bytes()).digest() == hashlib.sha256(file).digest()
    assert saving.suggested_filename == "numbers.pdf"
    assert hosts - {""} == {chromium_lab.portal.address.removeprefix("https://")}
    assert complaints == []
    wide = page.evaluate("document.documentElement.scrollWidth") if script else 0
    assert wide <= width["width"]  # nobody has to move the page sideways
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="You have signed out").wait_for()
    assert context.cookies() == []
    context.close()
