"""`postseal completion`: tab completion for the shell."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    bash:  postseal completion bash > /etc/bash_completion.d/postseal
    zsh:   postseal completion zsh > "${fpath[1]}/_postseal"
    fish:  postseal completion fish > ~/.config/fish/completions/postseal.fish
    """
    command = context.find_root().command
    kind = get_completion_class(shell)
    assert kind  # noqa: S101 (click knows all three)
    click.echo(kind(command, {}, "postseal", "_POSTSEAL_COMPLETE").source())
