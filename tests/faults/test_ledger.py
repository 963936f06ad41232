"""The judge of the campaign finds what it is there to find."""

from types import SimpleNamespace
from typing import cast

import pytest

from demo.sink_session import Delivery
from faults.lab import Lab
from faults.ledger import Verdict, judge
from faults.mails import MARKED, PLAIN, SEALED, Sent
from postseal.envelope import Recipient

HIDDEN = PLAIN[1]
MAIL = Sent("one", (PLAIN[0], HIDDEN, MARKED[0]), hidden={HIDDEN}, fault="kill 4")
SUBMITTED = [
    "send MAIL FROM:<a@x>", f"send RCPT TO:<{MARKED[0]}>", "send .", "send done", "reply done 250",
    "journal.done done 0",
]  # fmt: skip


def delivery(*addresses: str, content: bytes = MAIL.octets) -> Delivery:
    return Delivery("ann@lab.test", (), tuple(Recipient(each) for each in addresses), content, "", "")


MARKED_COPY = delivery(MARKED[0], content=MAIL.octets.replace(b"Subject: ", b"Subject: [marked] "))
STAYS = delivery(PLAIN[0], HIDDEN)


def judged(*arrived: Delivery, steps: list[str] | None = None, log: str = "", mail: Sent = MAIL) -> Verdict:
    lines = [f"one 7 1 {number} {step}" for number, step in enumerate(steps or [], 1)]
    place = SimpleNamespace(
        arrived=arrived, attempts=lambda: lines, gateway=SimpleNamespace(log=lambda: log), serials={}
    )
    return judge("x", [mail], cast(Lab, place))


def test_judge_all_well() -> None:
    assert judged(STAYS, MARKED_COPY).good


def test_judge_lost() -> None:
    assert judged(STAYS).lost == 1


@pytest.mark.parametrize("address", [MARKED[0], SEALED[0]], ids=["unmarked", "unsealed"])
def test_judge_less_than_asked(address: str) -> None:
    mail = Sent("one", (address,))

    assert judged(delivery(address, content=mail.octets), mail=mail).clear == 1


def test_judge_hidden_recipient_shown() -> None:
    shown = delivery(PLAIN[0], content=MAIL.octets + HIDDEN.encode())

    assert judged(shown, delivery(HIDDEN), MARKED_COPY).clear == 1


@pytest.mark.parametrize(
    ("steps", "duplicates"),
    [
        pytest.param([], 1, id="nothing-known"),
        pytest.param(SUBMITTED, 1, id="noted"),
        pytest.param([*SUBMITTED[:-1], "journal.done done 1"], 0, id="noted-too-late"),
        pytest.param(SUBMITTED[:-1], 0, id="not-noted"),
        pytest.param(SUBMITTED[:4], 0, id="reply-not-heard"),
        pytest.param(SUBMITTED[:3], 0, id="killed-while-it-was-sent"),
        pytest.param(["x", *SUBMITTED[:3]], 1, id="killed-before-it-was-sent"),
        pytest.param(SUBMITTED[:2], 1, id="not-sent"),
        pytest.param([*SUBMITTED[:4], "reply done 451"], 1, id="refused"),
    ],
)
def test_judge_copy_twice_needs_evidence(steps: list[str], duplicates: int) -> None:
    verdict = judged(STAYS, MARKED_COPY, MARKED_COPY, steps=steps)

    assert (verdict.duplicates, verdict.remaining) == (duplicates, 1 - duplicates)


@pytest.mark.parametrize("times", [1, 2])
def test_judge_what_stays_twice_needs_the_log_of_the_mta(times: int) -> None:
    log = "".join(
        f"Nov 1 mx postfix/smtpd[1]: Q{n}: client=x\n"
        f"Nov 1 mx postfix/cleanup[1]: Q{n}: message-id=<one@lab.test>\n"
        f"Nov 1 mx postfix/qmgr[1]: Q{n}: from=<a>, size=1, nrcpt=1 (queue active)\n"
        for n in range(times)
    )

    verdict = judged(STAYS, STAYS, MARKED_COPY, log=log)

    assert (verdict.duplicates, verdict.remaining) == ((2, 0) if times == 1 else (0, 2))
