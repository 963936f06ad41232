"""After somebody has read: no code, cookie, handle or text is anywhere but in his browser."""

import re
from contextlib import suppress
from pathlib import Path

import pytest

from browser import saved
from browser_lab import Lab, mail

pytestmark = [pytest.mark.postfix, pytest.mark.slow]

TEXT, SUBJECT, FILE = "Marmalade in the vault.", "Tangerine audit", b"%PDF-1.7\nclementine" * 500_000


def held(pid: int) -> dict[str, bytes]:
    """What the files hold that the process has open, those without a name too."""
    found = {}
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            target = str(descriptor.readlink())
            if target.startswith("/") and not target.startswith(("/dev/", "/proc/")) and descriptor.is_file():
                found[target] = descriptor.read_bytes()
    return found


def everywhere(lab: Lab) -> dict[str, bytes]:
    """All files of the portal, the store and Postfix, and what the portal has open."""
    folders = (lab.portal.directory, lab.gate.directory, lab.gate.postfix.log_file.parent)
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    found = {}
    for file in files:
        with suppress(FileNotFoundError):  # Postfix moves mail from queue to queue
            found[str(file)] = file.read_bytes()
    return found | held(lab.portal.pid)


def test_nothing_secret_is_left_in_logs_files_or_metrics(chromium_lab: Lab) -> None:
    arrived = chromium_lab.sent(
        mail("traces@one.test", subject=SUBJECT, text=TEXT, file=FILE), "traces@one.test"
    )
    context = chromium_lab.context()
    page = context.new_page()
    chromium_lab.opened(page, arrived, "traces@one.test", form="file", script=True)
    page.frame_locator("iframe").get_by_text(TEXT).wait_for()
    (whole,) = re.findall(r'href="(/m/[^"]+\.eml)"', page.content())
    cookie = "; ".join(f"{one['name']}={one['value']}" for one in context.cookies())  # type: ignore[misc]

    with chromium_lab.download(whole, cookie) as answer:  # a spool is open as long as somebody saves
        answer.read(1000)
        during = everywhere(chromium_lab)
    saved(page, page.get_by_role("link", name="numbers.pdf").click)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="You have signed out").wait_for()
    context.close()

    assert any("deleted" in name for name in during)
    secrets = {SUBJECT.encode(), b"Marmalade", b"clementine", b"numbers.pdf", *chromium_lab.secrets}
    secrets.add(whole.encode())
    for name, octets in {**during, **everywhere(chromium_lab)}.items():
        assert not [secret for secret in secrets if secret in octets], name
    told = chromium_lab.portal.private("/metrics")[1].encode()
    assert not [secret for secret in secrets if secret in told]
