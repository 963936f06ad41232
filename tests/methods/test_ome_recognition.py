"""A carrier mail of ours is known again, octet for octet; one that somebody wrote into is not."""

import io
from dataclasses import replace
from datetime import timedelta

import pytest

from pictures import LOGO
from postseal import message_file
from postseal.body import Spool
from postseal.branding.branding import Branding
from postseal.language.language import Language
from postseal.language.texts import Texts
from postseal.message import Message
from postseal.settings.ome import Form, Ome
from postseal.store.ring import Ring
from postseal.treatment import Treatment
from sealing import SETTINGS, Sealing, message

BRANDING = Branding(
    word="sales",
    name="Größe & Söhne",
    languages=tuple(Language),
    disclaimer=Texts("a\nb"),
    logo=LOGO,
    portal="https://sales.lab.test",
    expire=86400.0,
)
FORMS = [
    pytest.param(SETTINGS, id="attached"),
    pytest.param(replace(SETTINGS, online=0.0), id="attached-without-copy"),
    pytest.param(replace(SETTINGS, form=Form.LINK), id="link"),
    pytest.param(replace(SETTINGS, expire=30 * 86400.0), id="expires"),
]


def read(octets: bytes) -> Message:
    return message_file.read(io.BytesIO(octets), Spool(threshold=1000))


@pytest.mark.parametrize("settings", FORMS)
def test_made_knows_what_it_made(ring: Ring, settings: Ome) -> None:
    seal = Sealing(ring, settings)
    seal(message(body=b"the numbers\r\n" * 20_000))
    seal.at += timedelta(days=400)

    assert seal.method.made(read(seal.raw))
    assert seal.method.made(read(b"Received: from a by b\r\n" + seal.raw))


@pytest.mark.parametrize("settings", FORMS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"--\r\n\r\n--=_", b"--\r\nthe numbers\r\n--=_", id="between-parts"),
        pytest.param(b"Content-Type: text/plain", b"X: the numbers\r\nContent-Type: text/plain", id="header"),
        pytest.param(b"\r\n\r\n", b"\r\n\r\nthe numbers\r\n", id="preamble"),
        pytest.param(b"</html>", b"the numbers</html>", id="html"),
        pytest.param(b"<ann@lab.test>", b"<eve@lab.test>", id="author"),
    ],
)
def test_made_does_not_know_what_somebody_changed(ring: Ring, settings: Ome, old: bytes, new: bytes) -> None:
    seal = Sealing(ring, settings)
    seal(message())
    changed = seal.raw.replace(old, new, 1)

    assert changed != seal.raw
    assert not seal.method.made(read(changed))
    assert not seal.method.made(read(seal.raw + b"the numbers\r\n"))


@pytest.mark.parametrize("settings", FORMS)
def test_made_does_not_know_those_of_another_portal(ring: Ring, settings: Ome) -> None:
    seal = Sealing(ring, settings)
    seal(message())

    other = Sealing(ring, replace(settings, portal="https://else.test"))
    assert not other.method.made(read(seal.raw))
    assert not Sealing(ring, Ome()).method.made(read(seal.raw))


def test_made_takes_no_other_mail_for_its_own(ring: Ring) -> None:
    seal = Sealing(ring)
    assert not seal.method.made(message())
    assert not seal.method.made(message(body=b""))


def test_made_knows_what_it_made_with_a_branding(ring: Ring) -> None:
    seal = Sealing(ring, SETTINGS, BRANDING)
    seal(message(body=b"the numbers\r\n" * 20_000), treatment=Treatment(branding="sales"))

    assert b"https://sales.lab.test/m/" in seal.raw
    assert seal.method.made(read(seal.raw))
    assert not Sealing(ring).method.made(read(seal.raw))
    assert not Sealing(ring, SETTINGS, replace(BRANDING, name="else")).method.made(read(seal.raw))


def test_sealed_again_is_another(ring: Ring) -> None:
    seal = Sealing(ring)
    seal(message(), treatment=Treatment(protect=("ome",)))
    once = seal.raw
    assert seal.method.made(read(once))
    seal(read(once))
    assert seal.method.made(read(seal.raw))
