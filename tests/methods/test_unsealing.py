"""Sealed messages of ours are opened for people inside who may read them anyway, and for nobody else."""

import base64
import email
import email.policy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from postseal import message_file
from postseal.body import Body, Spool
from postseal.branding.branding import Branding
from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import Cause, Failure
from postseal.message import Header, Message
from postseal.methods.unsealing import OmeUnsealing
from postseal.sealed.master import LocalKeys
from postseal.settings.ome import Form, Ome
from postseal.settings.settings import LOOPBACK
from postseal.store.ring import Ring
from postseal.treatment import Treatment
from sealing import BOB, CAT, PORTAL, TEXT, Sealing, message, withhold

ANN, DAN = "ann@lab.test", "dan@lab.test"
ATTACHED, LINKED = Ome(portal=PORTAL), Ome(portal=PORTAL, form=Form.LINK)
IN, OUT = Client("192.0.2.7", login="x"), Client("192.0.2.7")


class Opening:
    """What is sealed with *settings*, and opened again."""

    def __init__(self, ring: Ring, settings: Ome = ATTACHED) -> None:
        self.seal = Sealing(ring, settings)
        brandings = {"default": Branding()}
        self.unsealing = OmeUnsealing(
            *(settings, ring, Spool(), lambda: self.seal.at, brandings, frozenset({"lab.test"})),
            trusted_networks=LOOPBACK,
        )

    def carrier(self, *recipients: str, given: Message | None = None, **more: Treatment) -> Message:
        self.seal(given or message(), *recipients, **more)
        return message_file.parsed(Body.of(self.seal.raw))

    def __call__(
        self, carrier: Message, *recipients: str, sender: str = ANN, client: Client = IN
    ) -> dict[str, bytes]:
        """What each recipient gets for whom something is opened."""
        who = tuple(map(Recipient, recipients))
        opened = self.unsealing.opened(carrier, Envelope(sender, who, client), who)
        self.audited = [row.address for row in self.seal.ring.audit.every() if row.event == "unsealed"]
        return {each.address: b"".join(one.pieces()) for each, one in opened.items()}


@pytest.fixture(params=[ATTACHED, LINKED], ids=["attached", "linked"])
def opening(request: pytest.FixtureRequest, ring: Ring) -> Opening:
    return Opening(ring, request.param)


def reply_with(carrier: Message, kind: str = "message/rfc822") -> Message:
    """A reply that has *carrier* attached, as a mail program does it."""
    if kind == "message/rfc822":
        part = b"Content-Type: message/rfc822\r\n\r\n" + b"".join(carrier.pieces()).removesuffix(b"\r\n")
    else:
        parsed = email.message_from_bytes(b"".join(carrier.pieces()), policy=email.policy.SMTP)
        (page,) = [part for part in parsed.walk() if part.get_filename() == "message.html"]
        octets = page.get_payload(decode=True)
        assert isinstance(octets, bytes)
        part = b'Content-Type: %b; name="message.html"\r\nContent-Transfer-Encoding: base64\r\n\r\n%b' % (
            kind.encode(),
            base64.encodebytes(octets.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n"),
        )
    return composed(b"Content-Type: text/plain\r\n\r\nMy answer", part)


def composed(*parts: bytes) -> Message:
    body = b"".join(b"--x\r\n%b\r\n" % part for part in parts) + b"--x--\r\n"
    head = f'From: {BOB}\r\nTo: {ANN}\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n'
    return message_file.parsed(Body.of(head.encode() + body))


def test_carrier_comes_open_with_its_own_header_and_the_way_of_both(opening: Opening) -> None:
    carrier = opening.carrier(DAN)
    carrier = replace(carrier, headers=(Header.of("Received", "from mx by inner"), *carrier.headers))

    got = opening(carrier, DAN)[DAN]

    head, blank, body = got.partition(b"\r\n\r\n")
    assert body == TEXT
    assert head.startswith(b"X-Postseal-Ome: opened\r\nReceived: from mx by inner\r\n")
    for once in (b"\r\nSubject: the secret quarter\r\n", b"\r\nX-Mailer: secret agent\r\n", b"\r\nFrom: "):
        assert (head + blank).count(once) == 1
    assert b"DKIM-Signature" not in head
    assert b"multipart/mixed" not in head
    assert opening.audited == [DAN]


@pytest.mark.parametrize(
    ("readers", "recipient", "sender", "client", "opens"),
    [
        pytest.param([DAN], DAN, "eve@else.test", OUT, True, id="reader"),
        pytest.param([BOB], ANN, BOB, OUT, True, id="its-sender-gets-it-back"),
        pytest.param([BOB], DAN, ANN, IN, True, id="its-sender-sends-it-on"),
        pytest.param(["eve@lab.test"], DAN, "eve@lab.test", IN, True, id="reader-sends-it-on"),
        pytest.param([BOB], DAN, ANN, OUT, False, id="somebody-says-he-is-its-sender"),
        pytest.param([BOB], DAN, "eve@lab.test", IN, False, id="colleague-who-may-not-read-it"),
        pytest.param([BOB], DAN, BOB, IN, False, id="reader-outside-sends-it-on"),
        pytest.param([BOB], BOB, ANN, IN, False, id="reader-outside"),
        pytest.param([BOB], "ann%else.test@lab.test", ANN, IN, False, id="may-lead-outside"),
    ],
)
def test_for_whom(
    opening: Opening, *, readers: list[str], recipient: str, sender: str, client: Client, opens: bool
) -> None:
    got = opening(opening.carrier(*readers), recipient, sender=sender, client=client)

    assert [body.endswith(TEXT) for body in got.values()] == [True] * opens
    assert opening.audited == [recipient] * opens


def test_each_recipient_gets_what_he_may_read(opening: Opening) -> None:
    carrier = opening.carrier(DAN)

    assert list(opening(carrier, DAN, "eve@lab.test", BOB, sender="x@else.test", client=OUT)) == [DAN]


@pytest.mark.parametrize("what", ["revoked", "expired", "withheld", "purged", "changed"])
def test_what_must_stay_closed(opening: Opening, what: str) -> None:
    carrier = opening.carrier(DAN, BOB, treatment=Treatment(lifetime=60.0))
    assert opening(carrier, DAN)  # it is not closed for another reason
    ring = opening.seal.ring
    (id_,) = {row.message for row in ring.audit.every() if row.event == "sealed" and row.message}
    match what:
        case "revoked":
            ring.access.revoke(id_, [DAN], at=opening.seal.at)
        case "expired":
            opening.seal.at += timedelta(minutes=2)
        case "withheld":
            withhold(ring, id_, DAN, "forward")
        case "purged":
            ring.store.write(lambda connection: connection.exec_driver_sql("DELETE FROM sealed_messages"))
        case _:
            for before, after in ((b"</body>", b"!</body>"), (b'="p" value="\r\n', b'="p" value="\r\nAA')):
                carrier = carrier.with_body(Body.of(carrier.body.read().replace(before, after)))

    assert opening(carrier, DAN) == {}


def test_link_to_the_portal_of_somebody_else_stays_closed(ring: Ring) -> None:
    opening = Opening(ring, LINKED)
    opening.carrier(DAN)
    other = opening.seal.raw.replace(PORTAL.encode(), b"https://portal.else.test")

    assert opening(message_file.parsed(Body.of(other)), DAN) == {}


def test_one_revoked_reader_does_not_close_it_for_others(opening: Opening) -> None:
    carrier = opening.carrier(DAN, CAT)
    (id_,) = {row.message for row in opening.seal.ring.audit.every() if row.message}
    opening.seal.ring.access.revoke(id_, [CAT], at=opening.seal.at)

    assert opening(carrier, DAN)[DAN].endswith(TEXT)


def test_carrier_attached_to_a_reply_comes_open(opening: Opening) -> None:
    reply = reply_with(opening.carrier(BOB))

    got = email.message_from_bytes(opening(reply, ANN, sender=BOB, client=OUT)[ANN], policy=email.policy.SMTP)

    text, inner = got.iter_parts()
    assert text.get_content().strip() == "My answer"
    assert inner.get_content()["Subject"] == "the secret quarter"
    assert inner.get_content().get_content().encode() == TEXT


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream"])
def test_file_attached_to_a_reply_comes_open(ring: Ring, kind: str) -> None:
    opening = Opening(ring)
    reply = reply_with(opening.carrier(BOB), kind)

    got = opening(reply, ANN, DAN, sender=BOB, client=OUT)

    assert list(got) == [ANN]
    assert TEXT in got[ANN]
    assert b"the secret quarter" in got[ANN]
    assert b"message.html" not in got[ANN]
    assert got[ANN].startswith(b"X-Postseal-Ome: opened\r\n")


def test_eight_bit_text_attached_is_made_safe(opening: Opening) -> None:
    given = message(body="Grüße: 1, 2, 3.\r\n".encode())
    reply = reply_with(opening.carrier(BOB, given=given))

    got = opening(reply, ANN, sender=BOB, client=OUT)[ANN]

    assert got.isascii()
    inner = email.message_from_bytes(got, policy=email.policy.SMTP).get_payload(1).get_content()  # type: ignore[union-attr]
    assert inner.get_content() == "Grüße: 1, 2, 3.\r\n"


def test_signed_reply_stays_as_it_is(ring: Ring) -> None:
    opening = Opening(ring)
    reply = reply_with(opening.carrier(BOB))
    signed = b"".join(reply.pieces()).replace(b"multipart/mixed", b"multipart/signed")

    assert opening(message_file.parsed(Body.of(signed)), ANN, sender=BOB) == {}


def test_few_of_many_are_opened(ring: Ring) -> None:
    opening = Opening(ring, LINKED)
    part = b"Content-Type: message/rfc822\r\n\r\n" + b"".join(opening.carrier(BOB).pieces())

    got = opening(composed(*[part] * 30), DAN)

    assert got[DAN].count(TEXT) == 10


@pytest.mark.parametrize("away", ["store", "keys"])
def test_nothing_is_delivered_while_it_cannot_be_told(ring: Ring, away: str, tmp_path: Path) -> None:
    opening = Opening(ring)
    carrier = opening.carrier(DAN)
    if away == "keys":
        other = Ring(
            f"sqlite:///{tmp_path}/store/store.sqlite", timeout=1, keys=LocalKeys({"b": bytes(32)}, "b")
        )
    else:
        other = Ring(
            f"sqlite:///{tmp_path}/none/store.sqlite", timeout=1, keys=LocalKeys({"a": bytes(32)}, "a")
        )
    opening.unsealing = replace(opening.unsealing, ring=other)

    with pytest.raises(Failure) as raised:
        opening(carrier, DAN)
    assert raised.value.cause is (Cause.KEYS if away == "keys" else Cause.STORE)


def test_other_mail_needs_no_store(tmp_path: Path, ring: Ring) -> None:
    opening = Opening(ring)
    gone = Ring(f"sqlite:///{tmp_path}/none/store.sqlite", timeout=1, keys=LocalKeys({"a": bytes(32)}, "a"))
    opening.unsealing = replace(opening.unsealing, ring=gone)

    assert opening.unsealing.opened(message(), Envelope(ANN, (Recipient(DAN),), IN), [Recipient(DAN)]) == {}
