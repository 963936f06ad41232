"""A portal that is killed while a reply comes in: sent again by its writer, it arrives whole, and once."""

import http.client
import re
import signal
import threading
import time
from contextlib import ExitStack, suppress

import pytest
from sqlalchemy import Connection, update

from demo.sink import Sink
from demo.visitor import Answer, Visitor
from forms import KIND, file, form, text
from holding_listener import listening
from portal_place import Place, path_of, place
from postseal.store.schema import journal
from postseal.store.schema_outbox import outbox
from processes import alive, children, eventually

ZOE = "killed@one.test"
FILE = bytes(range(256)) * 12_000


def leases_end(here: Place) -> None:
    """As if what the dead process had claimed was long ago."""

    def work(connection: Connection) -> None:
        connection.execute(update(outbox).where(outbox.c.seed.is_not(None)).values(due=outbox.c.since))
        connection.execute(update(journal).where(~journal.c.done).values(until=journal.c.since))

    here.ring.store.write(work)


def sent(visitor: Visitor, path: str, octets: bytes) -> Answer:
    return visitor.ask("POST", f"{path}/reply", octets, {"Content-Type": KIND})


@pytest.mark.slow
def test_portal_that_is_killed_while_a_reply_comes_in_loses_none_and_doubles_none() -> None:
    with ExitStack() as running:
        inside = running.enter_context(Sink())
        replies = f"  replies: {{submit_to: 127.0.0.1:{inside.port}}}\n"
        here = running.enter_context(place(more=replies))
        path = path_of(here.sealed(to=(ZOE,)))
        visitor = here.signed_in(path, ZOE)
        for delay in (0.01, 0.05, 0.1, 0.2, 0.4):
            page = visitor.get(f"{path}/reply")
            (nonce,) = re.findall(r'name="nonce" value="([0-9a-f]+)"', page.text)
            octets = form(text("nonce", nonce), text("text", f"after {delay}"), file("files", "a.bin", FILE))

            def post(octets: bytes = octets) -> None:
                with suppress(OSError, http.client.HTTPException):
                    sent(visitor, path, octets)

            thread = threading.Thread(target=post)
            thread.start()
            time.sleep(delay)
            here.portal.stop(signal.SIGKILL)
            thread.join()
            inside.hung_up()
            here.portal.start()
            leases_end(here)

            again = sent(visitor, path, octets)

            assert (again.status, again.to) == (303, f"{path}/sent")
            got = inside.take_one()
            assert f"after {delay}".encode() in got.content
            assert len(got.content) > len(FILE) * 4 / 3
            assert inside.is_quiet(6)


def test_portal_that_is_killed_while_a_reply_is_taken_does_not_send_it_again() -> None:
    with ExitStack() as running:
        inside = running.enter_context(listening())
        replies = f"  replies: {{submit_to: 127.0.0.1:{inside.port}}}\n"
        here = running.enter_context(place(more=replies))
        path = path_of(here.sealed(to=(ZOE,)))
        visitor = here.signed_in(path, ZOE)
        page = visitor.get(f"{path}/reply")
        (nonce,) = re.findall(r'name="nonce" value="([0-9a-f]+)"', page.text)
        octets = form(text("nonce", nonce), text("text", "once"))
        assert sent(visitor, path, octets).status == 303
        assert inside.held.wait(60)
        (finisher,) = children(here.portal.pid)

        here.portal.stop(signal.SIGKILL)
        inside.may_answer.set()
        eventually(lambda: not alive(finisher))
        here.portal.start()
        leases_end(here)

        eventually(lambda: here.ring.outbox.oldest() == (0, None))
        assert inside.copies == 1
