"""The page of senders: who gets in, what he sees, what he does, and nobody else."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from portal_place import Place, id_of, path_of
from postseal.store.audit import AS_SUPER_USER, Entry, Event
from processes import eventually
from sealing import BOB, CAT, message
from sender_place import senders_place, signed_in

DAN = "dan@three.test"
BOB_KEY = BOB.lower()
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with senders_place(ome="  undo_revoke: 3d\n") as running:
        yield running


@pytest.fixture
def ann() -> str:
    """Somebody new: there are three codes an hour for each."""
    return f"ann{next(_NUMBERS)}@lab.test"


def today(days: int = 0) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def readers(here: Place, id_: bytes) -> list[str]:
    known = here.ring.messages.of(id_)
    assert known
    return [one.address for one in known.recipients if one.readable(datetime.now(UTC))]


def test_sender_signs_in_by_a_code_and_sees_his_messages(here: Place) -> None:
    id_ = id_of(here.sealed(to=(BOB, CAT, DAN), sender="Amy@lab.test"))
    visitor = here.visitor()
    assert "Here you see who has read" in visitor.get("/sent").text

    asked = visitor.post("/sent/address", address="amy@LAB.test")
    assert (asked.status, asked.to) == (303, "/sent")
    mail, code = here.code()
    waiting = visitor.get("/sent").text
    assert mail["To"] == "amy@lab.test"
    assert "the list of encrypted messages that were sent from your address" in mail.get_content()
    reference = re.search(r"<dd>([A-Z]{4})</dd>", waiting)
    assert reference
    assert reference[1] in mail["Subject"]
    assert visitor.post("/sent/code", code="0000 0000" if code != "00000000" else "1").status == 422
    assert visitor.post("/sent/code", code=code).to == "/sent"

    page = visitor.get("/sent").text
    assert "the secret quarter" in page
    assert f'href="/sent/{id_.hex()}"' in page
    assert "Read by 0 of 3 recipients." in page
    rows = [(row.event, row.detail) for row in here.ring.audit.every() if row.address == "amy@lab.test"]
    assert rows == [
        ("code_sent", "as a sender"),
        ("failed", "as a sender, passcode"),
        ("authenticated", "as a sender, passcode"),
    ]
    assert visitor.post("/sent/out").status == 200
    assert "the secret quarter" not in visitor.get("/sent").text


@pytest.mark.parametrize("address", ["nobody@lab.test", "eve@else.test", "ann%else.test@lab.test", BOB])
def test_who_is_no_sender_gets_the_same_answers_and_no_code(here: Place, ann: str, address: str) -> None:
    here.sealed(sender=ann)
    known, unknown = here.visitor(), here.visitor()
    here.sealed(sender="eve@else.test")  # forged, or of a list: not inside
    answers = [(visitor.post("/sent/address", address=who), visitor.get("/sent"))
               for visitor, who in ((known, ann), (unknown, address))]  # fmt: skip

    (one, shown), (two, other) = answers
    assert (one.status, one.to) == (two.status, two.to)

    def plain(text: str, who: str) -> str:
        text = re.sub(r"<dd>[A-Z]{4}</dd>|value=\"[0-9a-f]{64}\"|<time .*?</time>", "", text)
        return text.replace(who.lower(), "ADDRESS").replace(who.replace("%", "%25"), "ADDRESS")

    assert plain(shown.text, ann) == plain(other.text, address)
    mail, _ = here.code()
    assert mail["To"] == ann
    assert here.sink.is_quiet()
    assert unknown.post("/sent/code", code="12345678").status == 422


def test_sessions_of_readers_and_senders_are_worth_nothing_to_each_other(here: Place, ann: str) -> None:
    mail = here.sealed(to=(ann, BOB), sender="amy2@lab.test")
    here.sealed(sender=ann)
    reader = here.signed_in(path_of(mail), ann)
    assert reader.get(f"{path_of(mail)}/body").status == 200
    own = signed_in(here, ann)
    assert "Read by" in own.get("/sent").text

    # The reader is no sender, and the sender no reader, whatever name the cookie has.
    assert "Read by" not in reader.get("/sent").text
    assert own.get(f"{path_of(mail)}/body").status == 403
    own.cookie, reader.sender_cookie = own.sender_cookie, reader.cookie
    assert "Read by" not in reader.get("/sent").text
    assert own.get(f"{path_of(mail)}/body").status == 403
    both = here.signed_in(path_of(mail), ann)
    signed_in(here, ann, both)
    assert both.get(f"{path_of(mail)}/body").status == 200
    assert both.get("/sent").status == 200


def test_messages_of_others_are_like_none(here: Place, ann: str) -> None:
    mine, other = id_of(here.sealed(sender=ann)), id_of(here.sealed(to=(ann, BOB), sender="amy3@lab.test"))
    visitor = signed_in(here, ann)
    assert visitor.get(f"/sent/{mine.hex()}").status == 200

    answers = set()
    for name in (other.hex(), "00" * 16, mine.hex()[:-1], mine.hex().upper(), "x", "..", mine.hex() + "00"):
        answers.add((visitor.get(f"/sent/{name}").status, len(visitor.get(f"/sent/{name}").body)))
        for act in ("revoke", "restore", "extend", "notice"):
            sent = visitor.post(
                f"/sent/{name}/{act}", **({"all": "yes", "sure": "yes"} if act == "revoke" else {})
            )
            assert sent.status == 404, (name, act)
    assert len({status for status, _ in answers}) == 1
    assert readers(here, other) == sorted([ann, BOB_KEY])
    stranger = here.visitor()
    for method, path in (("GET", ""), ("POST", "/revoke"), ("POST", "/extend")):
        answer = stranger.ask(method, f"/sent/{mine.hex()}{path}", b"", _form())
        assert (answer.status, answer.to) == (303, "/sent")
    assert readers(here, mine) == sorted([BOB_KEY, CAT])


def _form() -> dict[str, str]:
    return {"Content-Type": "application/x-www-form-urlencoded"}


def test_withdraw_from_one_of_three_asks_first_and_is_undone(here: Place, ann: str) -> None:
    id_ = id_of(here.sealed(to=(BOB, CAT, DAN), sender=ann))
    path, visitor = f"/sent/{id_.hex()}", signed_in(here, ann)
    everybody = sorted([BOB_KEY, CAT, DAN])

    asked = visitor.post(f"{path}/revoke", recipient=BOB_KEY)
    assert "From then on it cannot be read any more by" in asked.text
    assert DAN not in asked.text
    assert readers(here, id_) == everybody
    assert visitor.post(f"{path}/revoke", recipient=BOB_KEY, sure="yes").to == path
    assert readers(here, id_) == [CAT, DAN]
    shown = visitor.get(path).text
    assert "This can be undone until" in shown
    assert "it was withdrawn" in shown

    assert visitor.post(f"{path}/restore", recipient=CAT).status == 422
    assert visitor.post(f"{path}/restore", recipient=BOB_KEY).to == path
    assert readers(here, id_) == everybody

    assert visitor.post(f"{path}/revoke", recipient=[BOB_KEY, DAN, "eve@else.test"], sure="yes").to == path
    assert readers(here, id_) == [CAT]
    assert visitor.post(f"{path}/revoke", all="yes", sure="yes").to == path
    assert readers(here, id_) == []
    assert visitor.post(f"{path}/revoke", all="yes", sure="yes").status == 422
    assert "the secret quarter" in visitor.get(path).text
    here.ring.access.revoke(id_, at=datetime.now(UTC))
    assert "the secret quarter" not in visitor.get(path).text  # it went with the keys
    details = {row.detail for row in here.ring.audit.of(id_) if row.event in {"revoked", "restored"}}
    assert all(detail.startswith("by the sender") for detail in details)
    assert here.ring.audit.verify().bad == 0


def test_forms_of_strangers_do_nothing(here: Place, ann: str) -> None:
    id_ = id_of(here.sealed(sender=ann))
    visitor = signed_in(here, ann)
    path = f"/sent/{id_.hex()}/revoke"
    fields = _form()

    for site in ("cross-site", "same-site", "none"):
        assert visitor.ask("POST", path, b"all=yes&sure=yes", fields | {"Sec-Fetch-Site": site}).status == 403
    del visitor.send["Sec-Fetch-Site"]
    assert visitor.ask("POST", path, b"all=yes&sure=yes", fields).status == 403
    assert visitor.ask("POST", path, b"all=yes&sure=yes", fields | {"Origin": "null"}).status == 403
    assert len(readers(here, id_)) == 2
    page = visitor.get(f"/sent/{id_.hex()}").text
    token = re.search(r'name="token" value="([0-9a-f]{64})"', page)
    assert token
    sent = visitor.ask("POST", path, f"all=yes&sure=yes&token={token[1]}".encode(), fields)
    assert sent.status == 303
    assert visitor.get(path).status == 405


def test_end_is_set_within_what_policy_allows(here: Place, ann: str) -> None:
    free = id_of(here.sealed(sender=ann))
    bound = id_of(here.sealed(sender=ann, lifetime=timedelta(days=10).total_seconds()))
    visitor = signed_in(here, ann)

    def expires(id_: bytes) -> set[datetime | None]:
        known = here.ring.messages.of(id_)
        assert known
        return {one.expires for one in known.recipients}

    path = f"/sent/{free.hex()}/extend"
    assert visitor.post(path, all="yes", until=today(400)).status == 303
    assert expires(free) == {datetime.fromisoformat(f"{today(401)}T00:00+00:00")}
    assert visitor.post(path, all="yes", end="never").status == 303
    assert expires(free) == {None}
    for bad in (today(-1), "", "soon", "9999-12-31"):
        assert visitor.post(path, all="yes", until=bad).status == 422
    assert visitor.post(path, until=today(5)).status == 422

    path = f"/sent/{bound.hex()}/extend"
    (latest,) = expires(bound)
    assert visitor.post(path, recipient=BOB_KEY, until=today(3)).status == 303
    assert latest in expires(bound)
    assert visitor.post(path, all="yes", until=today(11)).status == 422
    assert visitor.post(path, all="yes", end="never").status == 422
    assert visitor.post(path, all="yes", until=today(10)).status == 303
    assert expires(bound) == {latest}
    assert "Your organisation lets this message be read until" in visitor.get(f"/sent/{bound.hex()}").text


def test_look_of_a_super_user_is_not_shown(here: Place, ann: str) -> None:
    id_ = id_of(here.sealed(sender=ann, read_notice=True))
    for who in (BOB_KEY, "ada@lab.test"):
        row = Entry(Event.SHOWN, id_, who, AS_SUPER_USER)
        here.ring.audit.add([Entry(Event.OVERSEEN, id_, who, "why"), row], at=datetime.now(UTC))
    visitor = signed_in(here, ann)

    page = visitor.get(f"/sent/{id_.hex()}").text
    assert "ada@lab.test" not in page
    assert "has looked at it" not in page
    assert "Read by 0 of 2 recipients." in visitor.get("/sent").text
    assert here.ring.read_notices.note(Entry(Event.SHOWN, id_, BOB_KEY), at=datetime.now(UTC))
    assert b"was read" in here.sink.take_one().content


def test_list_is_searched_and_goes_on_to_older_messages(here: Place) -> None:
    amy, many = "amy4@lab.test", [id_of(here.sealed(message(identity=f"<{n}@x.test>"), to=(BOB,),
                                          sender="amy4@lab.test")) for n in range(27)]  # fmt: skip
    special = id_of(here.sealed(message(identity="<s@x.test>"), to=(DAN,), sender=amy))
    visitor = signed_in(here, amy)

    def listed(query: str) -> list[str]:
        page = visitor.get(f"/sent?{query}").text
        return re.findall(r'href="/sent/([0-9a-f]{32})"', page)

    first = visitor.get("/sent").text
    shown = listed("")
    assert len(shown) == 25
    assert shown[0] == special.hex()
    older = re.search(r'href="/sent\?([^"]+)"', first)
    assert older
    rest = listed(older[1].replace("&amp;", "&"))
    assert sorted(shown + rest) == sorted(each.hex() for each in (*many, special))
    assert listed("to=Dan@three.test") == [special.hex()]
    assert listed("to=@three.test") == [special.hex()]
    assert listed(f"since={today(1)}") == []
    assert len(listed(f"since={today()}&until={today()}&after=nonsense")) == 25
    assert listed(f"until={today(-1)}&since=x&to=") == []


def test_sender_is_told_once_and_can_turn_it_off(here: Place, ann: str) -> None:
    mail = here.sealed(to=(BOB, CAT), sender=ann, read_notice=True)
    path, id_ = path_of(mail), id_of(mail)
    reader = here.signed_in(path, BOB)

    for _ in range(2):
        assert reader.get(f"{path}/body").status == 200
    told = here.sink.take_one()
    assert b"Your encrypted message was read" in told.content
    assert f"{here.portal.address}/sent".encode() in told.content.replace(b"=\r\n", b"")
    assert [each.address for each in told.recipients] == [ann]
    assert eventually(lambda: "sender_told" in here.events(id_))

    own = signed_in(here, ann)
    page = own.get(f"/sent/{id_.hex()}").text
    assert "You get a mail when a recipient reads it" in page
    assert "you were told that it was read" in page
    assert own.post(f"/sent/{id_.hex()}/notice", wanted="no").status == 303
    assert "You get no mail when it is read." in own.get(f"/sent/{id_.hex()}").text
    other = here.signed_in(path, CAT)
    assert other.get(f"{path}/body").status == 200
    assert here.sink.is_quiet(1)


def test_without_the_setting_there_is_no_page(portal: Place) -> None:
    visitor = portal.visitor()

    for method, path in (("GET", "/sent"), ("POST", "/sent/address"), ("POST", "/sent/code"),
                         ("GET", f"/sent/{'00' * 16}"), ("GET", "/sent/account")):  # fmt: skip
        assert visitor.ask(method, path, b"", _form()).status == 404, path
