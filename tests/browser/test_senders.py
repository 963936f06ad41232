"""A sender with Chromium: who has read, withdraw, undo, the end; with real Postfix and Postseal."""

import re
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from browser_lab import DESKTOP, PHONE, Lab, mail, parsed
from demo.gateway import ANN
from portal_place import id_of
from postseal.settings import settings as settings_file
from postseal.store.engine import Store

pytestmark = [pytest.mark.postfix, pytest.mark.slow]

_NUMBERS = count(1)
WAYS = pytest.mark.parametrize(
    ("script", "size"), [(True, DESKTOP), (False, PHONE)], ids=["script, desk", "no script, telephone"]
)


class Sent:
    """A message of a sender of his own to three people, each with a browser; and the sender's page."""

    def __init__(
        self, lab: Lab, subject: str, *, script: bool = True, size: dict[str, int] = DESKTOP
    ) -> None:
        lab.gate.sink.take(len(lab.gate.sink.deliveries))
        number = next(_NUMBERS)
        self.lab, self.sender = lab, f"sender{number}@lab.test"
        self.people = tuple(f"{name}{number}@one.test" for name in ("bob", "cat", "dan"))
        octets = mail(", ".join(self.people), subject=subject, text="One, two, three.")
        lab.gate.post(octets.replace(ANN.encode(), self.sender.encode()), *self.people, sender=self.sender)
        self.mail = parsed(lab.gate.sink.take_one().content)
        self.readers = {who: lab.context(script=script).new_page() for who in self.people}
        self.page = lab.context(script=script, size=size).new_page()
        self.subject, self.script = subject, script

    def signed_in(self) -> Page:
        """The sender's page, with the message open."""
        page = self.page
        page.goto(f"{self.lab.portal.address}/sent")
        code = self.lab.asked(page, self.sender)
        if self.script:
            page.get_by_label("Code of eight digits").press_sequentially(code)
        else:
            page.get_by_label("Code of eight digits").fill(code)
            page.get_by_role("button", name="Show my messages").click()
        page.get_by_role("link", name=self.subject).click()
        page.get_by_role("heading", name=self.subject).wait_for()
        return page

    def read(self, who: str) -> None:
        """*who* opens the message, for the first time."""
        self.lab.opened(self.readers[who], self.mail, who, form="link", script=self.script)
        self.readers[who].frame_locator("iframe").get_by_text("One, two, three.").wait_for()

    def sees(self, who: str, *, readable: bool) -> None:
        """Whether *who*, who has signed in, reads the message now."""
        page = self.readers[who]
        page.reload()
        if readable:
            page.frame_locator("iframe").get_by_text("One, two, three.").wait_for()
        else:
            page.get_by_text("The sender has withdrawn this message.").wait_for()


@WAYS
def test_withdraw_from_one_of_three_and_undo(chromium_lab: Lab, script: bool, size: dict[str, int]) -> None:
    sent = Sent(chromium_lab, "Numbers for three", script=script, size=size)
    bob, cat, dan = sent.people
    for who in sent.people:
        sent.read(who)
    page = sent.signed_in()
    expect(page.get_by_text(re.compile(r"Read .*20\d\d"))).to_have_count(3)

    page.get_by_role("checkbox", name=bob).check()
    page.get_by_role("button", name="Withdraw …", exact=True).click()
    page.get_by_text("From then on it cannot be read any more by").wait_for()
    expect(page.get_by_role("main")).to_contain_text(bob)
    expect(page.get_by_role("main")).not_to_contain_text(cat)
    sent.sees(bob, readable=True)
    page.get_by_role("button", name="Withdraw", exact=True).click()
    page.get_by_text("This can be undone until").first.wait_for()

    sent.sees(bob, readable=False)
    sent.sees(cat, readable=True)
    sent.sees(dan, readable=True)

    page.get_by_role("checkbox", name=bob).check()
    page.get_by_role("button", name="Undo withdrawing").click()
    page.get_by_text("withdrawing was undone").wait_for()
    for who in sent.people:
        sent.sees(who, readable=True)

    page.get_by_role("button", name="Withdraw from all …").click()
    page.get_by_role("button", name="Withdraw", exact=True).click()
    page.get_by_role("button", name="Undo withdrawing").wait_for()
    for who in sent.people:
        sent.sees(who, readable=False)


def test_end_is_set_and_told_to_the_reader(chromium_lab: Lab) -> None:
    sent = Sent(chromium_lab, "Numbers with an end")
    bob = sent.people[0]
    sent.read(bob)
    page = sent.signed_in()
    page.get_by_text("Can be read until").first.wait_for()

    for days, said in ((200, r"19\d days are left|200 days are left"), (3, "3 days are left")):
        page.get_by_role("checkbox", name=bob).check()
        until = (datetime.now(UTC) + timedelta(days=days)).date().isoformat()
        page.get_by_label("To the end of this day").fill(until)
        page.get_by_role("button", name="Set this end").click()
        page.get_by_text("its end was set").first.wait_for()
        sent.readers[bob].reload()
        sent.readers[bob].get_by_text(re.compile(said)).wait_for()


def test_sender_is_told_once_when_it_is_read(chromium_lab: Lab) -> None:
    sent = Sent(chromium_lab, "To be told")
    bob, cat, _ = sent.people

    sent.read(bob)
    told = parsed(chromium_lab.gate.sink.take_one(seconds=60).content)
    sent.sees(bob, readable=True)
    sent.read(cat)
    again = parsed(chromium_lab.gate.sink.take_one(seconds=60).content)

    assert [told["To"], again["To"]] == [sent.sender] * 2
    assert f"{bob} has opened your encrypted message" in told.get_content()
    assert f"{cat} has opened your encrypted message" in again.get_content()
    assert told["References"] == sent.mail["Message-ID"]
    page = sent.signed_in()
    expect(page.get_by_text("you were told that it was read")).to_have_count(2)
    page.get_by_role("button", name="No more of these mails").click()
    page.get_by_text("You get no mail when it is read.").wait_for()
    sent.read(sent.people[2])
    assert chromium_lab.gate.sink.is_quiet(1)


def test_audit_of_what_a_sender_did_verifies_until_a_row_is_changed(chromium_lab: Lab) -> None:
    sent = Sent(chromium_lab, "Numbers to verify")
    page = sent.signed_in()
    page.get_by_role("button", name="Withdraw from all …").click()
    page.get_by_role("button", name="Withdraw", exact=True).click()
    page.get_by_role("button", name="Undo withdrawing").wait_for()
    command = chromium_lab.gate.daemon.command
    id_ = id_of(sent.mail)
    assert "revoked" in command("messages", "log", id_.hex()).stdout
    good = command("messages", "log", "--verify")
    assert (good.returncode, good.stdout[:5]) == (0, "good:")

    settings = settings_file.load(chromium_lab.gate.daemon.settings_file)
    store = Store(settings.store, timeout=30)
    change = "UPDATE audit SET detail = '' WHERE event = 'revoked' AND message = :id"

    def changed(detail: str) -> int:
        return store.write(
            lambda connection: (
                connection.execute(text(change.replace("''", f"'{detail}'")), {"id": id_}).rowcount
            )
        )

    before = store.read(
        lambda connection: connection.execute(
            text("SELECT number, detail FROM audit WHERE event = 'revoked' AND message = :id"), {"id": id_}
        ).all()
    )
    assert changed("by nobody") == 3
    bad = command("messages", "log", "--verify")
    assert bad.returncode == 1
    assert f"row {before[0].number} is not as it was written" in bad.stdout + bad.stderr
    assert changed(before[0].detail) == 3
    assert command("messages", "log", "--verify").returncode == 0
    store.close()
