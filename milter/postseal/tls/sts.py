"""What a domain says by MTA-STS about the servers that take its mail (RFC 8461), for people who try it.

Mail itself is judged by a map of Postfix's own; this asks the same questions once, and remembers nothing.
"""

import http.client
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from postseal.errors import Failure
from postseal.required_tls import Level, RequiredTls
from postseal.tls.mail_exchanger import Resolver
from postseal.tls.probe import Shown

_PORT: Final = 443
_LARGEST: Final = 64 * 1024  # octets, which RFC 8461 §3.3 suggests
_LONGEST: Final = 31_557_600  # seconds, RFC 8461 §3.2


class Mode(StrEnum):
    """What servers that do not comply mean."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Policy:
    """*mx*: the servers' names, `*.example.com` for one label below.  *max_age*: in seconds."""

    mode: Mode
    mx: tuple[str, ...]
    max_age: int

    def obstacle(self, shown: Shown, domain: str) -> str:
        """Why a sender who heeds it would not give mail for *domain* to this server; "" if they would."""
        if not any(_covers(each, shown.server.name) for each in self.mx):
            return "the policy does not name it"
        return shown.obstacle(RequiredTls(Level.VERIFY), domain)

    def __str__(self) -> str:
        names = f", for {', '.join(self.mx)}" if self.mx else ""
        return f"{self.mode}{names}; max_age {self.max_age}"


class Unusable(Exception):
    """The domain announces a policy that nobody can use: why."""


def policy(domain: str, resolver: Resolver, *, authorities: Path | None, seconds: float) -> Policy | None:
    """The policy of *domain*, None if it announces none.  Raises Unusable, Failure(LOOKUP)."""
    records = [text for text in resolver.texts(f"_mta-sts.{domain}") if text.startswith("v=STSv1")]
    if not records:
        return None
    if len(records) > 1:
        raise Unusable("there are several records")
    fields = {
        name.strip(): value for name, _, value in (each.partition("=") for each in records[0].split(";"))
    }
    if fields.get("v", "").strip() != "STSv1" or not fields.get("id", "").strip():
        raise Unusable("its record has no id")
    return parsed(_fetched(f"mta-sts.{domain}", resolver, authorities=authorities, seconds=seconds))


def parsed(octets: bytes) -> Policy:
    """The policy in the file *octets*.  Raises Unusable."""
    try:
        lines = octets.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise Unusable("the policy is no text") from None
    pairs = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    first = dict(reversed(pairs))  # of keys given twice the first counts, but for mx
    if first.get("version") != "STSv1":
        raise Unusable("the policy is not of version STSv1")
    if first.get("mode") not in list(Mode):
        raise Unusable("the policy has no mode")
    age = first.get("max_age", "")
    if not (age.isascii() and age.isdigit() and len(age) <= 10 and int(age) <= _LONGEST):
        raise Unusable("the policy has no max_age")
    mx = tuple(value.lower().rstrip(".") for name, value in pairs if name == "mx" and value)
    if not mx and first["mode"] != Mode.NONE:
        raise Unusable("the policy names no mx")
    return Policy(Mode(first["mode"]), mx, int(age))


def _fetched(name: str, resolver: Resolver, *, authorities: Path | None, seconds: float) -> bytes:
    """The file at *name*.  Raises Unusable."""
    try:
        address = next((each.address for each in resolver.host(name, _PORT)), None)
    except Failure as failure:
        raise Unusable(failure.detail) from None
    if address is None:
        raise Unusable(f"{name} has no address")
    connection = http.client.HTTPSConnection(name, _PORT, timeout=seconds)
    try:
        context = ssl.create_default_context(cafile=authorities)
        # To the address that our resolver gave, and with the name for the certificate.
        connection.sock = context.wrap_socket(
            socket.create_connection((address, _PORT), timeout=seconds), server_hostname=name
        )
        connection.request("GET", "/.well-known/mta-sts.txt", headers={"Host": name})
        answer = connection.getresponse()
        octets = answer.read(_LARGEST + 1)
    except ssl.SSLCertVerificationError as error:
        raise Unusable(f"{name}: {error.verify_message}") from None
    except (OSError, http.client.HTTPException) as error:
        raise Unusable(f"{name}: {str(error) or type(error).__name__}") from None
    finally:
        connection.close()
    if answer.status != http.client.OK:  # a redirection must not be followed (RFC 8461 §3.3)
        raise Unusable(f"{name} answers {answer.status}")
    if answer.getheader("Content-Type", "").partition(";")[0].strip().lower() != "text/plain":
        raise Unusable("the policy is not of type text/plain")
    if len(octets) > _LARGEST:
        raise Unusable(f"the policy is larger than {_LARGEST} octets")
    return octets


def _covers(pattern: str, name: str) -> bool:
    """Whether *pattern* is *name*, or stands for it with its first label (RFC 8461 §4.1)."""
    return name == (f"{name.partition('.')[0]}{pattern[1:]}" if pattern.startswith("*.") else pattern)
