"""What is found does not depend on how the text travels: encoded, as HTML, in documents, in archives."""

import random
from pathlib import Path

import pytest

from content.carriers import FILES, attached, plain, text_html
from postseal.content.process import pool
from postseal.envelope import Envelope, Recipient
from postseal.message import Message
from postseal.policy.mail import Site, Transaction
from postseal.policy.sensitive.library import Library
from postseal.policy.sensitive.query import Findings
from sensitive.made_up import KINDS, number, prose

TYPES = Path(__file__).parents[2] / "policies" / "types"

LATIN = [
    name
    for name, kind in KINDS.items()
    if kind.words.encode("latin-1", "ignore").decode("latin-1") == kind.words
]
"""Types whose words PDF's own fonts have; the other carriers take any."""


def text() -> str:
    """A page with a number of each type, each with its words, far from the others'."""
    chance = random.Random(20261124)
    pieces = []
    for name in LATIN:
        pieces += [
            f"{KINDS[name].words}: {number(KINDS[name], chance)} and",
            *(prose(chance, 12) for _ in range(6)),
        ]
    return "\n".join(pieces)


TEXT = text()


def found(library: Library, message: Message) -> dict[str, dict[str, int]]:
    transaction = Transaction(message, Envelope("a@example.com", (Recipient("b@example.com"),)), Site())
    together: dict[str, dict[str, int]] = {}
    for part in Findings(library.detector(), transaction).parts():
        assert isinstance(part, dict), part
        for name, hits in part.items():
            together.setdefault(name, {}).update({key: hit.confidence for key, hit in hits.items()})
    return together


@pytest.fixture(scope="module")
def library() -> Library:
    library = Library(TYPES)
    for name in KINDS:
        assert library[name]
    yield library
    pool(Site().extraction).close()


@pytest.fixture(scope="module")
def expected(library: Library) -> dict[str, dict[str, int]]:
    hits = found(library, plain(TEXT))
    assert len(hits) >= len(LATIN) - 1
    return hits


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_encodings(library: Library, expected: dict[str, dict[str, int]], encoding: str):
    assert found(library, plain(TEXT, encoding)) == expected


def test_html(library: Library, expected: dict[str, dict[str, int]]):
    markup = text_html(TEXT.replace("and\n", "~and\n")).decode()

    assert found(library, plain(markup, "quoted-printable", "text/html")) == expected


@pytest.mark.parametrize("extension", FILES)
def test_files(library: Library, expected: dict[str, dict[str, int]], extension: str):
    message = attached(f"file.{extension}", FILES[extension](TEXT))

    assert found(library, message) == expected
