"""A place with settings, policies and certificates in which commands are run; no daemon runs there."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from demo import pki
from demo.daemon import Daemon
from postseal.cli.main import main

POLICY = """
rules:
  - name: sealed
    when: {subject_words: seal, sender_scope: inside}
    then: [protect: smime]
  - name: refused
    when: {subject_words: refuse}
    then: [reject: 'No such mail.']
  - name: numbers
    when: {body_words: numbers}
    then: [add_header: {X-Numbers: 'yes'}, prepend_subject: '[n]']
  - name: login
    when: {authenticated: true}
    then: [add_header: {X-Login: 'yes'}]
"""
SETTINGS = "accepted_domains: [lab.test]\nsmime: {certificates: certificates}\nworkers: 1\n"

# The interpreter may be closed to nobody, so all is imported before.
_AS_NOBODY = """
import os, pwd
import postseal.daemon.start
from postseal.cli.main import main
nobody = pwd.getpwnam("nobody")
os.setgroups([]); os.setgid(nobody.pw_gid); os.setuid(nobody.pw_uid)
main()
"""


def postseal(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    """`postseal` with these arguments; raises what a user would see as a traceback."""
    words = [str(argument) for argument in arguments]
    done = CliRunner().invoke(main, words, input=stdin, prog_name="postseal")
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)


@dataclass(frozen=True)
class Place:
    """Where commands are run."""

    daemon: Daemon
    bob: pki.Person

    @property
    def directory(self) -> Path:
        return self.daemon.directory

    def run(self, *arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        """`postseal` with these arguments and our settings, in this process: starting one takes long."""
        return postseal(*arguments, "--settings", self.daemon.settings_file, stdin=stdin)

    def as_nobody(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """The same for a user who may nothing."""
        command = [sys.executable, "-c", _AS_NOBODY, *map(str, arguments)]
        done = subprocess.run(
            [*command, "--settings", str(self.daemon.settings_file)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def mail(self, subject: str, body: str = "Hello.") -> Path:
        """A file with a message from ann@lab.test to bob@one.test."""
        file = self.directory / f"{subject}.eml"
        file.write_text(f"From: ann@lab.test\nTo: bob@one.test\nSubject: {subject}\n\n{body}\n")
        return file


def place(directory: Path, *, group: str = "") -> Place:
    daemon = Daemon(directory, policies={"1.yaml": POLICY}, settings=SETTINGS, group=group)
    bob = pki.Authority.root().issue("bob@one.test")
    (directory / "certificates").mkdir()
    (directory / "certificates" / "bob.pem").write_bytes(bob.pem)
    return Place(daemon, bob)


FROM_INSIDE = ("--from", "ann@lab.test", "--to", "bob@one.test", "--client-ip", "127.0.0.1")
