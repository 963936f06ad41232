"""What the commands share: the settings option, the way problems are printed, the exit codes."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

from postseal.errors import BadInput, Failure, Place, Problem
from postseal.settings import settings as settings_file
from postseal.settings.settings import Settings

if TYPE_CHECKING:
    from postseal.finding.search import Search
    from postseal.store.certificates import Certificates
    from postseal.store.engine import Store

F = TypeVar("F", bound=Callable[..., object])


class Exit(IntEnum):
    """The exit codes of all commands; 2 is click's, for wrong usage."""

    DONE = 0
    BAD_INPUT = 1
    NOT_RUNNING = 3
    REFUSED = 4
    HELD = 5
    DIFFERENT = 6


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


class Telling(click.Group):
    """Commands that end with the reason, and no trace, where an input is bad or the store is down."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BadInput as error:
            give_up(error)
        except Failure as failure:
            bad(failure.cause.value, failure.detail)


def bad(where: str, what: str, hint: str = "") -> NoReturn:
    """Print one problem and leave."""
    give_up(BadInput([Problem(Place(where), what, hint)]))


def settings(path: Path) -> Settings:
    """The settings in the file *path*, or leave."""
    try:
        return settings_file.load(path)
    except BadInput as error:
        give_up(error)


def smime(path: Path) -> "Search":
    """What the settings in the file *path* say about finding certificates, or leave."""
    from postseal.finding import search  # noqa: PLC0415 (only few commands need a database's libraries)

    try:
        return search.load(settings(path), datetime.now(UTC))
    except BadInput as error:
        give_up(error)


def certificates(path: Path) -> "Certificates":
    """The certificates in the store, as `kept` opens it."""
    from postseal.store.certificates import Certificates  # noqa: PLC0415

    return Certificates(kept(path))


def kept(path: Path) -> "Store":
    """The store that the settings in the file *path* name, made if it is a file that is missing; or leave."""
    from postseal.store.engine import Store, parse  # noqa: PLC0415
    from postseal.store.migrate import migrate  # noqa: PLC0415

    known = settings(path)
    try:
        url = parse(known.store)
        # Root may use a file of the daemon's, but must not make one that the daemon cannot use.
        if url.get_backend_name() != "sqlite" or not Path(str(url.database)).exists():
            migrate(known.store)
        return Store(known.store, timeout=known.store_timeout)
    except BadInput as error:
        give_up(error)
    except Failure as failure:
        bad("store", failure.detail, "is the database up, and its schema that of this Postseal?")
