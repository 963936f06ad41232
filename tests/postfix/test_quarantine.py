"""Mail held in quarantine and released: judged again as it was, through the fragments of contrib/postfix."""

import smtplib
from collections.abc import Iterator

import pytest

from demo.gateway import ANN, BOB, CAT, DAN, SETTINGS, gateway
from demo.place import LOOPBACK
from fragments import Fragments
from processes import eventually
from quarantine import Held

POLICY = """
rules:
  - name: look at numbers
    when: {subject_words: numbers}
    then: [quarantine: many numbers]
  - name: look at secrets
    when: {subject_words: very secret}
    then: [quarantine: a secret]
  - name: sealed
    when: {subject_words: secret, recipient: [bob@one.test, cat@two.test, team@lab.test]}
    then: [protect: smime]
  - name: hold what cannot be sealed
    when: {subject_words: confidential}
    then: [protect: smime]
    on_error: quarantine
  - name: from inside
    when: {sender_scope: inside}
    then: [add_header: {X-Inside: 'yes'}]
  - name: logged in
    when: {authenticated: true}
    then: [add_header: {X-Login: 'yes'}]
  - name: from the shop
    when: {sender: shop@shop.lab.test}
    then: [add_header: {X-Shop: 'yes'}]
  - name: to the team
    when: {recipient: team@lab.test}
    then: [add_header: {X-Team: 'yes'}]
  - name: sees what is ours
    when: {any: [{header_matches: {X-Other: '.'}}]}
    then: [add_header: {X-Seen: 'yes'}]
"""
EVE = "eve@else.test"
TEXT = b"1, 2, 3.\r\n.\r\n..\r\n"
ALIASES = {"team@lab.test": "bob@one.test, eve@else.test"}


@pytest.fixture(scope="module")
def quarantine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    wired = Fragments()
    parameters = wired.parameters | {
        "postseal_milter": "",
        "virtual_alias_maps": f"inline:{{ {', '.join(f'{{ {k} = {v} }}' for k, v in ALIASES.items())} }}",
        "virtual_alias_domains": "",
        "masquerade_domains": "lab.test",
        "masquerade_classes": "envelope_sender, header_sender",
        "mynetworks": "127.0.0.0/8, 203.0.113.0/24",  # strangers of XCLIENT may relay
    }
    options = {"parameters": parameters, "services": wired.unjailed}
    with gateway(
        {"1.yaml": POLICY},
        settings=SETTINGS + "held_mail_returns: true\n",
        copies_port=wired.reinjection_port,
        **options,
    ) as gate:
        gate.postfix.configure({"postseal_milter": gate.daemon.milter, "smtpd_milters": "$postseal_milter",
                                "non_smtpd_milters": "$postseal_milter"})  # fmt: skip
        gate.postfix.reload()
        yield Held(gate, wired)


def message(subject: str, *more: bytes, to: str = BOB, text: bytes = TEXT) -> bytes:
    fields = (b"From: ann@lab.test", b"To: %b" % to.encode(), b"Subject: %b" % subject.encode())
    return b"\r\n".join([*fields, b"Message-ID: <1@lab.test>", *more]) + b"\r\n\r\n" + text


def test_quarantine_released_arrives_protected(quarantine: Held) -> None:
    sent = message("secret numbers", to=f"{BOB}, {EVE}")
    before = quarantine.counted("honoured")

    quarantine.send(sent, BOB, EVE)
    stored = quarantine.stored()
    quarantine.release()

    arrived = quarantine.take(2)
    assert b"\nX-Postseal-Held:" in stored
    assert stored.replace(b"\n", b"\r\n").endswith(TEXT)
    assert quarantine.gate.decrypted(arrived[(BOB,)].content, BOB).endswith(TEXT)
    assert arrived[(EVE,)].content.endswith(b"\r\n\r\n" + TEXT)
    assert quarantine.counted("honoured") == before + 1
    log = quarantine.gate.daemon.log()
    assert 'reason="many numbers"' in log
    assert "event=released" in log


@pytest.mark.parametrize(
    ("client", "inside", "login"),
    [
        pytest.param("ADDR=203.0.113.9 LOGIN=ann", True, True, id="logged in from afar"),
        pytest.param("ADDR=203.0.113.9", False, False, id="a stranger who writes as Ann"),
        pytest.param("", True, False, id="from a trusted network"),
    ],
)
def test_quarantine_client_is_judged_as_it_was(
    quarantine: Held, client: str, *, inside: bool, login: bool
) -> None:
    quarantine.send(message("numbers"), BOB, client=client)

    quarantine.release()

    (delivery,) = quarantine.take(1).values()
    assert (b"X-Inside: yes\r\n" in delivery.content) is inside
    assert (b"X-Login: yes\r\n" in delivery.content) is login


def test_quarantine_parameters_survive_both_hops(quarantine: Held) -> None:
    with smtplib.SMTP(LOOPBACK, quarantine.wired.smtp_port, timeout=60) as client:
        client.ehlo()
        client.mail(ANN, ["BODY=8BITMIME", "RET=HDRS", "ENVID=QQ314159"])
        client.rcpt(BOB, ["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;bobby@one.test"])
        client.rcpt(EVE, ["NOTIFY=NEVER"])
        client.data(message("secret numbers", to=f"{BOB}, {EVE}"))

    quarantine.release()

    arrived = quarantine.take(2)
    for delivery in arrived.values():
        assert {"RET=HDRS", "ENVID=QQ314159"} <= set(delivery.parameters)
    bob, eve = arrived[(BOB,)].recipients[0], arrived[(EVE,)].recipients[0]
    assert set(bob.parameters) == {"NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;bobby@one.test"}
    assert "NOTIFY=NEVER" in eve.parameters


def test_quarantine_rewritten_addresses_are_judged_as_they_were(quarantine: Held) -> None:
    quarantine.send(message("numbers", to="team@lab.test"), "team@lab.test", CAT, sender="shop@shop.lab.test")

    quarantine.release()

    team, cat = sorted(quarantine.take(2).items(), key=lambda each: each[0])
    recipients, delivery = (team, cat) if CAT not in team[0] else (cat, team)
    assert recipients[0] == (BOB, EVE)
    assert b"X-Team: yes\r\n" in recipients[1].content
    assert b"X-Team: yes\r\n" not in delivery[1].content
    for each in (recipients[1], delivery[1]):
        assert each.sender == "shop@lab.test"
        assert b"X-Shop: yes\r\n" in each.content


def test_quarantine_requeued_comes_back_too(quarantine: Held) -> None:
    quarantine.send(message("secret numbers"), BOB)

    quarantine.release(command="-r")

    (delivery,) = quarantine.take(1).values()
    assert quarantine.gate.decrypted(delivery.content, BOB).endswith(TEXT)


def test_quarantine_is_known_after_a_restart(quarantine: Held) -> None:
    quarantine.send(message("secret numbers"), BOB)
    quarantine.held()
    quarantine.gate.daemon.stop()
    quarantine.gate.daemon.start()

    quarantine.release()

    (delivery,) = quarantine.take(1).values()
    assert quarantine.gate.decrypted(delivery.content, BOB).endswith(TEXT)


def test_quarantine_of_two_rules_is_released_once(quarantine: Held) -> None:
    quarantine.send(message("very secret numbers"), BOB)

    quarantine.release()

    (delivery,) = quarantine.take(1).values()
    assert quarantine.gate.decrypted(delivery.content, BOB).endswith(TEXT)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param("grün\r\n".encode(), id="8-bit"),
        pytest.param(b"x" * 5000 + b"\r\n" + b".\r\n", id="long lines"),
    ],
)
def test_quarantine_any_text_comes_back(quarantine: Held, text: bytes) -> None:
    quarantine.send(message("numbers", b"X-Long: " + b"y" * 1500, text=text), BOB)

    quarantine.release()

    (delivery,) = quarantine.take(1).values()
    assert delivery.content.replace(b"\r\n ", b"").endswith(b"\r\n\r\n" + text)


def test_quarantine_many_recipients_come_back_each_once(quarantine: Held) -> None:
    many = [f"r{number}@else.test" for number in range(120)]
    quarantine.send(message("secret numbers"), BOB, *many)

    quarantine.release()

    got: list[str] = []
    while len(got) < 121:
        got += quarantine.gate.sink.take_one(seconds=60).addresses
    assert sorted(got) == sorted([BOB, *many])
    quarantine.gate.postfix.await_queue(0)
    assert quarantine.gate.sink.is_quiet()


def test_quarantine_of_local_mail_comes_back(quarantine: Held) -> None:
    quarantine.gate.postfix.sendmail(message("secret numbers").replace(b"\r\n", b"\n"), ANN, BOB)

    quarantine.release()

    (delivery,) = quarantine.take(1).values()
    assert quarantine.gate.decrypted(delivery.content, BOB).replace(b"\r\n", b"\n").endswith(b"3.\n.\n..\n")


def test_quarantine_for_a_failure_is_held_until_the_failure_is_gone(quarantine: Held) -> None:
    gate, certificate = quarantine.gate, quarantine.gate.directory / "certificates" / "dan.pem"
    quarantine.send(message("confidential", to=DAN), DAN)
    quarantine.release()
    first = eventually(lambda: [each for each in gate.postfix.queue() if each.queue == "hold"])
    certificate.write_bytes(gate.root.issue(DAN).pem)
    try:
        assert gate.daemon.reload().reload.good

        quarantine.release()

        (delivery,) = quarantine.take(1).values()
    finally:
        certificate.unlink()
        gate.daemon.reload()
    assert first
    assert TEXT not in delivery.content
    assert delivery.addresses == (DAN,)


def test_quarantine_forged_field_is_stripped_and_nothing_else(quarantine: Held) -> None:
    quarantine.send(message("hi", b"X-Postseal-Held: forged", b"X-Other: 1"), BOB)

    (delivery,) = quarantine.take(1).values()

    assert b"X-Seen: yes\r\n" in delivery.content
    assert delivery.content.count(b"Received: ") == 1


def test_quarantine_forged_field_does_not_keep_ours_from_bringing_it_back(quarantine: Held) -> None:
    forged = (b"X-Postseal-Held: forged", b"x-postseal-held : forged too")
    quarantine.send(message("secret numbers", *forged), BOB)

    quarantine.release()

    (delivery,) = quarantine.take(1).values()
    assert quarantine.gate.decrypted(delivery.content, BOB).endswith(TEXT)


def test_quarantine_way_back_takes_only_what_was_held(quarantine: Held) -> None:
    quarantine.send(message("numbers"), BOB)
    held = quarantine.stored().replace(b"\n", b"\r\n").replace(b"\r\r\n", b"\r\n")
    back = quarantine.wired.release_port

    assert quarantine.refused(message("hi"), BOB, port=back) == 451
    assert quarantine.refused(message("hi", b"X-Postseal-Held: forged"), BOB, port=back) == 451
    assert quarantine.refused(held.replace(b"1, 2", b"1, 4"), BOB, port=back) == 451
    assert quarantine.refused(held, EVE, port=back) == 451
    assert quarantine.refused(held, BOB, port=quarantine.wired.smtp_port) == 451
    quarantine.drop()
    assert "cause=release" in quarantine.gate.daemon.log()
    quarantine.send(held, BOB, port=back)
    assert quarantine.take(1)
