"""A gateway wired by the fragments of contrib/postfix, with its quarantine."""

import smtplib
from dataclasses import dataclass

import pytest

from demo.gateway import ANN, Gateway
from demo.place import LOOPBACK
from demo.sink_session import Delivery
from fragments import Fragments
from processes import sample


@dataclass(frozen=True)
class Held:
    """A gateway wired by the fragments, with its quarantine."""

    gate: Gateway
    wired: Fragments

    def send(
        self, message: bytes, *recipients: str, sender: str = ANN, client: str = "", port: int = 0
    ) -> None:
        """*client*: who is to be believed to send, in the words of XCLIENT."""
        with smtplib.SMTP(LOOPBACK, port or self.wired.smtp_port, timeout=60) as smtp:
            if client:
                smtp.ehlo()
                assert smtp.docmd("XCLIENT", client)[0] == 220
            smtp.sendmail(sender, recipients, message)

    def refused(self, message: bytes, *recipients: str, port: int) -> int:
        with pytest.raises(smtplib.SMTPDataError) as raised:
            self.send(message, *recipients, port=port)
        return raised.value.smtp_code

    def held(self) -> str:
        """The queue id of the one message that is held."""
        (one,) = self.gate.postfix.await_queue(1)
        assert one.queue == "hold"
        assert self.gate.sink.is_quiet(0.2)
        return one.queue_id

    def release(self, *, command: str = "-H") -> None:
        self.gate.postfix.command("postsuper", command, self.held())
        self.gate.postfix.flush()

    def take(self, count: int) -> dict[tuple[str, ...], Delivery]:
        """What arrives, by recipients; then the queue is empty."""
        arrived = self.gate.sink.take(count, seconds=60)
        self.gate.postfix.await_queue(0)
        assert self.gate.sink.is_quiet(0.2)
        for each in arrived:
            assert b"postseal-" not in each.content.partition(b"\r\n\r\n")[0].lower()
        return {tuple(sorted(each.addresses)): each for each in arrived}

    def stored(self) -> bytes:
        """The held message as Postfix has it."""
        return self.gate.postfix.command("postcat", "-hbq", self.held()).stdout.encode()

    def drop(self) -> None:
        self.gate.postfix.command("postsuper", "-d", "ALL")
        self.gate.postfix.await_queue(0)

    def counted(self, verdict: str) -> float:
        name = f'postseal_seals_total{{kind="held",verdict="{verdict}"}}'
        return sample(self.gate.daemon, name) or 0.0
