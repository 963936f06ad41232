"""Actions that ask for protection: which methods, and what becomes of people out of their reach.

The words say what is required and what is only wished; nobody's failure turns the one into the other.
"""

from collections.abc import Callable
from dataclasses import replace

from postseal.policy.action_values import Brand, Lifetime, Line, Methods, Yes
from postseal.policy.tls_values import Route, TlsOfMail
from postseal.required_tls import stricter
from postseal.settings.ome import Form
from postseal.treatment import Already, Treatment, Unreached


def protect(treatment: Treatment, methods: Methods) -> Treatment:
    """Protect the message by the first of these methods that reaches the recipient.

    Required for all: if none reaches one of the recipients, nobody gets the message, and it is answered
    as the rule's `on_error` says; it never goes plain.  A later rule replaces the list of an earlier one:
    it can choose other methods, and be stricter about people out of reach, but not more lenient.
    """
    return _protecting(treatment, methods, Unreached.REFUSE)


def protect_or_bounce(treatment: Treatment, methods: Methods) -> Treatment:
    """Protect the message by the first of these methods that reaches the recipient, or bounce it for him.

    The recipients who are reached get the message; for the others it goes back to the sender, with a
    delivery status notification that names them.  If nobody is reached, or the sender cannot be told (he
    has not shown who he is, or wants no notification), the whole message is refused at once.
    """
    return _protecting(treatment, methods, Unreached.BOUNCE)


def protect_if_possible(treatment: Treatment, methods: Methods) -> Treatment:
    """Protect the message by the first of these methods that reaches the recipient; else it goes plain.

    Plain goes only to people who are known to be out of reach.  Where that cannot be told, because a
    certificate cannot be looked up or encrypting fails, the mail is answered as `on_error` says.
    """
    return _protecting(treatment, methods, Unreached.PLAIN)


def never_protect(treatment: Treatment, _yes: Yes) -> Treatment:
    """Do not protect the message for this recipient, whatever earlier rules asked for.

    Nor are any usage rights withheld.  Later rules may ask for both again.  A signature that was asked
    for stays.
    """
    freed = replace(treatment, withheld=frozenset(), templates=(), attachments=None)
    return replace(freed, protect=(), unreached=Unreached.REFUSE)


def already_protected(treatment: Treatment, choice: Already) -> Treatment:
    """What becomes of a message that the sender has encrypted already: `leave`, `wrap` or `reject`.

    Encrypted means S/MIME, PGP/MIME, OpenPGP armor as the only text, or sealed by us; the octets
    tell.  `leave`, the default, lets it go as it is; `wrap` protects it again; `reject` refuses it, for
    gateways that must inspect all mail.  With `leave`, what is signed or encrypted is not signed either.
    """
    return replace(treatment, already=choice)


def unseal(treatment: Treatment, _yes: Yes) -> Treatment:
    """Open sealed messages of ours for recipients inside: mail that comes back, or that a colleague sends on.

    Opened is what one of our own carrier mails has sealed, or one attached to the message, or `message.html`
    in it; never what others have encrypted.  The recipient must be its sender or one of its readers, or the
    mail must be sent by one of them who is inside and has shown it.  What is revoked or expired for whom it
    concerns, and what rights are withheld of, stays sealed.  To others the mail goes as it came.
    """
    return replace(treatment, unseal=True)


def expire(treatment: Treatment, lifetime: Lifetime) -> Treatment:
    """How long a sealed message can be read: `30d`; afterwards its key is deleted, and the reader is told.

    It counts from when the message is sent, for the method `ome` alone.  The shortest that rules ask for
    holds; without any, what the settings say.
    """
    return replace(treatment, lifetime=min(lifetime, treatment.lifetime or lifetime))


def cover_subject(treatment: Treatment, text: Line) -> Treatment:
    """The subject that a sealed message has outside: `'[...]'`, any text, or `keep` for its own.

    For the method `ome` alone; the reader sees the message's own subject.  Without it, what the settings say.
    """
    return replace(treatment, cover=text)


def sealed_form(treatment: Treatment, form: Form) -> Treatment:
    """How a sealed message travels: `attachment`, in its file; `link`, kept by the portal; or `auto`.

    For the method `ome` alone: links are for recipients whose mail servers take no HTML files.  `auto`
    goes by the size.  Without it, what the settings say.
    """
    return replace(treatment, form=form)


def read_notice(treatment: Treatment, wanted: bool) -> Treatment:
    """Whether the sender is told by mail when a recipient first reads his sealed message: `true` or `false`.

    For the method `ome` alone, and only for senders inside; what programs send is not answered.  The sender
    can change it on his page.  Without it, what the settings say.
    """
    return replace(treatment, read_notice=wanted)


def require_tls(treatment: Treatment, required: TlsOfMail) -> Treatment:
    """Let the message travel to the next server over TLS of this level, or not at all.

    `encrypt`: with any certificate.  `verify`: a trusted one for the name of the MX, as DNS has it.
    `secure`: a trusted one for the recipient's domain or a name below it, or for one of the names listed;
    `.example.com` stands for all below it.  `fingerprint`: one of these certificates or keys.  `dane-only`:
    as the domain publishes by DNSSEC.  `dane`: the same where it publishes something, else as `verify`.
    At least TLS 1.2.  Mail that cannot go so waits in the queue, and comes back when its time is over.  A
    later rule can ask for another level, but not for a less strict one.  What becomes of the message behind
    the next server is that server's affair.
    """
    return replace(treatment, tls=stricter(required, treatment.tls))


def route(treatment: Treatment, connector: Route) -> Treatment:
    """Send the message by the smart host of this connector, over the TLS that it asks for, or not at all.

    It takes the place of every other route of the recipient, also of one inside.  The last rule that names
    a connector counts; of the TLS that rules and connector require, the strictest.  Mail that cannot go so
    waits in the queue.
    """
    wanted = stricter(connector, treatment.tls)
    return replace(treatment, tls=wanted and replace(wanted, next_hop=connector.next_hop))


def branding(treatment: Treatment, word: Brand) -> Treatment:
    """How a sealed message presents itself: a branding of the folder `brandings` (docs/branding.md).

    For the method `ome` alone: its mail, the file in it, and the portal's pages.  The last rule that names
    one counts; without any it is `default`.
    """
    return replace(treatment, branding=word)


PROTECTING = (protect, protect_or_bounce, protect_if_possible)
"""Those that name methods."""

ACTIONS: tuple[Callable[..., Treatment], ...] = (
    protect,
    protect_or_bounce,
    protect_if_possible,
    never_protect,
    already_protected,
    unseal,
    expire,
    cover_subject,
    sealed_form,
    read_notice,
    require_tls,
    route,
    branding,
)
"""The actions of this module."""


def _protecting(treatment: Treatment, methods: tuple[str, ...], unreached: Unreached) -> Treatment:
    if treatment.protect:  # an earlier rule must not be weakened
        unreached = max(unreached, treatment.unreached)
    return replace(treatment, protect=methods, unreached=unreached)
