"""The note to somebody whose reply has not reached everybody.

It holds nothing of the reply, nor of what was replied to, so it may leave as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from postseal.body import Body
from postseal.cms import encoding
from postseal.envelope import split
from postseal.header_edits import header
from postseal.letter import Letter
from postseal.message import Header, Message
from postseal.settings_ome import Language
from postseal.store.outbox import Waiting


@dataclass(frozen=True, slots=True)
class _Words:
    subject: str
    missed: str
    kept: str
    again: str


_WORDS: Final[Mapping[Language, _Words]] = {
    Language.EN: _Words(
        "Your reply was not delivered",
        "Your encrypted reply of {since} has not reached:",
        "It was not kept.",
        "Open the encrypted message and write it once more, or reach these people another way.",
    ),
    Language.DE: _Words(
        "Ihre Antwort wurde nicht zugestellt",
        "Ihre verschlüsselte Antwort vom {since} hat nicht erreicht:",
        "Sie wurde nicht aufbewahrt.",
        "Öffnen Sie die verschlüsselte Nachricht und schreiben Sie noch einmal, oder erreichen Sie sie"
        " auf anderem Weg.",
    ),
    Language.ES: _Words(
        "Su respuesta no se ha entregado",
        "Su respuesta cifrada del {since} no ha llegado a:",
        "No se ha conservado.",
        "Abra el mensaje cifrado y escríbala otra vez, o contacte con estas personas por otro medio.",
    ),
    Language.FR: _Words(
        "Votre réponse n'a pas été remise",
        "Votre réponse chiffrée du {since} n'est pas parvenue à :",
        "Elle n'a pas été conservée.",
        "Ouvrez le message chiffré et écrivez-la de nouveau, ou joignez ces personnes autrement.",
    ),
    Language.RU: _Words(
        "Ваш ответ не доставлен",
        "Ваш зашифрованный ответ от {since} не получили:",
        "Он не сохранён.",
        "Откройте зашифрованное сообщение и напишите ответ ещё раз или свяжитесь с этими людьми иначе.",
    ),
}


def letter(reply: Waiting, missed: Sequence[str], *, sender: str, language: Language, at: datetime) -> Letter:
    """What who wrote *reply* is told: *missed* will get none."""
    words = _WORDS[language]
    since = f"{reply.since:%Y-%m-%d %H:%M} UTC"
    listed = "\n".join(f"    {each}" for each in missed)
    told = f"{words.missed.format(since=since)}\n\n{listed}\n\n{words.kept} {words.again}\n"
    fields = (
        header("From", sender),
        header("To", reply.address if reply.address.isascii() else "undisclosed-recipients:;"),
        header("Subject", words.subject),
        Header.of("Date", format_datetime(at)),
        Header.of("Message-ID", f"<{reply.id.hex()}.undelivered@{split(sender)[1]}>"),
        Header.of("Auto-Submitted", "auto-replied"),
        Header.of("MIME-Version", "1.0"),
        Header.of("Content-Type", "text/plain; charset=utf-8"),
        Header.of("Content-Transfer-Encoding", "quoted-printable"),
    )
    body = b"".join(encoding.to_quoted_printable([told.encode("utf-8", "replace")]))
    return Letter(Message(fields, Body.of(body)), reply.address, f"undelivered {reply.id.hex()}")
