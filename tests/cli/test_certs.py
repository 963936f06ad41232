"""`postseal certs`: what an administrator types, and what he reads."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509

from demo.pki import Authority, Person, pem
from postseal.cli.main import main
from postseal.finding.candidate import new
from postseal.settings.smime import KeyChange
from postseal.store.certificates import Certificates
from postseal.store.engine import Store
from postseal.store.migrate import migrate
from postseal.store.revocations import Revocations, Wanted

ROOT = Authority.root()
BELOW = ROOT.intermediate()
ANN = BELOW.issue("ann@example.com")
STRANGER = Authority.root("Other").issue("zoe@example.net", kind="p256")
HUGH = "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6._smimecert.example.com"
NOW = datetime.now(UTC)


@dataclass
class Ended:
    code: int
    out: str
    err: str


class Place:
    """Settings, a folder of authorities, a store, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "trust").mkdir()
        (folder / "trust" / "root.pem").write_bytes(ROOT.pem)
        self.store = f"sqlite:///{folder}/store/store.sqlite"
        self.settings = folder / "postseal.yaml"
        self.settings.write_text(f"store: {self.store}\nsmime:\n  trust: trust\n")

    def file(self, name: str, *certificates: x509.Certificate) -> str:
        (self.folder / name).write_bytes(pem(*certificates))
        return str(self.folder / name)

    def certs(self, *words: str) -> Ended:
        done = CliRunner().invoke(main, ["certs", words[0], "--settings", str(self.settings), *words[1:]])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return Ended(done.exit_code, done.stdout, done.stderr)

    def kept(self) -> Certificates:
        migrate(self.store)
        return Certificates(Store(self.store, timeout=30))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def digits(person: Person) -> str:
    return new(person.certificate).fingerprint.hex()


def test_added_certificate_is_found_listed_shown_verified_and_removed(place: Place) -> None:
    added = place.certs("add", place.file("ann.pem", *ANN.chain))

    assert (added.code, added.err) == (0, "")  # its issuer came along
    listed = place.certs("list", "ann@example.com")
    assert listed.out.startswith(f"ann@example.com  imported  {digits(ANN)[:16]}  until ")
    assert listed.out.count("\n") == 1
    assert place.certs("list").out.startswith("*  imported")
    shown = place.certs("show", digits(ANN)[:10])
    assert "RSA, 2048 bits" in shown.out
    assert "used for     ann@example.com (imported, since" in shown.out
    assert place.certs("verify", "ann@example.com").code == 0
    assert place.certs("find", "Ann@Example.com").out.startswith(digits(ANN)[:16])
    assert place.certs("remove", digits(ANN)).code == 0
    assert place.certs("list", "ann@example.com").out == ""
    assert place.certs("find", "ann@example.com").code == 4


def test_certificate_of_a_stranger_is_refused_with_the_rule_until_one_vouches_for_it(place: Place) -> None:
    file = place.file("zoe.pem", STRANGER.certificate)

    refused = place.certs("verify", file)
    assert refused.code == 4
    assert "path: the certificate of its issuer 'CN=Other,O=Postseal tests' is not known" in refused.out

    place.certs("add", file)
    assert place.certs("find", "zoe@example.net").code == 4
    assert place.certs("trust", digits(STRANGER)[:12]).code == 0
    assert place.certs("find", "zoe@example.net").code == 0
    assert "good, because you vouch for it" in place.certs("verify", digits(STRANGER)[:12]).out
    assert place.certs("distrust", file).code == 0
    assert "distrusted: it is on the list" in place.certs("verify", digits(STRANGER)[:12]).out
    assert place.certs("neutral", digits(STRANGER)[:12]).code == 0
    assert "path: " in place.certs("verify", digits(STRANGER)[:12]).out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--address", "ann@example.com", "--use", "encrypt"), 0, "issued by CN=Test Root"),
        (("--address", "bob@example.com"), 4, "address: it is for ann@example.com, not for bob@example.com"),
    ],
)
def test_verify_of_a_file_finds_the_path_by_what_is_in_it(
    place: Place, options: tuple[str, ...], code: int, said: str
) -> None:
    ended = place.certs("verify", place.file("ann.pem", *ANN.chain), *options)

    assert (ended.code, said in ended.out) == (code, True), ended.out


def test_distrusted_issuer_is_found_in_the_path(place: Place) -> None:
    place.certs("distrust", place.file("below.pem", BELOW.certificate))

    ended = place.certs("verify", place.file("ann.pem", *ANN.chain))

    assert ended.code == 4
    assert "distrusted: its issuer 'CN=Test Intermediate" in ended.out


def test_certificate_of_a_gateway_is_used_for_its_domain(place: Place) -> None:
    gateway = ROOT.issue("gateway@example.org")
    place.certs("add", place.file("gateway.pem", gateway.certificate), "--domain", "Partner.example")

    assert place.certs("list").out.startswith("@partner.example  imported")
    assert place.certs("find", "anybody@partner.example").out.startswith(digits(gateway)[:16])


def test_pending_certificate_is_approved(place: Place) -> None:
    first, second = ROOT.issue("ann@example.com", kind="p256"), ROOT.issue("ann@example.com", kind="p256")
    for person in (first, second):
        place.kept().harvest(new(person.certificate), ["ann@example.com"], at=NOW, rule=KeyChange.PENDING)

    assert place.certs("list", "--pending").out.startswith("ann@example.com  harvested pending")
    assert place.certs("find", "ann@example.com").out.startswith(digits(first)[:16])
    assert place.certs("approve", digits(second)[:16]).code == 0
    assert place.certs("find", "ann@example.com").out.startswith(digits(second)[:16])
    assert place.certs("approve", digits(second)[:16]).code == 1


def test_published_records_stand_where_rfc_8162_says(place: Place) -> None:
    hugh = ROOT.issue("hugh@example.com", kind="p256")
    place.certs("add", place.file("hugh.pem", hugh.certificate))

    records = place.certs("publish", "hugh@example.com").out
    ldif = place.certs("publish", "hugh@example.com", "--as", "ldif", "--dn", "cn=Hugh,dc=example").out

    assert records.startswith(f"{HUGH}. IN SMIMEA 3 0 0 30")
    assert ldif.startswith("dn: cn=Hugh,dc=example\nchangetype: modify\nadd: userCertificate;binary\n")


def test_list_as_json_holds_every_row(place: Place) -> None:
    place.certs("add", place.file("ann.pem", ANN.certificate), "--for", "info@example.com", "--trust")

    (row,) = json.loads(place.certs("list", "--json").out)

    assert (row["address"], row["fingerprint"], row["word"]) == ("info@example.com", digits(ANN), "trusted")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "missing.pem"), "cannot be read"),
        (("add", "{root}"), "only authorities'"),
        (("add", "{nameless}"), "certifies no mail address"),
        (("remove", "abcd"), "there is no such certificate"),
        (("show", "zz"), "neither a file, a fingerprint nor an address"),
        (("approve", "abcdef"), "no such certificate is pending"),
        (("publish", "ann@example.com", "--as", "ldif"), "whose entry?"),
    ],
)
def test_bad_input_is_told_with_exit_code_1(place: Place, words: tuple[str, ...], said: str) -> None:
    files = {
        "{root}": place.file("root.pem", ROOT.certificate),
        "{nameless}": place.file("nameless.pem", ROOT.issue(kind="p256").certificate),
    }

    ended = place.certs(*(files.get(word, word) for word in words))

    assert ended.code == 1
    assert said in ended.err


def test_what_a_certificate_says_cannot_drive_the_terminal(place: Place) -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "\x1b]0;owned\x07")])
    evil = Authority((ROOT.certificate,), ROOT.key).issue("e@example.com", kind="p256", subject=name)

    ended = place.certs("show", place.file("evil.pem", evil.certificate))

    assert "\x1b" not in ended.out
    assert "\\x1b]0" in ended.out


def test_revocations_tell_what_was_fetched_and_what_could_not_be(place: Place) -> None:
    migrate(place.store)
    cache = Revocations(Store(place.store, timeout=30))
    good, bad = Wanted("http://a.example/list"), Wanted("http://b.example/\x1b", b"question")
    cache.want([good, bad], NOW)
    cache.save(good, b"...", at=NOW, due=NOW)
    cache.failed(bad, "the server answers 404", due=NOW)

    lines = place.certs("revocations").out.splitlines()

    assert lines[0].startswith(f"list       http://a.example/list  fetched {NOW:%Y-%m-%d %H:%M}")
    assert lines[1].startswith("responder  http://b.example/\\x1b  never fetched")
    assert lines[1].endswith("failed 1 times: the server answers 404")


def test_store_that_is_down_is_told(place: Place) -> None:
    place.settings.write_text("store: postgresql+psycopg://nobody@127.0.0.1:1/none\nstore_timeout: 2s\n")

    ended = place.certs("list")

    assert ended.code == 1
    assert "store" in ended.err
