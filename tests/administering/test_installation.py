"""What admins see of the installation: master keys, waiting replies, brandings."""

import json
import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from admin_place import Office
from demo.visitor import Visitor
from portal_place import id_of
from postseal.store.outbox import Target, Way

NOW = datetime.now(UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def ann(at: Office) -> Visitor:
    return at.signed_in("admin")


def shown(page: str) -> list[str]:
    """The text of each record."""
    records = re.findall(r"<li>\n(.*?)\n</li>", page, re.DOTALL)
    return [" ".join(re.sub("<[^>]+>", " ", record).split()) for record in records]


def test_key_state_is_true_after_a_rotation(at: Office, ann: Visitor) -> None:
    at.here.sealed(to=("bob@one.test", "cat@two.test"))
    at.command("keys", "rotate")
    *_, old, new = sorted(at.here.ring.keys.names)  # type: ignore[attr-defined] # those of a file have names
    page = ann.get("/keys").text

    assert "They work" in page
    told = {each.split()[0]: each for each in shown(page) if each.startswith("20")}
    messages, keys = counted(at)
    assert told[new].startswith(f"{new} Current Messages: {messages}, keys of recipients: {keys}.")
    assert "It wraps the secret of the installation." in told[new]
    assert told[old] == f"{old} Messages: 0, keys of recipients: 0. It wraps nothing in the store."


def counted(at: Office) -> tuple[int, int]:
    """How many messages have keys, and how many keys those are."""
    rows = at.command("messages", "list", "--limit", "1000", "--json")
    listed = json.loads(rows)
    keys = [
        sum(one["state"] == "open" or one.get("undo") is not None for one in each["recipients"])
        for each in listed
    ]
    return sum(map(bool, keys)), sum(keys)


def test_backup_of_keys_is_known_when_there_was_one(
    at: Office, ann: Visitor, tmp_path_factory: pytest.TempPathFactory
) -> None:
    at.command("keys", "backup", str(tmp_path_factory.mktemp("backup") / "keys"))
    page = ann.get("/keys").text

    assert "The keys of messages were last backed up" in page


def test_waiting_replies_are_told_with_their_reasons_and_tried_again(at: Office, ann: Visitor) -> None:
    outbox, message = at.here.ring.outbox, id_of(at.here.sealed(to=("bob@one.test",)))
    later = NOW + DAY
    for reply in (b"\x01" * 16, b"\x02" * 16):
        outbox.put(
            *(reply, [b"a secret answer"]),
            message=message,
            address="bob@one.test",
            targets=[Target("ann@lab.test", Way.INSIDE)],
            at=later,  # no portal takes it up meanwhile
            until=later + DAY,
        )
        outbox.waits(reply, "421 4.3.2 not now")
    page = ann.get("/replies").text

    assert "Replies that wait: 2." in page
    assert page.count("421 4.3.2 not now") == 2
    assert "a secret answer" not in page
    assert ann.post("/replies/retry", reply="01" * 16).to == "/replies"
    end = time.monotonic() + 120
    while not _tries(at, 1):  # until the portal has taken it up
        assert time.monotonic() < end
        time.sleep(0.2)
    assert _tries(at, 2) == 0
    assert ann.post("/replies/retry", reply="nonsense").status == 400
    for reply in outbox.unsent():
        outbox.close(reply, at=NOW)
    assert "No reply waits." in ann.get("/replies").text


def _tries(at: Office, number: int) -> int:
    reply = at.here.ring.outbox.of(bytes([number]) * 16)
    assert reply
    return reply.tries


def test_brandings_are_previewed_in_the_language_that_is_chosen(at: Office, ann: Visitor) -> None:
    page = ann.get("/brandings").text
    assert 'href="/brandings/sales"' in page

    frame = ann.get("/brandings/sales?page=address&language=de").text
    assert '<iframe class="body preview" sandbox=""' in frame
    specimen = ann.get("/brandings/sales/address?language=de")
    assert "Der Vertrieb liest mit." in specimen.text
    assert "sandbox;" in specimen.fields["Content-Security-Policy"]
    assert "Sales reads with you." in ann.get("/brandings/sales/code?language=en").text
    assert "Sales of Lab" in ann.get("/brandings/sales/mail?language=de").text
    for missing in (
        "/brandings/none",
        "/brandings/none/mail",
        "/brandings/sales/none",
        "/brandings/sales?page=none",
    ):
        assert ann.get(missing).status == 404
