"""Messages to mailing lists: members read with sign-ins of their own, for as long as they are members."""

import re
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.visitor import Visitor
from portal_account import arrive, leave, provider_settings
from portal_place import Place, path_of, place
from postseal.rights import Right
from providerserver import ProviderServer
from sealing import message

_count = iter(range(10))
TEAM, CREW = "team@lab.test", "crew@lists.test"
POOL = [f"{who}-{number}@lab.test" for number in range(10) for who in ("ann", "other-ann")]
TEXT = "The numbers: 1, 2, 3."


@dataclass
class Lists:
    """A portal that asks a file of people, and a program for what is not in it."""

    place: Place
    folder: Path
    provider: ProviderServer

    def people(self, *without: str) -> None:
        """Have all of POOL but *without* on the list within the list TEAM."""
        listed = ", ".join(sorted({*POOL} - {*without}))
        groups = f"groups: {{{TEAM}: [sub@lab.test], sub@lab.test: [{listed}]}}"
        (self.folder / "new.yaml").write_text(groups)
        (self.folder / "new.yaml").rename(self.folder / "people.yaml")

    def sealed(self, to: str = TEAM, *withheld: Right) -> str:
        identity = f"<{datetime.now(UTC).timestamp()}@lab.test>"
        return path_of(self.place.sealed(message(identity=identity), to=(to,), withheld=withheld))

    def asked(self, path: str, address: str) -> Visitor:
        visitor = self.place.visitor()
        visitor.get(path)
        assert visitor.post(f"{path}/address", address=address).to == path
        return visitor


SCRIPT = """#!/bin/sh
[ -e {folder}/broken ] && exit 9
[ "$1" = crew@lists.test ] && cat {folder}/crew
exit 0
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lists]:
    folder = tmp_path_factory.mktemp("lists")
    (folder / "members").write_text(SCRIPT.format(folder=folder))
    (folder / "members").chmod(0o755)
    (folder / "crew").write_text("")
    lists = Lists(None, folder, None)  # type: ignore[arg-type] # both come below
    lists.people()
    with ProviderServer(tmp_path_factory.mktemp("provider")) as server:
        more = f"  lists: {{directory: true, command: [{folder}/members, '{{list}}'], remembered: 1s}}\n"
        more += f"directory: {{file: {folder}/people.yaml}}\n" + provider_settings(server, "lab")
        with place(more=more) as opened:
            lists.place, lists.provider = opened, server
            yield lists


@pytest.fixture
def lists(running: Lists) -> Lists:
    running.place.sink.take(len(running.place.sink.deliveries))
    return running


@pytest.fixture
def ann() -> str:
    return f"ann-{next(_count)}@lab.test"


def reads(visitor: Visitor, path: str) -> bool:
    return TEXT in visitor.get(f"{path}/body").text


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_member_reads_as_himself_and_nobody_is_told_who_is_one(lists: Lists, ann: str) -> None:
    path = lists.sealed(TEAM, Right.PRINT)
    stranger, member = lists.asked(path, f"not-{ann}"), lists.asked(path, ann)
    pages = [
        re.sub(r'value="[^"]*"|[A-Z]{4}|\d', "", who.get(path).text.replace(address, "ADDRESS"))
        for who, address in ((stranger, f"not-{ann}"), (member, ann))
    ]
    assert pages[0] == pages[1]
    assert "by way of a mailing list" in pages[0]

    mail, code = lists.place.code()

    assert mail["To"] == ann  # to him, and not to the list
    assert lists.place.sink.is_quiet()
    assert stranger.post(f"{path}/code", code=code).status == 422
    assert member.post(f"{path}/code", code=code).to == path
    assert reads(member, path)
    assert not reads(stranger, path)
    picture = re.search(r"svg\+xml;base64,([\w+/=]+)", member.get(f"{path}/body").text)
    assert picture
    assert ann in b64decode(picture[1]).decode()  # the mark is his, and not the list's
    rows = lists.place.ring.audit.of(bytes.fromhex(path[3:]))
    assert [(row.address, row.detail) for row in rows if row.event == "admitted"] == [(ann, f"by {TEAM}")]
    assert {row.address for row in rows if row.event in {"shown", "authenticated", "code_sent"}} == {ann}
    assert 'event="admitted"' in lists.place.portal.private("/metrics")[1]


def test_who_leaves_the_list_reads_no_more_and_is_told_so(lists: Lists, ann: str) -> None:
    path = lists.sealed()
    member, other = (lists.place.signed_in(path, who) for who in (ann, f"other-{ann}"))
    assert reads(member, path)
    assert reads(other, path)

    lists.people(ann)
    until(lambda: member.get(path).status == 410)

    assert "you are not on that list any more" in member.get(path).text
    for way in ("body", "message.eml", "attachment/0", "reply", "forward"):
        assert member.get(f"{path}/{way}").status == 410
    assert reads(other, path)
    again = lists.asked(path, ann)
    assert lists.place.sink.is_quiet()
    assert not reads(again, path)
    lists.people()
    until(lambda: reads(member, path))


def test_one_member_and_then_the_list_is_revoked(lists: Lists, ann: str) -> None:
    path = lists.sealed()
    member, other = (lists.place.signed_in(path, who) for who in (ann, f"other-{ann}"))
    message_id, access = bytes.fromhex(path[3:]), lists.place.ring.access
    assert reads(other, path)

    access.revoke(message_id, [ann], at=datetime.now(UTC))
    assert not reads(member, path)
    assert "has withdrawn this message" in member.get(path).text
    lists.asked(path, ann)
    assert reads(other, path)

    access.revoke(message_id, [TEAM], at=datetime.now(UTC))
    assert not reads(other, path)


def test_second_code_for_the_list_is_not_passed_by(lists: Lists, ann: str) -> None:
    path = lists.sealed()
    number = "UPDATE sealed_recipients SET number = x'01' WHERE address = 'team@lab.test'"
    lists.place.ring.store.write(lambda wire: wire.exec_driver_sql(number))

    lists.asked(path, ann)

    assert lists.place.sink.is_quiet()
    assert "admitted" not in lists.place.events(bytes.fromhex(path[3:]))


def test_account_elsewhere_proves_a_member_as_well(lists: Lists, ann: str) -> None:
    path = lists.sealed()
    lists.provider.claims["email"] = f"not-{ann}"
    visitor = lists.place.visitor()
    assert arrive(visitor, lists.provider, leave(visitor, path)).to == f"{path}/account"

    lists.provider.claims["email"] = ann
    assert arrive(visitor, lists.provider, leave(visitor, path)).to == path
    assert reads(visitor, path)
    second = lists.sealed()
    assert reads(visitor, second)  # who has signed in for one message reads the next to the list
    assert "admitted" in lists.place.events(bytes.fromhex(second[3:]))
    alone = lists.sealed(f"somebody-{ann}")
    assert not reads(visitor, alone)


def test_what_a_member_forwards_is_read_by_whom_he_names(lists: Lists, ann: str) -> None:
    path = lists.sealed()
    member = lists.place.signed_in(path, ann)
    found = re.search(r'name="nonce" value="([0-9a-f]{32})"', member.get(f"{path}/forward").text)
    assert found
    other = f"other-{ann}"
    lists.place.signed_in(path, other)
    sent = member.post(f"{path}/forward", nonce=found[1], to=f"dan-{ann} {other}", note="")
    assert sent.to == f"{path}/forwarded"  # it is not told that the other one is on the list
    assert len(lists.place.sink.take(2)) == 2
    assert "has forwarded this message to you" not in member.get(path).text
    itself = lists.place.signed_in(path, TEAM)
    assert "You have forwarded it to" not in itself.get(path).text

    assert reads(lists.place.signed_in(path, f"dan-{ann}"), path)
    lists.place.ring.access.revoke(bytes.fromhex(path[3:]), [TEAM], at=datetime.now(UTC))
    assert not reads(member, path)


def test_program_says_who_is_a_member_and_failing_lets_nobody_in(lists: Lists, ann: str) -> None:
    """The last one here: whoever has failed is left alone for a while."""
    ann = f"crew-{ann}"
    (lists.folder / "crew").write_text(f"{ann}, other-{ann}\n")
    path = lists.sealed(CREW)
    member = lists.place.signed_in(path, ann)
    assert reads(member, path)

    (lists.folder / "broken").touch()
    try:
        until(lambda: member.get(path).status == 503)
        assert "try again in a few minutes" in member.get(path).text
        assert not reads(member, path)
        lists.asked(path, f"other-{ann}")
        assert lists.place.sink.is_quiet()
    finally:
        (lists.folder / "broken").unlink()
