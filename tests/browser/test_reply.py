"""A person with Chromium replies; Postfix and Postseal deliver it, each copy once and none in clear."""

import email
import email.policy
import hashlib
import os
import time
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Page

from browser_lab import DESKTOP, PHONE, Lab, mail
from demo.gateway import ANN
from demo.sink_session import Delivery
from portal_place import leftovers

pytestmark = [pytest.mark.postfix, pytest.mark.slow]

MARKER = "a sentence that nobody else may read"
DAN, FAY = "dan@lab.test", "fay@two.test"


@pytest.fixture
def lab(chromium_lab: Lab) -> Lab:
    """The lab, with an empty mailbox."""
    chromium_lab.gate.sink.take(len(chromium_lab.gate.sink.deliveries))
    return chromium_lab


def parsed(octets: bytes) -> EmailMessage:
    found = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def opened(
    lab: Lab,
    recipient: str,
    *,
    to: str = "",
    script: bool = True,
    size: dict[str, int] = DESKTOP,
) -> tuple[Page, EmailMessage]:
    """A message to *recipient*, whose field To says *to*, open in a browser; and the mail that carried it."""
    text = mail(to or recipient, subject="Numbers for the board", text="One, two, three.")
    carrier = lab.sent(text, recipient)
    page = lab.context(script=script, size=size).new_page()
    lab.opened(page, carrier, recipient, form="link", script=script)
    # Chromium lets no click pass before it has painted a page.
    page.frame_locator("iframe").get_by_text("One, two, three.").wait_for()
    return page, carrier


def written(page: Page, word: str, text: str, *files: Path) -> None:
    """Fill in the form."""
    # By key: after scrolling, a click that comes at once still meets the frame that was there before.
    page.get_by_role("link", name=word, exact=True).press("Enter")
    page.get_by_label("Your reply").fill(text)
    if files:
        page.get_by_label("Files").set_input_files(files)


def send(page: Page) -> None:
    page.get_by_role("button", name="Send the reply").click()
    page.get_by_role("heading", name="Your reply is on its way").wait_for(timeout=120_000)


def by_recipient(deliveries: tuple[Delivery, ...]) -> dict[str, Delivery]:
    return {address: each for each in deliveries for address in each.addresses}


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_reply_with_a_file_reaches_the_sender_and_threads(
    lab: Lab, tmp_path: Path, *, script: bool, size: dict[str, int]
) -> None:
    page, carrier = opened(
        lab, f"replier-{script}-{size['width']}@one.test".lower(), script=script, size=size
    )
    file = tmp_path / "plan für Q4.pdf"
    file.write_bytes(b"%PDF-1.7\n" + os.urandom(100_000))

    written(page, "Reply", f"{MARKER}\n\nBob", file)
    page.get_by_label("Add the text of the message below mine").check()
    assert script is False or page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    send(page)

    got = lab.gate.sink.take_one()
    reply = parsed(got.content)
    assert got.addresses == (ANN,)
    assert reply["In-Reply-To"] == carrier["Message-ID"]
    assert carrier["Message-ID"] in reply["References"]
    assert reply["Subject"] == "Re: Numbers for the board"
    assert reply["X-Seen-By-Policy"] == "yes"
    body = reply.get_body()
    assert body
    assert body.get_content().startswith(MARKER)
    assert "> One, two, three." in body.get_content()
    (part,) = reply.iter_attachments()
    assert part.get_filename() == file.name
    assert (
        hashlib.sha256(part.get_payload(decode=True)).digest() == hashlib.sha256(file.read_bytes()).digest()
    )
    assert lab.gate.sink.is_quiet(0.5)
    page.context.close()


def test_reply_to_all_is_sealed_for_who_is_outside_and_for_the_copy(lab: Lab) -> None:
    bob = "all@one.test"
    page, carrier = opened(lab, bob, to=f"{bob}, {DAN}, Fay <{FAY}>")
    written(page, "Reply to all", MARKER)
    page.get_by_label("Send me an encrypted copy").check()
    send(page)

    got = by_recipient(lab.gate.sink.take(4))
    assert set(got) == {ANN, DAN, FAY, bob}
    for address in (ANN, DAN):
        assert MARKER in parsed(got[address].content).get_content()
    for address in (FAY, bob):
        sealed = parsed(got[address].content)
        assert MARKER.encode() not in got[address].content
        assert b"Numbers for the board" not in got[address].content
        assert sealed["In-Reply-To"] == carrier["Message-ID"]
        reader = lab.context().new_page()
        lab.opened(reader, sealed, address, form="file", script=True)
        assert MARKER in reader.frame_locator("iframe").locator("body").inner_text()
        assert reader.get_by_role("heading", name="Re: Numbers for the board").is_visible()
        reader.context.close()
    page.context.close()


def test_button_that_is_pressed_twice_sends_once(lab: Lab) -> None:
    page, _ = opened(lab, "twice@one.test", script=False)
    written(page, "Reply", MARKER)
    page.get_by_role("button", name="Send the reply").dblclick()
    page.get_by_role("heading", name="Your reply is on its way").wait_for()
    page.reload()
    lab.gate.sink.take_one()

    assert lab.gate.sink.is_quiet(6)  # longer than a portal looks for what is due
    page.context.close()


def test_reply_waits_while_postfix_is_away_and_arrives_once(lab: Lab) -> None:
    page, _ = opened(lab, "away@one.test", to=f"away@one.test, {FAY}")
    written(page, "Reply to all", MARKER)
    lab.gate.postfix.stop()
    try:
        send(page)
        waited = time.monotonic() + 60
        while "event=reply_deferred" not in lab.portal.log():
            assert time.monotonic() < waited
            time.sleep(0.1)
    finally:
        lab.gate.postfix.start()

    assert set(by_recipient(lab.gate.sink.take(2))) == {ANN, FAY}
    assert lab.gate.sink.is_quiet(10)
    page.context.close()


def test_reply_of_25_mib_costs_little_memory_and_leaves_nothing_in_clear(lab: Lab, tmp_path: Path) -> None:
    page, _ = opened(lab, "large@one.test")
    small, large = tmp_path / "small.bin", tmp_path / "large.bin"
    small.write_bytes(b"small")
    marker = hashlib.sha256(b"marker").hexdigest().encode()
    large.write_bytes((marker + os.urandom(1000)) * ((25 << 20) // (1000 + len(marker))))
    written(page, "Reply", MARKER, small)
    send(page)
    lab.gate.sink.take_one()
    page.get_by_role("link", name="Back to the message").click()
    page.frame_locator("iframe").get_by_text("One, two, three.").wait_for()
    written(page, "Reply", MARKER, large)
    idle = forget_peak(lab.portal.pid)

    send(page)
    folders = (lab.portal.directory, lab.gate.daemon.directory)
    during = [octets for folder in folders for octets in leftovers(folder)]
    got = parsed(lab.gate.sink.take_one(seconds=120).content)
    above = peak(lab.portal.pid) - idle

    (part,) = got.iter_attachments()
    assert (
        hashlib.sha256(part.get_payload(decode=True)).digest() == hashlib.sha256(large.read_bytes()).digest()
    )
    assert above <= 20 << 20, f"{above / (1 << 20):.1f} MiB"
    after = [octets for folder in folders for octets in leftovers(folder)]
    assert during
    assert not any(
        each in octets for octets in during + after for each in (marker, MARKER.encode(), b"large.bin")
    )
    page.context.close()


def forget_peak(pid: int) -> int:
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak(pid)


def peak(pid: int) -> int:
    """The most octets of memory that *pid* had since `forget_peak`."""
    (line,) = [each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmHWM" in each]
    return int(line.split()[1]) << 10
