"""Addresses in envelopes and header fields, compared with what policies name."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from postseal.cms import field
from postseal.envelope import domain_key, key, split
from postseal.errors import Cause, Failure


def domains_of(address: str) -> tuple[str, ...]:
    """The domain of *address* and all that it is a subdomain of, in the form to compare."""
    domain = domain_key(split(address)[1])
    found = []
    while domain:
        found.append(domain)
        domain = domain.partition(".")[2]
    return tuple(found)


def within(address: str, domains: frozenset[str]) -> bool:
    """Whether the domain of *address* is one of *domains* or a subdomain of one."""
    return not domains.isdisjoint(domains_of(address))


class Written(NamedTuple):
    """Addresses that stand in header fields.  *doubtful*: of those that programs may read in another way."""

    sure: tuple[str, ...]
    doubtful: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[str, ...]:
        """All of them."""
        return self.sure + self.doubtful

    def any(self, asked: Callable[[str], bool]) -> bool:
        """Whether *asked* says yes to one.  Raises Failure if only one that is doubtful is left to say so."""
        if any(map(asked, self.sure)):
            return True
        if any(map(asked, self.doubtful)):
            raise Failure(Cause.UNINSPECTABLE, "a header field with addresses is malformed")
        return False


_PIECE = re.compile(rb'"(?:[^"\\]|\\.)*+"|\((?:[^()\\]|\\.)*+\)|<[^<>]*+>|[,;:]|[^",;:(<]++|.', re.DOTALL)
_NOT_IN_ADDRESS = re.compile(r'[\s<>,;:"()]+')


def written(values: Iterable[bytes]) -> Written:
    """The addresses in the *values* of header fields, as lists of mailboxes (RFC 5322 §3.4)."""
    sure: list[str] = []
    doubtful: list[str] = []
    for value in values:
        for mailbox in _mailboxes(value):
            if found := field.mailbox(mailbox):
                sure.append(key(found))
            else:
                words = _NOT_IN_ADDRESS.split(mailbox.decode("utf-8", "replace"))
                doubtful += [key(word) for word in words if "@" in word]
    return Written(tuple(sure), tuple(doubtful))


def _mailboxes(value: bytes) -> list[bytes]:
    pieces: list[list[bytes]] = [[]]
    for token in _PIECE.findall(value):
        if token == b":":
            pieces[-1].clear()  # the name of a group
        elif token in {b",", b";"}:
            pieces.append([])
        else:
            pieces[-1].append(token)
    return [mailbox for piece in pieces if (mailbox := b"".join(piece)).strip()]
