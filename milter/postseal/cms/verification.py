"""Looks at SignedData: every signature in it, over the content in each form that the way may have left.

What is signed was canonical, with CRLF line ends, when it left (RFC 8551 §3.1.1); but real mail has been
signed as it was, or with LF.  A signature is right if it is over one of the three: all read the same.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from postseal.body import Body
from postseal.cms import content, encoding
from postseal.cms.ber import Malformed, Tree
from postseal.cms.layer import Signed
from postseal.cms.signer_info import SignerInfo

_Form = Callable[[], Iterable[bytes]]


def beside(tree: Tree, signed: content.Signed, body: Body) -> Signed:
    """The signatures over *body*, which stands beside them."""
    if signed.content is not None:
        # Programs disagree about which of the two is signed (CVE-2018-18509).
        return Signed(clear=True, fault="the signature has content of its own")
    forms: list[_Form] = [lambda: encoding.crlf(body.pieces()), body.pieces, lambda: _line_feeds(body)]
    return replace(_judged(tree, signed, forms), clear=True)


def around(tree: Tree, signed: content.Signed) -> Signed:
    """The signatures over the content that they are around."""
    element = signed.content
    if element is None:
        return Signed(fault="there is no content")
    return _judged(tree, signed, [lambda: tree.stream(element)])


def _judged(tree: Tree, signed: content.Signed, forms: Sequence[_Form]) -> Signed:
    sent = tuple(_certificates(tree, signed))
    if not signed.signers:
        return Signed(sent=sent, fault="nobody has signed")
    try:
        infos = [SignerInfo(tree, element) for element in signed.signers]
    except Malformed as malformed:
        return Signed(sent=sent, fault=str(malformed))
    digests = _Digests(forms, frozenset(info.hash_name for info in infos if info.hash_name))
    return Signed(tuple(info.judged(signed.content_type, digests, sent) for info in infos), sent=sent)


class _Digests:
    """The digests of each form, by names of hashes; a form is only hashed when somebody asks for it."""

    def __init__(self, forms: Sequence[_Form], names: frozenset[str]) -> None:
        self._forms = forms
        self._names = names
        self._found: list[Mapping[str, bytes]] = []

    def __iter__(self) -> Iterator[Mapping[str, bytes]]:
        for number, form in enumerate(self._forms):
            if number == len(self._found):
                digests = {name: hashlib.new(name, usedforsecurity=False) for name in self._names}
                for piece in form():
                    for digest in digests.values():
                        digest.update(piece)
                self._found.append({name: digest.digest() for name, digest in digests.items()})
            yield self._found[number]


def _line_feeds(body: Body) -> Iterator[bytes]:
    return (piece.replace(b"\r\n", b"\n") for piece in encoding.crlf(body.pieces()))


def _certificates(tree: Tree, signed: content.Signed) -> Iterator[x509.Certificate]:
    for element in signed.certificates:
        try:
            yield _certificate(tree.raw(element))
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion, Malformed):
            continue  # one that nobody can read is no reason to refuse the others


@lru_cache(maxsize=1000)
def _certificate(octets: bytes) -> x509.Certificate:
    certificate = x509.load_der_x509_certificate(octets)
    certificate.public_key()
    return certificate
