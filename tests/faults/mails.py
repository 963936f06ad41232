"""The mail of the campaign, and what has to become of it for each recipient."""

import random
from collections.abc import Collection
from dataclasses import dataclass, field

SENDER = "ann@lab.test"
SEALED = tuple(f"s{number}@sealed.test" for number in range(8))
MARKED = tuple(f"m{number}@marked.test" for number in range(8))
PLAIN = tuple(f"p{number}@plain.test" for number in range(8))
MARK = b"[marked]"
POLICY = f"""
rules:
  - name: sealed
    when: {{recipient_domain: sealed.test}}
    then: [protect: smime]
  - name: marked
    when: {{recipient_domain: marked.test}}
    then: [prepend_subject: '{MARK.decode()}']
"""
SECRET = b"the secret numbers of"


@dataclass(frozen=True)
class Sent:
    """One message.  *identity*: of its Message-ID; *fault*: what happens to it, "KIND STEP" or ""."""

    identity: str
    recipients: tuple[str, ...]
    hidden: Collection[str] = ()
    fault: str = ""
    size: int = 2_000
    more: dict[str, str] = field(default_factory=dict)

    @property
    def octets(self) -> bytes:
        """The message as its sender hands it over: who is hidden stands in no field."""
        shown = [address for address in self.recipients if address not in self.hidden]
        fields = {
            "From": f"Ann <{SENDER}>",
            "To": ", ".join(shown[:3]) or "undisclosed-recipients:;",
            "Subject": f"report {self.identity}",
            "Message-ID": f"<{self.identity}@lab.test>",
            "Date": "Mon, 23 Nov 2026 09:00:00 +0000",
        }
        fields |= {"Cc": ",\r\n ".join(shown[3:])} if shown[3:] else {}
        fields |= {"X-Fault": self.fault} if self.fault else {}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
        line = SECRET + b" " + self.identity.encode() + b": 1, 2, 3.\r\n"
        return head + b"\r\n" + line * (self.size // len(line))


RICH = Sent("rich", (PLAIN[0], MARKED[0], SEALED[0], SEALED[1], SEALED[2]), hidden={SEALED[2]})
"""Everything at once: one copy stays, one is marked, one sealed for two, one for somebody hidden."""
PAIR = Sent("pair", (PLAIN[0], SEALED[0]))
"""The least that needs a copy."""
ALONE = Sent("alone", SEALED[:1], size=150_000)
"""All in one transaction: the body is replaced, in several pieces."""


def some(prefix: str, count: int, seed: int) -> list[Sent]:
    """*count* messages to 1 to 20 recipients each, of all kinds, some of them hidden, some large."""
    chance = random.Random(seed)
    result = []
    for number in range(count):
        recipients = tuple(chance.sample(SEALED + MARKED + PLAIN, chance.randint(1, 20)))
        hidden = {each for each in recipients if chance.random() < 0.2}
        size = 150_000 if chance.random() < 0.1 else chance.randint(200, 6_000)
        result.append(Sent(f"{prefix}.{number}", recipients, hidden, size=size))
    return result
