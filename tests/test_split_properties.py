"""Whatever policies ask, whoever has a certificate, whatever fails: nobody is left out, nobody shown.

Real certificates and real CMS: who is named is read from the RecipientInfos, what is inside is opened by
openssl with a reader's key.
"""

import base64
import functools
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.pki import Authority, Person
from postseal.body import Body, Spool
from postseal.certificates import directory
from postseal.envelope import Envelope, Recipient
from postseal.errors import Cause, Failure, Problem
from postseal.message import Header, Message
from postseal.methods.method import Manner, Method, Methods
from postseal.methods.plain import PlainMethod
from postseal.methods.smime import SmimeMethod
from postseal.outcome import Copy, Held, Reply
from postseal.pipeline import process
from postseal.remedy import DEFER, REJECT, Choice, OnError, Remedy
from postseal.rights import Right
from postseal.treatment import PrependSubject, Treatment, Unreached

NOW = datetime.now(UTC)
SECRET = b"the secret numbers: 1, 2, 3."
ROOT = Authority.root()
PAST = {"begin": NOW - timedelta(days=30), "end": NOW - timedelta(days=1)}
CERTIFIED: dict[str, list[Person]] = {
    "rsa@x.test": [ROOT.issue("rsa@x.test")],
    "p256@x.test": [ROOT.issue("p256@x.test", kind="p256")],
    "p384@x.test": [ROOT.issue("p384@x.test", kind="p384")],
    "renewed@x.test": [ROOT.issue("renewed@x.test", **PAST), ROOT.issue("renewed@x.test", kind="p256")],  # type: ignore[arg-type]
    "expired@x.test": [ROOT.issue("expired@x.test", **PAST)],  # type: ignore[arg-type]
}
SHARED = ROOT.issue("one@shared.test", "two@shared.test")
CERTIFIED |= {"one@shared.test": [SHARED], "two@shared.test": [SHARED]}
REACHED = frozenset(CERTIFIED) - {"expired@x.test"}
PEOPLE = [Recipient(address) for address in (*CERTIFIED, "missing@x.test", "nobody@else.test")]
TRY_NEXT = OnError(Remedy(next_first=True))

Name = tuple[bytes, int]
"""Issuer, in DER, and serial number of a certificate."""


def name(certificate: x509.Certificate) -> Name:
    return certificate.issuer.public_bytes(), certificate.serial_number


NAMES = {address: {name(person.certificate) for person in people} for address, people in CERTIFIED.items()}


@functools.cache
def certificates() -> directory.CertificateDirectory:
    with tempfile.TemporaryDirectory() as folder:
        for number, person in enumerate(
            {id(each): each for row in CERTIFIED.values() for each in row}.values()
        ):
            (Path(folder) / f"{number}.pem").write_bytes(person.pem)
        return directory.load(Path(folder), NOW)


@dataclass(frozen=True)
class Shaky:
    """The certificates, of which those of *failing* cannot be looked up, and those of *gone* disappear."""

    failing: frozenset[str]
    gone: frozenset[str]

    def usable(self, address: str, at: datetime) -> tuple[x509.Certificate, ...]:
        if address in self.failing:
            raise Failure(Cause.LOOKUP, "no answer")
        return () if address in self.gone else certificates().usable(address, at)

    def refusals(self, address: str, at: datetime) -> tuple[Problem, ...]:
        return certificates().refusals(address, at)


class Broken:
    """A method that says it reaches everybody and then cannot protect."""

    enforces: frozenset[Right] = frozenset()

    def reaches(self, recipient: Recipient) -> bool:
        return True

    def obstacle(self, recipient: Recipient) -> str:
        return "broken"

    def manner(self, recipient: Recipient) -> Manner:
        return Manner()

    def made(self, message: Message) -> bool:
        return False

    def protect(self, message: Message, recipients: tuple[Recipient, ...], **_: object) -> Message:
        raise Failure(Cause.CRYPTO, "broken")


@dataclass(frozen=True)
class Rules:
    """A policy that is its answer."""

    treatments: Mapping[Recipient, Treatment]

    def decide(self, message: Message, envelope: Envelope) -> Mapping[Recipient, Treatment]:
        return self.treatments


class Pen:
    def sign(self, message: Message, envelope: Envelope, **_: object) -> Message:
        return message.adding(Header.of("X-Signed", "yes"))

    def finish(self, message: Message, envelope: Envelope) -> Message:
        return self.sign(message, envelope)


TREATMENTS = st.builds(
    Treatment,
    protect=st.sampled_from([(), ("smime",), ("smime",), ("ome", "smime"), ("smime", "ome")]),
    sign=st.booleans(),
    headers=st.sampled_from([(), (), (PrependSubject("[x]"),)]),
    unreached=st.sampled_from(Unreached),
    on_error=st.sampled_from([DEFER, REJECT, TRY_NEXT, OnError(Remedy(Choice.QUARANTINE))]),
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Message, Envelope, Mapping[Recipient, Treatment], Methods, Shaky]:
    people = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=len(PEOPLE), unique=True))
    shown = {each: draw(st.sampled_from(["To", "Cc", "Bcc", ""])) for each in people}
    few = draw(st.lists(TREATMENTS, min_size=1, max_size=3))
    treatments = {each: draw(st.sampled_from(few)) for each in people}
    lists = {field: [r.address for r in people if shown[r] == field] for field in ("To", "Cc", "Bcc")}
    fields = [Header.of(field, ", ".join(each)) for field, each in lists.items() if each]
    message = Message((*fields, Header.of("Subject", "hi")), Body.of(SECRET + b"\r\n"))
    addresses = st.sampled_from([each.address for each in PEOPLE])
    shaky = draw(
        st.builds(
            Shaky,
            failing=st.one_of(st.just(frozenset()), st.frozensets(addresses, max_size=1)),
            gone=st.one_of(st.just(frozenset()), st.frozensets(addresses, max_size=1)),
        )
    )
    table: dict[str, Method] = {
        "plain": PlainMethod(),
        "smime": SmimeMethod(shaky, Spool(None), clock=lambda: NOW),
    }
    if draw(st.booleans()):
        table["ome"] = Broken()
    return message, Envelope("me@x.test", tuple(people)), treatments, Methods(table, Pen()), shaky


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(cases())
def test_split_nobody_is_left_out_and_nobody_is_shown(case: Any) -> None:
    message, envelope, treatments, methods, shaky = case

    result = process(message, envelope, Rules(treatments), methods)

    if isinstance(result, Reply | Held):
        return  # the whole message stays where it is
    everybody = Counter(recipient for copy in result for recipient in copy.recipients)
    assert everybody == Counter(envelope.recipients)
    visible = {r for r in envelope.recipients if _shown(message, r)}
    split = len(result) > 1 or any(each.protect or each.sign for each in treatments.values())
    for copy in result:
        if not copy.back:
            accept(copy, treatments, visible, shaky, split=split)


def accept(
    copy: Copy,
    treatments: Mapping[Recipient, Treatment],
    visible: set[Recipient],
    shaky: Shaky,
    *,
    split: bool,
) -> None:
    octets = b"".join(copy.message.pieces())
    named = set(_named(copy.message)) if copy.method == "smime" else set()
    readers = copy.recipients
    for recipient in readers:
        asked = treatments[recipient]
        known = recipient.address in REACHED - shaky.gone - shaky.failing
        if asked.protect and (known or asked.unreached is not Unreached.PLAIN):
            assert copy.method in asked.protect
            assert SECRET not in octets
            assert base64.b64encode(SECRET)[:20] not in octets
            assert named & NAMES[recipient.address]
    if readers[0] not in visible and copy.method == "smime":
        assert len(readers) == 1
    strangers = [each for each in PEOPLE if each not in readers and each not in visible]
    allowed = set().union(*(NAMES.get(each.address, set()) for each in readers))
    assert named <= allowed, "a certificate of somebody who is not a reader"
    inside = _opened(copy.message, readers[0]) if copy.method == "smime" else b""
    for stranger in strangers:
        if split:
            assert stranger.address.encode() not in octets + inside
    if split:
        assert b"bcc:" not in (octets + inside).lower()
    assert not inside or SECRET in inside


def _shown(message: Message, recipient: Recipient) -> bool:
    return any(recipient.address.encode() in field.value for field in message.all("To", "Cc"))


def _named(message: Message) -> Iterator[Name]:
    """Whom the RecipientInfos name."""
    enveloped = cms.ContentInfo.load(base64.b64decode(message.body.read()))["content"]
    for info in enveloped["recipient_infos"]:
        if info.name == "ktri":
            rids = [info.chosen["rid"]]
        else:
            rids = [each["rid"] for each in info.chosen["recipient_encrypted_keys"]]
        for rid in rids:
            assert rid.name == "issuer_and_serial_number"
            yield rid.chosen["issuer"].dump(), rid.chosen["serial_number"].native


def _opened(message: Message, reader: Recipient) -> bytes:
    """What *reader* sees, by openssl with his key."""
    person = CERTIFIED[reader.address][-1]
    with tempfile.NamedTemporaryFile() as key:
        key.write(person.key_pem + person.pem)
        key.flush()
        command = ["openssl", "cms", "-decrypt", "-inform", "DER", "-inkey", key.name]
        done = subprocess.run(
            command, input=base64.b64decode(message.body.read()), capture_output=True, check=False, timeout=60
        )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("address", sorted(REACHED))
def test_split_everybody_who_is_reached_can_read(address: str) -> None:
    """The property above would hold of a pipeline that refuses everything."""
    recipient = Recipient(address)
    message = Message((Header.of("To", address),), Body.of(SECRET + b"\r\n"))
    smime = SmimeMethod(Shaky(frozenset(), frozenset()), Spool(None), clock=lambda: NOW)
    methods = Methods({"plain": PlainMethod(), "smime": smime}, Pen())

    result = process(
        message, Envelope("me@x.test", (recipient,)), Rules({recipient: Treatment(("smime",))}), methods
    )

    assert isinstance(result, list)
    assert SECRET in _opened(result[0].message, recipient)
