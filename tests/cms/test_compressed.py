"""CompressedData is DER, and opens to what was compressed."""

import random

import pytest
from asn1crypto import cms

from postseal.body import Spool
from postseal.cms.compressed import compressed


@pytest.mark.parametrize("content", [b"", b"x", b"hello\r\n" * 50_000, random.Random(1).randbytes(300_000)])
def test_compressed_content_is_read_by_others(content: bytes) -> None:
    pieces = (content[at : at + 1000] for at in range(0, len(content), 1000))

    octets = b"".join(compressed(pieces, Spool(threshold=1000)))

    info = cms.ContentInfo.load(octets, strict=True)
    assert info.dump(force=True) == octets  # it is DER
    assert info["content_type"].native == "compressed_data"
    assert info["content"].decompressed == content
