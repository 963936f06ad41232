"""Which algorithms recipients get: peers by the settings, then capabilities, then what everybody reads."""

import pytest
from cryptography import x509

from demo.pki import Authority
from postseal.cms import der
from postseal.cms.cipher import CIPHERS
from postseal.cms.header_protection import Veil
from postseal.cms.recipient import KeyTransport
from postseal.methods.choice import Choice
from postseal.methods.method import Manner
from postseal.settings.smime import Peer, Smime, Subject

ROOT = Authority.root()
CERTIFICATE = ROOT.issue("x@example.com").certificate
GCM = frozenset({"aes-256-gcm", "aes-128-gcm", "aes-256-cbc", "aes-128-cbc", "rsa-oaep"})
CBC = frozenset({"aes-256-cbc", "aes-128-cbc"})
SMALL = frozenset({"aes-128-cbc"})
KNOWN = {"gcm@example.com": GCM, "cbc@example.com": CBC, "small@example.com": SMALL}
PEERS = (
    Peer(("grid.example",), cipher="aes-256-gcm", key_transport="rsa-oaep", subject=Subject.HIDDEN),
    Peer(("old@grid.example",), cipher="aes-128-cbc", key_transport="rsa-pkcs1"),
)
CHOICE = Choice(Smime(peers=PEERS), lambda address, _: KNOWN.get(address, frozenset()))


def cipher(*names: str, choice: Choice = CHOICE) -> str:
    return choice.cipher([(name if "@" in name else f"{name}@example.com", CERTIFICATE) for name in names])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["unknown"], "aes-256-cbc"),
        (["gcm"], "aes-256-gcm"),
        (["GCM@Example.com"], "aes-256-gcm"),
        (["gcm", "unknown"], "aes-256-cbc"),
        (["gcm", "cbc"], "aes-256-cbc"),
        (["cbc"], "aes-256-cbc"),
        (["small"], "aes-128-cbc"),
        (["small", "gcm"], "aes-128-cbc"),
        (["small", "unknown"], "aes-128-cbc"),
        (["ann@grid.example"], "aes-256-gcm"),
        (["OLD@grid.example"], "aes-128-cbc"),
        (["ann@sub.grid.example"], "aes-256-cbc"),
    ],
)
def test_cipher_is_the_best_that_all_are_known_to_read(names: list[str], expected: str) -> None:
    assert cipher(*names) == expected


def test_setting_holds_for_those_of_whom_nothing_is_known() -> None:
    assert cipher("unknown", choice=Choice(Smime(cipher="aes-128-cbc"))) == "aes-128-cbc"


@pytest.mark.parametrize("words", [frozenset(), frozenset({"rsa-oaep"}), frozenset({"3des"})])
def test_capabilities_without_a_cipher_of_ours_never_talk_us_down(words: frozenset[str]) -> None:
    assert Choice(Smime(), lambda *_: words).cipher([("x@example.com", CERTIFICATE)]) == "aes-256-cbc"


@pytest.mark.parametrize("words", [GCM, CBC, SMALL, frozenset({"aes-128-gcm"})])
def test_every_choice_is_a_cipher_of_ours(words: frozenset[str]) -> None:
    assert Choice(Smime(), lambda *_: words).cipher([("x@example.com", CERTIFICATE)]) in CIPHERS


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("unknown@example.com", KeyTransport.PKCS1),
        ("gcm@example.com", KeyTransport.OAEP),
        ("ann@grid.example", KeyTransport.OAEP),
        ("old@grid.example", KeyTransport.PKCS1),
    ],
)
def test_oaep_is_for_those_who_ask_for_it(address: str, expected: KeyTransport) -> None:
    assert CHOICE.chosen(address, CERTIFICATE).transport is expected


def test_capabilities_in_the_certificate_count_where_none_came_with_mail() -> None:
    octets = der.sequence(der.algorithm(CIPHERS["aes-256-gcm"].oid), der.algorithm("1.2.840.113549.1.1.7"))
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.840.113549.1.9.15"), octets)
    certificate = ROOT.issue("x@example.com", extensions=[(extension, False)]).certificate

    assert Choice().cipher([("x@example.com", certificate)]) == "aes-256-gcm"
    assert Choice().chosen("x@example.com", certificate).transport is KeyTransport.OAEP
    assert CHOICE.cipher([("cbc@example.com", certificate)]) == "aes-256-cbc"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("x@example.com", Manner("", Veil.SHOWN)),
        ("gcm@example.com", Manner("", Veil.SHOWN)),
        ("x@grid.example", Manner("aes-256-gcm", Veil.HIDDEN, displays=True)),
        ("old@grid.example", Manner("aes-128-cbc", Veil.SHOWN)),
    ],
)
def test_only_what_a_peer_insists_on_makes_a_copy_of_its_own(address: str, expected: Manner) -> None:
    assert CHOICE.manner(address) == expected


def test_subject_is_hidden_for_all_if_the_settings_say_so() -> None:
    assert Choice(Smime(subject=Subject.HIDDEN)).manner("x@example.com").veil is Veil.HIDDEN
