"""A portal with a listener for people inside, and somebody who replies there."""

import email
import email.policy
import html
import re
from datetime import UTC, datetime
from email.message import EmailMessage

from demo.sink import Sink
from demo.visitor import Answer, Visitor
from forms import KIND, form
from portal_place import Place, path_of
from postseal.message import Header
from postseal.replying.replies import NONCE
from sealing import message


class Desk:
    """A place with a listener for people inside."""

    def __init__(self, where: Place, inside: Sink) -> None:
        self.place, self.inside = where, inside

    def sealed(self, to: str) -> str:
        identity = f"<{datetime.now(UTC).timestamp()}@lab.test>"
        headers = (Header.of("To", f"{to}, fay@two.test"), Header.of("Cc", "dan@lab.test"))
        self.mail = self.place.sealed(message(identity=identity).without("To").adding(*headers), to=(to,))
        return path_of(self.mail)


def nonce(page: Answer) -> str:
    found = re.search(rf'name="nonce" value="([0-9a-f]{{{2 * NONCE}}})"', page.text)
    assert found, page.text
    return found[1]


def sent(visitor: Visitor, path: str, *parts: bytes) -> Answer:
    return visitor.ask("POST", path, form(*parts), {"Content-Type": KIND})


def typed(page: Answer) -> str:
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page.text, re.DOTALL)
    assert found, page.text
    return html.unescape(found[1])


def parsed(octets: bytes) -> EmailMessage:
    found = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found
