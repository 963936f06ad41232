"""A tiny milter on pymilter that does what the message itself asks for: the harness is tried against it.

  echo_milter.py ADDRESS

At end-of-message it adds `X-Body: OCTETS SHA256` for the body it saw, `X-Told: NAME=VALUE` for every
`X-Tell: NAME` (a macro), and carries out every `X-Edit: [VERB, ARGUMENT, …]` (JSON), in order.
An `X-Verdict: WORD` is the verdict.
"""

import hashlib
import json
import os
import sys

import Milter

VERDICTS = {
    "accept": Milter.ACCEPT,
    "reject": Milter.REJECT,
    "tempfail": Milter.TEMPFAIL,
    "discard": Milter.DISCARD,
}


class Echo(Milter.Base):
    def connect(self, name: str, family: int, address: object) -> int:
        self.client = (name, family, address)
        return Milter.CONTINUE

    def envfrom(self, *_: str) -> int:
        self.headers: list[tuple[str, str]] = []
        self.digest = hashlib.sha256()
        self.size = 0
        return Milter.CONTINUE

    def envrcpt(self, recipient: str, *_: str) -> int:
        if recipient.startswith("<nobody@"):
            self.setreply("550", "5.1.1", "No such user")
            return Milter.REJECT
        return Milter.CONTINUE

    def header(self, name: str, value: str) -> int:
        self.headers.append((name, value))
        return Milter.CONTINUE

    def body(self, chunk: bytes) -> int:
        self.digest.update(chunk)
        self.size += len(chunk)
        return Milter.CONTINUE

    def eom(self) -> int:
        verdict = Milter.CONTINUE
        for name, value in self.headers:
            match name.lower():
                case "x-verdict":
                    verdict = VERDICTS[value]
                case "x-tell":
                    self.addheader("X-Told", f"{value}={self.getsymval(value)}")
                case "x-edit":
                    self.edit(*json.loads(value))
        if not any(name.lower() in {"x-edit", "x-verdict"} for name, _ in self.headers):
            self.addheader("X-Body", f"{self.size} {self.digest.hexdigest()}")
        return verdict

    def edit(self, verb: str, *arguments: str | int) -> None:
        match verb:
            case "add":
                self.addheader(*arguments)
            case "insert":
                index, name, value = arguments
                self.addheader(name, value, index)
            case "change":
                self.chgheader(*arguments)
            case "body":
                self.replacebody(str(arguments[0]).encode())
            case "addrcpt":
                self.addrcpt(*arguments)
            case "delrcpt":
                self.delrcpt(*arguments)
            case "sender":
                self.chgfrom(*arguments)
            case "quarantine":
                self.quarantine(*arguments)
            case "progress":
                self.progress()
            case _:
                raise ValueError(verb)


if __name__ == "__main__":
    os.umask(0)  # Postfix connects as user postfix
    Milter.factory = Echo
    Milter.runmilter("echo", sys.argv[1], timeout=60)
