"""PKITS of NIST (2011, from cryptography_vectors): every verdict as published but for those listed.

All certificates and all revocation lists of the set are at hand, and the policy is hard, as the
published procedure wants it; policies are any, none is asked for.
"""

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from postseal.settings.smime import Revocation
from postseal.trust import crl
from postseal.trust.anchors import Anchors
from postseal.trust.crl import Crl
from postseal.trust.trust import NothingKnown, Trust

PKITS = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
AT = datetime(2020, 1, 1, tzinfo=UTC)

# The tests whose names do not tell: refused are those where an issuer demands a policy that is not shared.
NOT_VALID = {f"DifferentPoliciesTest{number}EE" for number in (4, 5, 7, 8, 9, 12)}

REFUSED_ALL_THE_SAME = {
    "the verifier does not know constraints on directory names": [
        *(f"ValidDNnameConstraintsTest{number}EE" for number in (1, 4, 5, 6, 11, 14, 18, 19)),
        "ValidDNandRFC822nameConstraintsTest27EE",
    ],
    "the verifier does not know constraints on URIs": [
        "ValidURInameConstraintsTest34EE",
        "ValidURInameConstraintsTest36EE",
    ],
    "the verifier does not know policy mappings": [
        *(f"ValidPolicyMappingTest{number}EE" for number in (1, 3, 5, 6, 9, 11, 12, 13, 14)),
        "ValidinhibitPolicyMappingTest2EE",
        "ValidinhibitPolicyMappingTest4EE",
        "ValidSelfIssuedinhibitPolicyMappingTest7EE",
    ],
    "the verifier compares names octet by octet": [
        "ValidNameChainingCapitalizationTest5EE",
        "ValidNameChainingWhitespaceTest3EE",
        "ValidNameChainingWhitespaceTest4EE",
        "ValidRolloverfromPrintableStringtoUTF8StringTest10EE",
        "ValidUTF8StringCaseInsensitiveMatchTest11EE",
    ],
    "the verifier counts self-issued certificates in the length of a path": [
        "ValidSelfIssuedpathLenConstraintTest15EE",
        "ValidSelfIssuedpathLenConstraintTest17EE",
    ],
    "the verifier wants dates before 2050 as UTCTime (RFC 5280 §4.1.2.5)": [
        "ValidGeneralizedTimenotBeforeDateTest4EE"
    ],
    "DSA is not believed": ["ValidDSASignaturesTest4EE"],
    "indirect revocation lists are not believed": [
        *(f"ValidIDPwithindirectCRLTest{number}EE" for number in (22, 24, 25)),
        *(f"ValidcRLIssuerTest{number}EE" for number in (28, 29, 30, 33)),
    ],
    "the list is signed with a new key whose certificate, as a leaf, lacks the policy": [
        "ValidSelfIssuedinhibitAnyPolicyTest7EE",
        "ValidSelfIssuedinhibitAnyPolicyTest9EE",
    ],
}


def certificates() -> Iterator[tuple[str, x509.Certificate]]:
    for file in sorted((PKITS / "certs").iterdir()):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CryptographyDeprecationWarning)  # a serial number of 0
                yield file.stem, x509.load_der_x509_certificate(file.read_bytes())
        except ValueError:
            assert "DSAParameter" in file.stem


class AllLists(NothingKnown):
    """Every list of the set; which of them say something is for us to find out."""

    def __init__(self) -> None:
        self.known = [crl.load(file.read_bytes()) for file in sorted((PKITS / "crls").iterdir())]

    def lists(self, certificate: x509.Certificate, issuer: x509.Certificate) -> list[Crl]:
        return self.known


@pytest.fixture(scope="module")
def verdicts() -> dict[str, str]:
    named = dict(certificates())
    others = [certificate for name, certificate in named.items() if not name.endswith("EE")]
    trust = Trust(Anchors((named["TrustAnchorRootCertificate"],)), Revocation.HARD, AllLists())
    people = {name: certificate for name, certificate in named.items() if name.endswith("EE")}
    return {name: str(trust.judge(certificate, others, at=AT)) for name, certificate in people.items()}


def test_pkits_is_complete(verdicts: dict[str, str]) -> None:
    assert len(verdicts) == 222
    assert len([name for name in verdicts if not name.startswith(("Valid", "Invalid"))]) == 20


def test_pkits_nothing_is_believed_that_must_be_refused(verdicts: dict[str, str]) -> None:
    must = {name for name in verdicts if name.startswith("Invalid")} | NOT_VALID

    assert not {name for name in must if verdicts[name] == "good"}


def test_pkits_all_else_is_believed_but_for_the_listed(verdicts: dict[str, str]) -> None:
    may = {name for name in verdicts if not name.startswith("Invalid")} - NOT_VALID

    refused = {name for name in may if verdicts[name] != "good"}

    assert refused == {name for names in REFUSED_ALL_THE_SAME.values() for name in names}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("InvalidEEnotAfterDateTest6EE", "expired"),
        ("InvalidCAnotBeforeDateTest1EE", "not_yet_valid"),
        ("InvalidCASignatureTest2EE", "path"),
        ("InvalidcAFalseTest2EE", "path"),
        ("InvalidkeyUsageCriticalkeyCertSignFalseTest1EE", "key_usage"),
        ("InvalidRFC822nameConstraintsTest24EE", "constraint"),
        ("InvalidrequireExplicitPolicyTest3EE", "policy"),
        ("InvalidRevokedCATest2EE", "revoked"),
        ("InvalidRevokedEETest3EE", "revoked"),
        ("InvaliddeltaCRLTest3EE", "revoked"),
        ("InvalidMissingCRLTest1EE", "revocation_unknown"),
        ("InvalidOldCRLnextUpdateTest11EE", "revocation_unknown"),
    ],
)
def test_pkits_refusal_names_its_rule(verdicts: dict[str, str], name: str, rule: str) -> None:
    assert verdicts[name].startswith(f"{rule}: "), verdicts[name]
