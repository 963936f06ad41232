"""Mail that we have opened does not leave in plain: not by an alias, a rule, or a server that sends it on."""

import shutil
import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.gateway import ANN, BOB, Gateway, gateway
from fragments import Fragments
from processes import eventually
from quarantine import Held

CARL, EVE = "carl@lab.test", "eve@else.test"
ACCOUNT = "daemon"
SETTINGS = """
workers: 2
tls: {enforced: true, postfix: none}
accepted_domains: [lab.test]
smime:
  certificates: certificates
  trust: trust
  decryption:
    - {recipients: [lab.test], certificate: ann.pem, key: ann.key}
"""
POLICY = """
rules:
  - name: a rule that sends it on
    when: {opened: true, subject_words: on}
    then: [add_bcc: eve@else.test]
  - name: a rule that wants it to travel by TLS
    when: {opened: true, subject_words: tls}
    then: [require_tls: encrypt]
"""
ALIASES = {
    "team@lab.test": f"{CARL}, {BOB}",
    "sales@lab.test": BOB,
    "lost@lab.test": f"{CARL}, {EVE}",
    "both@lab.test": f"{ANN}, {CARL}",
}
TLS_IS_MISSING = "TLS is required, but was not offered"
TEXT = b"the secret numbers\r\n"


@pytest.fixture(scope="module")
def wired() -> Iterator[Held]:
    fragments = Fragments()
    aliases = ", ".join(f"{{ {name} = {members} }}" for name, members in ALIASES.items())
    parameters = fragments.parameters | {
        "postseal_milter": "",
        "virtual_alias_maps": f"inline:{{ {aliases} }}",
        "virtual_alias_domains": "",
    }
    options = {"parameters": parameters, "services": fragments.unjailed}
    copies = fragments.reinjection_port
    with gateway({"1.yaml": POLICY}, settings=SETTINGS, copies_port=copies, **options) as gate:
        milters = {"smtpd_milters": "$postseal_milter", "non_smtpd_milters": "$postseal_milter"}
        gate.postfix.configure({"postseal_milter": gate.daemon.milter, **milters})
        gate.postfix.reload()
        yield Held(gate, fragments)


def sealed(gate: Gateway, place: Path, subject: str = "x") -> bytes:
    (place / "to.pem").write_bytes(gate.people[ANN].pem)
    command = ["openssl", "cms", "-encrypt", "-aes256", "-outform", "SMIME", "to.pem"]
    entity = b"Content-Type: text/plain\r\n\r\n" + TEXT
    done = subprocess.run(command, input=entity, cwd=place, capture_output=True, check=True)
    fields = f"From: bob@one.test\nTo: team@lab.test\nSubject: {subject}\nMessage-ID: <{subject}@one.test>\n"
    return (fields.encode() + done.stdout).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def take(wired: Held, count: int) -> dict[str, bytes]:
    arrived = wired.gate.sink.take(count, seconds=60)
    wired.gate.postfix.await_queue(0)
    assert wired.gate.sink.is_quiet(0.2)
    return {who: each.content for each in arrived for who in each.addresses}


def test_opened_mail_for_a_mailbox_arrives_open_with_what_is_said_of_it(wired: Held, tmp_path: Path) -> None:
    wired.send(sealed(wired.gate, tmp_path, "mailbox"), ANN, sender=BOB)

    content = take(wired, 1)[ANN]
    assert content.endswith(TEXT)
    assert content.count(b"X-Postseal-Smime: encrypted aes-256-cbc opened\r\n") == 1


def test_alias_of_people_inside_gets_it_open(wired: Held, tmp_path: Path) -> None:
    wired.send(sealed(wired.gate, tmp_path, "inside"), "both@lab.test", sender=BOB)

    arrived = wired.gate.sink.take_one(seconds=60)
    assert set(arrived.addresses) == {ANN, CARL}
    assert arrived.content.endswith(TEXT)


def test_member_of_an_alias_outside_gets_it_closed(wired: Held, tmp_path: Path) -> None:
    wired.send(sealed(wired.gate, tmp_path, "team"), "team@lab.test", sender=BOB)

    arrived = take(wired, 2)
    assert arrived[CARL].endswith(TEXT)
    assert TEXT.strip() not in arrived[BOB]
    assert wired.gate.decrypted(arrived[BOB], BOB).endswith(TEXT)
    assert b"postseal-" not in arrived[BOB].partition(b"\r\n\r\n")[0].lower()


def test_alias_of_somebody_outside_alone_is_closed_again(wired: Held, tmp_path: Path) -> None:
    wired.send(sealed(wired.gate, tmp_path, "sales"), "sales@lab.test", sender=BOB)

    content = take(wired, 1)[BOB]
    assert TEXT.strip() not in content
    assert wired.gate.decrypted(content, BOB).endswith(TEXT)


def test_without_a_way_to_close_it_again_it_waits(wired: Held, tmp_path: Path) -> None:
    wired.send(sealed(wired.gate, tmp_path, "lost"), "lost@lab.test", sender=BOB)

    (queued,) = wired.gate.postfix.await_queue(1)
    assert queued.queue == "deferred"
    assert wired.gate.sink.is_quiet(0.2)
    assert "cause=no_certificate" in wired.gate.daemon.log()
    wired.drop()


@pytest.mark.parametrize("options", [(), ("RET=FULL", "ENVID=QQ314159")])
def test_bounce_does_not_quote_it(wired: Held, options: tuple[str, ...], tmp_path: Path) -> None:
    sink = wired.gate.sink
    sink.answers[ANN] = "550 5.1.1 no such mailbox"
    subject = f"bounced-{len(options)}"
    with smtplib.SMTP("127.0.0.1", wired.wired.smtp_port, timeout=60) as client:
        client.sendmail(BOB, [ANN], sealed(wired.gate, tmp_path, subject), mail_options=options)

    bounce = sink.take_one(seconds=60)
    del sink.answers[ANN]
    assert bounce.addresses == (BOB,)
    assert f"<{subject}@one.test>".encode() in bounce.content
    assert TEXT.strip() not in bounce.content
    assert (b"Original-Envelope-Id: QQ314159" in bounce.content) is bool(options)


def test_copy_that_was_submitted_bounces_without_its_text(wired: Held, tmp_path: Path) -> None:
    sink = wired.gate.sink
    sink.answers[ANN] = "550 5.1.1 no such mailbox"
    wired.send(sealed(wired.gate, tmp_path, "two"), EVE, ANN, sender=BOB)

    arrived = {each.addresses: each.content for each in sink.take(2, seconds=60)}
    del sink.answers[ANN]
    assert set(arrived) == {(EVE,), (BOB,)}
    assert TEXT.strip() not in arrived[(BOB,)] + arrived[(EVE,)]


def test_recipient_outside_whom_a_rule_adds_gets_it_as_it_came(wired: Held, tmp_path: Path) -> None:
    wired.send(sealed(wired.gate, tmp_path, "on"), ANN, sender=BOB)

    arrived = take(wired, 2)
    assert arrived[ANN].endswith(TEXT)
    assert TEXT.strip() not in arrived[EVE]
    assert b"pkcs7-mime" in arrived[EVE]


@pytest.mark.parametrize("recipient", [BOB, EVE])
def test_server_inside_that_sends_it_on_sends_it_closed_or_not(
    wired: Held, recipient: str, tmp_path: Path
) -> None:
    wired.send(sealed(wired.gate, tmp_path, "forward"), ANN, sender=BOB)
    opened = take(wired, 1)[ANN]

    if recipient == EVE:
        with pytest.raises(smtplib.SMTPDataError) as raised:
            wired.send(opened, recipient, sender=BOB)
        assert 400 <= raised.value.smtp_code < 500
        assert wired.gate.sink.is_quiet(0.2)
        return
    wired.send(opened, recipient, sender=BOB)
    content = take(wired, 1)[recipient]
    assert wired.gate.decrypted(content, BOB).endswith(TEXT)
    assert TEXT.strip() not in content


def test_opened_mail_that_needs_tls_comes_by_again_and_still_needs_it(wired: Held, tmp_path: Path) -> None:
    wired.send(sealed(wired.gate, tmp_path, "tls"), "team@lab.test", sender=BOB)

    # The sink knows no TLS: the open copy for those inside waits for it, and the closed one for Bob outside.
    def waiting() -> set[str]:
        reasons = {who: why for each in wired.gate.postfix.queue() for who, why in each.reasons.items()}
        return {who for who, why in reasons.items() if TLS_IS_MISSING in why}

    assert eventually(lambda: waiting() == {CARL, BOB})
    assert wired.gate.sink.is_quiet(0.5)
    assert "postfix/opened/smtpd" in wired.gate.postfix.log()
    wired.gate.postfix.command("postsuper", "-d", "ALL")


@contextmanager
def accounts(directory: Path, forward_path: str) -> Iterator[Gateway]:
    """A gateway whose Postfix delivers to accounts, one of which wants its mail sent on."""
    mailboxes = directory / "mailboxes"
    mailboxes.mkdir()
    (directory / f"{ACCOUNT}.forward").write_text(f"{EVE}\n\\{ACCOUNT}\n")
    for place in mailboxes, directory / f"{ACCOUNT}.forward":
        shutil.chown(place, user=ACCOUNT)
    parameters = {
        "mydestination": "lab.test",
        "local_transport": "local:",
        "mail_spool_directory": f"{mailboxes}/",
        "forward_path": forward_path,
    }
    options = {"parameters": parameters, "services": "local unix - n n - - local\n"}
    with gateway({"1.yaml": "rules: []"}, settings=SETTINGS, **options) as gate:
        yield gate


def opened_for_the_account(gate: Gateway, directory: Path) -> bool:
    """Whether it gets open what only the gateway can open; then the queue is empty."""
    gate.post(sealed(gate, directory), f"{ACCOUNT}@lab.test")
    (mail,) = eventually(lambda: list((directory / "mailboxes" / ACCOUNT / "new").glob("*")))
    gate.postfix.await_queue(0)
    return TEXT.strip() in mail.read_bytes()


def test_forward_file_takes_opened_mail_past_every_milter(directory: Path) -> None:
    with accounts(directory, f"{directory}/$user.forward") as gate:
        assert opened_for_the_account(gate, directory)

        assert TEXT in gate.sink.take_one(seconds=60).content


def test_forward_path_of_the_fragment_keeps_opened_mail_here(directory: Path) -> None:
    with accounts(directory, Fragments().parameters["forward_path"]) as gate:
        assert opened_for_the_account(gate, directory)

        assert gate.sink.is_quiet()
