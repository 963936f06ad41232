"""The gateway's own keys to open mail with: read once, and for whom each may be used.

A certificate that has expired stays good for opening what was encrypted to it; so does one that may not
be trusted any more.  A wrong key stops the loading, as the administrator named the files.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from postseal.certificates import private_key, purpose, read
from postseal.certificates.identity import has_key, public_octets
from postseal.certificates.purpose import encryption_usage_refusal
from postseal.cms.keyring import DecryptionKey, KeyRing, PrivateKey
from postseal.envelope import domain_key, key, split
from postseal.errors import BadInput, Place, Problem
from postseal.settings import smime


@dataclass(frozen=True, slots=True)
class GatewayKeys:
    """All keys, and whose each is; *warnings*: what should be mended, though it stops nothing."""

    ring: KeyRing = field(default_factory=KeyRing, repr=False)
    warnings: tuple[Problem, ...] = ()
    _owners: dict[x509.Certificate, frozenset[str]] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        return bool(self._owners)

    def belongs(self, certificate: x509.Certificate, address: str) -> bool:
        """Whether mail that *certificate* opened may be shown to *address*.

        Whoever has caught somebody else's mail could send it to himself otherwise, to have it opened.
        """
        owners = self._owners.get(certificate, frozenset())
        return key(address) in owners or f"@{domain_key(split(address)[1])}" in owners

    def reader(self, address: str, at: datetime) -> x509.Certificate | None:
        """The newest certificate of *address* itself whose mail we open at the time *at*, if there is one."""
        own = [
            one
            for one in self._owners
            if self.belongs(one, address)
            and not purpose.encryption_refusal(one)
            and not purpose.time_refusal(one.not_valid_before_utc, one.not_valid_after_utc, at)
            and key(address) in map(key, purpose.addresses(one))
        ]
        return max(own, key=lambda one: one.not_valid_before_utc, default=None)


def load(named: Sequence[smime.Decryption], masters: private_key.Masters | None = None) -> GatewayKeys:
    """The keys that the settings name.  Raises BadInput with all that is wrong with them."""
    problems: list[Problem] = []
    warnings: list[Problem] = []
    keys: list[DecryptionKey] = []
    owners: dict[x509.Certificate, frozenset[str]] = {}
    for one in named:
        try:
            found, advice = _keys(one, masters)
        except BadInput as error:
            problems += error.problems
            continue
        warnings += advice
        keys += found
        whose = frozenset(key(who) if "@" in who else f"@{domain_key(who)}" for who in one.recipients)
        for each in found:
            owners[each.certificate] = owners.get(each.certificate, frozenset()) | whose
    if problems:
        raise BadInput(problems)
    return GatewayKeys(KeyRing(keys), tuple(warnings), owners)


def _keys(
    named: smime.Decryption, masters: private_key.Masters | None
) -> tuple[list[DecryptionKey], list[Problem]]:
    """The key with every certificate that was issued for it: senders may use an old one for years."""
    private, warnings = private_key.load(named.key, masters)
    if not isinstance(private, PrivateKey):
        hint = "name the key of the certificate that people encrypt to"
        problem = Problem(Place(str(named.key)), "the private key is of a kind that opens nothing", hint)
        raise BadInput([problem])
    file = read.certificates(named.certificate)
    if file.problems:
        raise BadInput(file.problems)
    public = public_octets(private.public_key())
    own = [(place, found) for place, found in file.certificates if has_key(found, public)]
    if not own:
        what = f"none of the certificates belongs to the key {named.key}"
        hint = "name the certificate that was issued for that key"
        raise BadInput([Problem(Place(str(named.certificate)), what, hint)])
    for place, certificate in own:
        if refusal := encryption_usage_refusal(certificate):
            hint = "nobody encrypts to it, unless it did when the certificate was another"
            warnings = [*warnings, Problem(place, f"the certificate is not for encryption: {refusal}", hint)]
    return [DecryptionKey(certificate, private) for _, certificate in own], warnings
