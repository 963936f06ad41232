"""`postseal explain`: what would happen, for whom, and why."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from demo.place import open_directory
from offline_place import FROM_INSIDE, Place, place


@pytest.fixture(scope="module")
def ours() -> Iterator[Place]:
    with open_directory() as directory:
        yield place(directory)


def explained(ours: Place, *arguments: str, subject: str = "please seal") -> dict[str, Any]:
    done = ours.run("explain", ours.mail(subject), *arguments, "--json")
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def applying(line: dict[str, Any]) -> dict[str, bool | None]:
    return {verdict["rule"]: verdict["applies"] for verdict in line["rules"]}


def test_explain_says_why_a_rule_applies_and_why_not(ours: Place) -> None:
    done = ours.run("explain", ours.mail("please seal", "numbers"), *FROM_INSIDE)

    policy = f"{ours.daemon.policies}/1.yaml"
    assert done.returncode == 0
    assert "from <ann@lab.test> (inside)\n" in done.stdout
    assert f"{policy}:3:5: rule 'sealed' applies\n" in done.stdout
    assert f"{policy}:4:12: subject_words: seal - yes\n" in done.stdout
    assert f"{policy}:6:5: rule 'refused' does not apply\n" in done.stdout
    assert f"{policy}:7:12: subject_words: refuse - no\n" in done.stdout
    assert done.stdout.endswith("to <bob@one.test>: goes by method smime\n")


def test_explain_is_per_recipient(ours: Place) -> None:
    facts = explained(ours, *FROM_INSIDE, "--to", "dan@nokey.test")

    bob, dan = facts["recipients"]
    assert (bob["recipient"], bob["method"], bob["protect"]) == ("bob@one.test", "smime", ["smime"])
    assert (dan["recipient"], dan["method"], dan["on_error"]) == ("dan@nokey.test", None, "defer")
    told = ours.run("explain", ours.mail("please seal"), *FROM_INSIDE, "--to", "dan@nokey.test").stdout
    assert re.search(r"(?m)^to <dan@nokey.test>: .* reached by smime .*; the answer: 451 4\.7\.8 ", told)


@pytest.mark.parametrize(
    ("options", "scope", "sealed", "login"),
    [
        pytest.param(("--client-ip", "127.0.0.1"), "inside", True, False, id="trusted-network"),
        pytest.param(("--client-ip", "203.0.113.1"), "outside", False, False, id="stranger"),
        pytest.param((), "outside", False, False, id="nothing-known"),
        pytest.param(
            ("--auth", "ann", "--client-ip", "2001:db8::1", "--tls", "TLSv1.3"),
            "inside",
            True,
            True,
            id="login",
        ),
    ],
)
def test_explain_takes_the_client_into_account(
    ours: Place, options: tuple[str, ...], scope: str, sealed: bool, login: bool
) -> None:
    facts = explained(ours, "--from", "ann@lab.test", "--to", "bob@one.test", *options)

    (bob,) = facts["recipients"]
    assert facts["sender_scope"] == scope
    assert applying(bob) == {"sealed": sealed, "refused": False, "numbers": False, "login": login}


def test_explain_refusal_ends_the_list_of_rules(ours: Place) -> None:
    facts = explained(ours, *FROM_INSIDE, subject="refuse this")

    (bob,) = facts["recipients"]
    assert applying(bob) == {"sealed": False, "refused": True}
    assert (bob["method"], bob["refusal"]) == (None, "550 5.7.1 No such mail.")


def test_explain_says_where_it_cannot_tell(ours: Place) -> None:
    torn = (
        b"From: ann@lab.test\nSubject: x\nMIME-Version: 1.0\n"
        b"Content-Type: text/plain; charset=x-unknown-charset\n\nn\xfcmb\xe9rs\n"
    )

    told = ours.run("explain", "-", *FROM_INSIDE, stdin=torn)
    facts = json.loads(ours.run("explain", "-", *FROM_INSIDE, "--json", stdin=torn).stdout)

    assert "cannot tell: " in told.stdout
    (bob,) = facts["recipients"]
    assert applying(bob)["numbers"] is None
    assert bob["cause"] == "uninspectable"
    assert bob["refusal"].startswith("451 ")


def test_explain_reads_standard_input_as_it_reads_a_file(ours: Place) -> None:
    file = ours.mail("please seal", "numbers")

    by_file = ours.run("explain", file, *FROM_INSIDE)
    by_input = ours.run("explain", "-", *FROM_INSIDE, stdin=file.read_bytes())

    assert by_file.stdout == by_input.stdout


def test_explain_bad_policy_is_told_with_exit_code_1(ours: Place) -> None:
    broken = ours.daemon.policies / "9.yaml"
    broken.write_text("rules: [{name: x, wehn: 1}]\n")
    try:
        done = ours.run("explain", ours.mail("hello"), *FROM_INSIDE)
    finally:
        broken.unlink()

    assert done.returncode == 1
    assert f"{broken}:1:19: " in done.stderr
    assert done.stdout == ""


ATTACHED = """From: ann@lab.test
Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html

<p>Hel<b>lo</b>&nbsp;there<style>p {}</style>
--b
Content-Type: application/octet-stream; name="a.rtf"

{\\rtf1 num\\b bers}
--b
Content-Type: application/octet-stream; name="a.dat"
Content-Transfer-Encoding: base64

AAEC
--b--
"""


def test_explain_text_shows_what_was_scanned(ours: Place) -> None:
    file = ours.directory / "attached.eml"
    file.write_text(ATTACHED)

    done = ours.run("explain", file, *FROM_INSIDE, "--text")

    assert "scanned: subject, read\n  | grüße\n" in done.stdout
    assert "scanned: text, text/html, read\n  | Hello there\n" in done.stdout
    assert "scanned: a.rtf, application/rtf, 18 octets, read\n  | numbers\n" in done.stdout
    assert (
        "scanned: a.dat, application/octet-stream, 3 octets, unsupported (nobody here reads " in done.stdout
    )


def test_explain_text_as_json(ours: Place) -> None:
    file = ours.directory / "attached.eml"
    file.write_text(ATTACHED)

    facts = json.loads(ours.run("explain", file, *FROM_INSIDE, "--text", "--json").stdout)

    assert [piece["where"] for piece in facts["scanned"]] == ["subject", "text", "a.rtf", "a.dat"]
    assert facts["scanned"][3]["state"] == "unsupported"
