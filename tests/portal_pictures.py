"""Pictures of every page of the portal, light and dark, at a desk and on a telephone: `make screenshots`."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Page

from browser import saved
from browser_lab import DESKTOP, PHONE, Lab, lab, mail, pdf
from demo.gateway import ANN
from portal_place import id_of

HTML = """\
<p>Dear Bob,</p>
<p>the <b>numbers for the board</b> are attached. The three that matter:</p>
<table border="1" cellpadding="6"><tr><th>Quarter</th><th>Revenue</th></tr>
<tr><td>Q1</td><td>1.2 M€</td></tr>
<tr><td>Q2</td><td>1.4 M€</td></tr><tr><td>Q3</td><td>1.3 M€</td></tr></table>
<p>Please do not pass them on before Friday.</p><p>Kind regards,<br>Ann</p>
<img src="https://tracker.example/pixel.png">
"""
TEXT = "Dear Bob,\r\n\r\nthe numbers for the board are attached.\r\n\r\nKind regards,\r\nAnn"


def pages(lab: Lab, page: Page, recipient: str) -> Iterator[str]:
    """Lead *page* from one page to the next; the name of each, when it is there."""
    arrived = lab.sent(
        mail(recipient, subject="Numbers for the board", text=TEXT, file=b"%PDF-1.7\n" + bytes(80000)),
        recipient,
    )
    page.goto(lab.portal.address)
    yield "home"
    page.goto(f"{lab.portal.address}/help")
    yield "help"
    page.goto(f"{lab.portal.address}/m/{'0' * 32}")
    yield "gone"
    page.goto(f"{lab.portal.address}/nothing")
    yield "error"
    lab.landed(page, arrived, "file")
    yield "address"
    page.get_by_label("Your mail address").fill("bob@")
    page.locator("form").first.evaluate("form => { form.noValidate = true; form.requestSubmit(); }")
    page.get_by_role("alert").wait_for()
    yield "address-problem"
    code = lab.asked(page, recipient)
    yield "code"
    page.get_by_label("Code of eight digits").fill(f"{(int(code) + 1) % 10**8:08}")
    page.get_by_role("alert").wait_for()
    yield "code-problem"
    page.get_by_label("Code of eight digits").fill(code)
    page.locator("iframe").wait_for()
    page.frame_locator("iframe").get_by_text("Kind regards").wait_for()
    yield "message"
    page.get_by_role("link", name="Read without a network").press("Enter")
    page.get_by_label("Passphrase", exact=True).wait_for()
    yield "offline"
    for field in ("Passphrase", "The same once more"):
        page.get_by_label(field, exact=True).fill("seven wild geese on ice")
    # By key: after another size, a click that comes at once still meets the page of before.
    saving = saved(page, lambda: page.get_by_role("button", name="Save the copy").press("Enter"))
    copy = lab.folder / f"{recipient}.html"
    saving.save_as(copy)
    page.goto(copy.as_uri())
    yield "offline-copy"
    page.get_by_label("Passphrase").fill("seven wild geese on ice")
    page.get_by_role("button", name="Read the message").press("Enter")
    page.frame_locator("iframe").get_by_text("Kind regards").wait_for()
    yield "offline-opened"
    page.goto(lab.link(arrived))
    page.frame_locator("iframe").get_by_text("Kind regards").wait_for()
    page.get_by_role("link", name="Reply", exact=True).press("Enter")
    page.get_by_label("Your reply").wait_for()
    yield "reply"
    page.get_by_role("button", name="Send the reply").click()
    page.get_by_role("alert").wait_for()
    yield "reply-problem"
    page.get_by_label("Your reply").fill("Thank you, Ann.")
    page.get_by_role("button", name="Send the reply").click()
    page.get_by_role("heading", name="Your reply is on its way").wait_for()
    lab.gate.sink.take_one()
    yield "sent"
    html = lab.sent(mail(recipient, subject="Numbers for the board", text="", html=HTML), recipient)
    page.goto(lab.link(html))
    page.frame_locator("iframe").get_by_text("Kind regards").wait_for()
    yield "message-html"
    page.get_by_role("link", name="Forward").press("Enter")
    page.get_by_label("Forward to").wait_for()
    yield "forward"
    page.get_by_label("Forward to").fill("dan")
    page.get_by_role("button", name="Forward the message").click()
    page.get_by_role("alert").wait_for()
    yield "forward-problem"
    page.get_by_label("Forward to").fill("dan@three.test")
    page.get_by_label("Your note, if you like").fill("Dan, see the third quarter.")
    page.get_by_role("button", name="Forward the message").click()
    page.get_by_role("heading", name="The message was forwarded").wait_for()
    yield "forwarded"
    lab.gate.sink.take_one()
    page.goto(lab.link(html))
    now = lab.gate.daemon.command("messages", "revoke", id_of(html).hex())
    assert now.returncode == 0, now.stderr
    page.reload()
    yield "gone-revoked"
    restricted = mail(recipient, subject="Restricted numbers", text=TEXT, file=pdf())
    page.goto(lab.link(lab.sent(restricted, recipient)))
    page.frame_locator("iframe").get_by_text("Kind regards").wait_for()
    yield "message-restricted"
    page.get_by_role("link", name="numbers.pdf").click()
    page.get_by_role("img", name="Page 1 of 2").wait_for()
    yield "file-restricted"
    page.get_by_role("link", name="This page as text, for screen readers").click()
    page.get_by_role("heading", name="Page 1 of 2").wait_for()
    yield "file-as-text"
    protected = mail(recipient, subject="Files for the board", text=TEXT, file=pdf())
    page.goto(lab.link(lab.sent(protected, recipient)))
    page.frame_locator("iframe").get_by_text("Kind regards").wait_for()
    page.get_by_role("link", name="Save with a password").wait_for()
    yield "message-files"
    page.goto(lab.link(arrived))
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="You have signed out").wait_for()
    yield "signed-out"
    yield from senders_pages(lab, page)


def senders_pages(lab: Lab, page: Page) -> Iterator[str]:
    """The same for the pages of a sender."""
    page.goto(f"{lab.portal.address}/sent")
    yield "sender-address"
    code = lab.asked(page, ANN)
    yield "sender-code"
    page.get_by_label("Code of eight digits").fill(code)
    page.get_by_role("heading", name="Your encrypted messages").wait_for()
    page.get_by_role("link", name="Numbers for the board").first.wait_for()
    yield "sender-list"
    page.get_by_role("link", name="Restricted numbers").first.click()
    page.get_by_role("heading", name="When it is read").wait_for()
    yield "sender-message"
    page.get_by_role("button", name="Withdraw …", exact=True).click()
    page.get_by_role("alert").wait_for()
    yield "sender-problem"
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Withdraw …", exact=True).click()
    page.get_by_role("heading", name="Withdraw the message?").wait_for()
    yield "sender-revoke"
    page.get_by_role("button", name="Withdraw", exact=True).click()
    page.get_by_role("button", name="Undo withdrawing").wait_for()
    yield "sender-withdrawn"
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="You have signed out").wait_for()


def every(lab: Lab, look: Callable[[Page, str], object], *, widths: tuple[dict[str, int], ...]) -> None:
    """Show *look* every page, light and dark, in all *widths*, with its name."""
    for number, scheme in enumerate(("light", "dark")):
        context = lab.context(color_scheme=scheme)
        page = context.new_page()
        for name in pages(lab, page, f"pictures-{number}@one.test"):
            for size in widths:
                page.set_viewport_size(size)  # type: ignore[arg-type] # a mapping of the same words
                look(page, f"{name}-{scheme}-{size['width']}")
        context.close()


def main(folder: Path) -> None:
    """Write the pictures to *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    with lab() as running:
        every(
            running,
            lambda page, name: page.screenshot(path=folder / f"{name}.png"),
            widths=(DESKTOP, PHONE),
        )
    print(f"{len(list(folder.iterdir()))} pictures are in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
