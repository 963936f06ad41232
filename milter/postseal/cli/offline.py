"""What `explain` and `apply` share: a message from a file and an envelope from options."""

import ipaddress
from collections.abc import Callable
from functools import wraps

import click

from postseal.envelope import Client, Envelope, Recipient, Tls


def _ip_address(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """*value*, if it is an address: anything else would be explained as a stranger, and mislead."""
    try:
        return str(ipaddress.ip_address(value)) if value else ""
    except ValueError:
        raise click.BadParameter(f"'{value}' is not an IP address") from None


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
        **rest: object,
    ) -> None:
        client = Client(client_ip, login=auth, tls=Tls(tls, "") if tls else None)
        to = tuple(Recipient(address.strip("<>")) for address in recipients)
        command(envelope=Envelope(sender.strip("<>"), to, client), **rest)

    for option in reversed(_OPTIONS):
        with_envelope = option(with_envelope)
    return with_envelope
