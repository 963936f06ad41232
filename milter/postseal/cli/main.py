"""The command `postseal`."""

import click

from postseal.cli.apply import apply
from postseal.cli.certs import certs
from postseal.cli.check import check
from postseal.cli.completion import completion
from postseal.cli.control import reload, status
from postseal.cli.explain import explain
from postseal.cli.run import run


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
      4  the message would be refused (apply), the certificate is (certs verify)
      5  the message would be held (apply)
    """


for command in (run, check, explain, apply, certs, reload, status, completion):
    main.add_command(command)
