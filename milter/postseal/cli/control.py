"""`postseal reload` and `postseal status`: talk to the running daemon.

Both work when the settings file is broken, for that is when they are needed.
"""

import json
import os
import re
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import click

from postseal.cli.common import Exit, give_up, settings_option, show
from postseal.daemon import state
from postseal.errors import BadInput, Place, Problem
from postseal.settings import settings as settings_file
from postseal.settings.settings import Settings


@click.command()
@settings_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the answer.",
)
def reload(path: Path, timeout: float) -> None:
    """Load settings, policies, certificates and keys anew, without losing a message.

    Waits for the running daemon's answer.  If anything is bad, nothing changes, the reasons are
    printed, and the exit code is 1.
    """
    directory, _ = _runtime_directory(path)
    known = _running(directory)
    asked = time.monotonic()
    try:
        os.kill(known.pid, signal.SIGHUP)
    except ProcessLookupError:
        _not_running(directory)
    except PermissionError:
        hint = "run this as root, or as the daemon's user"
        give_up(BadInput([Problem(Place(str(directory)), f"you may not tell process {known.pid}", hint)]))
    while not (known.reload.begun >= asked and known.reload.answered):
        if time.monotonic() > asked + timeout:
            click.echo(f"no answer from process {known.pid} within {timeout:g} s; its log says why", err=True)
            sys.exit(Exit.NOT_RUNNING)
        time.sleep(0.02)
        known = _running(directory)
    for warning in known.reload.warnings:
        click.echo(f"{click.style('warning', fg='yellow')}: {warning}", err=True)
    if not known.reload.good:
        for problem in known.reload.problems:
            click.echo(problem, err=True)
        since = _when(known.reload.at)
        click.echo(f"not reloaded; policy {known.policy}, in force since {since}, stays so", err=True)
        sys.exit(Exit.BAD_INPUT)
    click.echo(f"reloaded: policy {known.policy}, {known.rules} rules, {len(known.workers)} workers")


@click.command()
@settings_option
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def status(path: Path, as_json: bool) -> None:
    """Say whether the daemon runs, with which policy, and how its last reload went.

    Exit code 0: all is well; 1: it runs, but its last reload was refused, it has fewer workers than it
    should, or the settings file is bad; 3: it does not run.
    """
    directory, problems = _runtime_directory(path)
    known = _running(directory, problems=problems)
    if as_json:
        click.echo(json.dumps(asdict(known), indent=2))
    else:
        _describe(known)
    if problems:
        click.echo("the settings file, as it is now, could not be loaded:", err=True)
        show(problems, color="red")
    good = known.reload.good and len(known.workers) >= known.wanted and not problems
    sys.exit(Exit.DONE if good else Exit.BAD_INPUT)


def _describe(known: state.State) -> None:
    reload = known.reload
    bad = f", {reload.failed} of them refused" if reload.failed else ""
    rows = {
        "process": f"{known.pid}, since {_when(known.started)}",
        "socket": known.socket,
        "metrics": f"http://{known.metrics}/metrics" if known.metrics else "none",
        "policy": f"{known.policy}, {known.rules} rules, since {_when(reload.at)}",
        "workers": f"{len(known.workers)} of {known.wanted}"
        + (f", and {len(known.draining)} draining" if known.draining else ""),
        "reloads": f"{reload.total}{bad}",
    }
    if known.restarts:
        rows["deaths"] = f"{known.restarts} workers died; the last by {known.last_death}"
    for name, value in rows.items():
        click.echo(f"{name:<9}{value}")
    if len(known.workers) < known.wanted:
        again = f"; the next try is at {_when(known.again_at)}" if known.again_at else ""
        click.echo(click.style(f"workers are missing{again}; the log says why they died", fg="red"))
    if known.faults:
        click.echo(click.style(f"{known.faults} errors of Postseal's own: the log tells", fg="red"))
    for warning in reload.warnings:
        click.echo(f"{click.style('warning', fg='yellow')}: {warning}")
    if not reload.good:
        when = _when(reload.refused_at)
        click.echo(click.style(f"refused at {when}, so the older policy is in force:", fg="red"))
        for problem in reload.problems:
            click.echo(f"  {problem}")


_DIRECTORY = re.compile(r"""(?m)^runtime_directory:\s*(['"]?)(?P<path>[^'"#\n]+?)\1\s*(?:#.*)?$""")


def _runtime_directory(path: Path) -> tuple[Path, tuple[Problem, ...]]:
    """The runtime directory that the settings name, and what is bad about them.

    Of a file that cannot be loaded, the line is taken that looks as if it named the directory.
    """
    try:
        return settings_file.load(path).runtime_directory, ()
    except BadInput as error:
        problems = error.problems
    try:
        found = _DIRECTORY.search(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:  # missing or unreadable: without it nothing can be said
        give_up(BadInput(problems))
    directory = path.parent / found["path"] if found else Settings().runtime_directory
    return directory.absolute(), problems


def _running(directory: Path, *, problems: tuple[Problem, ...] = ()) -> state.State:
    try:
        return state.read(directory) or _not_running(directory, problems=problems)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        hint = "run this as root, or as the daemon's user"
        give_up(BadInput([Problem(Place(error.filename or str(directory)), what, hint)]))


def _not_running(directory: Path, *, problems: tuple[Problem, ...] = ()) -> NoReturn:
    show(problems, color="red")
    click.echo(f"postseal does not run (nobody holds {directory}/lock)", err=True)
    sys.exit(Exit.NOT_RUNNING)


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
