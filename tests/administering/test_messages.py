"""Finding a message, and what support does with it: revoke one of three, undo that, extend."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from admin_place import SUE, Office
from demo.visitor import Visitor
from portal_place import id_of, path_of
from postseal.sealed.master import context
from postseal.store.branches import Branch, Bud, grow
from postseal.store.sealed import Kind
from sealing import message

WHO = ("bob@one.test", "cat@two.test", "dan@three.test")
SECRET = ("The numbers: 1, 2, 3.", "secret quarter")


def found(page: str) -> list[str]:
    return re.findall('href="/messages/([0-9a-f]{32})"', page)


@pytest.fixture
def sue(at: Office) -> Visitor:
    return at.signed_in("support")


def test_search_finds_by_sender_recipient_name_and_day(at: Office, sue: Visitor) -> None:
    unlike = at.here.sealed(to=("zed@only.test",))
    mail = at.here.sealed(message(identity="<find+me%@lab.test>"), to=("eve@find.test", "fay@find.test"))
    id_ = id_of(mail).hex()
    today = datetime.now(UTC)
    tomorrow = (today + timedelta(days=1)).date().isoformat()

    for query in (
        "recipient=eve@find.test",
        "recipient=%3CEve@Find.Test%3E",
        "recipient=@find.test",
        f"name={id_[:10]}",
        "name=find%2Bme%25@lab.test",
        "name=%3Cfind%2Bme%25@lab.test%3E",
        "recipient=@find.test&sender=ann@lab.test",
        f"recipient=@find.test&sender=@lab.test&since={today.date()}&until={tomorrow}",
    ):
        assert found(sue.get(f"/messages?{query}").text) == [id_], query
    for query in (
        "recipient=e@find.test",
        "recipient=%25@find.test",
        "recipient=@find.test&sender=bob@lab.test",
        f"recipient=@find.test&since={tomorrow}",
        "recipient=@find.test&until=2020-01-01",
        "name=%3Cfind%@lab.test%3E",
    ):
        assert found(sue.get(f"/messages?{query}").text) == [], query
    everything = found(sue.get("/messages").text)
    assert {id_, id_of(unlike).hex()} <= set(everything)
    assert sue.get("/messages?since=yesterday").status == 400
    assert sue.get("/messages?after=nonsense").status == 400


def test_search_goes_on_page_by_page(at: Office, sue: Visitor) -> None:
    ids = [id_of(at.here.sealed(to=("gil@pages.test",))).hex() for _ in range(27)]

    page = sue.get("/messages?recipient=gil@pages.test").text
    first = found(page)
    older = re.findall('href="(/messages\\?[^"]*after=[^"]*)"', page)
    second = found(sue.get(older[0].replace("&amp;", "&")).text)
    assert sorted(first + second) == sorted(ids)
    assert len(first) == 25


def test_page_of_a_message_shows_who_and_never_what(at: Office, sue: Visitor) -> None:
    mail = at.here.sealed(to=WHO)
    at.here.signed_in(path_of(mail), WHO[0]).get(f"{path_of(mail)}/body")
    page = sue.get(f"/messages/{id_of(mail).hex()}").text

    assert all(address in page for address in WHO)
    assert "Last read" in page
    assert page.count("Has not read it here.") == 2
    assert "ann@lab.test" in page
    assert not any(secret in page for secret in SECRET)
    assert ">shown<" in page


def test_page_of_a_message_shows_by_whom_somebody_came_to_it(at: Office, sue: Visitor) -> None:
    id_, now = id_of(at.here.sealed(to=WHO[:1])), datetime.now(UTC)
    keys = at.here.ring.keys
    bud = Bud(WHO[2], WHO[2], keys.wrap(b"k" * 32, context(id_, WHO[2], ())))
    branch = Branch(WHO[2], WHO[0], Kind.FORWARD, now)
    at.here.ring.store.write(lambda connection: grow(connection, id_, [bud], branch))

    page = sue.get(f"/messages/{id_.hex()}").text
    assert page.count(f"Reads it by way of {WHO[0]}, since") == 1


def test_one_of_three_is_revoked_and_that_is_undone(at: Office, sue: Visitor) -> None:
    mail = at.here.sealed(to=WHO)
    path, id_ = path_of(mail), id_of(mail).hex()
    readers = {who: at.here.signed_in(path, who) for who in WHO}

    def readable() -> list[int]:
        return [readers[who].get(f"{path}/body").status for who in WHO]

    assert readable() == [200, 200, 200]
    assert sue.post(f"/messages/{id_}/revoke", recipient=WHO[1].upper()).to == f"/messages/{id_}"
    assert readable() == [200, 410, 200]
    assert "It can be undone until" in sue.get(f"/messages/{id_}").text
    assert sue.post(f"/messages/{id_}/restore", recipient=WHO[1]).status == 303
    assert readable() == [200, 200, 200]

    events = [(row.event, row.address) for row in at.here.ring.audit.of(bytes.fromhex(id_))]
    for event, act in (("revoked", "revoke"), ("restored", "undo revoking")):
        place = events.index((event, WHO[1]))
        assert ("administered", SUE) in events[:place]
        assert any(f"{SUE} {act} recipient=" in said for said in at.acts())
    assert at.here.ring.audit.verify().bad == 0


def test_all_are_revoked_and_restored_at_once(at: Office, sue: Visitor) -> None:
    mail = at.here.sealed(to=WHO)
    id_ = id_of(mail)

    def readable() -> list[bool]:
        known = at.here.ring.messages.of(id_)
        assert known
        return [one.readable(datetime.now(UTC)) for one in known.recipients]

    sue.post(f"/messages/{id_.hex()}/revoke")
    assert readable() == [False] * 3
    sue.post(f"/messages/{id_.hex()}/restore")
    assert readable() == [True] * 3
    sue.post(f"/messages/{id_.hex()}/revoke", recipient="nobody@one.test")
    assert readable() == [True] * 3


def test_extend_sets_the_end_of_one_or_all(at: Office, sue: Visitor) -> None:
    mail = at.here.sealed(to=WHO, lifetime=86400.0)
    id_ = id_of(mail)
    day = (datetime.now(UTC) + timedelta(days=30)).date()
    end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)

    def ends() -> list[datetime | None]:
        known = at.here.ring.messages.of(id_)
        assert known
        return [one.expires for one in known.recipients]

    before = ends()
    assert sue.post(f"/messages/{id_.hex()}/extend", recipient=WHO[0], until=str(day)).status == 303
    assert ends() == [end, before[1], before[2]]
    assert sue.post(f"/messages/{id_.hex()}/extend", until=str(day)).status == 303
    assert ends() == [end] * 3
    for bad in ("2020-01-01", "", "soon"):
        assert sue.post(f"/messages/{id_.hex()}/extend", until=bad).status == 400
    assert ends() == [end] * 3


@pytest.mark.parametrize("name", ["0" * 32, "x", "0" * 31 + "g", "..%2f..%2fkeys"])
def test_message_that_is_none_is_one_page(at: Office, sue: Visitor, name: str) -> None:
    answer = sue.get(f"/messages/{name}")

    assert answer.status == 404
    assert "There is no such page" in answer.text
    assert sue.post(f"/messages/{name}/revoke").status == 404
