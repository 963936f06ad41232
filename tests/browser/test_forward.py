"""Forwarding before real eyes, with and without scripts: who is named reads, and nobody else."""

import pytest

from browser_lab import PHONE, Lab, mail, parsed

pytestmark = [pytest.mark.postfix, pytest.mark.slow]

TEXT = "Dear Bob, the secret numbers are 17 and 4."
NOTE = "Dan, the second number is yours."


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("form", ["file", "link"])
def test_forwarded_message_is_read_by_who_was_named(chromium_lab: Lab, form: str, script: bool) -> None:
    lab = chromium_lab
    zoe, dan, eve = (f"{name}-forward-{form}-{script}@one.test".lower() for name in ("zoe", "dan", "eve"))
    arrived = lab.sent(mail(zoe, subject="Numbers", text=TEXT), zoe)
    own = lab.context(script=script, size=PHONE)
    page = own.new_page()
    lab.opened(page, arrived, zoe, form=form, script=script)

    page.get_by_role("link", name="Forward").press("Enter")
    page.get_by_label("Forward to").fill(f"{dan}, {eve}")
    page.get_by_label("Your note, if you like").fill(NOTE)
    page.get_by_role("button", name="Forward the message").click()
    page.get_by_role("heading", name="The message was forwarded").wait_for()

    carriers = lab.gate.sink.take(2)
    assert {each.addresses for each in carriers} == {(dan,), (eve,)}
    lab.secrets |= {NOTE.encode()}
    other = lab.context(script=script, size=PHONE)
    theirs = other.new_page()
    lab.opened(theirs, parsed(carriers[0].content), dan, form=form, script=script)
    theirs.frame_locator("iframe").get_by_text(TEXT).wait_for()
    assert theirs.get_by_text(NOTE).is_visible()
    assert theirs.get_by_text(f"{zoe} has forwarded this message to you").is_visible()
    # Whoever has got hold of the mail, and was not named, gets no code.
    stranger = lab.context(script=script)
    outside = stranger.new_page()
    lab.landed(outside, parsed(carriers[1].content), form)
    outside.get_by_label("Your mail address").fill(f"mallory-{form}-{script}@one.test".lower())
    outside.get_by_role("button", name="Send me a code").click()
    outside.get_by_label("Code of eight digits").wait_for()
    assert lab.gate.sink.is_quiet()
    shown = lab.gate.daemon.command("messages", "show", arrived["Message-ID"]).stdout
    assert [line for line in shown.splitlines() if "forwarded to him" in line]
    for context in (own, other, stranger):
        context.close()
