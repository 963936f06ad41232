"""Chromium before a portal that real Postfix and Postseal have sealed for."""

import email
import email.policy
import http.client
import io
import re
from base64 import encodebytes
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import pypdfium2
from playwright.sync_api import Browser, BrowserContext, Page

from browser import browser
from demo.gateway import ANN, SETTINGS, Gateway, gateway
from demo.place import LOOPBACK, free_port, open_directory
from demo.portal import Portal
from demo.visitor import Visitor
from portal_place import path_of
from sealing import attached

PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
POLICY = """
rules:
  - name: all that leaves is sealed
    when: {recipient_scope: outside}
    then: [{protect: ome}]
  - name: what is restricted is read and answered
    when: {recipient_scope: outside, subject_words: restricted}
    then: [{template: do_not_forward}]
  - name: files of these messages leave encrypted
    when: {recipient_scope: outside, subject_words: files}
    then: [{attachments: protect}]
  - name: some senders want to be told
    when: {recipient_scope: outside, subject_words: told}
    then: [{read_notice: true}]
  - name: all that comes in is seen
    when: {recipient_scope: inside}
    then: [{set_header: {X-Seen-By-Policy: "yes"}}]
"""
BRANDING = "brandings:\n  default: {name: Lab Ltd}\n"
OME = "  attach_up_to: 60MiB\n  expire: 30d\n"
HELP = "  help: |\n    The service desk of Lab Ltd\n    +49 30 123456\n"


@dataclass
class Lab:
    """What runs.  *secrets*: all that must be nowhere afterwards."""

    gate: Gateway
    portal: Portal
    folder: Path
    browser: Browser
    secrets: set[bytes] = field(default_factory=set)
    contexts: int = 0

    def context(
        self, *, script: bool = True, size: dict[str, int] = DESKTOP, **options: object
    ) -> BrowserContext:
        """A new browser profile, from a network of its own."""
        self.contexts += 1
        return self.browser.new_context(
            java_script_enabled=script,
            viewport=size,  # type: ignore[arg-type] # a mapping of the same words
            ignore_https_errors=True,
            accept_downloads=True,
            locale="en-GB",
            extra_http_headers={"X-Forwarded-For": f"10.9.{self.contexts}.7"},
            **options,  # type: ignore[arg-type] # passed on
        )

    def sent(self, message: bytes, recipient: str) -> EmailMessage:
        """The mail that arrives for *recipient*."""
        arrived = self.gate.passed(message, recipient)
        return parsed(arrived.content)

    def code(self) -> str:
        """The passcode that has come by mail."""
        text = parsed(self.gate.sink.take_one(seconds=60).content).get_content()
        found = re.search(r"\b(\d{4}) (\d{4})\b", text)
        assert found
        self.secrets |= {"".join(found.groups()).encode(), found[0].encode()}
        return found[1] + found[2]

    @contextmanager
    def download(self, path: str, cookie: str) -> Iterator[http.client.HTTPResponse]:
        """The answer to a GET of *path*, which is read as slowly as the test likes."""
        with closing(Visitor(self.portal.port).connection()) as wire:
            wire.request("GET", path, headers={"Cookie": cookie})
            yield wire.getresponse()

    def file(self, mail: EmailMessage) -> str:
        """The address of message.html, saved."""
        path = self.folder / f"message-{self.contexts}.html"
        path.write_text(attached(mail))
        return path.as_uri()

    def link(self, mail: EmailMessage) -> str:
        """The address that the mail names."""
        return self.portal.address + path_of(mail)

    def landed(self, page: Page, mail: EmailMessage, form: str) -> None:
        """Open *mail* by its file or its link, up to the page that asks for the address."""
        if form == "file":
            page.goto(self.file(mail))
            page.get_by_role("button").click()
        else:
            page.goto(self.link(mail))
        page.wait_for_url(f"{self.portal.address}/m/*")
        self.secrets.add(page.url.rpartition("/")[2].encode() if form == "file" else b"\0never\0")

    def asked(self, page: Page, address: str) -> str:
        """Ask for a code for *address*, and read it from the mail."""
        page.get_by_label("Your mail address").fill(address)
        page.get_by_role("button", name="Send me a code").click()
        page.get_by_label("Code of eight digits").wait_for()
        return self.code()

    def opened(self, page: Page, mail: EmailMessage, address: str, *, form: str, script: bool) -> None:
        """All the way to the message."""
        self.landed(page, mail, form)
        code = self.asked(page, address)
        if script:
            page.get_by_label("Code of eight digits").press_sequentially(code)
        else:
            page.get_by_label("Code of eight digits").fill(f"{code[:4]} {code[4:]}")
            page.get_by_role("button", name="Read the message").click()
        page.locator("iframe").wait_for()
        self.secrets |= {cookie["value"].encode() for cookie in page.context.cookies()}  # type: ignore[misc]


@contextmanager
def lab() -> Iterator[Lab]:
    """Postfix, Postseal, the portal, and Chromium."""
    with ExitStack() as running:
        folder = running.enter_context(open_directory())
        inside = free_port()
        replies = f"  replies: {{submit_to: {LOOPBACK}:{inside}}}\n"
        portal = Portal(folder / "portal", folder, ome=OME, more=HELP + replies + "  senders: {}\n")
        listener = f"{LOOPBACK}:{inside} inet n - n - - smtpd\n"  # with the milter
        policies = {"10.yaml": POLICY, "brandings/lab.yaml": BRANDING}
        gate = running.enter_context(
            gateway(policies, settings=SETTINGS + portal.settings, services=listener)
        )
        portal.settings_file = gate.daemon.settings_file
        running.enter_context(portal)
        yield Lab(gate, portal, folder, running.enter_context(browser()))


def mail(recipient: str, *, subject: str, text: str, file: bytes = b"", html: str = "") -> bytes:
    """A mail as Ann's program sends it."""
    head = f"From: Ann Example <{ANN}>\r\nTo: {recipient}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
    head += "Date: Fri, 27 Nov 2026 10:15:00 +0100\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    kind, shown = ("html", html) if html else ("plain", text)
    head += f"--b\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
    head += f"Content-Transfer-Encoding: 8bit\r\n\r\n{shown}\r\n"
    if not file:
        return f"{head}--b--\r\n".encode()
    part = (
        "--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="numbers.pdf"\r\n\r\n'
    )
    return (head + part).encode() + encodebytes(file).replace(b"\n", b"\r\n") + b"--b--\r\n"


def pdf() -> bytes:
    """A PDF of two empty pages."""
    with pypdfium2.PdfDocument.new() as document, io.BytesIO() as octets:
        for _ in range(2):
            document.new_page(300, 400)
        document.save(octets)
        return octets.getvalue()


def parsed(octets: bytes) -> EmailMessage:
    """A mail."""
    parsed = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed
