"""Opens CompressedData (RFC 3274), never larger than a limit."""

import zlib

from postseal.body import PIECE, Body, Spool
from postseal.cms.ber import Malformed, Tree
from postseal.cms.content import Compressed


def decompressed(tree: Tree, content: Compressed, *, spool: Spool, largest: int) -> Body:
    """What was compressed.  Raises Malformed if it is no zlib stream, or has more than *largest* octets."""
    draft = spool.draft()
    decompressor = zlib.decompressobj()
    try:
        for piece in tree.stream(content.content):
            octets = piece
            while octets and not decompressor.eof:
                draft.write(decompressor.decompress(octets, PIECE))
                octets = decompressor.unconsumed_tail
                if draft.size > largest:
                    raise Malformed("it is compressed too much")
        while not decompressor.eof and (octets := decompressor.decompress(b"", PIECE)):
            draft.write(octets)
            if draft.size > largest:
                raise Malformed("it is compressed too much")
    except zlib.error:
        raise Malformed("what is compressed cannot be read") from None
    if not decompressor.eof:
        raise Malformed("what is compressed is cut off")
    return draft.body()
