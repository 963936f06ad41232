"""The templates of usage rights that rules may name: those of the folder `templates` beside the policies.

Two are always there, `encrypt_only` and `do_not_forward`.  Problems are raised as BadInput, all at once.
What a template grants is noted with each message when it is sealed; nobody asks the folder again for it.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

from postseal import document, scalar
from postseal.binding import Reader, known
from postseal.branding.written import by_language, line, texts
from postseal.document import Node, Problems, Scalar, bad
from postseal.errors import Place
from postseal.language.texts import NOTHING, Texts
from postseal.licence import SAVED, Attachments
from postseal.policy.action_values import lifetime
from postseal.policy.condition_values import Names
from postseal.policy.values import Addresses, Domains, some
from postseal.reference import keys
from postseal.rights import LEVELS, OPTIONS, OTHER_NAMES, Grant, Right, Template

FOLDER: Final = "templates"
_WORDS: Final = [each.value for each in Right]
_LIBRARIES: Final = {"pdf": "pikepdf", "office": "msoffcrypto"}
"""What encrypts files, by the extras that bring it along."""


def right(node: Scalar) -> Right:
    """One right, in our word or in that of rights management."""
    other = {each.name.replace("_", ""): each for each in Right} | OTHER_NAMES
    return other[node.text] if node.text in other else Right(known(node, _WORDS, "right"))


def granted(node: Node, _reader: object = None) -> frozenset[Right]:
    """Rights, or a level of them: `viewer`, `restricted_editor`, `editor`, `owner`."""
    if isinstance(node, Scalar) and node.text in LEVELS:
        return LEVELS[node.text]
    found = frozenset(right(each) for each in some(node))
    if Right.VIEW not in found:
        raise bad(node.place, "nothing else helps who may not view it", "add 'view'")
    return found


def files(node: Node, _reader: object = None) -> Attachments:
    """One of `password`, `protect`, `view_only`, `pictures`, `withhold`, the strictest last."""
    written = scalar.one(node)
    choice = Attachments(known(written, list(Attachments), "word"))
    missing = [extra for extra, library in _LIBRARIES.items() if find_spec(library) is None]
    if choice in SAVED and missing:
        what = " and ".join(_LIBRARIES[extra] for extra in missing)
        hint = f"pip install 'postseal[{','.join(missing)}]', here and where the portal runs"
        raise bad(written.place, f"'{choice}' needs {what}, not installed here", hint)
    return choice


Files = Annotated[Attachments, files]


def word(node: Node, _reader: object = None) -> str:
    """A name of small letters, digits, `-` and `_`, at most 64 characters."""
    written = scalar.text(node)
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", written):
        hint = "write small letters, digits, - and _, such as 'board-only'"
        raise bad(node.place, f"bad name of a template '{written}'", hint)
    if written in OPTIONS:
        raise bad(node.place, f"'{written}' is always there, as it is", "give yours another name")
    return written


def names(node: Node, _reader: object = None) -> Texts:
    """Text on one line, at most 100 characters; or one for each language: `{en: …, de: …}`."""
    return by_language(node, line)


def time_offline(node: Node, _reader: object = None) -> float:
    """`never`, `always`, or a time span of at least a minute: `12h`, `7d`."""
    written = scalar.one(node)
    if written.text in {"never", "always"}:
        return 0.0 if written.text == "never" else math.inf
    return lifetime(node)


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody, and what he may do.  Of several lines that are for him he has all rights together."""

    place: Place
    grant: Annotated[frozenset[Right], granted]
    users: Addresses = frozenset()
    groups: Names = frozenset()
    domains: Domains = frozenset()
    anyone: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A template.

    *name*, *description*: what readers are told, in their language.  *rights*: for whom, and which; whoever
    is in no line gets no copy, and the message is refused.  *expire*: how long it can be read, if no rule
    says a shorter time.  *offline*: how long a copy is good that a reader takes along, and how long somebody
    who has signed in reads before he has to do so again.  *archived*: no rule may name it any more; what it
    has protected stays as it is.  *attachments*: what becomes of files for those who may not `save`, as the
    action of that name says.
    """

    place: Place
    rights: tuple[Line, ...]
    name: Annotated[Texts, names] = NOTHING
    description: Annotated[Texts, texts] = NOTHING
    offline: Annotated[float, time_offline] | None = None
    expire: Annotated[float, lifetime] | None = None
    archived: bool = False
    attachments: Files | None = None


def named(node: Node, _reader: object = None) -> Scalar:
    """The word of a template."""
    return scalar.one(node)


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """What stands in one file.  *offer*: templates that senders inside may ask for, of whatever file."""

    templates: dict[Annotated[str, word], Written] = field(default_factory=dict)
    offer: tuple[Annotated[Scalar, named], ...] = ()


class Templates(Mapping[str, Template]):
    """The templates that a rule may name, by their words; *archived*: the others' words.

    *offered*: those that senders inside may ask for, in the order in which they are offered.
    """

    def __init__(
        self, found: Mapping[str, Template], digest: bytes = b"", offered: Iterable[str] = ()
    ) -> None:
        self._found = {name: each for name, each in found.items() if not each.archived}
        self.digest = digest
        self.archived = frozenset(found) - self._found.keys()
        self.offered = {name: self._found[name] for name in offered}

    def __getitem__(self, name: str) -> Template:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def joined(self, digest: str) -> str:
        """The *digest* of a policy with that of the templates, twelve digits."""
        return hashlib.sha256(digest.encode() + self.digest).hexdigest()[:12] if self.digest else digest


def load(folder: Path) -> Templates:
    """The templates in *folder*.  Raises BadInput."""
    problems = Problems()
    places: dict[str, Place] = {}
    found = dict(OPTIONS)
    offers: list[Scalar] = []
    octets = b""
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else []:
        with problems.collect():
            octets += (text := document.read(path))
            file = Reader().bind(document.parse(text, str(path)), TemplateFile)
            offers += file.offer
            for name, written in file.templates.items():
                if name in places:
                    what = f"there is a template '{name}' at {places[name]} already"
                    problems.add(written.place, what, "give it another name")
                places[name] = written.place
                with problems.collect():
                    found[name] = _made(name, written)
    templates = Templates(found, hashlib.sha256(octets).digest() if octets else b"")
    offered = []
    for offer in offers:
        with problems.collect():
            offered.append(_known(offer, templates).word)
    problems.settle()
    return Templates(found, templates.digest, dict.fromkeys(offered))


def reference() -> str:
    """The keys of a template as a Markdown list."""
    return "\n".join(line.removesuffix("  Default: `none`.") for line in keys(Written)) + "\n"


def chosen(node: Node, reader: Reader) -> Template:
    """A template of the folder `templates`, `encrypt_only`, or `do_not_forward`."""
    written = scalar.one(node)
    templates = reader.names["template"]
    if isinstance(templates, Templates):
        return _known(written, templates)
    return OPTIONS[known(written, templates, "template")]


def _known(written: Scalar, templates: Templates) -> Template:
    if written.text in templates.archived:
        raise bad(
            written.place, f"template '{written.text}' is archived", "name another one, or take it back"
        )
    return templates[known(written, templates, "template")]


def _made(name: str, written: Written) -> Template:
    if not written.rights:
        raise bad(written.place, "nobody has any right", "write at least one line below 'rights:'")
    grants = []
    for each in written.rights:
        if not (each.anyone or each.users or each.groups or each.domains):
            hint = "write users:, groups:, domains: or anyone: true"
            raise bad(each.place, "nobody has these rights", hint)
        grants.append(Grant(each.grant, each.users, each.groups, each.domains, each.anyone))
    return Template(
        name,
        tuple(grants),
        written.expire,
        written.archived,
        name=written.name,
        description=written.description,
        offline=written.offline,
        attachments=written.attachments,
    )
