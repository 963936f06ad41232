"""What the method ome makes of a message, opened as the portal would open it."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pictures import LOGO
from postseal.body import Spool
from postseal.branding.branding import Branding
from postseal.envelope import Envelope, Recipient
from postseal.errors import Cause, Failure
from postseal.language.language import Language
from postseal.language.texts import Texts
from postseal.methods.method import Order
from postseal.methods.ome import OmeMethod
from postseal.settings.ome import Form, Ome
from postseal.store.containers import kept
from postseal.store.ring import Ring
from postseal.treatment import SetHeader, Treatment
from sealing import BOB, CAT, KEYS, NOON, PORTAL, SETTINGS, Sealing, attached, field_of, link, message, posted


def test_file_opens_to_the_whole_message_for_each_recipient(ring: Ring) -> None:
    seal = Sealing(ring)
    given = message()

    mail = seal(given, BOB, CAT)

    for address in ("bob@one.test", "cat@two.test"):
        assert seal.opened(posted(mail), address) == b"".join(given.pieces())


def test_nothing_secret_is_outside(ring: Ring) -> None:
    seal = Sealing(ring)

    mail = seal(message())

    for secret in (b"numbers", b"quarter", b"agent", b"Bcc", b"DKIM"):
        assert secret not in seal.raw
    assert mail["Subject"] == "[...]"
    assert not any(line.startswith((b"X-Mailer", b"Thread-Topic")) for line in seal.raw.split(b"\r\n"))


def test_threads_and_replies_go_on_outside(ring: Ring) -> None:
    mail = Sealing(ring)(message(("Reply-To", "team@lab.test"), ("List-Id", "<team.lab.test>")))

    assert mail["Message-ID"] == "<1@lab.test>"
    assert mail["In-Reply-To"] == "<0@else.test>"
    assert mail["References"] == "<00@else.test> <0@else.test>"
    assert mail["Reply-To"] == "team@lab.test"
    assert mail["List-Id"] == "<team.lab.test>"
    assert mail["Received"] == "from client by mx"


def test_carrier_survives_every_hop(ring: Ring) -> None:
    branding = Branding(
        name="Müller & Söhne",
        languages=tuple(Language),
        introduction=Texts("Grüße <b>\nzwei"),
        disclaimer=Texts.of({Language.EN: "Замечание " * 30, Language.ZH: "短い" * 500}),
        logo=LOGO,
    )
    seal = Sealing(ring, SETTINGS, branding)

    mail = seal(message(body=bytes(range(256)) * 300))

    assert seal.raw.isascii()
    assert max(map(len, seal.raw.split(b"\r\n"))) <= 998
    assert b"\n" not in seal.raw.replace(b"\r\n", b"")
    page = attached(mail)
    assert max(map(len, page.splitlines())) <= 250
    assert "<b>" not in page
    assert page.isascii()


def test_page_has_no_script_and_posts_to_the_portal_alone(ring: Ring) -> None:
    page = attached(Sealing(ring)(message()))

    assert "<script" not in page
    assert "password" not in page
    assert re.findall(r"<form [^>]*>", page) == [
        f'<form id="f" method="post" action="{PORTAL}/o" enctype="multipart/form-data">'
    ]
    assert f"form-action {PORTAL};" in page
    assert set(re.findall(r"https?://[^/\"'; ]+", page)) == {PORTAL}
    assert re.findall(r'<input type="(\w+)"', page) == ["hidden"] * 3
    assert len(field_of(page, "id")) == 32


def test_link_form_keeps_the_container_at_the_portal(ring: Ring) -> None:
    seal = Sealing(ring, replace(SETTINGS, form=Form.LINK))
    given = message()

    mail = seal(given)

    assert not [part for part in mail.walk() if part.get_filename()]
    copy = seal.ring.containers.find(kept(bytes.fromhex(link(mail)[-32:])), NOON + timedelta(days=9999))
    assert copy
    assert seal.opened(b"".join(seal.ring.containers.pieces(copy))) == b"".join(given.pieces())


def test_copy_behind_the_link_of_an_attachment_ends(ring: Ring) -> None:
    seal = Sealing(ring, replace(SETTINGS, online=86400.0))

    name = kept(bytes.fromhex(link(seal(message()))[-32:]))

    assert seal.ring.containers.find(name, NOON + timedelta(hours=23))
    assert seal.ring.containers.find(name, NOON + timedelta(hours=24)) is None


def test_attachment_without_copies_has_no_link(ring: Ring) -> None:
    seal = Sealing(ring, replace(SETTINGS, online=0.0))

    mail = seal(message())

    assert b"/m/" not in seal.raw
    assert seal.opened(posted(mail))


@pytest.mark.parametrize(("size", "is_attached"), [(1000, True), (200_000, False)])
def test_form_is_chosen_by_size(ring: Ring, size: int, is_attached: bool) -> None:
    seal = Sealing(ring, replace(SETTINGS, attach_up_to=100_000))

    mail = seal(message(body=b"x" * size))

    assert bool([part for part in mail.walk() if part.get_filename() == "message.html"]) is is_attached
    assert link(mail)


@pytest.mark.parametrize("setting", list(Form))
@pytest.mark.parametrize("asked", list(Form))
def test_form_is_chosen_by_a_rule(ring: Ring, setting: Form, asked: Form) -> None:
    seal = Sealing(ring, replace(SETTINGS, form=setting))

    mail = seal(message(), treatment=Treatment(form=asked))

    attached = [part for part in mail.walk() if part.get_filename() == "message.html"]
    assert bool(attached) is (asked is not Form.LINK)
    assert link(mail)


@pytest.mark.parametrize(
    ("setting", "outside"),
    [("[...]", "[...]"), ("Vertrauliche Grüße", "Vertrauliche Grüße"), ("keep", "the secret quarter")],
)
def test_subject_outside_is_as_the_settings_say(ring: Ring, setting: str, outside: str) -> None:
    mail = Sealing(ring, replace(SETTINGS, subject=setting))(message())

    assert mail["Subject"] == outside
    assert len(mail.get_all("Subject", [])) == 1


def test_subject_outside_is_as_a_rule_says(ring: Ring) -> None:
    seal = Sealing(ring)

    written = seal(message(), treatment=Treatment(cover="A contract"))
    kept_one = seal(message(identity="<2@lab.test>"), treatment=Treatment(cover="keep"))

    assert written["Subject"] == "A contract"
    assert kept_one["Subject"] == "the secret quarter"


def test_fields_that_a_rule_wrote_stay_outside_but_never_the_subject(ring: Ring) -> None:
    edits = (SetHeader("X-Class", "internal"), SetHeader("Subject", "a secret"))
    given = message(("X-Class", "internal"))

    mail = Sealing(ring)(given, treatment=Treatment(headers=edits))

    assert mail["X-Class"] == "internal"
    assert mail["Subject"] == "[...]"


def test_expiry_is_shown_and_holds(ring: Ring) -> None:
    seal = Sealing(ring, replace(SETTINGS, expire=86400.0))

    by_settings = seal(message())
    by_rule = seal(message(identity="<2@lab.test>"), treatment=Treatment(lifetime=2 * 86400.0))

    for mail, day in ((by_settings, 25), (by_rule, 26)):
        plain = mail.get_body(("plain",))
        assert plain
        assert f"{day} November 2026, 12:00 UTC" in plain.get_content()
        assert f'<time datetime="2026-11-{day}T12:00Z">' in attached(mail)
    seal.at = NOON + timedelta(days=1)
    with pytest.raises(AssertionError):
        seal.opened(posted(by_settings))
    assert seal.opened(posted(by_rule))


def test_large_message_goes_through_the_spool(ring: Ring, tmp_path: Path) -> None:
    seal = Sealing(ring, replace(SETTINGS, attach_up_to=20 << 20))
    seal.method = OmeMethod(
        replace(SETTINGS, attach_up_to=20 << 20), ring, Spool(tmp_path, 1000), clock=lambda: NOON
    )
    given = message(body=bytes(range(256)) * 16384)

    assert seal.opened(posted(seal(given))) == b"".join(given.pieces())


@pytest.mark.parametrize(
    "address", ["bob", "@one.test", "", "a" * 320 + "@x.test", "b\x00b@x.test", "b\udcffb@x.test"]
)
def test_mailbox_that_is_none_is_not_reached(ring: Ring, address: str) -> None:
    assert not Sealing(ring).method.reaches(Recipient(address))


def test_without_a_portal_nobody_is_reached() -> None:
    method = OmeMethod(Ome(), None, Spool(), clock=lambda: NOON)

    assert not method.reaches(Recipient(BOB))
    assert "portal" in method.obstacle(Recipient(BOB))


def test_store_that_is_down_is_a_failure(tmp_path: Path) -> None:
    ring = Ring(f"sqlite:///{tmp_path}/none.sqlite", timeout=5, keys=KEYS)
    method = OmeMethod(SETTINGS, ring, Spool(), clock=lambda: NOON)
    who = (Recipient(BOB),)

    with pytest.raises(Failure) as raised:
        method.protect(message(), who, order=Order(message(), Envelope("", who), Treatment()))

    assert raised.value.cause is Cause.STORE


def test_message_is_noted_with_its_branding_and_ends_as_that_says(ring: Ring) -> None:
    seal = Sealing(ring, SETTINGS, Branding(word="sales", name="Sales Ltd", expire=86400.0))

    mail = seal(message(), treatment=Treatment(branding="sales"))
    by_rule = seal(message(identity="<2@lab.test>"), treatment=Treatment(branding="sales", lifetime=60.0))
    plain = seal(message(identity="<3@lab.test>"))

    notes = [seal.ring.messages.of(bytes.fromhex(link(each)[-32:])) for each in (mail, by_rule, plain)]
    assert [note and note.brand for note in notes] == ["sales", "sales", "default"]
    assert [note and note.recipients[0].expires for note in notes] == [
        NOON + timedelta(days=1),
        NOON + timedelta(minutes=1),
        None,
    ]
    assert "<bdi>Sales Ltd</bdi>" in attached(mail).replace("\r\n", " ")


def test_branding_that_is_not_there_is_a_failure(ring: Ring) -> None:
    with pytest.raises(Failure) as raised:
        Sealing(ring)(message(), treatment=Treatment(branding="gone"))

    assert raised.value.cause is Cause.INTERNAL


def test_recipients_with_different_brandings_share_no_copy() -> None:
    assert Treatment(protect=("ome",), branding="sales") != Treatment(protect=("ome",), branding="legal")
