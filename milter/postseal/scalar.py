"""Values of one line as administrators write them: text, numbers, sizes, time spans, networks, domains.

Each function reads one YAML node, or raises BadInput with the node's place and a hint.  The first
line of its docstring is what the manual says about the type.  The second parameter is the reader
that `binding` passes to every function named in an annotation; nothing here needs it.
"""

import ipaddress
import re
from pathlib import Path

from postseal import document
from postseal.document import Entry, Node, Scalar, Sequence, bad

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def one(node: Node) -> Scalar:
    """*node* as a single written value."""
    if not isinstance(node, Scalar):
        kind = "a list" if isinstance(node, Sequence) else "a mapping"
        raise bad(
            node.place, f"expected one value, found {kind}", "put text with brackets or braces in quotes"
        )
    if node.missing:
        raise bad(node.place, "the value is missing", "write a value; text that begins with # needs quotes")
    return node


def listed(node: Node) -> tuple[Node, ...]:
    """The items of a list; a single value counts as a list of one."""
    if isinstance(node, Sequence):
        return node.items
    return (one(node) if isinstance(node, Scalar) else node,)


def mapped(node: Node) -> tuple[Entry, ...]:
    """The entries of a mapping."""
    if not isinstance(node, document.Mapping):
        kind = "a list" if isinstance(node, Sequence) else "a single value"
        raise bad(
            node.place,
            f"expected 'key: value' lines, found {kind}",
            "write 'key: value' lines below this key",
        )
    return node.entries


def text(node: Node) -> str:
    """Text as written."""
    return one(node).text


def boolean(node: Node) -> bool:
    """`true` or `false`, and nothing else."""
    scalar = one(node)
    if scalar.text in {"true", "false"}:
        return scalar.text == "true"
    lower = scalar.text.lower()
    meant = "true" if lower in {"true", "yes", "on", "y", "1"} else "false"
    hint = (
        f"write {meant}" if lower in {"true", "yes", "on", "y", "1", "false", "no", "off", "n", "0"} else ""
    )
    raise bad(scalar.place, f"expected true or false, found '{scalar.text}'", hint or "write true or false")


def integer(node: Node) -> int:
    """A whole number, not negative, in decimal digits."""
    scalar = one(node)
    if not re.fullmatch("0|[1-9][0-9]{0,17}", scalar.text):
        raise bad(
            scalar.place, f"expected a whole number, found '{scalar.text}'", "write decimal digits only"
        )
    return int(scalar.text)


def count(node: Node, _reader: object = None) -> int:
    """A whole number, at least 1."""
    if (number := integer(node)) < 1:
        raise bad(node.place, "expected a number of at least 1", "leave the key out for the default")
    return number


def natural(node: Node, _reader: object = None) -> int:
    """A whole number, 0 or more."""
    return integer(node)


_UNITS = {"": 1, "k": 10, "m": 20, "g": 30}


def size(node: Node, _reader: object = None) -> int:
    """A number of octets: `512k`, `10MiB`, `1GiB`; all units are powers of 1024."""
    scalar = one(node)
    found = re.fullmatch("([0-9]{1,12}) ?(?:([kmg])(?:i?b)?|b)?", scalar.text.lower())
    if not found:
        raise bad(scalar.place, f"expected a size, found '{scalar.text}'", "write it as 512k, 10MiB or 1GiB")
    octets = int(found[1]) << _UNITS[found[2]] if found[2] else int(found[1])
    if octets < 1:
        raise bad(scalar.place, "expected a size of at least 1", "leave the key out for the default")
    return octets


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def duration(node: Node, _reader: object = None) -> float:
    """A time span in seconds, minutes, hours, days or weeks: `25s`, `15m`, `12h`, `30d`, `2w`."""
    scalar = one(node)
    found = re.fullmatch("([0-9]{1,9}) ?([smhdw])", scalar.text)
    if not found:
        raise bad(
            scalar.place, f"expected a time span, found '{scalar.text}'", "write it as 25s, 15m, 12h or 30d"
        )
    return float(int(found[1]) * _SECONDS[found[2]])


def mode(node: Node, _reader: object = None) -> int:
    """File permissions in octal, four digits: `0660`."""
    scalar = one(node)
    if not re.fullmatch("0[0-7]{3}", scalar.text):
        raise bad(
            scalar.place, f"expected permissions, found '{scalar.text}'", "write four octal digits: 0660"
        )
    return int(scalar.text, 8)


def path(node: Node) -> Path:
    """A file or folder; a relative path counts from the folder of the file it is written in."""
    scalar = one(node)
    return (Path(scalar.place.file).parent / scalar.text).absolute()


def network(node: Node) -> Network:
    """An address or a network: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`."""
    scalar = one(node)
    try:
        return ipaddress.ip_network(scalar.text)
    except ValueError:
        pass
    try:
        hint = f"did you mean {ipaddress.ip_network(scalar.text, strict=False)}?"
    except ValueError:
        hint = "write it as 192.0.2.0/24 or 2001:db8::/32"
    raise bad(scalar.place, f"expected an IP address or network, found '{scalar.text}'", hint)


def author(node: Node, _reader: object = None) -> str:
    """An address such as `postmaster@example.com`, or `none`."""
    written = text(node)
    if written == "none":
        return ""
    if not re.fullmatch(r"[!-~]+@[!-~]+", written) or re.search(r"[<>,;:\"()\\]", written):
        raise bad(node.place, f"expected an address, found '{written}'", "write postmaster@example.com")
    return written


def http_address(node: Node, _reader: object = None) -> str:
    """Where to listen: `HOST:PORT`, `[IPV6]:PORT`, or `none`."""
    written = text(node)
    if written == "none":
        return ""
    host, colon, port = written.rpartition(":")
    if not colon or not re.fullmatch("[0-9]{1,5}", port):
        raise bad(node.place, f"bad address '{written}'", "write HOST:PORT, or none")
    check_port(node, port)
    check_host(node, host.removeprefix("[").removesuffix("]"))
    return written


def check_port(node: Node, port: str) -> None:
    """Raise BadInput unless there is such a *port*."""
    if not 1 <= int(port) <= 65535:
        raise bad(node.place, f"there is no port {port}", "choose a port from 1 to 65535")


def check_host(node: Node, host: str) -> None:
    """Raise BadInput unless *host* is an IP address, or localhost."""
    if host == "localhost":
        return
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise bad(node.place, f"'{host}' is not an IP address", "write an address, or localhost") from None


_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")


def domain(node: Node, _reader: object = None) -> str:
    """A domain as it stands after the @ of an address: `example.com`."""
    scalar = one(node)
    if "*" in scalar.text:
        hint = "write the domain itself; there are no wildcards"
    elif "@" in scalar.text:
        hint = f"did you mean '{scalar.text.rpartition('@')[2]}'?"
    elif scalar.text.startswith("."):
        hint = f"did you mean '{scalar.text.lstrip('.')}'?"
    else:
        hint = "write it as example.com"
    if not is_domain(scalar.text):
        raise bad(scalar.place, f"expected a domain, found '{scalar.text}'", hint)
    return scalar.text.removesuffix(".").lower()


def is_domain(written: str) -> bool:
    """Whether *written* has the form of a domain; a final dot and other letters than ASCII's may stand."""
    labels = written.removesuffix(".").split(".")
    return len(written) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
