"""Whether a program has written a message, or it goes to many: then it is not answered (RFC 3834 §2)."""

from postseal.message import Message


def automatic(message: Message) -> bool:
    """Whether *message* says that no person wrote it, or that it goes to a list."""
    word = (message.first("Auto-Submitted") or b"no").lower().split(b";")[0].strip()
    bulk = (message.first("Precedence") or b"").strip().lower() in {b"bulk", b"junk", b"list"}
    return word != b"no" or bulk or message.first("List-Id") is not None
