"""Octets as text, the way mail programs read them."""

from postseal.cms import charset as charsets
from postseal.errors import Cause, Failure

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def characters(octets: bytes, charset: str) -> str:
    """*octets* as text; what is not valid in a known charset shows as U+FFFD, as it does to the reader.

    Raises Failure(UNINSPECTABLE) if *charset* is unknown and the octets are no UTF-8.
    """
    if not charset:
        return undeclared(octets)
    text = charsets.decoded(octets, charset)
    if text is not None:
        return text
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise Failure(Cause.UNINSPECTABLE, f"unknown charset {charset[:40]!r}") from None


def undeclared(octets: bytes) -> str:
    """*octets* of text whose charset nobody names."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def readings(octets: bytes, charset: str) -> list[str]:
    """What programs make of *octets*: one text, or two where many do not know *charset*."""
    texts = [characters(octets, charset)]
    if charsets.doubtful(charset):
        texts.append(undeclared(octets))
    return texts


def of_file(octets: bytes) -> str:
    """The text of a file, which may begin with a mark that names its charset."""
    for mark, charset in _MARKS:
        if octets.startswith(mark):
            return octets.decode(charset, "replace")
    return undeclared(octets)


def named(octets: bytes, charset: str) -> str:
    """*octets* in *charset*, or if there is no such charset as text whose charset nobody names."""
    text = charsets.decoded(octets, charset)
    return undeclared(octets) if text is None else text
