"""Workers die while they submit copies: nobody is left out, nothing is in clear, nobody gets it twice."""

import os
import re
import signal
import smtplib
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from demo.gateway import ANN, BOB, SETTINGS, gateway
from demo.place import LOOPBACK
from demo.sink_session import Delivery
from processes import workers

POLICY = """
rules:
  - name: sealed for Bob
    when: {recipient: bob@one.test}
    then: [protect: smime]
  - name: marked for Dan
    when: {recipient: dan@nokey.test}
    then: [prepend_subject: '[external]']
"""
DAN, EVE = "dan@nokey.test", "eve@else.test"
SECRET = b"the secret numbers"
MESSAGES = 20
"""Of each client, and more as long as workers are to be killed."""
CLIENTS = 4
KILLED = 10


def message(number: int) -> bytes:
    head = f"From: {ANN}\r\nTo: {BOB}, {DAN}, {EVE}\r\nSubject: load\r\nMessage-ID: <{number}@lab.test>\r\n"
    return head.encode() + b"Date: Mon, 23 Nov 2026 09:00:00 +0000\r\n\r\n" + SECRET + b"\r\n"


def post(port: int, number: int) -> int:
    """Send message *number*, again and again as an MTA would, until it is taken; how often it was not."""
    for waited in range(200):
        try:
            with smtplib.SMTP(LOOPBACK, port, timeout=60) as client:
                client.sendmail(ANN, [BOB, DAN, EVE], message(number))
        except (smtplib.SMTPException, OSError):
            time.sleep(0.3)
        else:
            return waited
    raise AssertionError(f"message {number} was never taken")


def client(port: int, first: int, enough: Event) -> list[tuple[int, int]]:
    """Send message after message, MESSAGES and on until *enough*; each with how often it was not taken."""
    sent: list[tuple[int, int]] = []
    while len(sent) < MESSAGES or not enough.is_set():
        number = first + CLIENTS * len(sent)
        sent.append((number, post(port, number)))
    return sent


def identity(delivery: Delivery) -> str:
    found = re.search(rb"Message-ID: <(\d+)@", delivery.content)
    assert found
    return found[1].decode()


def test_workers_killed_while_they_submit_lose_nothing_and_leak_nothing() -> None:
    # After a crash the next try waits for five timeouts of a submission.
    settings = SETTINGS + "submit_timeout: 1s\n"
    killed = 0
    with gateway({"1.yaml": POLICY}, settings=settings) as gate:
        with ThreadPoolExecutor(CLIENTS) as clients:
            enough = Event()
            jobs = [clients.submit(client, gate.postfix.port, first, enough) for first in range(CLIENTS)]
            try:
                while killed < KILLED:
                    time.sleep(0.7)
                    if living := workers(gate.daemon):
                        os.kill(living[killed % len(living)], signal.SIGKILL)
                        killed += 1
            finally:
                enough.set()
            tries = [tried for job in jobs for tried in job.result()]
        deadline = time.monotonic() + 60
        while gate.postfix.queue() and time.monotonic() < deadline:
            time.sleep(0.2)
        deliveries = gate.sink.take(len(gate.sink.deliveries))

    numbers = {number for number, _ in tries}
    got = Counter((identity(each), address) for each in deliveries for address in each.addresses)
    assert set(got) == {(str(number), address) for number in numbers for address in (BOB, DAN, EVE)}
    assert not [each for each in deliveries if BOB in each.addresses and SECRET in each.content]
    # What stays in the MTA comes once.  A copy comes twice only if its worker died after the listener had
    # taken it and before that was noted: SMTP leaves no way to tell.
    assert not [each for each, count in got.items() if count > 1 and each[1] == EVE]
    twice = sum(count - 1 for count in got.values())
    assert twice <= killed * CLIENTS
    print(
        f"\n{len(tries)} messages to 3 recipients, {killed} workers killed, "
        f"{sum(waited for _, waited in tries)} more tries, {twice} copies twice"
    )
