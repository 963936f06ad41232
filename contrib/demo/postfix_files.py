"""What stands in main.cf and master.cf of a private Postfix."""

from pathlib import Path

from demo.place import LOOPBACK


def main(directory: Path, next_hop: str) -> dict[str, str]:
    """main.cf of a Postfix below *directory*, by parameter."""
    return {
        "compatibility_level": "3.6",
        "config_directory": str(directory / "conf"),
        "queue_directory": str(directory / "spool"),
        "data_directory": str(directory / "data"),
        "maillog_file_prefixes": str(directory),
        "maillog_file": str(directory / "log/mail.log"),
        "mail_owner": "postfix",
        "setgid_group": "postdrop",
        "default_privs": "nobody",
        "inet_interfaces": LOOPBACK,
        "inet_protocols": "ipv4",
        "smtp_bind_address": LOOPBACK,
        "myhostname": "mx.lab.test",
        "myorigin": "lab.test",
        "mydestination": "",
        "local_recipient_maps": "",
        "alias_maps": "",
        "alias_database": "",
        "local_transport": "error:5.1.1 no local delivery here",
        "mynetworks": "127.0.0.0/8",
        "smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject",
        "smtpd_recipient_restrictions": "",
        # A test may say who it is, and skip AUTH, by XCLIENT (XCLIENT_README).
        "smtpd_authorized_xclient_hosts": "127.0.0.0/8",
        "smtpd_peername_lookup": "no",
        "relayhost": next_hop,
        # No name server is asked about anything.
        "disable_dns_lookups": "yes",
        "smtp_host_lookup": "native",
        "smtp_tls_security_level": "none",
        "append_dot_mydomain": "no",
        "biff": "no",
        "smtputf8_enable": "yes",
        "message_size_limit": "209715200",
        "mailbox_size_limit": "0",
        "smtpd_client_connection_count_limit": "0",
        "in_flow_delay": "0",
        "minimal_backoff_time": "2s",
        "maximal_backoff_time": "4s",
        "queue_run_delay": "2s",
        "milter_protocol": "6",
        "milter_default_action": "tempfail",
    }


# Nothing runs chrooted: the queue directory has none of the files that a chroot needs.
# qmgr is woken every two seconds: a message that a client of before a reload still holds is put back among
# those that just came ("skipped, still being delivered"), and looked at only if qmgr is woken or mail comes.
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{reinjection_port} inet n - n - - smtpd
  -o syslog_name=postfix/reinjection -o smtpd_milters=
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 2     1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
proxymap  unix  - - n -     - proxymap
smtp      unix  - - n -     - smtp
showq     unix  n - n -     - showq
error     unix  - - n -     - error
retry     unix  - - n -     - error
discard   unix  - - n -     - discard
anvil     unix  - - n -     1 anvil
scache    unix  - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
"""
"""master.cf, with `{port}` and `{reinjection_port}`."""


def without(lines: str, services: str) -> str:
    """*lines* of master.cf less those whose name and type one of *services* has."""
    theirs = {tuple(line.split()[:2]) for line in services.splitlines() if line[:1].isalnum()}
    return "".join(line for line in lines.splitlines(keepends=True) if tuple(line.split()[:2]) not in theirs)
