"""Sealed messages through real Postfix: what arrives is opened as the portal would open it."""

import email
import email.policy
import os
import re
import smtplib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from demo.gateway import BOB, SETTINGS, Gateway, gateway
from postseal.body import Spool
from postseal.errors import Failure
from postseal.licence import Attachments
from postseal.sealed import keyfile
from postseal.sealed.container import HEADER_OCTETS, Head, opened
from postseal.store.engine import Store
from postseal.store.ring import Opened
from postseal.store.ring import opened as opened_ring
from postseal.store.sealed import unwrapped
from sealing import posted

POLICY = """
rules:
  - name: by portal
    when: {subject_words: sealed}
    then: [protect: ome, expire: 30d]
  - name: with a subject of ours outside
    when: {subject_words: covered}
    then: [protect: ome, cover_subject: Message from our house]
  - name: in the name of another house
    when: {subject_words: legal}
    then: [protect: ome, branding: legal]
  - name: neither printed nor sent on
    when: {subject_words: restricted}
    then: [protect: [smime, ome], template: do_not_forward, withhold: reply_all]
  - name: no files, and its sender hears of it
    when: {subject_words: heard}
    then: [protect: ome, attachments: withhold, read_notice: true]
  - name: by a link for who takes no HTML files
    when: {subject_words: linked, recipient: dan@nokey.test}
    then: [sealed_form: link]
  - name: by certificate or portal
    when: {subject_words: either}
    then: [protect: [smime, ome]]
  - name: signed and by portal
    when: {subject_words: signed}
    then: [protect: ome, sign: true]
"""
TEMPLATES = """
templates:
  readers: {rights: [{anyone: true, grant: viewer}]}
  hidden: {rights: [{anyone: true, grant: owner}]}
offer: [readers]
"""
DAN, EVE = "dan@nokey.test", "eve@nokey.test"
TEXT = b"The numbers: 1, 2, 3.\r\n"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "master.keys"
    keyfile.create(path, datetime.now(UTC))
    return path


@pytest.fixture(scope="module")
def gate(keys: Path) -> Iterator[Gateway]:
    settings = f"{SETTINGS}\nome: {{portal: 'https://portal.lab.test', master_keys: 'file:{keys}'}}\n"
    folder = {
        "10.yaml": POLICY,
        "brandings/1.yaml": "brandings: {legal: {name: Lab Legal}}\n",
        "templates/1.yaml": TEMPLATES,
    }
    with gateway(folder, settings=settings) as running:
        yield running


@pytest.fixture
def ring(gate: Gateway, keys: Path) -> Iterator[Opened]:
    with closing(Store(f"sqlite:///{gate.daemon.directory}/store/store.sqlite", timeout=30)) as store:
        yield opened_ring(store, keyfile.FileKeys(keys))


def message(subject: str, to: str, *more: bytes, identity: str = "1") -> bytes:
    fields = [
        *(b"From: ann@lab.test", b"To: %b" % to.encode(), b"Subject: %b" % subject.encode()),
        *(b"Message-ID: <%b@lab.test>" % identity.encode(), b"Date: Mon, 23 Nov 2026 09:00:00 +0000"),
        *more,
    ]
    return b"\r\n".join(fields) + b"\r\n\r\n" + TEXT


def parsed(content: bytes) -> EmailMessage:
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def read(content: bytes, address: str, ring: Opened) -> bytes:
    """What *address* reads of the mail that carries a sealed message."""
    container = posted(parsed(content))
    known = ring.messages.of(Head.of(container[:HEADER_OCTETS]).id)
    assert known
    reader = known.addressee(address)
    assert reader, "not one of the recipients"
    return opened([container], unwrapped(known, reader, ring.keys), Spool()).read()


def copies(gate: Gateway, count: int) -> dict[tuple[str, ...], bytes]:
    return {tuple(sorted(each.addresses)): each.content for each in gate.sink.take(count)}


def test_sealed_message_arrives_and_opens_for_its_recipient(gate: Gateway, ring: Opened) -> None:
    sent = message("sealed numbers", DAN, b"References: <0@nokey.test>", identity="one")

    arrived = gate.passed(sent, DAN).content

    assert TEXT.strip() not in arrived
    assert b"sealed numbers" not in arrived
    inner = read(arrived, DAN, ring)
    assert inner.endswith(sent)
    mail = parsed(arrived)
    assert (mail["Subject"], mail["Message-ID"]) == ("[...]", "<one@lab.test>")
    assert mail["References"] == "<0@nokey.test>"


def test_sealed_message_has_the_subject_outside_that_the_rule_says(gate: Gateway, ring: Opened) -> None:
    sent = message("covered numbers", DAN, identity="covered")

    arrived = gate.passed(sent, DAN).content

    assert parsed(arrived)["Subject"] == "Message from our house"
    assert b"covered numbers" not in arrived
    assert b"Subject: covered numbers" in read(arrived, DAN, ring)


@pytest.mark.parametrize(("subject", "named"), [("legal", True), ("sealed", False)])
def test_sealed_message_comes_in_the_name_of_its_branding(gate: Gateway, subject: str, named: bool) -> None:
    arrived = parsed(gate.passed(message(subject, DAN, identity=f"brand-{subject}"), DAN).content)

    text = arrived.get_body(("plain",))
    assert text is not None
    assert ("Lab Legal" in text.get_content()) is named


def test_each_recipient_gets_what_reaches_him(gate: Gateway, ring: Opened) -> None:
    gate.post(message("either", f"{BOB}, {DAN}", identity="either"), BOB, DAN)

    arrived = copies(gate, 2)
    assert set(arrived) == {(BOB,), (DAN,)}
    assert gate.decrypted(arrived[(BOB,)], BOB).endswith(TEXT)
    assert read(arrived[(DAN,)], DAN, ring).endswith(TEXT)


def test_who_takes_no_html_files_gets_a_link(gate: Gateway, ring: Opened) -> None:
    gate.post(message("sealed and linked", f"{DAN}, {EVE}", identity="linked"), DAN, EVE)

    arrived = copies(gate, 2)
    assert set(arrived) == {(DAN,), (EVE,)}
    assert b"message.html" not in arrived[(DAN,)]
    link = re.search(rb"https://portal.lab.test/m/([0-9a-f]{32})", arrived[(DAN,)])
    assert link
    known = ring.messages.of(bytes.fromhex(link[1].decode()))
    assert known
    assert [one.address for one in known.recipients] == [DAN]
    assert read(arrived[(EVE,)], EVE, ring).endswith(TEXT)


def test_hidden_recipient_has_a_sealed_message_of_his_own(gate: Gateway, ring: Opened) -> None:
    gate.post(message("sealed", DAN, b"Bcc: eve@nokey.test", identity="bcc"), DAN, EVE)

    arrived = copies(gate, 2)
    assert set(arrived) == {(DAN,), (EVE,)}
    for whose in (DAN, EVE):
        inner = read(arrived[(whose,)], whose, ring)
        assert inner.endswith(TEXT)
        assert EVE.encode() not in inner
    with pytest.raises(AssertionError, match="not one of the recipients"):
        read(arrived[(DAN,)], EVE, ring)


def test_signed_message_is_sealed_with_its_signature(gate: Gateway, ring: Opened) -> None:
    arrived = gate.passed(message("signed", DAN, identity="signed"), DAN).content

    inner = read(arrived, DAN, ring)
    assert b"multipart/signed" in inner
    assert TEXT in gate.verified(inner)


def test_delivery_status_parameters_travel_and_the_carrier_is_7bit(gate: Gateway) -> None:
    with smtplib.SMTP("127.0.0.1", gate.postfix.port, timeout=60) as client:
        client.ehlo()
        client.mail("ann@lab.test", ["BODY=8BITMIME", "RET=HDRS", "ENVID=QQ1"])
        client.rcpt(DAN, ["NOTIFY=SUCCESS", f"ORCPT=rfc822;{DAN}"])
        client.data(message("sealed", DAN, identity="dsn").replace(b"numbers", "Zählen".encode()))

    delivery = gate.sink.take_one(seconds=60)
    assert {"RET=HDRS", "ENVID=QQ1"} <= set(delivery.parameters)
    assert "NOTIFY=SUCCESS" in delivery.recipients[0].parameters
    assert delivery.content.isascii()


def test_message_tried_again_is_the_same_sealed_message(gate: Gateway, ring: Opened) -> None:
    sent = message("sealed", DAN, identity="again")

    first, second = (gate.passed(sent, DAN).content for _ in range(2))

    ids = {Head.of(posted(parsed(each))[:HEADER_OCTETS]).id for each in (first, second)}
    assert len(ids) == 1
    ring.access.revoke(ids.pop(), at=datetime.now(UTC))
    for each in (first, second):
        with pytest.raises(ValueError, match="deleted"):
            read(each, DAN, ring)


def test_attachment_of_megabytes_opens_byte_for_byte(gate: Gateway, ring: Opened) -> None:
    sent = message("sealed", DAN, identity="large") + os.urandom(3 << 20).hex(" ", 32).encode().replace(
        b" ", b"\r\n"
    )

    arrived = gate.passed(sent, DAN).content

    assert read(arrived, DAN, ring).endswith(sent + b"\r\n")


def test_store_that_does_not_answer_leaves_the_mail_with_the_client(gate: Gateway, ring: Opened) -> None:
    sent = message("sealed", DAN, identity="down")
    with closing(
        sqlite3.connect(gate.daemon.directory / "store/store.sqlite", isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        code, text = gate.refused(sent, DAN)
        other.execute("ROLLBACK")

    assert (code, text[:5]) == (451, "4.3.0")
    assert gate.sink.is_quiet()
    assert read(gate.passed(sent, DAN).content, DAN, ring).endswith(TEXT)


def test_rights_are_noted_with_the_message_and_in_its_keys(gate: Gateway, ring: Opened) -> None:
    container = posted(parsed(gate.passed(message("restricted", DAN, identity="rights"), DAN).content))

    known = ring.messages.of(Head.of(container[:HEADER_OCTETS]).id)
    assert known
    assert known.rights == ("reply_all", "forward", "print", "copy", "save")
    (reader,) = known.recipients
    assert unwrapped(known, reader, ring.keys)
    with pytest.raises(Failure):
        unwrapped(replace(known, rights=()), reader, ring.keys)


def test_what_becomes_of_files_and_who_hears_of_it_are_noted(gate: Gateway, ring: Opened) -> None:
    container = posted(parsed(gate.passed(message("heard", DAN, identity="heard"), DAN).content))

    known = ring.messages.of(Head.of(container[:HEADER_OCTETS]).id)
    assert known
    assert known.licence.attachments is Attachments.WITHHOLD
    assert known.read_notice


def test_sender_inside_asks_for_a_template_that_is_offered(gate: Gateway, ring: Opened) -> None:
    asking = message("of no rule", DAN, b"X-Usage-Rights: readers", identity="asked")
    container = posted(parsed(gate.passed(asking, DAN).content))

    known = ring.messages.of(Head.of(container[:HEADER_OCTETS]).id)
    assert known
    assert known.rights == ("forward", "edit", "print", "copy", "save")
    (reader,) = known.recipients
    inner = opened([container], unwrapped(known, reader, ring.keys), Spool()).read()
    assert TEXT in inner
    assert b"X-Usage-Rights" not in inner


def test_sender_who_asks_for_what_is_not_offered_is_told(gate: Gateway) -> None:
    code, text = gate.refused(message("of no rule", DAN, b"X-Usage-Rights: hidden", identity="vain"), DAN)

    assert code == 550
    assert "asks for usage rights that are not offered here" in text
    assert gate.sink.is_quiet(0.3)
