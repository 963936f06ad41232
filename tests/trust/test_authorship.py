"""Of signed mail only the author's own signature, believed, over all that people see, passes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509

from postseal.body import Body
from postseal.message import Header, Message
from postseal.trust.anchors import Anchors
from postseal.trust.authorship import Judgement, Standing, judge
from postseal.trust.trust import Trust, Use
from postseal.trust.verdict import Verdict
from smime_lab import (
    ENTITY,
    PEOPLE,
    ROOT,
    around,
    clear_signed,
    entity_of,
    mail,
    multipart,
    opener,
    sealed,
    signer,
)

ANN, BOB = (ROOT.issue(f"{name}@example.com", kind="p256") for name in ("ann", "bob"))
TRUST = Trust(Anchors((ROOT.certificate,)))


def believe(certificate: x509.Certificate, sent: Sequence[x509.Certificate], owner: str) -> Verdict:
    return TRUST.judge(certificate, sent, at=datetime.now(UTC), use=Use.VERIFY, owner=owner)


def judged(message: Message, *froms: str) -> Judgement:
    """What is said of *message* with other From fields."""
    if froms:
        message = message.without("From").adding(*(Header(b"From", b" " + one.encode()) for one in froms))
    return judge(message, opener().open(message), believe)


@pytest.mark.parametrize("given", [clear_signed(ENTITY, signer(ANN)), mail(around(ENTITY, signer(ANN)))])
def test_signature_of_the_author_passes(given: Message) -> None:
    found = judged(given)

    assert (found.standing, found.why) == (Standing.PASS, "")
    assert found.result == (
        f"smime=pass body.smime-identifier=ann@example.com"
        f" body.smime-serial={ANN.certificate.serial_number:x}"
    )


@pytest.mark.parametrize(
    "sender",
    [
        "ANN@Example.COM",
        "Ann <ann@example.com>",
        '"ann@example.com" <ann@example.com>',
        "=?utf-8?q?ann=40example=2Ecom?= <ann@example.com>",
    ],
)
def test_author_may_be_written_in_any_way(sender: str) -> None:
    assert judged(clear_signed(ENTITY, signer(ANN)), sender).standing is Standing.PASS


@pytest.mark.parametrize(
    ("froms", "why"),
    [
        (["bob@example.com"], "not for bob@example.com"),
        (["ann@example.com", "ann@example.com"], "not there once"),
        ([], "not there once"),
        (["ann@example.com, bob@example.com"], "not name one author"),
        (["ann@example.com <bob@example.com> <ann@example.com>"], "not name one author"),
        (['"bob@example.com" <ann@example.com>'], "looks like another"),
        (["bob＠example.com <ann@example.com>"], "looks like another"),
        (["=?utf-8?q?bob=40example.com?= <ann@example.com>"], "looks like another"),
        (["ann@example.com (bob@example.com)"], "looks like another"),
        (["ann@example.com.evil.example"], "not for ann@example.com.evil.example"),
    ],
)
def test_signature_of_somebody_who_is_not_the_one_author_does_not_pass(froms: list[str], why: str) -> None:
    given = clear_signed(ENTITY, signer(ANN)).without("From")
    given = given.adding(*(Header(b"From", b" " + one.encode()) for one in froms))

    found = judge(given, opener().open(given), believe)

    assert found.standing is Standing.POLICY
    assert why in found.why


@pytest.mark.parametrize(
    ("sender", "expected"),
    [("bob@example.com", Standing.POLICY), ("ann@example.com", Standing.PASS), ("x", Standing.POLICY)],
)
def test_sender_must_be_the_author(sender: str, expected: Standing) -> None:
    given = clear_signed(ENTITY, signer(ANN)).adding(Header.of("Sender", sender))

    assert judged(given).standing is expected


def test_signer_without_a_path_is_not_believed() -> None:
    other = type(ROOT).root("Somebody").issue("ann@example.com", kind="p256")

    found = judged(clear_signed(ENTITY, signer(other)))

    assert found.standing is Standing.POLICY
    assert found.why.startswith("path: ")


def test_change_fails_whoever_signed() -> None:
    found = judged(clear_signed(ENTITY, signer(ANN), of=ENTITY + b"x"))

    assert (found.standing, found.why) == (Standing.FAIL, "the content was changed")


def test_bad_signature_beside_a_good_one_fails() -> None:
    bad = signer(BOB)
    bad = replace(bad, scheme=replace(bad.scheme, sign=lambda _: signer(BOB).scheme.sign(b"other")))

    assert judged(clear_signed(ENTITY, signer(ANN), bad)).standing is Standing.FAIL


def test_second_signer_who_is_sound_does_no_harm() -> None:
    assert judged(clear_signed(ENTITY, signer(BOB), signer(ANN))).standing is Standing.PASS


def test_preamble_in_front_of_what_is_signed_is_no_fault() -> None:
    given = clear_signed(ENTITY, signer(ANN))

    found = judged(given.with_body(Body.of(b"read this\r\n" + given.body.read())))

    assert (found.standing, found.why) == (Standing.PASS, "")


def test_signature_around_a_part_only_is_none() -> None:
    inside = clear_signed(ENTITY, signer(ANN))
    part = inside.all("Content-Type")[0].raw + b"\r\n" + inside.body.read()
    given = multipart(b"Content-Type: text/plain\r\n\r\nread this\r\n", part, "multipart/mixed")

    assert judged(given).standing is Standing.NONE


def test_mail_that_is_not_signed_has_nothing_said_of_it() -> None:
    assert judged(mail(b"").without("Content-Type")) == Judgement(Standing.NONE, authenticated=True)


def test_what_only_claims_to_be_smime_fails() -> None:
    assert judged(mail(b"hello")).standing is Standing.FAIL


@pytest.mark.parametrize(
    ("inside", "cipher", "authenticated"),
    [
        (ENTITY, "aes-256-cbc", False),
        (ENTITY, "aes-256-gcm", True),
        (entity_of(around(ENTITY, signer(ANN))), "aes-256-cbc", True),
        (entity_of(sealed()), "aes-256-gcm", False),
    ],
)
def test_cbc_counts_as_authenticated_only_with_a_signature_inside(
    inside: bytes, cipher: str, authenticated: bool
) -> None:
    found = judged(mail(sealed(inside, PEOPLE["rsa"], cipher=cipher)))

    assert (found.encrypted, found.authenticated) == (True, authenticated)


def test_signed_inside_encrypted_passes_and_again_outside() -> None:
    inside = entity_of(sealed(entity_of(around(ENTITY, signer(ANN)))))

    found = judged(clear_signed(inside, signer(ANN)))

    assert found.standing is Standing.PASS
    assert len(found.signings) == 2


def test_somebody_elses_signature_around_an_envelope_says_nothing_of_its_content() -> None:
    found = judged(clear_signed(entity_of(sealed(entity_of(around(ENTITY, signer(BOB))))), signer(ANN)))

    assert found.standing is Standing.POLICY
