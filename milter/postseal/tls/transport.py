"""The MTA's transports, one for every requirement, as lines of Postfix's master.cf."""

from postseal.guard.own import TLS
from postseal.required_tls import Level, RequiredTls
from postseal.tls.table import after_sts


def lines(required: RequiredTls) -> str:
    """The service that carries mail with *required*, and no other mail."""
    options = [
        f"syslog_name=postfix/tls-{required.name}",
        f"smtp_tls_security_level={level(required)}",
        f"{{ smtp_tls_policy_maps = {_maps(required.level)} }}",
        "smtp_tls_mandatory_protocols=>=TLSv1.2",
        *_of_level(required),
        # The braces are needed: without them the field would not be taken off.
        f"{{ smtp_header_checks = regexp:{{{{/^{TLS}:/ IGNORE}}}} }}",
    ]
    head = f"{required.transport} unix - - n - - smtp"
    return "".join(f"{line}\n" for line in (head, *(f"  -o {option}" for option in options)))


def level(required: RequiredTls) -> Level:
    """What the service asks for where no table says otherwise, in Postfix's sense of the words."""
    return Level.DANE_ONLY if required.level is Level.DANE else required.level


def _maps(wanted: Level) -> str:
    """The tables that may ask for more than *wanted*: a policy of the destination must not weaken it."""

    def ours(table: str, behind: str = "") -> str:
        return f"${{postseal_connectors?{{$postseal_connectors:{table}{behind}}}}}"

    match wanted:
        case Level.ENCRYPT | Level.VERIFY:
            return f"{ours(wanted)} $postseal_sts_enforced {ours(after_sts(wanted))}"
        case Level.DANE:
            # Where nothing is published, at least `verify`.  Without our tables, DANE or nothing.
            return ours(wanted, " $postseal_sts_enforced static:{verify protocols=>=TLSv1.2}")
    return ours(wanted)


def _of_level(required: RequiredTls) -> list[str]:
    match required.level:
        case Level.SECURE if required.match:
            return [f"{{ smtp_tls_secure_cert_match = {', '.join(required.match)} }}"]
        case Level.FINGERPRINT:
            return [
                "smtp_tls_fingerprint_digest=sha256",
                f"{{ smtp_tls_fingerprint_cert_match = {', '.join(required.match)} }}",
            ]
        case Level.DANE_ONLY | Level.DANE:
            return ["smtp_dns_support_level=dnssec"]
    return []
