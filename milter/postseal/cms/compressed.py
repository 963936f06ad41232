"""CompressedData (RFC 3274), written as a stream of DER."""

import zlib
from collections.abc import Iterable, Iterator

from postseal.body import Spool
from postseal.cms import der

_DATA = der.oid("1.2.840.113549.1.7.1")
_COMPRESSED_DATA = der.oid("1.2.840.113549.1.9.16.1.9")
_ZLIB = der.algorithm("1.2.840.113549.1.9.16.3.8")


def compressed(content: Iterable[bytes], spool: Spool) -> Iterator[bytes]:
    """*content* as a ContentInfo; the compressed octets wait in *spool*, for their number comes first."""
    draft = spool.draft()
    compressor = zlib.compressobj()
    for piece in content:
        draft.write(compressor.compress(piece))
    draft.write(compressor.flush())
    body = draft.body()
    yield der.enclosing(
        body.size,
        (der.OCTET_STRING, b""),
        (0xA0, b""),
        (der.SEQUENCE, _DATA),
        (der.SEQUENCE, der.integer(0) + _ZLIB),
        (0xA0, b""),
        (der.SEQUENCE, _COMPRESSED_DATA),
    )
    yield from body.pieces()
