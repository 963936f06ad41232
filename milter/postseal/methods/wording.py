"""What stands around a sealed message, in each language.

`{author}`, `{reader}`, `{name}` and `{until}` are filled in; who fills them into HTML escapes them.  Plain
words, no urgency, and nothing that asks for a password: that is how people learn to tell it from a forgery.
"""

from dataclasses import dataclass
from functools import cache

from postseal.language.catalogue import catalogue
from postseal.language.language import Language


@dataclass(frozen=True, slots=True)
class Wording:
    """Sentences in one language.

    *title*, *sent*, *forwarded*: what this is, and from whom.  *attached*, *linked*: how to open the two
    forms.  *code*: how the reader shows who he is.  *until*: how long it can be read.  *open*, *online*: on
    buttons and links.  *or_online*: before the link in plain text.  *file*: above the button in the file.
    *privacy*: on the link to the statement about it.
    """

    language: Language
    title: str
    sent: str
    forwarded: str
    attached: str
    linked: str
    code: str
    until: str
    open: str
    online: str
    or_online: str
    file: str
    privacy: str


@cache
def wording(language: Language) -> Wording:
    """The sentences in *language*."""
    _ = catalogue(language).gettext
    return Wording(
        language=language,
        title=_("Encrypted message"),
        sent=_("{author} has sent you an encrypted message through {name}."),
        forwarded=_("{reader} has forwarded an encrypted message from {author} to you through {name}."),
        attached=_(
            "To read it, save the attached file message.html, open it in a browser and press the button."
        ),
        linked=_("To read it, open this page in a browser:"),
        code=_("You need no account. A code will be sent to this mailbox; type it where you asked for it."),
        until=_("It can be read until {until}."),
        open=_("Open the message"),
        online=_("Read online"),
        or_online=_("You can also read it online:"),
        file=_(
            "The message is in this file, encrypted. The button sends it to {name}, where you can read it."
        ),
        privacy=_("Privacy"),
    )
