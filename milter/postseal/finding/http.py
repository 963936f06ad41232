"""Certificates by a URL that the address stands in: a partner's or a provider's lookup service.

What comes back is judged like any other certificate; the server vouches for nothing.
"""

from urllib.parse import quote

from cryptography import x509

from postseal.envelope import split
from postseal.errors import Cause, Failure
from postseal.finding import octets, web
from postseal.store.kept import Origin

_LARGEST = 1 << 20


class HttpSource:
    """Asks the URL that *template* becomes."""

    origin = Origin.HTTP
    vouches = False

    def __init__(self, template: str) -> None:
        self._template = template

    def find(self, address: str, seconds: float) -> tuple[x509.Certificate, ...]:
        """What the server answers; 404 and 410 mean that there is nothing.  Raises Failure(LOOKUP)."""
        local, domain = split(address)
        words = {"{address}": address, "{local}": local, "{domain}": domain}
        url = self._template
        for word, value in words.items():
            url = url.replace(word, quote(value, safe=""))
        try:
            answer = web.fetch(url, seconds=seconds, largest=_LARGEST)
            return octets.certificates(answer) if answer.strip() else ()
        except web.Missing:
            return ()
        except (web.Unreachable, ValueError) as error:
            raise Failure(Cause.LOOKUP, f"http: {error}") from None
