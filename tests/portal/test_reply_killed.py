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
from portal_place import Place, path_of, place
from postseal.store.schema import journal
from postseal.store.schema_outbox import outbox

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
            already = len(inside.deliveries)  # nobody can know whether that was noted (docs/limits.md)
            here.portal.start()
            leases_end(here)

            again = sent(visitor, path, octets)

            assert (again.status, again.to) == (303, f"{path}/sent")
            got = [inside.take_one()] if not already else list(inside.take(already))
            assert f"after {delay}".encode() in got[0].content
            assert len(got[0].content) > len(FILE) * 4 / 3
            assert already or inside.is_quiet(6)
            while not inside.is_quiet(6 if already else 0):
                inside.take_one()
