"""What goes wrong during a search costs one certificate or one lookup, and never more."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from demo.pki import Authority
from postseal.certificates import directory
from postseal.certificates.address import SMTP_UTF8_MAILBOX
from postseal.certificates.directory import CertificateDirectory
from postseal.errors import Cause, Failure
from postseal.finding.candidate import new
from postseal.finding.finder import Finder
from postseal.finding.shelf import Empty
from postseal.settings.smime import Lookup, Source
from postseal.store.certificates import Certificates
from postseal.store.kept import Kept, Origin, Word
from postseal.trust.anchors import Anchors
from postseal.trust.trust import Trust

ROOT = Authority.root()
TRUST = Trust(Anchors((ROOT.certificate,)))
ADDRESS = "ann@example.com"
NOW = datetime.now(UTC)


class Answering:
    origin = Origin.HTTP
    vouches = False

    def __init__(self, *certificates: x509.Certificate, error: Exception | None = None) -> None:
        self.certificates = certificates
        self.error = error

    def find(self, address: str, seconds: float) -> tuple[x509.Certificate, ...]:
        if self.error:
            raise self.error
        return self.certificates


def searching(*certificates: x509.Certificate, error: Exception | None = None) -> Finder:
    shelf, remote = Empty(), Answering(*certificates, error=error)
    lookup = Lookup((Source.HTTP,), timeout=30)
    return Finder(lookup, CertificateDirectory(), lambda: shelf, TRUST, remotes={Source.HTTP: remote})


def test_malformed_certificate_beside_a_good_one_is_refused_alone() -> None:
    good = ROOT.issue(ADDRESS, kind="p256").certificate
    bad = ROOT.issue(kind="p256", names=[x509.OtherName(SMTP_UTF8_MAILBOX, b"\x05\x00")]).certificate

    search = searching(bad, good)

    assert search.usable(ADDRESS, NOW) == (good,)
    assert "malformed" in search.refusals(ADDRESS, NOW)[0].what


def test_error_of_a_library_is_a_failed_lookup() -> None:
    with pytest.raises(Failure, match="http: ZeroDivisionError") as caught:
        searching(error=ZeroDivisionError()).usable(ADDRESS, NOW)
    assert caught.value.cause is Cause.LOOKUP


class Failing(Empty):
    """A store that can be down."""

    down = False

    def of(self, address: str) -> tuple[Kept, ...]:
        if self.down:
            raise Failure(Cause.STORE, "it is down")
        return super().of(address)


def test_store_that_goes_down_does_not_take_the_folder_with_it_for_a_while(tmp_path: Path) -> None:
    ann = ROOT.issue(ADDRESS, kind="p256")
    (tmp_path / "ann.pem").write_bytes(ann.pem)
    shelf, seconds = Failing(), [0.0]
    search = Finder(
        Lookup(), directory.load(tmp_path, NOW), lambda: shelf, TRUST, remotes={}, clock=lambda: seconds[0]
    )
    search.usable(ADDRESS, NOW)
    shelf.down = True

    seconds[0] += 60
    assert search.usable(ADDRESS, NOW) == (ann.certificate,)
    seconds[0] += 3600
    with pytest.raises(Failure, match="it is down"):
        search.usable(ADDRESS, NOW)


@pytest.mark.parametrize("word", [Word.NOTHING, Word.TRUSTED])
def test_imported_certificate_serves_the_addresses_that_the_administrator_names(
    kept: Certificates, word: Word
) -> None:
    ann = ROOT.issue(ADDRESS, kind="p256")
    kept.add(new(ann.certificate), ["info@example.com"], at=NOW, word=word)
    search = Finder(Lookup(), CertificateDirectory(), lambda: kept, TRUST, remotes={})

    assert search.usable("info@example.com", NOW) == (ann.certificate,)
    assert search.usable(ADDRESS, NOW) == ()
