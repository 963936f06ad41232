"""What the commands share: the settings option, the way problems are printed, the exit codes."""

import sys
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import NoReturn, TypeVar

import click

from postseal.errors import BadInput, Problem

F = TypeVar("F", bound=Callable[..., object])


class Exit(IntEnum):
    """The exit codes of all commands; 2 is click's, for wrong usage."""

    DONE = 0
    BAD_INPUT = 1
    NOT_RUNNING = 3
    REFUSED = 4
    HELD = 5


def settings_option(command: F) -> F:
    """`--settings FILE`, also from the environment."""
    return click.option(
        "--settings",
        "path",
        # A file that is missing or closed to us is told as every other problem of it, with a hint.
        type=click.Path(path_type=Path, readable=False),
        default=Path("/etc/postseal/postseal.yaml"),
        show_default=True,
        envvar="POSTSEAL_SETTINGS",
        show_envvar=True,
        help="The settings file.",
    )(command)


def show(problems: Sequence[Problem], *, color: str) -> None:
    """Print *problems* to standard error as a compiler would."""
    for problem in problems:
        click.echo(
            f"{click.style(str(problem.place), bold=True)}: {click.style(problem.what, fg=color)}", err=True
        )
        if problem.hint:
            click.echo(f"  hint: {problem.hint}", err=True)


def give_up(error: BadInput) -> NoReturn:
    """Print what is bad and leave."""
    show(error.problems, color="red")
    count = len(error.problems)
    click.echo(f"{count} problem{'s' if count > 1 else ''}", err=True)
    sys.exit(Exit.BAD_INPUT)
