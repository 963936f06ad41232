"""The MTA's transports, one for every requirement, as lines of Postfix's master.cf."""

from postseal.guard.own import TLS
from postseal.required_tls import Level, RequiredTls


def lines(required: RequiredTls) -> str:
    """The service that carries mail with *required*, and no other mail."""
    options = [
        f"syslog_name=postfix/tls-{required.name}",
        f"smtp_tls_security_level={required.level}",
        # Only connectors that ask for more: policy of the destination must not weaken what the message needs.
        f"smtp_tls_policy_maps=${{postseal_connectors?{{$postseal_connectors:{required.level}}}}}",
        "smtp_tls_mandatory_protocols=>=TLSv1.2",
        *_of_level(required),
        # The braces are needed: without them the field would not be taken off.
        f"{{ smtp_header_checks = regexp:{{{{/^{TLS}:/ IGNORE}}}} }}",
    ]
    head = f"{required.transport} unix - - n - - smtp"
    return "".join(f"{line}\n" for line in (head, *(f"  -o {option}" for option in options)))


def _of_level(required: RequiredTls) -> list[str]:
    match required.level:
        case Level.SECURE if required.match:
            return [f"{{ smtp_tls_secure_cert_match = {', '.join(required.match)} }}"]
        case Level.FINGERPRINT:
            return [
                "smtp_tls_fingerprint_digest=sha256",
                f"{{ smtp_tls_fingerprint_cert_match = {', '.join(required.match)} }}",
            ]
        case Level.DANE_ONLY:
            return ["smtp_dns_support_level=dnssec"]
    return []
