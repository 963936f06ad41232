"""Mail that comes in S/MIME through real Postfix: opened for its owner and closed to others; verified."""

import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.gateway import ANN, BOB, SETTINGS, Gateway, gateway, without_trace
from postseal.daemon import house
from postseal.store.certificates import Certificates
from postseal.store.engine import Store

POLICY = """
rules:
  - name: opened and not signed
    when: {opened: true, smime_signature: none}
    then: [prepend_subject: '[opened]']
  - name: signed by its author
    when: {smime_signature: pass}
    then: [prepend_subject: '[signed]']
  - name: not believed
    when: {smime_signature: [policy, fail]}
    then: [prepend_subject: '[not believed]']
  - name: text of what was encrypted
    when: {encrypted: true, body_words: forbidden}
    then: [reject: No such words here.]
"""
CARL = "carl@lab.test"
OUTSIDE = "eve@else.test"
TEXT = b"the secret numbers\r\n"
KEYS = """
  trust: trust
  legacy_ciphers: true
  decryption:
    - {recipients: [ann@lab.test], certificate: ann.pem, key: ann.key}
"""


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    with gateway({"10.yaml": POLICY}, settings=SETTINGS + KEYS) as running:
        yield running


@pytest.fixture
def files(gate: Gateway, tmp_path: Path) -> Path:
    for name, person in (("ann", gate.people[ANN]), ("bob", gate.people[BOB])):
        (tmp_path / f"{name}.pem").write_bytes(person.pem)
        (tmp_path / f"{name}.key").write_bytes(person.key_pem)
    return tmp_path


def cms(files: Path, entity: bytes, *arguments: str) -> bytes:
    """What openssl makes of *entity*: an S/MIME entity with its header."""
    command = ["openssl", "cms", "-outform", "SMIME", *arguments]
    done = subprocess.run(command, input=entity, capture_output=True, cwd=files, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def signed(files: Path, text: bytes = TEXT) -> bytes:
    entity = b"Content-Type: text/plain\r\n\r\n" + text
    return cms(files, entity, "-sign", "-signer", "bob.pem", "-inkey", "bob.key", "-binary")


def encrypted(files: Path, entity: bytes) -> bytes:
    return cms(files, entity, "-encrypt", "-aes256", "-binary", "ann.pem")


def message(entity: bytes, *more: bytes, sender: str = BOB, identity: str = "1") -> bytes:
    fields = [b"From: %b" % sender.encode(), b"To: ann@lab.test", b"Subject: in", *more]
    fields += [b"Message-ID: <%b@one.test>" % identity.encode(), b"Date: Tue, 24 Nov 2026 09:00:00 +0000"]
    return b"\r\n".join(fields) + b"\r\n" + entity


def results(content: bytes) -> list[bytes]:
    unfolded = re.sub(rb"\r\n[ \t]+", b" ", content.partition(b"\r\n\r\n")[0])
    return re.findall(rb"(?m)^Authentication-Results: (.*?)\r?$", unfolded)


def test_signed_by_its_author_is_said_so_and_stays_signed(gate: Gateway, files: Path) -> None:
    gate.post(message(signed(files)), ANN, sender=BOB)
    content = gate.sink.take_one().content

    (result,) = results(content)
    assert b"smime=pass" in result
    assert b"body.smime-identifier=bob@one.test" in result
    assert b"X-Postseal-Smime: signed intact\r\n" in content
    assert b"Subject: [signed] in\r\n" in content
    assert gate.verified(content).endswith(TEXT)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        pytest.param(lambda m: m.replace(b"numbers", b"numbrrs"), b"smime=fail", id="changed"),
        pytest.param(lambda m: m.replace(b"From: bob@one", b"From: ben@one"), b"smime=policy", id="author"),
        pytest.param(
            lambda m: m.replace(b"From: bob@one.test", b'From: "ben@one.test" <bob@one.test>'),
            b"smime=policy",
            id="display-name",
        ),
    ],
)
def test_signature_that_proves_nothing_is_said_so(gate: Gateway, files: Path, change, word: bytes) -> None:
    gate.post(change(message(signed(files))), ANN, sender=BOB)
    content = gate.sink.take_one().content

    (result,) = results(content)
    assert word in result
    assert b"[not believed] in\r\n" in content


def test_encrypted_is_opened_for_its_owner_alone(gate: Gateway, files: Path) -> None:
    sealed = message(encrypted(files, signed(files)), identity="two")

    gate.post(sealed, ANN, CARL, sender=BOB)

    arrived = {each.addresses: each.content for each in gate.sink.take(2)}
    assert gate.sink.is_quiet()
    ann, carl = arrived[(ANN,)], arrived[(CARL,)]
    assert gate.verified(ann).endswith(TEXT)
    assert TEXT.strip() in ann
    assert b"X-Postseal-Smime: encrypted aes-256-cbc opened; signed intact\r\n" in ann
    assert b"smime=pass" in results(ann)[0]
    assert TEXT.strip() not in carl
    assert b"X-Postseal-Smime: encrypted aes-256-cbc closed\r\n" in carl
    assert results(carl) == []
    assert gate.decrypted(carl, ANN)


def test_weak_ciphers_are_opened_where_the_settings_say_so(gate: Gateway, files: Path) -> None:
    entity = b"Content-Type: text/plain\r\n\r\n" + TEXT
    gate.post(message(cms(files, entity, "-encrypt", "-des3", "-binary", "ann.pem")), ANN, sender=BOB)
    content = gate.sink.take_one().content

    assert b"X-Postseal-Smime: encrypted 3des-cbc opened\r\n" in content
    assert content.endswith(TEXT)


def test_subject_that_was_hidden_outside_comes_back_for_its_owner(gate: Gateway, files: Path) -> None:
    inner = (
        b"From: bob@one.test\r\nSubject: the merger\r\nHP-Outer: From: bob@one.test\r\n"
        b'HP-Outer: Subject: [...]\r\nContent-Type: text/plain; hp="cipher"; hp-legacy-display="1"\r\n\r\n'
        b"Subject: the merger\r\n\r\n" + TEXT
    )
    hidden = message(encrypted(files, inner)).replace(b"Subject: in", b"Subject: [...]")
    for recipient, subject in ((ANN, b"[opened] the merger"), (CARL, b"[...]")):
        gate.post(hidden, recipient, sender=BOB)
        content = gate.sink.take_one().content
        head, _, text = content.partition(b"\r\n\r\n")
        assert re.findall(rb"(?m)^Subject: (.*?)\r?$", head) == [subject]
        assert (text == TEXT) is (recipient == ANN)  # the legacy display element is off again


def test_caught_mail_is_not_opened_for_who_caught_it(gate: Gateway, files: Path) -> None:
    sealed = message(encrypted(files, b"Content-Type: text/plain\r\n\r\n" + TEXT))

    gate.post(sealed, CARL, sender="mallory@else.test")
    content = gate.sink.take_one().content

    assert TEXT.strip() not in content
    assert b"[opened]" not in content


def test_policy_sees_the_text_of_what_is_opened(gate: Gateway, files: Path) -> None:
    sealed = message(encrypted(files, b"Content-Type: text/plain\r\n\r\nforbidden\r\n"))

    with pytest.raises(Exception, match="No such words here"):
        gate.post(sealed, ANN, sender=BOB)


def test_opened_mail_does_not_leave_for_outside_in_plain(gate: Gateway, files: Path) -> None:
    sealed = message(encrypted(files, b"Content-Type: text/plain\r\n\r\n" + TEXT), identity="three")

    gate.post(sealed, ANN, OUTSIDE, sender=BOB)

    arrived = {each.addresses: each.content for each in gate.sink.take(2)}
    assert TEXT.strip() in arrived[(ANN,)]
    assert b"Subject: [opened] in\r\n" in arrived[(ANN,)]
    assert TEXT.strip() not in arrived[(OUTSIDE,)]
    assert b"X-Postseal-" not in arrived[(OUTSIDE,)]


def test_broken_encryption_stays_as_it_came(gate: Gateway, files: Path) -> None:
    sealed = encrypted(files, b"Content-Type: text/plain\r\n\r\n" + TEXT)
    head, _, body = sealed.partition(b"\r\n\r\n")
    lines = body.split(b"\r\n")
    lines[-4] = lines[-4][::-1]
    broken = head + b"\r\n\r\n" + b"\r\n".join(lines)

    gate.post(message(broken), ANN, sender=BOB)
    content = gate.sink.take_one().content

    assert b"\r\n".join(lines).strip() in content
    assert TEXT.strip() not in content


def test_forged_results_are_taken_off_and_those_of_others_stay(gate: Gateway, files: Path) -> None:
    host = socket.gethostname().encode()
    forged = b"Authentication-Results: %b; smime=pass body.smime-identifier=bob@one.test" % host
    others = b"Authentication-Results: %b; dkim=pass header.d=one.test" % host
    own = b"X-Postseal-Smime: signed intact"
    gate.post(message(b"\r\n" + TEXT, forged, others, own), ANN, sender=BOB)
    content = gate.sink.take_one().content

    assert [one for one in results(content) if b"smime" in one] == []
    assert others in content
    assert b"X-Postseal-" not in content


def test_certificate_of_a_good_signature_is_kept_for_the_answer(gate: Gateway, files: Path) -> None:
    gate.post(message(signed(files)), ANN, sender=BOB)
    gate.sink.take_one()

    settings = house.build(gate.daemon.settings_file).settings
    store = Store(settings.store, timeout=10)
    try:
        kept = Certificates(store).of(BOB)
    finally:
        store.close()
    assert [one.origin for one in kept] == ["harvested"]


def test_mail_without_smime_is_untouched(gate: Gateway) -> None:
    sent = message(b"\r\n" + TEXT)

    gate.post(sent, ANN, sender=BOB)

    assert without_trace(gate.sink.take_one().content) == sent


def test_key_for_people_outside_is_refused(gate: Gateway) -> None:
    path = gate.daemon.settings_file
    text = path.read_text()
    try:
        path.write_text(text.replace("recipients: [ann@lab.test]", "recipients: [ann@else.test]"))
        done = gate.daemon.command("check")
    finally:
        path.write_text(text)

    assert done.returncode == 1
    assert "'ann@else.test' is not in an accepted domain" in done.stdout + done.stderr


def test_fields_of_ours_that_were_encrypted_do_not_come_out(gate: Gateway, files: Path) -> None:
    forged = b"X-Postseal-Smime: signed intact\r\nX-Postseal-Held: x\r\n"
    entity = forged + b"Content-Type: text/plain\r\n\r\n" + TEXT

    gate.post(message(encrypted(files, entity), identity="forged"), ANN, sender=BOB)

    content = gate.sink.take_one().content
    header = content.partition(b"\r\n\r\n")[0]
    assert content.endswith(TEXT)
    assert re.findall(rb"(?im)^x-postseal-\S+: .*?\r?$", header) == [
        b"X-Postseal-Smime: encrypted aes-256-cbc opened\r"
    ]
