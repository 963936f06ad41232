"""The command `postseal`."""

import click

from postseal.cli.admin import admin
from postseal.cli.apply import apply
from postseal.cli.branding import branding
from postseal.cli.ca import ca
from postseal.cli.certs import certs
from postseal.cli.check import check
from postseal.cli.completion import completion
from postseal.cli.connectors import connectors
from postseal.cli.control import reload, status
from postseal.cli.doctor import doctor
from postseal.cli.explain import explain
from postseal.cli.identity import identity
from postseal.cli.keys import keys
from postseal.cli.messages import messages
from postseal.cli.policy import policy
from postseal.cli.portal import portal
from postseal.cli.replies import replies
from postseal.cli.run import run
from postseal.cli.signout import signout
from postseal.cli.smime import smime_group
from postseal.cli.tls import tls


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="postseal")
def main() -> None:
    """Postseal protects mail by policy, as a milter of Postfix or Sendmail.

    \b
    Exit codes of all commands:
      0  done
      1  settings, policies, certificates or keys are bad; nothing was changed
      2  wrong usage
      3  the daemon does not run
      4  the message would be refused (apply), the certificate is (certs verify), a signature does
         not pass (smime inspect), or no server of the domain would get mail (tls test)
      5  the message would be held (apply)
      6  policies treat messages differently (policy diff)
    """


for command in (
    *(
        run,
        connectors,
        portal,
        check,
        doctor,
        explain,
        apply,
        policy,
        ca,
        certs,
        identity,
        keys,
        messages,
        branding,
    ),
    *(signout, replies, admin),
    *(smime_group, tls, reload, status, completion),
):
    main.add_command(command)
