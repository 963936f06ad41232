"""Whether the mail server of this host is wired as contrib/postfix and contrib/sendmail say, all of it.

What would let mail through unprotected, or lose it, is an error; what may be meant so is a warning.
Nothing is changed, and no mail is sent.
"""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from postseal.daemon import house
from postseal.errors import BadInput, Failure, Place, Problem
from postseal.methods.tls import REQUIRED
from postseal.policy.policy import Policy
from postseal.settings.settings import Settings
from postseal.settings.tls import Mta
from postseal.submission import Submission
from postseal.tls.postconf import Postconf, tables
from postseal.tls.socketmap import netstring

_SAFE: Final = ("tempfail", "reject", "shutdown")
_README: Final = "contrib/postfix/main.cf says why"
_SECONDS: Final = 10.0


@dataclass(slots=True)
class Findings:
    """*server*: which mail server was asked; *errors* and *warnings*: what it is not wired for."""

    server: str = ""
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def collect(self, check: Callable[[], object]) -> None:
        """Do *check*, and keep what it raises."""
        try:
            check()
        except BadInput as error:
            self.errors += error.problems


def examined(settings: Settings, policy: Policy) -> Findings:
    """What is wrong about the mail server that *settings* name, for mail that *policy* is about."""
    found = Findings()
    if settings.tls.mta is Mta.SENDMAIL:
        found.server = "Sendmail"
        found.errors += _sendmail(settings, policy)
    elif settings.tls.postfix is None:
        found.server = "a Postfix on another host, which cannot be asked"
    else:
        _postfix(settings, policy, settings.tls.postfix, found)
    if settings.tls.enforced and settings.tls.connectors:
        found.errors += _nobody_answers(settings)
    return found


def _postfix(settings: Settings, policy: Policy, folder: Path, found: Findings) -> None:
    asked, main = Postconf(folder), Place(str(folder / "main.cf"))
    version = asked.parameter("mail_version")
    if not version or not (folder / "main.cf").exists():
        hint = "name its folder in the settings, tls: {postfix: /etc/postfix}; none, if it is elsewhere"
        found.errors.append(Problem(main, "no Postfix has its configuration here", hint))
        return
    found.server = f"Postfix {version}"
    found.errors += _milters(settings, asked, main)
    found.warnings += _past_us(asked, main)
    if settings.tls.enforced:
        found.collect(lambda: house.check_wiring(settings, policy))
    if asked.parameter("tls_required_enable") == "yes" and not policy.required_tls:
        what = "a sender's field 'TLS-Required: no' switches off the TLS of connectors"
        found.warnings.append(Problem(main, what, "write tls_required_enable = no (docs/tls.md)"))
    if settings.tls.requiretls and settings.submit_to:
        service = f"{settings.submit_to}/inet"
        if asked.option(service, "smtpd_tls_security_level") in ("", "none"):
            what = f"REQUIRETLS is never asked for: the listener {settings.submit_to} offers no STARTTLS"
            hint = "-o smtpd_tls_security_level=may, from Postfix 3.11 on"
            found.warnings.append(Problem(Place(str(folder / "master.cf")), what, hint))


def _milters(settings: Settings, asked: Postconf, main: Place) -> Iterator[Problem]:
    """Ways of mail into Postfix that do not pass our milter, or pass it while it fails."""
    address = settings.listen.socket.removeprefix("unix:")
    queue = asked.parameter("queue_directory")
    names = {address, address.removeprefix(f"{queue}/")}
    for parameter in ("smtpd_milters", "non_smtpd_milters"):
        value = asked.parameter(parameter)
        ours = [each for each in tables(value) if any(name in each for name in names)]
        if not ours:
            what = f"{parameter} does not lead to {settings.listen.socket}: this mail passes us by"
            yield Problem(main, what, f"{parameter} = $postseal_milter $dkim_milter; {_README}")
            continue
        said = ours[0].partition("default_action=")[2].split(",")[0].strip(" }")
        action = said or asked.parameter("milter_default_action")
        if action not in _SAFE:
            what = f"{parameter}: default_action={action} lets mail through while we fail, or loses it"
            yield Problem(main, what, f"write default_action=tempfail; {_README}")


def _past_us(asked: Postconf, main: Place) -> Iterator[Problem]:
    """Settings by which mail goes to people of whom policy does not know."""
    for parameter in ("always_bcc", "sender_bcc_maps", "recipient_bcc_maps"):
        if asked.parameter(parameter):
            what = f"{parameter} adds recipients after Postseal has looked: they get what others were to read"
            yield Problem(main, what, f"leave it out, and archive by a rule; {_README}")
    if asked.parameter("internal_mail_filter_classes"):
        what = "internal_mail_filter_classes brings Postfix's own notices to us"
        yield Problem(main, what, f"leave it out; {_README}")
    if asked.parameter("forward_path"):
        what = "forward_path: what an account's .forward sends on passes us by"
        yield Problem(main, what, f"write forward_path = ; {_README}")


def _sendmail(settings: Settings, policy: Policy) -> Iterator[Problem]:
    host, _, port = settings.submit_to.rpartition(":")
    submission = Submission(host.strip("[]"), int(port or 0), _SECONDS, socket.gethostname(), None)
    wanted = policy.required_tls
    if place := policy.protects_by("tls"):
        wanted[REQUIRED] = place
    for required, where in wanted.items():
        try:
            submission.assure(required)
        except (Failure, OSError) as error:
            hint = "put contrib/sendmail/postseal-tls.mc into sendmail.mc, behind its MAILER lines"
            yield Problem(where, f"{settings.submit_to}: {error}", hint)


def _nobody_answers(settings: Settings) -> Iterator[Problem]:
    address = settings.tls.connectors
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(_SECONDS)
            client.connect(address.removeprefix("unix:"))
            client.sendall(netstring(b"connectors postseal.invalid"))
            heard = client.recv(1000)
    except OSError as error:
        heard = f"{error.strerror or error}".encode()
    if b":NOTFOUND" not in heard and b":OK" not in heard:
        what = f"{address}: Postfix gets no answer about connectors: {heard.decode('utf-8', 'replace')}"
        yield Problem(Place("tls: connectors"), what, "start postseal connectors, and the daemon before it")
