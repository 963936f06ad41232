"""What `explain` and `apply` share: a message from a file and an envelope from options."""

import ipaddress
from collections.abc import Callable
from functools import wraps

import click

from postseal.envelope import MACROS, Client, Envelope, Recipient, Tls


def _ip_address(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """*value*, if it is an address: anything else would be explained as a stranger, and mislead."""
    try:
        return str(ipaddress.ip_address(value)) if value else ""
    except ValueError:
        raise click.BadParameter(f"'{value}' is not an IP address") from None


def _macros(
    _context: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """NAME=VALUE pairs, of macros that the daemon asks for, too."""
    found = []
    for value in values:
        name, equals, told = value.partition("=")
        if not equals or name not in MACROS:
            raise click.BadParameter(f"write NAME=VALUE with a NAME from {', '.join(MACROS)}")
        found.append((name, told))
    return tuple(found)


_OPTIONS = (
    click.argument("message", type=click.File("rb")),
    click.option(
        "--from", "sender", required=True, metavar="ADDRESS", help='Envelope sender; "" for a bounce.'
    ),
    click.option(
        "--to",
        "recipients",
        multiple=True,
        required=True,
        metavar="ADDRESS",
        help="Envelope recipient; repeat it for more.",
    ),
    click.option("--auth", metavar="LOGIN", help="The login that the client authenticated with."),
    click.option(
        "--client-ip", default="", callback=_ip_address, metavar="ADDRESS", help="The client's IP address."
    ),
    click.option("--tls", metavar="VERSION", help="TLS version of the client's session, as TLSv1.3."),
    click.option("--tls-cipher", default="", metavar="CIPHER", help="Its cipher."),
    click.option("--tls-certificate", default="", metavar="SUBJECT", help="Subject of its certificate."),
    click.option(
        "--macro", "macros", multiple=True, callback=_macros, metavar="NAME=VALUE", help="A macro of the MTA."
    ),
)


def offline(command: Callable[..., None]) -> Callable[..., None]:
    """MESSAGE and the options of its envelope; *command* gets them as `message` and `envelope`."""

    @wraps(command)
    def with_envelope(
        *,
        sender: str,
        recipients: tuple[str, ...],
        auth: str | None,
        client_ip: str,
        tls: str | None,
        tls_cipher: str,
        tls_certificate: str,
        macros: tuple[tuple[str, str], ...],
        **rest: object,
    ) -> None:
        session = Tls(tls, tls_cipher, tls_certificate) if tls else None
        client = Client(client_ip, login=auth, tls=session, macros=macros)
        to = tuple(Recipient(address.strip("<>")) for address in recipients)
        command(envelope=Envelope(sender.strip("<>"), to, client), **rest)

    for option in reversed(_OPTIONS):
        with_envelope = option(with_envelope)
    return with_envelope
