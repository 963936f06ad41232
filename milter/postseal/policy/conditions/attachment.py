"""Conditions on attachments and on the files within them.

Archives, documents and attached messages are looked into, so a file in an archive counts as the archive
does.  A condition that finds what it looks for holds, whatever else there is; one that finds nothing fails as
uninspectable if there is a file that it could not look into (see docs/content.md).
"""

from collections.abc import Callable, Iterable, Iterator

from postseal.content import kind
from postseal.content.item import SEEN, Item, State
from postseal.errors import Cause, Failure
from postseal.policy import facet
from postseal.policy.mail import Look, Transaction
from postseal.policy.pattern import Pattern, seen
from postseal.policy.values import Extensions, MediaTypes, Patterns, Size, Words

_DOCUMENTS = (
    *("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument."),
    *("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"),
    *("application/vnd.ms-visio.", "application/pdf"),
)
"""How the media types of documents with properties begin."""


def _kinds(transaction: Transaction) -> set[str]:
    items = _all(transaction, _hides)
    return {name for item in items for name in (item.kind, f"{item.kind.partition('/')[0]}/*")}


def _extensions(transaction: Transaction) -> set[str]:
    return {item.extension for item in _all(transaction, _hides)}


def _names(transaction: Transaction) -> Iterator[bytes]:
    return (seen(item.name) for item in transaction.files.items)


def _texts(transaction: Transaction) -> Iterator[bytes]:
    return map(transaction.seen, transaction.files.items)


_NAMES = facet.Texts(_names, dear=facet.FILES, check=lambda transaction: _check(transaction, _hides))
_TEXTS = facet.Texts(_texts, dear=facet.FILES, check=lambda transaction: _check(transaction, _unread))


def has_attachment(transaction: Transaction, expected: bool) -> bool:
    """Whether there is an attachment; a picture within the text is one, the signature of a message is not."""
    return bool(transaction.files.parts) is expected


def attachment_size_over(transaction: Transaction, octets: Size) -> bool:
    """One attachment, as it is when saved, has at least this size."""
    return transaction.files.over(octets)


@facet.asks(_NAMES)
def attachment_name_words(transaction: Transaction, looked_for: Words) -> bool:
    """The name of an attachment, or of a file in one, contains one of these words or phrases."""
    return _named(transaction, looked_for)


@facet.asks(_NAMES)
def attachment_name_matches(transaction: Transaction, looked_for: Patterns) -> bool:
    """The name of an attachment, or of a file in one, matches one of these patterns."""
    return _named(transaction, looked_for)


@facet.asks(facet.Keys(_extensions, dear=facet.FILES))
def attachment_extension(transaction: Transaction, extensions: Extensions) -> bool:
    """The name of an attachment, or of a file in one, ends in one of these extensions."""
    return _any_name(transaction, lambda item: item.extension in extensions)


@facet.asks(facet.Keys(_kinds, dear=facet.FILES))
def attachment_type(transaction: Transaction, types: MediaTypes) -> bool:
    """An attachment, or a file in one, is of one of these types: told by its octets, not by name or label."""
    return _any(
        transaction.files.items,
        lambda item: item.kind in types or f"{item.kind.partition('/')[0]}/*" in types,
        _hides,
    )


def attachment_executable(transaction: Transaction, expected: bool) -> bool:
    """Whether an attachment, or a file in one, is a program.

    Programs of Windows, DOS, OS/2, Linux and macOS, told by their octets; and files named `.com` or `.pif`
    of no other known type.
    """
    files = transaction.files.items
    return _any(files, lambda item: kind.executable(item.kind, item.name), _kept_from_us) is expected


@facet.asks(_TEXTS)
def attachment_words(transaction: Transaction, looked_for: Words) -> bool:
    """The text of an attachment, or of a file in one, contains one of these words or phrases.

    Looks into text, HTML, Office documents, OpenDocument, PDF, RTF, messages and archives.  Pictures have no
    text.  A file that is of another type, damaged, protected with a password or beyond the limits of the
    settings cannot be judged: unless the rest of the rule decides, the mail is refused as the rule's
    `on_error` says.
    """
    return _found(transaction, _texts, looked_for, _unread)


@facet.asks(_TEXTS)
def attachment_matches(transaction: Transaction, looked_for: Patterns) -> bool:
    """The text of an attachment, or of a file in one, matches one of these patterns.

    Looks where `attachment_words` looks.
    """
    return _found(transaction, _texts, looked_for, _unread)


def attachment_property_words(transaction: Transaction, looked_for: dict[str, Words]) -> bool:
    """A property of a document, such as `Title` or one of its own, contains one of these words or phrases.

    Reads the properties of Office documents, old ones too, OpenDocument and PDF, also those that their
    authors have made up; names are alike in any letter case.
    """
    wanted = {name.lower(): words for name, words in looked_for.items()}

    def holds(item: Item) -> bool:
        return any(
            words.found(seen(value))
            for name, value in item.properties.items()
            if (words := wanted.get(name.lower()))
        )

    return _any(transaction.files.items, holds, _unread)


def attachment_lacks_property(transaction: Transaction, names: tuple[str, ...]) -> bool:
    """A document has none of these properties, such as `Classification` or `MSIP_Label_*`: it has no label.

    Documents are those of Office, old ones too, OpenDocument and PDF; `*` at the end of a name stands for
    anything.  Names are alike in any letter case, and a property without a value counts as none.
    """
    whole = {name.lower() for name in names if not name.endswith("*")}
    beginnings = tuple(name[:-1].lower() for name in names if name.endswith("*"))

    def lacks(item: Item) -> bool:
        found = [name.lower() for name, value in item.properties.items() if value.strip()]
        labelled = any(name in whole or name.startswith(beginnings) for name in found)
        return item.state in SEEN and item.kind.startswith(_DOCUMENTS) and not labelled

    return _any(transaction.files.items, lacks, _unread)


def attachment_password_protected(transaction: Transaction, expected: bool) -> bool:
    """Whether an attachment, or a file in one, needs a password to be read."""
    return _in(transaction, State.PASSWORD) is expected


def attachment_unsupported(transaction: Transaction, expected: bool) -> bool:
    """Whether an attachment, or a file in one, cannot be read, because of its type or damage."""
    return _in(transaction, State.UNSUPPORTED) is expected


def attachment_unsupported_extension(transaction: Transaction, extensions: Extensions) -> bool:
    """A file that cannot be read, because of its type or damage, has one of these extensions."""
    return _any(
        transaction.files.items,
        lambda item: item.state is State.UNSUPPORTED and item.extension in extensions,
        _incomplete,
    )


def attachment_limit_exceeded(transaction: Transaction, expected: bool) -> bool:
    """Whether looking into the attachments was given up: too large, too deep, too many or too slow."""
    return _in(transaction, State.LIMIT) is expected


def _named(transaction: Transaction, looked_for: Pattern) -> bool:
    # Most often the outer names decide, and nothing has to be opened for them.
    if any(looked_for.found(seen(item.name)) for item in transaction.files.outer):
        return True
    return _found(transaction, _names, looked_for, _hides)


def _any_name(transaction: Transaction, asked: Callable[[Item], bool]) -> bool:
    return any(map(asked, transaction.files.outer)) or _any(transaction.files.items, asked, _hides)


def _found(transaction: Transaction, look: Look, looked_for: Pattern, blind: Callable[[Item], bool]) -> bool:
    if transaction.finds(look, looked_for):
        return True
    _check(transaction, blind)
    return False


def _in(transaction: Transaction, state: State) -> bool:
    return _any(transaction.files.items, lambda item: item.state is state, _incomplete)


def _any(items: Iterable[Item], asked: Callable[[Item], bool], blind: Callable[[Item], bool]) -> bool:
    """Whether it holds for one of *items*.  Raises Failure if for none, and one may hide the answer."""
    hidden: Item | None = None
    for item in items:
        if asked(item):
            return True
        if hidden is None and blind(item):
            hidden = item
    if hidden:
        raise _failure(hidden)
    return False


def _all(transaction: Transaction, blind: Callable[[Item], bool]) -> list[Item]:
    """All files.  Raises Failure if one may hide others, or what they are."""
    _check(transaction, blind)
    return list(transaction.files.items)


def _check(transaction: Transaction, blind: Callable[[Item], bool]) -> None:
    if hidden := next(filter(blind, transaction.files.items), None):
        raise _failure(hidden)


def _failure(hidden: Item) -> Failure:
    return Failure(Cause.UNINSPECTABLE, f"an attachment cannot be inspected: {hidden.state}, {hidden.detail}")


def _unread(item: Item) -> bool:
    """Whether there may be text in it that was not seen."""
    return item.state not in SEEN


def _hides(item: Item) -> bool:
    """Whether there may be files in it that were not seen."""
    return item.state not in SEEN and item.opens


def _kept_from_us(item: Item) -> bool:
    """Whether it, or a file in it, may be of a type that nobody could tell."""
    return _hides(item) or not item.kind


def _incomplete(item: Item) -> bool:
    """Whether looking at it failed for a reason of ours, so that nothing is known of it."""
    return item.state is State.FAILED
