"""The signed mails of NIST's PKITS: every signature is over its content; paths are another test's."""

import io
from pathlib import Path

import cryptography_vectors
import pytest

from postseal import message_file
from postseal.body import Spool
from postseal.cms.layer import Signed
from smime_lab import opener

FOLDER = Path(cryptography_vectors.__file__).parent / "x509/PKITS_data/smime"
MAILS = sorted(FOLDER.glob("*.eml"))
NOT_OURS = {
    # DSA, which nobody issues any more
    "SignedValidDSASignaturesTest4.eml": "it was made in a way that we do not know",
    "SignedInvalidDSASignatureTest6.eml": "it was made in a way that we do not know",
    # a certificate that cryptography does not read: its key lacks its parameters
    "SignedValidDSAParameterInheritanceTest5.eml": "the signer's certificate is not there",
}


def test_all_mails_are_there() -> None:
    assert len(MAILS) == 224


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # cryptography's, of two negative ones
@pytest.mark.parametrize("mail", MAILS, ids=lambda path: path.stem)
def test_signature_is_over_its_content(mail: Path) -> None:
    message = message_file.read(io.BytesIO(mail.read_bytes()), Spool())

    (layer,) = opener().open(message).layers

    assert isinstance(layer, Signed)
    assert [one.fault for one in layer.signatures] == [NOT_OURS.get(mail.name, "")]
