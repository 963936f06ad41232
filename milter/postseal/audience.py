"""Who reads a message besides: which recipients others see, and whether the sender can be told of one."""

from postseal.automatic import automatic
from postseal.envelope import Envelope, Recipient, key
from postseal.header_edits import addresses
from postseal.message import Message
from postseal.treatment import AddAddress, Treatment


def can_be_told(message: Message, envelope: Envelope, recipient: Recipient) -> bool:
    """Whether the sender can be told, and wants to be, that *recipient* goes without (RFC 3461 §4.1).

    Automatic and list mail is not answered (RFC 3834 §2): nobody would read it, or too many.
    """
    if automatic(message):
        return False
    wanted = [word.upper().partition("=") for word in recipient.parameters]
    notify = next((value.split(",") for name, _, value in wanted if name == "NOTIFY"), ["FAILURE"])
    return bool(envelope.sender) and "FAILURE" in notify


def visible(message: Message) -> frozenset[str]:
    """The addresses that stand in To or Cc; those of Bcc, of lists, of aliases do not.

    The fields are cut into words rather than parsed: an address that only a forgiving parser would
    find counts as hidden, which costs a copy and gives nobody away.
    """
    fields = message.all("To", "Cc", "Resent-To", "Resent-Cc")
    return frozenset(key(word) for field in fields for word in addresses(field.value))


def shown(recipient: Recipient, seen: frozenset[str], treatment: Treatment) -> bool:
    """Whether the other readers of his copy see that *recipient* gets it."""
    own = key(recipient.address)
    written = (edit.address for edit in treatment.headers if isinstance(edit, AddAddress))
    return own in seen or own in map(key, written)
