"""Mail through a real Sendmail, wired by the fragment of contrib/sendmail."""

import shutil
import smtplib
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo import pki
from demo.daemon import Daemon
from demo.gateway import ANN, BOB, CAT, DAN, KINDS, SETTINGS, _openssl
from demo.place import LOOPBACK, free_port
from demo.postfix import Tls
from demo.sink import Sink
from demo.sink_session import Delivery
from processes import eventually
from sendmail_mta import Sendmail, programs

POLICY = """
rules:
  - name: signed
    when: {subject_words: signed}
    then: [sign: true]
  - name: sealed where we can
    when: {subject_words: secret}
    then: [protect_if_possible: smime]
  - name: sealed or not at all
    when: {subject_words: confidential}
    then: [protect: smime]
  - name: no
    when: {subject_words: forbidden}
    then: [reject: 100% no.]
  - name: hold
    when: {subject_words: strange}
    then: [quarantine: strange]
  - name: fields
    when: {subject_words: fields}
    then:
      - prepend_subject: '[tag]'
      - remove_header: X-Gone
      - add_header: {X-Added: 'yes'}
      - set_header: {X-Set: 'new'}
  - name: others
    when: {subject_words: others}
    then: [add_bcc: cat@two.test]
  - name: elsewhere
    when: {subject_words: elsewhere}
    then: [redirect: cat@two.test]
"""
ACCESS = "tls_rcpt:partner.test ENCR:112\n"  # in lower case, as makemap(8) stores it
TEXT = b"1, 2, 3.\r\n.\r\n..\r\n"


@dataclass(frozen=True)
class Lab:
    """What runs."""

    daemon: Daemon
    mta: Sendmail
    sink: Sink
    people: dict[str, pki.Person]
    root: pki.Authority
    place: Path

    def send(self, message: bytes, *recipients: str, options: tuple[str, ...] = ()) -> None:
        with smtplib.SMTP(LOOPBACK, self.mta.port, timeout=60) as client:
            client.sendmail(ANN, recipients or (BOB,), message, options)

    def take(self, count: int) -> dict[tuple[str, ...], Delivery]:
        arrived = self.sink.take(count, seconds=60)
        assert self.sink.is_quiet(0.3)
        return {tuple(sorted(each.addresses)): each for each in arrived}

    def passed(self, message: bytes, *recipients: str) -> bytes:
        self.send(message, *recipients)
        (only,) = self.take(1).values()
        return only.content

    def decrypted(self, content: bytes, who: str) -> bytes:
        person = self.people[who]
        (self.place / "key.pem").write_bytes(person.key_pem + person.pem)
        return _openssl(content, "-decrypt", "-inkey", str(self.place / "key.pem"))


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    found = programs()
    if found is None:
        pytest.skip("Sendmail needs root and m4: contrib/install-tools installs it")
    with ExitStack() as running:
        # Sendmail trusts no socket below a folder that everybody may write to.
        place = Path(tempfile.mkdtemp(prefix="postseal-", dir="/run"))
        running.callback(shutil.rmtree, place, ignore_errors=True)
        sink = running.enter_context(Sink())
        root = pki.Authority.root()
        people = {address: root.issue(address, kind=kind) for address, kind in KINDS.items()}
        people[ANN] = root.issue(ANN)
        (place / "certificates").mkdir()
        for number, address in enumerate(KINDS):
            (place / "certificates" / f"{number}.pem").write_bytes(people[address].pem)
        (place / "ann.pem").write_bytes(people[ANN].pem)
        (place / "ann.key").touch(mode=0o600)
        (place / "ann.key").write_bytes(people[ANN].key_pem)
        copies = free_port()
        settings = SETTINGS + "trusted_networks: [127.0.0.0/8]\nheld_mail_returns: true\n"
        daemon = Daemon(place, settings=settings, policies={"1.yaml": POLICY}, submit_port=copies, group="")
        running.enter_context(daemon)
        next_hop = int(sink.next_hop.rpartition(":")[2])
        mta = Sendmail(found, socket=daemon.socket, copies_port=copies, next_hop=next_hop, access=ACCESS)
        running.enter_context(mta)
        yield Lab(daemon, mta, sink, people, root, place)


def message(subject: str, *more: bytes, to: str = BOB, text: bytes = TEXT) -> bytes:
    fields = (b"From: ann@lab.test", b"To: %b" % to.encode(), b"Subject: %b" % subject.encode())
    name = subject.replace(" ", "-").encode()
    return b"\r\n".join([*fields, b"Message-ID: <%b@lab.test>" % name, *more]) + b"\r\n\r\n" + text


def test_mail_that_no_rule_is_about_arrives_as_it_was_sent(lab: Lab) -> None:
    sent = message("plain", b"X-Odd:   two  blanks\r\n\tand a fold", text=b"gr\xc3\xbcn\r\n" + TEXT)

    content = lab.passed(sent)

    assert content.endswith(b"\r\n\r\ngr\xc3\xbcn\r\n" + TEXT)
    assert b"X-Odd:   two  blanks\r\n\tand a fold\r\n" in content
    assert "result=accept" in lab.daemon.log()


def test_sealed_mail_is_opened_by_its_recipient(lab: Lab) -> None:
    content = lab.passed(message("confidential"))

    assert TEXT not in content
    assert lab.decrypted(content, BOB).endswith(TEXT)


def test_signed_mail_verifies(lab: Lab) -> None:
    content = lab.passed(message("signed"))

    (lab.place / "root.pem").write_bytes(lab.root.pem)
    verified = _openssl(content, "-verify", "-CAfile", str(lab.place / "root.pem"))
    assert verified.endswith(TEXT)
    assert content.count(b"Content-Type: multipart/signed") == 1


def test_large_mail_is_sealed(lab: Lab) -> None:
    text = b"All work and no play makes Jack a dull boy.\r\n" * 200_000

    content = lab.passed(message("confidential large", text=text))

    assert lab.decrypted(content, BOB).endswith(text)


def test_recipients_who_need_different_copies_get_one_each(lab: Lab) -> None:
    lab.send(message("secret", to=f"{BOB}, {CAT}, {DAN}"), BOB, CAT, DAN)

    arrived = lab.take(2)
    assert set(arrived) == {(BOB, CAT), (DAN,)}
    assert arrived[(DAN,)].content.endswith(TEXT)
    for who in (BOB, CAT):
        assert lab.decrypted(arrived[(BOB, CAT)].content, who).endswith(TEXT)
    assert lab.mta.queued() == []


def test_hidden_recipient_gets_a_copy_of_his_own(lab: Lab) -> None:
    lab.send(message("confidential hidden", b"Bcc: cat@two.test"), BOB, CAT)

    arrived = lab.take(2)
    assert set(arrived) == {(BOB,), (CAT,)}
    for delivery in arrived.values():
        assert b"cat@two.test" not in delivery.content.partition(b"\r\n\r\n")[0].split(b"Received:")[-1]


def test_delivery_notification_parameters_travel_with_copies(lab: Lab) -> None:
    with smtplib.SMTP(LOOPBACK, lab.mta.port, timeout=60) as client:
        client.ehlo()
        client.mail(ANN, ["RET=HDRS", "ENVID=QQ314159"])
        client.rcpt(BOB, ["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;bobby@one.test"])
        client.rcpt(DAN, ["NOTIFY=NEVER"])
        client.data(message("secret notes", to=f"{BOB}, {DAN}"))

    arrived = lab.take(2)
    for delivery in arrived.values():
        assert {"RET=HDRS", "ENVID=QQ314159"} <= set(delivery.parameters)
    assert "NOTIFY=NEVER" in arrived[(DAN,)].recipients[0].parameters


def test_what_cannot_be_sealed_does_not_leave(lab: Lab) -> None:
    with pytest.raises(smtplib.SMTPDataError) as raised:
        lab.send(message("confidential nowhere"), DAN)

    assert raised.value.smtp_code >= 400
    assert lab.sink.is_quiet(0.3)


def test_refusal_is_told_in_the_words_of_the_rule(lab: Lab) -> None:
    with pytest.raises(smtplib.SMTPDataError) as raised:
        lab.send(message("forbidden"))

    assert raised.value.smtp_code == 550
    assert b"100% no." in raised.value.smtp_error  # type: ignore[operator] # octets, for a refusal


def test_nothing_is_held_where_a_release_would_go_past_us(lab: Lab) -> None:
    with pytest.raises(smtplib.SMTPDataError) as raised:
        lab.send(message("strange"))

    assert raised.value.smtp_code == 451
    assert lab.mta.queued() == []
    assert lab.sink.is_quiet(0.3)
    assert "cannot hold mail" in lab.daemon.log()


def test_fields_are_changed_added_and_removed(lab: Lab) -> None:
    gone = (b"X-Gone: 1", b"X-Gone: 2", b"X-Stays: 3", b"X-Gone: 4")

    head = lab.passed(message("fields", *gone, b"x-set: old")).partition(b"\r\n\r\n")[0]

    assert b"\r\nSubject: [tag] fields\r\n" in head
    assert b"X-Gone" not in head
    assert b"\r\nX-Stays: 3" in head
    assert b"\r\nX-Added: yes" in head
    assert head.lower().count(b"\r\nx-set: new") == 1
    assert b"old" not in head


def test_recipients_are_added_and_exchanged(lab: Lab) -> None:
    lab.send(message("others"), BOB)
    assert set(lab.take(1)) == {(BOB, CAT)}

    lab.send(message("elsewhere"), BOB)
    assert set(lab.take(1)) == {(CAT,)}


def test_several_messages_of_one_connection_do_not_mix(lab: Lab) -> None:
    with smtplib.SMTP(LOOPBACK, lab.mta.port, timeout=60) as client:
        for number in range(3):
            client.sendmail(ANN, [BOB], message(f"confidential {number}"))
            client.sendmail(ANN, [DAN], message(f"plain {number}"))

    arrived = lab.sink.take(6, seconds=60)
    for each in arrived:
        assert (TEXT in each.content) is (each.addresses == (DAN,))


def test_mail_waits_while_the_milter_is_away_or_dies(lab: Lab) -> None:
    lab.daemon.stop()
    with pytest.raises(smtplib.SMTPException) as raised:
        lab.send(message("confidential late"))
    assert "451" in str(raised.value)
    assert lab.sink.is_quiet(0.3)

    lab.daemon.start()
    assert TEXT not in lab.passed(message("confidential late"))


def test_partner_whose_mail_needs_tls_gets_it_by_tls_or_not_yet(lab: Lab, tls: Tls) -> None:
    lab.send(message("to a partner"), "bob@partner.test", "cat@two.test")
    (other,) = lab.take(1)
    waits = eventually(
        lambda: [each for each in lab.mta.queued() if b"encryption too weak" in each.read_bytes()]
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate, tls.key)
    lab.sink.tls = context
    try:
        ((recipients, arrived),) = lab.take(1).items()
    finally:
        lab.sink.tls = None

    assert other == ("cat@two.test",)
    assert len(waits) == 1
    assert recipients == ("bob@partner.test",)
    assert arrived.tls
