"""Whom we believe: each rule refuses what breaks it, and says so by name."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from demo.pki import Authority, Person
from postseal.certificates import address
from postseal.settings.smime import Revocation
from postseal.trust import crl
from postseal.trust.anchors import Anchors
from postseal.trust.crl import Crl
from postseal.trust.trust import NothingKnown, Trust, Use

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
ROOT = Authority.root()
BELOW = ROOT.intermediate()
TRUST = Trust(Anchors((ROOT.certificate,), (BELOW.certificate,)))
SERVER = ExtendedKeyUsageOID.SERVER_AUTH
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
DOMAIN_ONLY = (x509.NameConstraints([x509.RFC822Name("example.com")], None), True)
NOT_HERE = (x509.NameConstraints(None, [x509.RFC822Name(".example.com")]), True)


def mailbox(written: str) -> x509.OtherName:
    octets = written.encode()
    return x509.OtherName(address.SMTP_UTF8_MAILBOX, bytes([0x0C, len(octets)]) + octets)


def fingerprint(certificate: x509.Certificate) -> bytes:
    return certificate.fingerprint(hashes.SHA256())


ANN = BELOW.issue("ann@example.com", kind="p256")


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384"])
@pytest.mark.parametrize("use", [Use.ENCRYPT, Use.VERIFY])
def test_certificate_below_an_anchor_is_believed(kind: str, use: Use) -> None:
    ann = BELOW.issue("ann@example.com", kind=kind)

    verdict = TRUST.judge(ann.certificate, at=NOW, use=use, owner="Ann@EXAMPLE.com")

    assert str(verdict) == "good"
    assert verdict.path == ann.chain


ADDRESS = "ann@example.com"


def ann(**options: object) -> Person:
    return ROOT.issue(ADDRESS, **options)  # type: ignore[arg-type] # passed on


REFUSED: dict[str, tuple[Callable[[], Person], str]] = {
    "expired": (lambda: ann(begin=NOW - 9 * DAY, end=NOW - DAY), "expired: it expired"),
    "future": (lambda: ann(begin=NOW + DAY), "not_yet_valid: it is not valid before"),
    "stranger": (lambda: Authority.root("Other").issue(ADDRESS), "path: the authority 'CN=Other"),
    "server": (lambda: ann(purposes=[SERVER]), "purpose: the extended key usage of it"),
    "usage": (lambda: ann(usage={"key_cert_sign"}), "key_usage: its key usage lacks"),
    "signer": (lambda: ann(usage={"digital_signature"}), "key_usage: its key usage"),
    "small key": (lambda: ann(kind="rsa1024"), "key: its RSA key has 1024 bits"),
    "kind of key": (lambda: ann(kind="ed25519"), "key: its key is neither"),
    "nameless": (lambda: ROOT.issue(kind="p256"), "address: its subjectAltName names no mail address"),
    "in subject": (lambda: ROOT.issue(subject_address=ADDRESS), "address: its subjectAltName names"),
    "somebody else": (lambda: ROOT.issue("bob@example.com"), "address: it is for bob@example.com, not for"),
    "constraint": (
        lambda: ROOT.intermediate(extensions=[NOT_HERE]).issue(ADDRESS, "ann@a.example.com"),
        "constraint: ",
    ),
    "issuer's purpose": (
        lambda: ROOT.intermediate(extensions=[(x509.ExtendedKeyUsage([SERVER]), False)]).issue(ADDRESS),
        "purpose: the extended key usage of its issuer",
    ),
    "person as issuer": (
        lambda: Authority(ANN.chain, ANN.key).issue(ADDRESS),
        "path: its issuer 'CN=ann@example.com,O=Postseal tests' is no authority",
    ),
    "unknown critical extension": (
        lambda: ROOT.issue(
            ADDRESS,
            extensions=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)],
        ),
        "path: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "said"), REFUSED.values(), ids=REFUSED)
def test_certificate_that_breaks_a_rule_is_refused_with_its_name(
    make: Callable[[], Person], said: str
) -> None:
    person = make()

    verdict = TRUST.judge(person.certificate, person.chain[1:], at=NOW, use=Use.ENCRYPT, owner=ADDRESS)

    assert str(verdict).startswith(said), str(verdict)


def test_certificate_for_any_purpose_is_believed() -> None:
    person = ann(purposes=[ANY])

    assert not TRUST.judge(person.certificate, at=NOW, use=Use.VERIFY).rule


def test_address_of_the_subject_counts_where_the_administrator_says_so() -> None:
    ann = ROOT.issue(subject_address=ADDRESS)
    trust = Trust(TRUST.anchors, subject_addresses=True)

    assert not trust.judge(ann.certificate, at=NOW, use=Use.ENCRYPT, owner=ADDRESS).rule


def test_address_of_the_subject_is_bound_by_name_constraints_too() -> None:
    ann = ROOT.intermediate(extensions=[DOMAIN_ONLY]).issue(subject_address="ann@other.example")
    trust = Trust(TRUST.anchors, subject_addresses=True)

    assert trust.judge(ann.certificate, ann.chain, at=NOW, use=Use.ENCRYPT).rule == "constraint"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("jürgen@example.com", "good"),
        (
            "jürgen@other.example",
            "constraint: an issuer's name constraints do not permit jürgen@other.example",
        ),
        ("jürgen@sub.example.com", "constraint: "),
    ],
)
def test_name_constraints_hold_for_addresses_beyond_ascii(written: str, said: str) -> None:
    person = ROOT.intermediate(extensions=[DOMAIN_ONLY]).issue(names=[mailbox(written)])

    verdict = TRUST.judge(person.certificate, person.chain, at=NOW, use=Use.ENCRYPT, owner=written)

    assert str(verdict).startswith(said)


@pytest.mark.parametrize("octets", [b"\x05\x00", b"\x16\x03a@b", b"\x0c\x04a@b\xff"])
def test_malformed_mailbox_is_refused(octets: bytes) -> None:
    person = ROOT.issue(names=[x509.OtherName(address.SMTP_UTF8_MAILBOX, octets)])

    assert TRUST.judge(person.certificate, at=NOW, use=Use.ENCRYPT).rule == "malformed"


def test_domain_beyond_ascii_matches_in_both_spellings() -> None:
    person = ROOT.issue(names=[mailbox("jürgen@bücher.example")])

    verdict = TRUST.judge(person.certificate, at=NOW, use=Use.VERIFY, owner="jürgen@xn--bcher-kva.example")

    assert not verdict.rule


@pytest.mark.parametrize(
    "listed", [ANN.certificate, BELOW.certificate, ROOT.certificate], ids=["it", "issuer", "root"]
)
def test_distrusted_certificate_is_refused_wherever_it_stands_in_the_path(listed: x509.Certificate) -> None:
    verdict = TRUST.judge(ANN.certificate, at=NOW, distrusted={fingerprint(listed)})

    assert verdict.rule == "distrusted"


def test_vouched_certificate_needs_no_path_but_time_key_and_purpose() -> None:
    alone = Authority.root("Other")
    good, old = alone.issue("x@example.com"), alone.issue("x@example.com", begin=NOW - 9 * DAY, end=NOW - DAY)
    small, server = (
        alone.issue("x@example.com", kind="rsa1024"),
        alone.issue("x@example.com", purposes=[SERVER]),
    )

    rules = [
        TRUST.vouched(one.certificate, at=NOW, use=Use.ENCRYPT).rule for one in (good, old, small, server)
    ]

    assert rules == [None, "expired", "key", "purpose"]
    assert (
        TRUST.vouched(good.certificate, at=NOW, distrusted={fingerprint(good.certificate)}).rule
        == "distrusted"
    )


class Lists(NothingKnown):
    def __init__(self, *octets: bytes) -> None:
        self.known = [crl.load(one) for one in octets]

    def lists(self, certificate: x509.Certificate, issuer: x509.Certificate) -> list[Crl]:
        return self.known


def trust(policy: Revocation, *octets: bytes) -> Trust:
    return Trust(TRUST.anchors, policy, Lists(*octets))


SCOPE = x509.IssuingDistributionPoint(
    full_name=None, relative_name=None, only_contains_user_certs=False, only_contains_ca_certs=True,
    only_some_reasons=None, indirect_crl=False, only_contains_attribute_certs=False,
)  # fmt: skip
STALE = {"begin": NOW - 9 * DAY, "end": NOW - DAY}
FORGED = Authority(BELOW.chain, Authority.root().key)
LISTS = {
    "none": ((), "revocation_unknown"),
    "good": ((BELOW.crl(), ROOT.crl()), None),
    "revoked": ((BELOW.crl(ANN.certificate), ROOT.crl()), "revoked"),
    "issuer revoked": ((BELOW.crl(), ROOT.crl(BELOW.certificate)), "revoked"),
    "issuer unknown": ((BELOW.crl(),), "revocation_unknown"),
    "stale": ((BELOW.crl(**STALE), ROOT.crl()), "revocation_unknown"),  # type: ignore[arg-type] # dates
    "forged": ((FORGED.crl(), ROOT.crl()), "revocation_unknown"),
    "forged, revoked": ((FORGED.crl(ANN.certificate), BELOW.crl(), ROOT.crl()), None),
    "of others": ((BELOW.crl(extensions=[(SCOPE, True)]), ROOT.crl()), "revocation_unknown"),
    "old and new": ((BELOW.crl(**STALE), BELOW.crl(), ROOT.crl()), None),  # type: ignore[arg-type] # dates
}


@pytest.mark.parametrize(("octets", "rule"), LISTS.values(), ids=LISTS)
def test_hard_policy_believes_only_what_is_known_to_be_good(
    octets: tuple[bytes, ...], rule: str | None
) -> None:
    assert trust(Revocation.HARD, *octets).judge(ANN.certificate, at=NOW).rule == rule


@pytest.mark.parametrize(("octets", "rule"), LISTS.values(), ids=LISTS)
def test_soft_policy_refuses_only_what_is_known_to_be_revoked(
    octets: tuple[bytes, ...], rule: str | None
) -> None:
    expected = rule if rule == "revoked" else None

    assert trust(Revocation.SOFT, *octets).judge(ANN.certificate, at=NOW).rule == expected
    assert trust(Revocation.OFF, *octets).judge(ANN.certificate, at=NOW).rule is None


def test_vouched_certificate_that_is_known_to_be_revoked_is_refused() -> None:
    known = trust(Revocation.SOFT, BELOW.crl(ANN.certificate))

    assert known.vouched(ANN.certificate, at=NOW).rule == "revoked"


def test_list_that_a_successor_of_the_issuer_signed_counts() -> None:
    successor = ROOT.intermediate()
    anchored = Anchors((ROOT.certificate,), (BELOW.certificate, successor.certificate))
    lists = Lists(successor.crl(ANN.certificate), ROOT.crl())

    assert Trust(anchored, Revocation.HARD, lists).judge(ANN.certificate, at=NOW).rule == "revoked"


@pytest.mark.parametrize("octets", [b"", b"\x30\x00", b"junk", BELOW.crl()[:-9], BELOW.crl() + b"x"])
def test_malformed_list_is_an_error_of_its_own(octets: bytes) -> None:
    with pytest.raises(ValueError, match="malformed"):
        crl.load(octets)
