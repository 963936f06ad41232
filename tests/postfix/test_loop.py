"""A listener for copies that has this milter too: what leaves is what would leave without the mistake."""

import smtplib
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from demo.gateway import BOB, CAT, SETTINGS, Gateway, gateway, without_trace
from demo.place import LOOPBACK, free_port
from processes import sample

POLICY = """
rules:
  - name: sealed
    when: {subject_words: secret, recipient: [bob@one.test, cat@two.test]}
    then: [protect: smime]
  - name: by TLS
    when: {subject_words: by TLS, recipient: bob@one.test}
    then: [require_tls: encrypt]
"""
EVE = "eve@else.test"
TEXT = b"The numbers: 1, 2, 3.\r\n"
CAME_BACK = 'postseal_seals_total{kind="guard",verdict="honoured"}'
REPLAYED = 'postseal_seals_total{kind="guard",verdict="replayed"}'


def message(subject: str, to: str, *more: bytes, text: bytes = TEXT) -> bytes:
    fields = (b"From: ann@lab.test", b"To: %b" % to.encode(), b"Subject: %b" % subject.encode(), *more)
    return b"\r\n".join(fields) + b"\r\n\r\n" + text


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    """The mistake: copies go to a listener that has all milters."""
    port = free_port()
    services = f"{LOOPBACK}:{port} inet n - n - - smtpd -o syslog_name=postfix/mistaken\n"
    wiring = {"services": services, "reinjection_port": free_port(), "parameters": {"hopcount_limit": "100"}}
    settings = SETTINGS + "store_timeout: 1s\ntls: {enforced: true, postfix: none}\n"
    with gateway({"1.yaml": POLICY}, settings=settings, copies_port=port, **wiring) as running:
        yield running


def counted(gate: Gateway, name: str) -> float:
    return sample(gate.daemon, name) or 0.0


def test_loop_copies_go_once_and_are_protected_once(gate: Gateway) -> None:
    before = counted(gate, CAME_BACK)

    gate.post(message("secret", f"{BOB}, {CAT}, {EVE}", b"Message-ID: <1@x>"), BOB, CAT, EVE)

    arrived = {tuple(sorted(each.addresses)): each.content for each in gate.sink.take(2)}
    assert set(arrived) == {(BOB, CAT), (EVE,)}
    assert gate.decrypted(arrived[BOB, CAT], BOB).endswith(TEXT)
    assert gate.sink.is_quiet()
    assert counted(gate, CAME_BACK) == before + 1
    assert "event=loop" in gate.daemon.log()


@pytest.mark.parametrize(
    ("more", "text"),
    [
        pytest.param(b"X: 1", b"", id="empty"),
        pytest.param(b"X: 1", b".\r\n..\r\n. x\r\n", id="dots"),
        pytest.param(b"Content-Type: text/plain; charset=utf-8", "grün\r\n".encode(), id="8-bit"),
        pytest.param(b"X-Long: " + b"x" * 900, b"y" * 3000 + b"\r\n", id="long lines"),
        pytest.param(b"To: a@b.test,\r\n\tc@d.test", b"x\r\n", id="folded"),
    ],
)
def test_loop_any_text_is_known_again(gate: Gateway, more: bytes, text: bytes) -> None:
    before = counted(gate, CAME_BACK)

    gate.post(message("secret", BOB, more, text=text), BOB, EVE)

    sealed, plain = sorted(gate.sink.take(2), key=lambda each: each.addresses)
    assert gate.decrypted(sealed.content, BOB).replace(b"\r\n ", b"").endswith(text.replace(b"\r\n ", b""))
    assert without_trace(plain.content).count(b"(Postseal)") <= 1
    assert counted(gate, CAME_BACK) == before + 1
    assert gate.sink.is_quiet()


def test_loop_copy_sent_again_from_outside_is_any_mail(gate: Gateway) -> None:
    """Eve has her copy, with its mark; the mark was honoured when the copy left."""
    gate.post(message("secret", f"{BOB}, {EVE}", b"Message-ID: <2@x>"), BOB, EVE)
    got = {each.addresses: each for each in gate.sink.take(2)}
    copy = next(each for each in got.values() if b"(guard " in each.content)
    before = counted(gate, REPLAYED)

    gate.post(copy.content, *copy.addresses)

    gate.sink.take_one()
    assert counted(gate, REPLAYED) == before + 1
    assert "verdict=replayed" in gate.daemon.log()


def test_loop_store_down_copy_waits(gate: Gateway) -> None:
    gate.post(message("secret", f"{BOB}, {EVE}", b"Message-ID: <3@x>"), BOB, EVE)
    copy = next(each for each in gate.sink.take(2) if b"(guard " in each.content)

    with closing(sqlite3.connect(gate.directory / "store/store.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        code, _ = gate.refused(copy.content, *copy.addresses)

    assert code == 451


def test_hops_more_than_allowed_are_refused_for_good(gate: Gateway) -> None:
    trace = tuple(b"Received: from a by b; Mon, 23 Nov 2026 09:00:00 +0000" for _ in range(51))

    gate.passed(message("hi", BOB, *trace[:50]))
    code, text = gate.refused(message("hi", BOB, *trace))

    assert (code, text.split()[0]) == (554, "5.4.6")


def test_fields_of_ours_from_outside_never_arrive(gate: Gateway) -> None:
    forged = (b"X-Postseal-Held: x\r\n y", b"x-postseal-verdict : good", b"X-Postseal-A\t: 1", b"X-Mine: 1")

    plain = gate.passed(message("hi", BOB, *forged)).content
    gate.post(message("secret", f"{BOB}, {EVE}", *forged), BOB, EVE)
    copies = gate.sink.take(2)

    for content in (plain, *(each.content for each in copies)):
        assert b"postseal-" not in content.partition(b"\r\n\r\n")[0].lower()
        assert b"X-Mine: 1\r\n" in content
    assert "kind=held verdict=forged" in gate.daemon.log()


def test_loop_copy_that_needs_tls_is_not_let_go(gate: Gateway) -> None:
    """Its filter is set where our field is added, which such a listener does not notice."""
    sent = message("by TLS", f"{BOB}, {EVE}, {CAT}", b"Message-ID: <tls@x>")

    with pytest.raises(smtplib.SMTPDataError) as raised:
        gate.post(sent, BOB, EVE, CAT)

    assert raised.value.smtp_code == 451
    assert gate.sink.is_quiet()
    assert "a copy that must not travel without TLS came back" in gate.daemon.log()
