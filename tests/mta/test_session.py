"""The daemon, told by an MTA what Postfix never tells."""

from collections.abc import Callable, Iterator

import pytest

from demo.daemon import Daemon
from demo.place import open_directory
from milteredits import AddHeader, ChangeHeader, Outcome, applied
from milterprotocol import ALL_ACTIONS, ALL_STEPS, LEADING_SPACE, SETSYMLIST, SKIP, Mail, MilterClient

POLICY = """
rules:
  - name: mark
    then:
      - add_header: {X-Seen: 'yes'}
      - prepend_subject: '[x]'
  - name: login
    when: {authenticated: true}
    then:
      - add_header: {X-Login: 'yes'}
  - name: inside
    when: {sender_scope: inside}
    then:
      - add_header: {X-Inside: 'yes'}
"""
SETTINGS = """
workers: 1
accepted_domains: [lab.test]
trusted_networks: [192.0.2.0/24, '2001:db8::/32']
limits: {headers: 50, header_bytes: 20k, recipients: 3, message_bytes: 100k}
"""
MACROS = {b"R": {b"i": b"Q1"}, b"E": {b"i": b"Q1"}}
SEEN = AddHeader(b"X-Seen", b" yes")

Client = Callable[..., MilterClient]


@pytest.fixture(scope="module")
def running() -> Iterator[Daemon]:
    with (
        open_directory() as directory,
        Daemon(directory, settings=SETTINGS, policies={"1.yaml": POLICY}) as started,
    ):
        yield started


@pytest.fixture
def address(running: Daemon) -> str:
    return f"unix:{running.socket}"


def mail(
    *headers: tuple[bytes, bytes], body: bytes = b"Hello.\r\n", login: bytes | None = None, **more: object
) -> Mail:
    about_sender = {b"j": b"mx.lab.test"} | ({b"{auth_authen}": login} if login is not None else {})
    macros = MACROS | {b"M": about_sender}
    return Mail(headers or ((b"Subject", b" hi"),), body, macros=macros, **more)  # type: ignore[arg-type]


def test_session_message_is_answered_with_edits(address: str, milter: Client) -> None:
    client = milter(address)
    client.connect(address=b"198.51.100.1")

    answer = client.transaction(mail())

    assert answer.verdict == "continue"
    assert answer.edits == (ChangeHeader(1, b"Subject", b" [x] hi"), SEEN)


@pytest.mark.parametrize(
    ("family", "host", "inside"),
    [
        pytest.param(b"4", b"192.0.2.7", True, id="IPv4"),
        pytest.param(b"4", b"198.51.100.1", False, id="IPv4-stranger"),
        pytest.param(b"6", b"2001:db8::7", True, id="IPv6"),
        pytest.param(b"6", b"IPv6:2001:db8::7", True, id="IPv6-of-Sendmail"),
        pytest.param(b"6", b"2001:dead::7", False, id="IPv6-stranger"),
        pytest.param(b"6", b"::ffff:192.0.2.7", True, id="IPv4-mapped"),
        pytest.param(b"L", b"/run/some.sock", False, id="unix"),
        pytest.param(b"U", b"", False, id="unknown"),
    ],
)
def test_session_client_of_any_family_is_taken(
    address: str, milter: Client, family: bytes, host: bytes, inside: bool
) -> None:
    client = milter(address)
    client.connect(address=host, family=family)

    answer = client.transaction(mail())

    assert answer.verdict == "continue"
    assert (AddHeader(b"X-Inside", b" yes") in answer.edits) == inside


@pytest.mark.parametrize("login", [b"ann", b"caf\xe9", None, b""])
def test_session_login_in_any_encoding_is_a_login(address: str, milter: Client, login: bytes | None) -> None:
    client = milter(address)
    client.connect(address=b"198.51.100.1")

    answer = client.transaction(mail(login=login))

    assert answer.verdict == "continue"
    assert (AddHeader(b"X-Login", b" yes") in answer.edits) == bool(login)


def test_session_8bit_helo_and_macros_are_survived(address: str, milter: Client) -> None:
    client = milter(address)
    client.connect(macros={b"j": b"caf\xe9"})
    client.helo(b"caf\xe9", macros={b"{tls_version}": b"\xff"})

    answer = client.transaction(
        Mail(
            sender=b"<\xe4nn@lab.test>",
            macros={
                b"M": {b"{cert_subject}": b"/CN=\xe9", b"{tls_version}": b"TLSv1.3"},
                b"E": {b"i": b"\xff"},
            },
        )
    )

    assert answer.verdict == "continue"


def test_session_without_any_macro_answers(address: str, milter: Client) -> None:
    client = milter(address)
    client.connect()

    answer = client.transaction(Mail(macros={}))

    assert SEEN in answer.edits


@pytest.mark.parametrize(
    "steps",
    [ALL_STEPS, ALL_STEPS & ~LEADING_SPACE, ALL_STEPS & ~SKIP, 0],
    ids=["all", "no-space", "no-skip", "none"],
)
@pytest.mark.parametrize("actions", [ALL_ACTIONS, ALL_ACTIONS & ~SETSYMLIST])
def test_session_mta_of_any_age_gets_the_same_message(
    address: str, milter: Client, steps: int, actions: int
) -> None:
    client = milter(address, steps=steps, actions=actions)
    client.connect(address=b"198.51.100.1")
    client.helo()
    before = mail((b"Subject", b" hi"), (b"X-Folded", b" a\n b"))

    answer = client.transaction(before)

    outcome = applied(Outcome(before.headers, before.body, before.recipients, before.sender), answer.edits)
    assert outcome.headers == ((b"Subject", b" [x] hi"), (b"X-Folded", b" a\n b"), (b"X-Seen", b" yes"))


def test_session_mta_that_takes_no_header_edit_is_told_to_wait(address: str, milter: Client) -> None:
    client = milter(address, actions=0)
    client.connect()

    answer = client.transaction(mail())

    assert (answer.verdict, answer.text[:3], answer.edits) == ("reply", b"451", ())


def test_session_messages_of_one_connection_do_not_mix(address: str, milter: Client) -> None:
    client = milter(address)
    client.connect(address=b"198.51.100.1")

    answers = [client.transaction(mail(login=login)) for login in (b"ann", None, b"ann", None)]

    logins = [AddHeader(b"X-Login", b" yes") in answer.edits for answer in answers]
    assert logins == [True, False, True, False]
    assert [answer.edits[0] for answer in answers] == [ChangeHeader(1, b"Subject", b" [x] hi")] * 4


def begun(client: MilterClient, last: str) -> None:
    """Tell an old message as far as the stage *last*."""
    stages: dict[str, Callable[[], object]] = {
        "mail": lambda: client.mail(b"<old@lab.test>", macros={b"j": b"mx", b"{auth_authen}": b"old"}),
        "rcpt": lambda: client.rcpt(b"<old@x.test>"),
        "data": client.data,
        "header": lambda: client.header(b"Subject", b" old"),
        "eoh": client.end_of_headers,
        "body": lambda: client.body(b"old"),
    }
    for stage, tell in stages.items():
        tell()
        if stage == last:
            return


@pytest.mark.parametrize("aborts", [0, 1, 3])
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "header", "eoh", "body"])
def test_session_message_cut_short_leaves_nothing_behind(
    address: str, milter: Client, stage: str, aborts: int
) -> None:
    client = milter(address)
    client.connect(address=b"198.51.100.1")
    begun(client, stage)
    for _ in range(aborts):
        client.abort()

    answer = client.transaction(mail())

    assert answer.edits == (ChangeHeader(1, b"Subject", b" [x] hi"), SEEN)


def test_session_connection_used_again_is_told_to_wait(address: str, milter: Client) -> None:
    client = milter(address)
    client.connect()
    client.transaction(mail())
    client.new_connection()
    client.connect()

    answer = client.transaction(mail())

    assert (answer.verdict, answer.text[:3]) == ("reply", b"451")


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        pytest.param(mail(*[(b"X", b" y")] * 51), b"552 5.3.4 The header", id="fields"),
        pytest.param(mail((b"X", b" " + b"y" * 21_000)), b"552 5.3.4 The header", id="header-octets"),
        pytest.param(
            mail(recipients=tuple([b"<b@x.test>"] * 4)), b"550 5.5.3 This message has", id="recipients"
        ),
        pytest.param(mail(body=b"x" * 110_000), b"552 5.3.4 This message", id="size"),
    ],
)
def test_session_limits_are_answered_clearly(
    address: str, milter: Client, message: Mail, reply: bytes
) -> None:
    client = milter(address)
    client.connect()

    answer = client.transaction(message)
    client.abort()

    assert answer.verdict == "reply"
    assert answer.text.startswith(reply)
    assert SEEN in client.transaction(mail()).edits


def test_session_message_at_the_limits_is_taken(address: str, milter: Client) -> None:
    client = milter(address)
    client.connect()

    answer = client.transaction(
        mail(
            *[(b"X", b" y")] * 49,
            (b"Subject", b" hi"),
            recipients=tuple([b"<b@x.test>"] * 3),
            body=b"x" * 101_000,
        )
    )

    assert SEEN in answer.edits


@pytest.mark.parametrize(
    ("name", "value"), [(b"X", b" \xff\xfe"), (b"X", b""), (b"X", b"\n\tfolded"), (b"X-%s", b" %s%n")]
)
def test_session_strange_header_stays_as_it_is(
    address: str, milter: Client, name: bytes, value: bytes
) -> None:
    client = milter(address)
    client.connect(address=b"198.51.100.1")

    answer = client.transaction(mail((name, value)))

    assert answer.edits == (SEEN, AddHeader(b"Subject", b" [x]"))


def test_session_edit_that_pymilter_cannot_write_defers(
    address: str, milter: Client, running: Daemon
) -> None:
    client = milter(address)
    client.connect()

    answer = client.transaction(mail((b"Subject", b" caf\xe9")))

    assert answer.verdict == "reply"
    assert answer.text == b"451 4.6.5 This message cannot be converted."
    assert answer.edits == ()
    assert "cause=unwritable" in running.log()


def test_session_8bit_header_name_defers_as_documented(address: str, milter: Client) -> None:
    """pymilter decodes names strictly before any code of ours runs: docs/limits.md."""
    client = milter(address)
    client.connect()

    assert client.transaction(mail((b"X-Caf\xe9", b" y"))).verdict in {"tempfail", "reply"}


def test_session_8bit_client_name_defers_as_documented(address: str, milter: Client) -> None:
    """pymilter decodes the client's name strictly before any code of ours runs: docs/limits.md."""
    client = milter(address)

    assert client.connect(name=b"caf\xe9.test").verdict in {"tempfail", "reply"}
