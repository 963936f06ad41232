"""Passcodes and sessions: what is counted, what ends, and that a guess is counted before it is looked at."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from postseal.store.engine import Store
from postseal.store.passcode_limits import network_of
from postseal.store.passcodes import AGAIN, LIFE, TRIES, Answer, Passcodes
from postseal.store.sessions import Sessions
from store.asking import (
    BOB,
    CAT,
    DAY,
    HOUR,
    MESSAGE,
    MINUTE,
    NOON,
    OTHER_MESSAGE,
    OTHER_SESSION,
    SESSION,
    code_of,
    issued,
)


@pytest.fixture
def store(dsn: str, opened: Callable[..., Store]) -> Store:
    return opened(dsn)


@pytest.fixture
def passcodes(store: Store) -> Passcodes:
    return Passcodes(store, b"k" * 32)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


def test_right_code_is_good_once_however_it_is_typed(passcodes: Passcodes) -> None:
    code = code_of(issued(passcodes))

    assert len(code) == 8
    typed = f" {code[:4]} {code[4:]}\n"
    assert passcodes.redeem(SESSION, MESSAGE, BOB, typed, at=NOON) is Answer.RIGHT
    assert passcodes.redeem(SESSION, MESSAGE, BOB, code, at=NOON) is Answer.SPENT


@pytest.mark.parametrize(
    ("session", "message", "address"),
    [(OTHER_SESSION, MESSAGE, BOB), (SESSION, OTHER_MESSAGE, BOB), (SESSION, MESSAGE, CAT)],
    ids=["session", "message", "address"],
)
def test_code_is_bound(passcodes: Passcodes, session: bytes, message: bytes, address: str) -> None:
    code = code_of(issued(passcodes))

    assert passcodes.redeem(session, message, address, code, at=NOON) is Answer.SPENT
    issued(passcodes, session=session, message=message, address=address)
    assert passcodes.redeem(session, message, address, code, at=NOON) is Answer.WRONG
    assert passcodes.redeem(SESSION, MESSAGE, BOB, code, at=NOON) is Answer.RIGHT


def test_code_ends(passcodes: Passcodes) -> None:
    code = code_of(issued(passcodes))

    assert passcodes.redeem(SESSION, MESSAGE, BOB, code, at=NOON + LIFE) is Answer.SPENT
    assert passcodes.redeem(SESSION, MESSAGE, BOB, code, at=NOON + LIFE - MINUTE) is Answer.RIGHT


def test_new_code_ends_the_last_one(passcodes: Passcodes) -> None:
    old = code_of(issued(passcodes))
    new = code_of(issued(passcodes, at=NOON + MINUTE))

    assert passcodes.redeem(SESSION, MESSAGE, BOB, old, at=NOON + MINUTE) is Answer.WRONG
    assert passcodes.redeem(SESSION, MESSAGE, BOB, new, at=NOON + MINUTE) is Answer.RIGHT


def test_wrong_guesses_spend_the_code(passcodes: Passcodes) -> None:
    code = code_of(issued(passcodes))

    answers = [passcodes.redeem(SESSION, MESSAGE, BOB, wrong(code), at=NOON) for _ in range(TRIES)]

    assert answers == [Answer.WRONG] * TRIES
    assert passcodes.redeem(SESSION, MESSAGE, BOB, code, at=NOON) is Answer.SPENT


def test_fifty_guesses_at_once_are_five(passcodes: Passcodes) -> None:
    code = code_of(issued(passcodes))
    answers: list[Answer] = []
    begin = threading.Barrier(50)

    def guess() -> None:
        begin.wait()
        answers.append(passcodes.redeem(SESSION, MESSAGE, BOB, wrong(code), at=NOON))

    threads = [threading.Thread(target=guess) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [Answer.SPENT] * 45 + [Answer.WRONG] * TRIES


def test_right_code_by_many_at_once_is_good_once(passcodes: Passcodes) -> None:
    code = code_of(issued(passcodes))
    answers: list[Answer] = []

    def guess() -> None:
        answers.append(passcodes.redeem(SESSION, MESSAGE, BOB, code, at=NOON))

    threads = [threading.Thread(target=guess) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers.count(Answer.RIGHT) == 1


def test_unknown_address_gets_the_same_answer_and_no_code(passcodes: Passcodes) -> None:
    issue = issued(passcodes, address=CAT, known=False)

    assert issue.code is None
    assert len(issue.reference) == 4
    waiting = passcodes.waiting(SESSION, MESSAGE, at=NOON)
    assert waiting
    assert (waiting.address, waiting.reference, waiting.until) == (CAT, issue.reference, issue.until)
    answers = [passcodes.redeem(SESSION, MESSAGE, CAT, "00000000", at=NOON) for _ in range(TRIES + 1)]
    assert answers == [Answer.WRONG] * TRIES + [Answer.SPENT]


def test_tidy_keeps_what_is_counted(passcodes: Passcodes) -> None:
    issued(passcodes)
    issued(passcodes, at=NOON + HOUR)

    assert passcodes.tidy(NOON + DAY) == 1
    assert passcodes.tidy(NOON + DAY) == 0


def test_database_holds_neither_code_nor_cookie(store: Store, passcodes: Passcodes) -> None:
    code = code_of(issued(passcodes))
    cookie = Sessions(store).begin(at=NOON)

    rows = str(
        store.read(
            lambda c: [
                *c.execute(text("SELECT * FROM passcodes")),
                *c.execute(text("SELECT * FROM portal_sessions")),
            ]
        )
    )
    assert code not in rows
    assert cookie not in rows


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_network_of_client(client: str, network: str) -> None:
    assert network_of(client) == network


def test_session_of_cookie_ends_by_idleness_and_at_last(store: Store) -> None:
    sessions = Sessions(store, idle=10 * MINUTE, longest=HOUR)
    cookie = sessions.begin(at=NOON)

    for minute in (9, 18, 27, 36, 45, 54):
        assert sessions.of(cookie, at=NOON + minute * MINUTE)
    assert sessions.of(cookie, at=NOON + HOUR) is None
    assert sessions.of(sessions.begin(at=NOON), at=NOON + 10 * MINUTE) is None
    assert sessions.of("unknown", at=NOON) is None


def test_sign_in_makes_a_new_cookie(store: Store) -> None:
    sessions = Sessions(store)
    before = sessions.begin(at=NOON)

    after = sessions.sign_in(before, BOB, "passcode", at=NOON)

    assert sessions.of(before, at=NOON) is None
    session = sessions.of(after, at=NOON)
    assert session
    assert (session.address, session.how) == (BOB, "passcode")


def test_sessions_can_be_ended(store: Store) -> None:
    sessions = Sessions(store)
    cookies = [sessions.sign_in("", BOB, "passcode", at=NOON) for _ in range(3)]
    cats = sessions.sign_in("", CAT, "oidc", at=NOON)

    sessions.end(cookies[0])
    assert sessions.end_all(BOB) == 2
    assert [sessions.of(cookie, at=NOON) for cookie in cookies] == [None] * 3
    assert sessions.of(cats, at=NOON)


def test_sessions_tidy_forgets_what_has_ended(store: Store) -> None:
    sessions = Sessions(store, idle=10 * MINUTE, longest=HOUR)
    sessions.begin(at=NOON)
    young = sessions.begin(at=NOON + 5 * MINUTE)

    assert sessions.tidy(NOON + 59 * MINUTE) == 0  # how long idleness may be is for the settings to say
    assert sessions.tidy(NOON + HOUR) == 1
    assert sessions.of(young, at=NOON + 11 * MINUTE)


def test_code_that_was_right_is_known_again_for_a_moment_and_in_its_session(passcodes: Passcodes) -> None:
    code = code_of(issued(passcodes))
    assert passcodes.repeated(SESSION, MESSAGE, code, at=NOON) == ""
    passcodes.redeem(SESSION, MESSAGE, BOB, code, at=NOON)

    soon = NOON + AGAIN - MINUTE / 60
    for _ in range(2 * TRIES):
        assert passcodes.repeated(SESSION, MESSAGE, code, at=soon) == BOB
    assert passcodes.repeated(OTHER_SESSION, MESSAGE, code, at=soon) == ""
    assert passcodes.repeated(SESSION, OTHER_MESSAGE, code, at=soon) == ""
    assert passcodes.repeated(SESSION, MESSAGE, code, at=NOON + AGAIN) == ""


def test_code_that_was_right_is_guessed_no_oftener_than_any(passcodes: Passcodes) -> None:
    code = code_of(issued(passcodes))
    assert passcodes.redeem(SESSION, MESSAGE, BOB, code, at=NOON) is Answer.RIGHT

    for _ in range(TRIES):
        assert passcodes.repeated(SESSION, MESSAGE, wrong(code), at=NOON) == ""
    assert passcodes.repeated(SESSION, MESSAGE, code, at=NOON) == ""


def test_code_is_not_used_up_if_what_follows_fails(passcodes: Passcodes) -> None:
    code = code_of(issued(passcodes))

    def fail(_: Connection) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        passcodes.redeem(SESSION, MESSAGE, BOB, code, at=NOON, then=fail)
    assert passcodes.redeem(SESSION, MESSAGE, BOB, code, at=NOON) is Answer.RIGHT


def test_code_for_nobody_is_right_only_once_it_is_granted(
    passcodes: Passcodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postseal.store.passcodes.secrets.randbelow", lambda _: 12345678)
    made = issued(passcodes, known=False)
    assert made.code is None
    assert passcodes.redeem(SESSION, MESSAGE, BOB, "12345678", at=NOON) is Answer.WRONG

    granted = passcodes.grant(made, SESSION, MESSAGE, BOB, at=NOON)

    assert (granted.code, granted.reference) == ("12345678", made.reference)
    assert passcodes.redeem(SESSION, MESSAGE, CAT, "12345678", at=NOON) is Answer.SPENT
    assert passcodes.redeem(SESSION, MESSAGE, BOB, "12345678", at=NOON) is Answer.RIGHT
    assert passcodes.grant(made, SESSION, MESSAGE, BOB, at=NOON).code is None
