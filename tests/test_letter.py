"""Letters say what happened, to whom and why; and nothing that a stranger wrote becomes more than text."""

import email
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from postseal.body import Body
from postseal.envelope import Envelope, Recipient
from postseal.errors import Cause
from postseal.letter import Desk, Letter, letters
from postseal.message import Header, Message
from postseal.notice import ALL_BUT_ORIGINAL, Include, Kind, Match, Notice
from postseal.outcome import Copy, Held, Outcome, Reply
from postseal.required_tls import Level, RequiredTls
from postseal.treatment import Addition, Overridden, Treatment

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
BOB, CY = Recipient("bob@mail.example"), Recipient("cy@mail.example")
MAIL = Message(
    (
        Header.of("From", "Ann <ann@example.com>"),
        Header.of("To", "bob@mail.example"),
        Header.of("Subject", "=?utf-8?b?w6QNCkJjYzogZXZl?="),  # "ä", CRLF, "Bcc: eve"
        Header.of("Message-ID", "<1@example.com>"),
        Header.of("Bcc", "secret@mail.example"),
        Header.of("X-Eight", "x"),
    ),
    Body.of("Grüße\r\n".encode()),
)
REPORT = Notice(
    Kind.REPORT,
    "sec@example.com",
    include=ALL_BUT_ORIGINAL,
    rule="r",
    mode="audit",
    severity="high",
    about=(BOB.address,),
    matches=(Match("body_words: x", ("****1111",)),),
)


def written(
    *notices: Notice, outcome: Outcome | None = None, more: dict[Recipient, Treatment] | None = None
) -> list[Letter]:
    envelope = Envelope("ann@example.com", (BOB, CY), queue_id="Q1")
    treatments = {BOB: Treatment(notices=notices)} | (more or {})
    copies: Outcome = [Copy(MAIL, (BOB, CY), "plain")]
    desk = Desk("postmaster@example.com", "gate.example.com")
    return letters(MAIL, envelope, treatments, copies if outcome is None else outcome, desk=desk, at=AT)


def read(letter: Letter) -> EmailMessage:
    found = email.message_from_bytes(b"".join(letter.message.pieces()), policy=SMTP)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def text(letter: Letter) -> str:
    body = read(letter).get_body(("plain",))
    assert body
    return body.get_content().replace("\r\n", "\n")


def test_report_tells_what_happened() -> None:
    (letter,) = written(REPORT)

    assert letter.to == "sec@example.com"
    assert text(letter) == (
        "Rule: r (mode audit, severity high)\n"
        "Message-ID: <1@example.com>\n"
        "Queue id: Q1\n"
        "Time: Tue, 24 Nov 2026 09:00:00 +0000\n"
        "Result: accepted\n"
        "Sender: <ann@example.com>\n"
        "From: Ann <ann@example.com>\n"
        "Applied to: <bob@mail.example>\n"
        "To: <bob@mail.example>\n"
        "Bcc, or behind a list: <cy@mail.example>\n"
        "Subject: ä  Bcc: eve\n"
        "Because of:\n"
        "  body_words: x\n"
        "    found: ****1111\n"
    )


@pytest.mark.parametrize(
    ("outside", "told"), [(False, "an old customer"), (True, "(protected)")], ids=["inside", "outside"]
)
def test_report_tells_which_refusals_the_sender_passed_by(*, outside: bool, told: str) -> None:
    passed = Treatment(protect=("ome",), overridden=(Overridden("cards", "an old customer"),))

    (letter,) = written(replace(REPORT, outside=outside), more={CY: passed})

    assert f"Override: the sender passed by rule 'cards': {told}\n" in text(letter)


def test_letter_is_marked_as_automatic_and_has_an_id_of_its_own() -> None:
    first, second = (read(*written(REPORT)) for _ in range(2))

    assert first["From"] == "postmaster@example.com"
    assert first["To"] == "sec@example.com"
    assert first["Subject"] == "Report: rule 'r' applied"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Date"] == "Tue, 24 Nov 2026 09:00:00 +0000"
    assert first["Message-ID"] != second["Message-ID"]
    assert first["Message-ID"].endswith("@gate.example.com>")


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        pytest.param(Reply(550, "5.7.1", "no"), "Result: rejected (550 5.7.1 no)\n", id="rejected"),
        pytest.param(
            Held("look"),
            "Result: held for an administrator\nRelease it: postsuper -H Q1    Delete it: postsuper -d Q1\n",
            id="held",
        ),
        pytest.param([], "Result: deleted\n", id="deleted"),
    ],
)
def test_report_tells_the_result(outcome: Outcome, told: str) -> None:
    assert told in text(*written(REPORT, outcome=outcome))


def test_message_that_is_tried_again_is_not_told_of() -> None:
    assert written(REPORT, outcome=Reply(451, "4.3.0", "later", Cause.STORE)) == []


def test_report_has_the_sections_that_are_asked_for() -> None:
    (letter,) = written(replace(REPORT, include=(Include.SUBJECT,)))

    assert [line.partition(":")[0] for line in text(letter).splitlines()] == [
        *("Message-ID", "Queue id", "Time", "Result", "Subject"),
    ]


def test_report_may_attach_the_message_as_it_came() -> None:
    (letter,) = written(replace(REPORT, include=(Include.ORIGINAL,)))

    (attached,) = read(letter).iter_attachments()
    assert attached.get_content_type() == "message/rfc822"
    assert attached["Content-Transfer-Encoding"] == "8bit"
    assert b"".join(MAIL.pieces()) in b"".join(letter.message.pieces())


def test_several_recipients_are_one_report() -> None:
    other = replace(REPORT, about=(CY.address,), matches=(Match("subject_words: y"),))

    (letter,) = written(REPORT, more={CY: Treatment(notices=(other,))})

    assert "Applied to: <bob@mail.example>, <cy@mail.example>\n" in text(letter)
    assert "  subject_words: y\n" in text(letter)


def test_many_recipients_are_counted() -> None:
    many = tuple(f"r{number}@mail.example" for number in range(25))

    assert "<r9@mail.example> and 15 more\n" in text(*written(replace(REPORT, about=many)))


def test_note_has_its_tokens_filled() -> None:
    wanted = "%%Subject%% / %%From%% / %%To%% / %%Rule%% / %%Unknown%%"
    note = Notice(Kind.SENDER, "ann@example.com", text=wanted, subject="Größe", rule="r")

    (letter,) = written(note)

    assert text(letter) == "ä  Bcc: eve / Ann <ann@example.com> / bob@mail.example / r / %%Unknown%%\n"
    assert read(letter)["Subject"] == "Größe"


@pytest.mark.parametrize(("outside", "shown"), [(True, False), (False, True)])
def test_letter_to_somebody_outside_tells_nothing_of_what_is_sealed(outside: bool, shown: bool) -> None:
    """Header protection may hide the subject of a sealed message; a letter about it is in the clear."""
    note = Notice(Kind.RECIPIENT, "bob@mail.example", text="%%Subject%% %%Headers%%", outside=outside)
    about = replace(REPORT, outside=outside)
    kept = [
        Treatment(protect=("smime",)),
        Treatment(tls=RequiredTls(Level.ENCRYPT)),
        Treatment(deleted=True),
        Treatment(redirected=(Addition("eve@mail.example", "r"),)),
    ]
    ends: list[Outcome] = [Held("wait", frozenset({"r"})), Reply(550, "5.7.1", "No.")]

    for letter in [
        *(letter for each in kept for letter in written(note, about, more={CY: each})),
        *(letter for each in ends for letter in written(note, about, outcome=each)),
    ]:
        assert ("ä" in text(letter) or "=?utf-8" in text(letter)) is shown
    assert all("ä" in text(letter) for letter in written(note, about))


def test_note_with_headers_keeps_hidden_recipients_hidden() -> None:
    (letter,) = written(Notice(Kind.RECIPIENT, "bob@mail.example", text="%%Headers%%"))

    assert "X-Eight: x\n" in text(letter)
    assert "secret@mail.example" not in text(letter)


def test_letters_about_one_message_have_names_of_their_own() -> None:
    other = [
        replace(REPORT, to="two@example.com"),
        replace(REPORT, rule="s"),
        replace(REPORT, kind=Kind.SENDER),
    ]

    names = [letter.name for letter in written(REPORT, *other)]

    assert len(set(names)) == 4
