"""Sources elsewhere, each against a real server: an OpenLDAP, a validating resolver, a web server."""

import ipaddress
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

import signed_zone
import slapd
from authority_server import AuthorityServer
from demo.pki import Authority, key_pem, pem
from demo.place import open_directory
from postseal.errors import BadInput, Cause, Failure
from postseal.finding import search
from postseal.finding.dns import DnsSource, owner
from postseal.finding.http import HttpSource
from postseal.finding.ldap import LdapSource
from postseal.settings.settings import Settings
from postseal.settings.smime import Ldap, Lookup, Smime, Source
from signed_zone import Zones
from slapd import MANAGER, PASSWORD, SUFFIX, Slapd

ROOT = Authority.root()
ANN = ROOT.issue("ann@signed.test", kind="p256").certificate
OLD = ROOT.issue("ann@signed.test", kind="p256").certificate


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def label(address: str) -> str:
    return owner(address).removesuffix(f".{address.rpartition('@')[2]}")


def record(address: str, certificate: x509.Certificate, parameters: str = "3 0 0") -> str:
    return f"{label(address)} IN SMIMEA {parameters} {der(certificate).hex()}\n"


@pytest.fixture(scope="module")
def zones() -> Iterator[Zones]:
    if not signed_zone.installed() or os.geteuid() != 0:
        pytest.skip("no dnsmasq: contrib/install-tools installs it")
    signed = (
        record("ann@signed.test", ANN)
        + record("ann@signed.test", OLD)
        + record("issuer@signed.test", ROOT.certificate, "2 0 0")
        + f"{label('digest@signed.test')} IN SMIMEA 3 0 1 {ANN.fingerprint(SHA256()).hex()}\n"
        + "junk IN SMIMEA 3 0 0 00\n"
    )
    with open_directory() as directory:
        zones = Zones(
            directory, signed={"signed.test": signed}, plain={"plain.test": record("ann@plain.test", ANN)}
        )
        zones.forge("signed.test", record("eve@signed.test", ANN))
        with zones:
            yield zones


def test_dns_owner_is_that_of_the_standards_example() -> None:
    assert owner("hugh@example.com") == (
        "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6._smimecert.example.com"
    )
    assert owner("hugh@bücher.example").endswith("._smimecert.xn--bcher-kva.example")


def test_dns_validated_certificates_are_found(zones: Zones) -> None:
    assert set(DnsSource(zones.resolver).find("ann@signed.test", 30)) == {ANN, OLD}


@pytest.mark.parametrize(
    "address",
    ["nobody@signed.test", "ann@plain.test", "issuer@signed.test", "digest@signed.test"],
    ids=["proven not to exist", "not signed", "an issuer's", "a digest"],
)
def test_dns_answer_that_is_nobodys_word_or_no_certificate_is_nothing(zones: Zones, address: str) -> None:
    assert DnsSource(zones.resolver).find(address, 30) == ()


def test_dns_forged_answer_is_a_failure(zones: Zones) -> None:
    with pytest.raises(Failure, match="SERVFAIL") as caught:
        DnsSource(zones.resolver).find("eve@signed.test", 30)
    assert caught.value.cause is Cause.LOOKUP


def test_dns_resolver_that_is_not_there_is_a_failure() -> None:
    with pytest.raises(Failure):
        DnsSource("127.0.0.1:1").find("ann@signed.test", 0.2)


@pytest.fixture(scope="module")
def directory() -> Iterator[Callable[..., Slapd]]:
    if not slapd.installed():
        pytest.skip("no slapd: contrib/install-tools installs it")
    with ExitStack() as stack:

        def start(**options: object) -> Slapd:
            server = Slapd(stack.enter_context(open_directory()), **options)  # type: ignore[arg-type] # passed on
            server.person("ann@signed.test", (der(ANN), der(OLD)))
            bundle = pkcs7.serialize_certificates([ANN, ROOT.certificate], Encoding.DER)
            server.person("bundle@signed.test", (bundle,), "userSMIMECertificate")
            server.person("a*b@signed.test", (der(OLD),))
            return stack.enter_context(server)

        yield start


@pytest.fixture(scope="module")
def people(directory: Callable[..., Slapd]) -> Slapd:
    return directory()


def ldap(server: Slapd, folder: Path, **more: object) -> LdapSource:
    password = folder / "password"
    password.write_text(PASSWORD + "\n")
    options: dict[str, object] = {"bind_dn": MANAGER, "password_file": password, **more}
    return LdapSource(Ldap(server.url, SUFFIX, **options))  # type: ignore[arg-type] # passed on


def test_ldap_certificates_of_a_person_are_found(people: Slapd, tmp_path: Path) -> None:
    source = ldap(people, tmp_path)

    assert set(source.find("ann@signed.test", 30)) == {ANN, OLD}
    assert set(source.find("bundle@signed.test", 30)) == {ANN, ROOT.certificate}
    assert source.find("nobody@signed.test", 30) == ()


@pytest.mark.parametrize(
    "address", ["a*@signed.test", "*", "x)(mail=ann@signed.test", "\\2a", "a\0b@signed.test"]
)
def test_ldap_address_is_never_a_filter(people: Slapd, tmp_path: Path, address: str) -> None:
    assert ldap(people, tmp_path).find(address, 30) == ()


def test_ldap_address_with_a_star_is_found_as_it_is(people: Slapd, tmp_path: Path) -> None:
    assert ldap(people, tmp_path).find("a*b@signed.test", 30) == (OLD,)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"bind_dn": "cn=nobody,dc=example,dc=com"}, "Invalid credentials"),
        ({"filter": "(&(mail={address})"}, "Bad search filter"),
    ],
)
def test_ldap_refusal_is_a_failure_without_the_password(
    people: Slapd, tmp_path: Path, more: dict[str, object], why: str
) -> None:
    with pytest.raises(Failure, match=why) as caught:
        ldap(people, tmp_path, **more).find("ann@signed.test", 30)
    assert PASSWORD not in caught.value.detail


def test_ldap_over_tls_checks_the_servers_certificate(
    directory: Callable[..., Slapd], tmp_path: Path
) -> None:
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    server_certificate = ROOT.issue(kind="p256", names=names, purposes=[x509.ExtendedKeyUsageOID.SERVER_AUTH])
    files = (tmp_path / "cert.pem", tmp_path / "key.pem")
    files[0].write_bytes(server_certificate.pem)
    files[1].write_bytes(key_pem(server_certificate.key))
    (tmp_path / "root.pem").write_bytes(pem(ROOT.certificate))
    (tmp_path / "other.pem").write_bytes(Authority.root("Other").pem)
    server = directory(tls=files)

    good = ldap(server, tmp_path, certificate_authority=tmp_path / "root.pem")
    bad = ldap(server, tmp_path, certificate_authority=tmp_path / "other.pem")

    assert set(good.find("ann@signed.test", 30)) == {ANN, OLD}
    with pytest.raises(Failure):
        bad.find("ann@signed.test", 30)


def test_ldap_server_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="Can't contact LDAP server"):
        LdapSource(Ldap("ldap://127.0.0.1:1", SUFFIX)).find("ann@signed.test", 5)


def test_ldap_password_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="the password cannot be read"):
        LdapSource(Ldap("ldap://127.0.0.1:1", SUFFIX, password_file=tmp_path / "missing"))


@pytest.fixture
def web() -> Iterator[AuthorityServer]:
    with AuthorityServer(ROOT) as running:
        yield running


@pytest.mark.parametrize("form", ["pem", "der", "pkcs7", "pem chain"])
def test_http_certificate_is_read_in_every_form(web: AuthorityServer, form: str) -> None:
    octets = {
        "pem": pem(ANN),
        "der": der(ANN),
        "pkcs7": pkcs7.serialize_certificates([ANN], Encoding.DER),
        "pem chain": pem(ANN, ROOT.certificate),
    }[form]
    web.answers["/find?mail=ann%40signed.test&of=signed.test"] = lambda _: (200, octets)
    source = HttpSource(f"{web.url}/find?mail={{address}}&of={{domain}}")

    assert source.find("ann@signed.test", 30)[0] == ANN


def test_http_nothing_is_an_answer_and_an_error_is_none(web: AuthorityServer) -> None:
    source = HttpSource(f"{web.url}/{{address}}")
    assert source.find("nobody@signed.test", 30) == ()

    for answer in ((500, b""), (200, b"<html>Welcome to the hotel</html>"), (200, b"\x30\x03junk")):
        web.answers["/ann%40signed.test"] = lambda _, answer=answer: answer  # type: ignore[misc] # bound now
        with pytest.raises(Failure) as caught:
            source.find("ann@signed.test", 30)
        assert caught.value.cause is Cause.LOOKUP


@pytest.mark.parametrize(
    "address", ["../etc@signed.test", "a/b@signed.test", "a?b#c@signed.test", "a b@signed.test"]
)
def test_http_address_stays_within_its_place_in_the_url(web: AuthorityServer, address: str) -> None:
    HttpSource(f"{web.url}/find/{{address}}/pem").find(address, 30)

    (path,) = web.asked
    assert path.count("/") == 3
    assert "?" not in path


def test_http_server_that_trickles_is_given_up(web: AuthorityServer) -> None:
    gate = threading.Event()

    def hang(_: bytes) -> tuple[int, bytes]:
        gate.wait(60)
        return 200, b""

    web.answers["/ann%40signed.test"] = hang
    begun = time.monotonic()

    with pytest.raises(Failure, match="timed out"):
        HttpSource(f"{web.url}/{{address}}").find("ann@signed.test", 0.1)

    assert time.monotonic() - begun < 30
    gate.set()


def test_source_without_its_setting_is_told_at_the_start() -> None:
    lookup = Lookup((Source.STORE, Source.LDAP, Source.HTTP))

    with pytest.raises(BadInput) as caught:
        search.load(Settings(smime=Smime(lookup=lookup)), datetime.now(UTC))

    assert len(caught.value.problems) == 2
