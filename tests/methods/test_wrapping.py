"""Signatures around the text, and around what was encrypted; hidden fields in the text for old programs."""

from pathlib import Path

import pytest

from methods.test_protected_header import (
    ANN,
    LOGGED_IN,
    TO_BOB,
    message,
    place,
    read,
    sealing,
    signing,
)
from postseal.cms.layer import Encrypted, Signed
from postseal.envelope import Recipient
from postseal.message import Message
from postseal.methods.method import Manner, Methods
from postseal.pipeline import process
from postseal.policy import encryption
from postseal.settings.smime import Peer, SignedForm, Smime, Subject
from postseal.treatment import Treatment
from smime_lab import opener
from test_pipeline import Rules

__all__ = ["place"]  # a fixture


def sent(place: Path, settings: Smime, *protect: str, sign: bool = True) -> Message:
    """What the pipeline makes of a message for Bob."""
    methods = Methods({"smime": sealing(place, settings)}, signing(place, settings))
    rules = Rules({TO_BOB[0]: Treatment(protect=protect, sign=sign)})
    result = process(message(), LOGGED_IN, rules, methods)
    assert isinstance(result, list)
    (copy,) = result
    return copy.message


@pytest.mark.parametrize("form", SignedForm)
def test_signed_mail_travels_in_the_form_of_the_settings(form: SignedForm, place: Path) -> None:
    found = sent(place, Smime(signed_form=form))

    opened, after = read(found)
    (layer,) = opened.layers
    assert isinstance(layer, Signed)
    assert layer.intact
    assert layer.clear is (form is SignedForm.CLEAR)
    assert layer.signatures[0].certificate == ANN.certificate
    assert after.first("Subject") == b"merger"
    assert encryption.signed(found)
    assert (b"smime-type=signed-data" in found.header_block) is (form is SignedForm.OPAQUE)


def test_what_is_encrypted_is_signed_beside_the_text_in_any_case(place: Path) -> None:
    found = sent(place, Smime(signed_form=SignedForm.OPAQUE, subject=Subject.HIDDEN), "smime")

    opened, after = read(found)
    assert [type(layer) for layer in opened.layers] == [Encrypted, Signed]
    assert isinstance(opened.layers[1], Signed)
    assert opened.layers[1].clear
    assert (found.first("Subject"), after.first("Subject")) == (b"[...]", b"merger")


@pytest.mark.parametrize(
    ("settings", "wraps"),
    [
        (Smime(), False),
        (Smime(triple_wrap=True), True),
        (Smime(triple_wrap=True, peers=(Peer(("example.com",), triple_wrap=False),)), False),
        (Smime(peers=(Peer(("example.com",), triple_wrap=True),)), True),
    ],
)
def test_encrypted_mail_is_signed_outside_too_where_the_settings_say_so(
    settings: Smime, wraps: bool, place: Path
) -> None:
    found = sent(place, settings, "smime")

    opened, after = read(found)
    assert [type(layer) for layer in opened.layers] == [Signed, Encrypted, Signed][not wraps :]
    assert all(layer.intact for layer in opened.layers if isinstance(layer, Signed))
    assert after.first("Subject") == b"merger"
    assert encryption.encrypted(found)


def test_who_does_not_sign_wraps_nothing(place: Path) -> None:
    opened, _ = read(sent(place, Smime(triple_wrap=True), "smime", sign=False))

    assert [type(layer) for layer in opened.layers] == [Encrypted]


def test_signature_beside_text_is_no_encryption(place: Path) -> None:
    assert not encryption.encrypted(sent(place, Smime()))


@pytest.mark.parametrize("sign", [True, False])
def test_hidden_subject_stands_in_the_text_for_old_programs(sign: bool, place: Path) -> None:
    found = sent(place, Smime(subject=Subject.HIDDEN), "smime", sign=sign)

    content = opener().open(found).content
    assert b'hp-legacy-display="1"' in (content.first("Content-Type") or b"")
    assert content.body.read().startswith(b"Subject: merger\r\n\r\n")


@pytest.mark.parametrize(
    "settings",
    [
        Smime(),
        Smime(subject=Subject.HIDDEN, legacy_display=False),
        Smime(subject=Subject.HIDDEN, peers=(Peer(("example.com",), legacy_display=False),)),
        Smime(subject=Subject.HIDDEN, header_protection=False),
    ],
)
def test_text_stays_where_nothing_is_hidden_or_the_settings_say_so(settings: Smime, place: Path) -> None:
    found = sent(place, settings, "smime", sign=False)

    content = opener().open(found).content
    assert b"legacy" not in (content.first("Content-Type") or b"")
    assert content.body.read() == message().body.read()


def test_manner_of_a_peer_makes_a_copy_of_its_own(place: Path) -> None:
    method = sealing(place, Smime(peers=(Peer(("grid.example",), triple_wrap=True),)))

    assert method.manner(Recipient("x@grid.example")) != method.manner(TO_BOB[0])
    assert isinstance(method.manner(TO_BOB[0]), Manner)
