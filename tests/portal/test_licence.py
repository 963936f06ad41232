"""What a reader is told of templates, and how long he reads without signing in again."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from demo.visitor import Visitor
from portal_place import Place, id_of, path_of
from postseal.errors import Cause, Failure
from postseal.language.language import Language
from postseal.language.texts import Texts
from postseal.rights import OPTIONS, Template
from postseal.store.schema_sealed import portal_sessions, sealed_messages
from postseal.store.sealed import unwrapped

BOARD = Texts.of({Language.EN: "Board only", Language.DE: "Nur für den Vorstand"})
WHY = Texts.of({Language.EN: "Partners <read> and answer.", Language.DE: "Partner lesen und antworten."})
EVERYBODY = OPTIONS["encrypt_only"].grants
_count = iter(range(10_000))


def template(offline: float | None) -> Template:
    return Template("board", EVERYBODY, name=BOARD, description=WHY, offline=offline)


def opened(here: Place, *templates: Template) -> tuple[str, str, Visitor]:
    """The path of a message with *templates*, its reader's address, and he himself."""
    reader = f"reader{next(_count)}@licence.test"
    path = path_of(here.sealed(to=(reader,), templates=templates))
    return path, reader, here.signed_in(path, reader)


def signed_in_ago(here: Place, address: str, ago: timedelta) -> None:
    """Whoever has signed in as *address* did so that long *ago*."""
    change = update(portal_sessions).where(portal_sessions.c.address == address)
    since = datetime.now(UTC) - ago
    here.ring.store.write(lambda connection: connection.execute(change.values(since=since)))


def may_read(visitor: Visitor, path: str) -> bool:
    page, body = visitor.get(path), visitor.get(f"{path}/body")
    assert (page.status, body.status) in {(200, 200), (200, 403)}
    assert ("<iframe" in page.text) is (body.status == 200)
    return body.status == 200


@pytest.mark.parametrize(
    ("language", "name", "description"),
    [
        ("en", "Board only", "Partners &lt;read&gt; and answer."),
        ("de", "Nur für den Vorstand", "Partner lesen und antworten."),
        ("ja", "Board only", "Partners &lt;read&gt; and answer."),
    ],
)
def test_reader_is_told_of_a_template_in_his_language(
    here: Place, language: str, name: str, description: str
) -> None:
    path, _, visitor = opened(here, template(None))
    visitor.send["Accept-Language"] = language

    page = visitor.get(path).text

    assert f"<strong>{name}</strong>" in page
    assert description in page


def test_templates_that_are_always_there_have_a_name_where_there_is_something_to_say(here: Place) -> None:
    restricted, _, bob = opened(here, OPTIONS["do_not_forward"])
    free, _, cat = opened(here, OPTIONS["encrypt_only"])
    bob.send["Accept-Language"] = "de"

    assert "<strong>Nicht weiterleiten</strong>" in bob.get(restricted).text
    assert "<strong>" not in cat.get(free).text


def test_nobody_who_changes_the_store_changes_what_holds(here: Place) -> None:
    mail = here.sealed(templates=(template(0.0),))
    change = update(sealed_messages).where(sealed_messages.c.id == id_of(mail)).values(licence="")
    here.ring.store.write(lambda connection: connection.execute(change))
    known = here.ring.messages.of(id_of(mail))
    assert known

    with pytest.raises(Failure) as refused:
        unwrapped(known, known.recipients[0], here.ring.keys)

    assert refused.value.cause is Cause.KEYS


def test_keys_go_over_to_a_new_master_key_with_their_licence(here: Place) -> None:
    known = here.ring.messages.of(id_of(here.sealed(templates=(template(0.0),))))
    assert known
    reader = known.recipients[0]
    assert reader.key

    key = here.ring.keys.unwrap(reader.key, known.bound(reader.address))

    assert key == unwrapped(known, reader, here.ring.keys)
    assert known.licence.seconds == 0


@pytest.mark.parametrize(
    ("offline", "ago", "reads"),
    [
        (None, timedelta(hours=11), True),
        (float("inf"), timedelta(hours=11), True),
        (3600.0, timedelta(minutes=59), True),
        (3600.0, timedelta(minutes=61), False),
        (0.0, timedelta(minutes=14), True),
        (0.0, timedelta(minutes=16), False),
    ],
)
def test_sign_in_is_good_for_a_message_as_long_as_its_template_says(
    here: Place, offline: float | None, ago: timedelta, *, reads: bool
) -> None:
    path, reader, visitor = opened(here, template(offline))
    other = path_of(here.sealed(to=(reader,)))
    signed_in_ago(here, reader, ago)

    assert may_read(visitor, path) is reads
    assert may_read(visitor, other)  # what others say is not its affair
    for way in ("attachment/0", "message.eml", "reply"):
        answer = visitor.get(f"{path}/{way}")
        assert (answer.status == 303) is not reads, way
    assert ("For this message you have to sign in again" in visitor.get(path).text) is not reads


def test_who_has_to_sign_in_anew_can(here: Place) -> None:
    path, reader, visitor = opened(here, template(0.0))
    signed_in_ago(here, reader, timedelta(hours=1))
    assert not may_read(visitor, path)

    assert visitor.post(f"{path}/address", address=reader).status == 303
    assert visitor.post(f"{path}/code", code=here.code()[1]).to == path

    assert may_read(visitor, path)


def test_each_time_means_for_each_message(here: Place) -> None:
    _, reader, visitor = opened(here, template(None))
    strict = path_of(here.sealed(to=(reader,), templates=(template(0.0),)))

    assert not may_read(visitor, strict)
