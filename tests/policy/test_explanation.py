from pathlib import Path

from postseal.envelope import Client, Envelope, Recipient
from postseal.policy import sample
from postseal.policy.manual import manual
from postseal.policy.policy import Policy
from postseal.reference import keys
from postseal.settings.settings import Settings

POLICY = """\
rules:
  - name: secret
    when: {recipient_scope: outside, any: {subject_words: secret, body_words: secret}}
    unless: {recipient_domain: partner.example}
    then: {protect: [smime, portal], sign: true, prepend_subject: '[s]'}
  - name: watched
    when: {size_over: '1'}
    then: {reject: no}
    mode: audit
  - name: off
    then: {sign: true}
    mode: off
  - name: readable
    when: {body_words: x, recipient: bob@mail.example}
    then: {sign: true}
  - name: last
    when: {recipient_scope: inside}
    stop: true
  - name: unreached
    then: {sign: true}
"""


def explained(policy: Policy, body: str = "") -> list[str]:
    message = sample.composed(
        "ann@example.com",
        ["bob@mail.example"],
        subject="secret",
        headers={"Content-Type": "text/plain; charset=x-none", "Content-Transfer-Encoding": "base64"},
        body=body,
    )
    recipients = (Recipient("bob@mail.example"), Recipient("cy@example.com"))
    told = str(policy.explain(message, Envelope("ann@example.com", recipients, Client(login="ann"))))
    folder = Path(policy.rules[0].place.file).parent
    return told.replace(f"{folder}/", "").splitlines()


def test_explanation_names_rules_conditions_and_places(written):
    policy = written(POLICY)

    assert explained(policy) == [
        f"policy {policy.digest}: from <ann@example.com> (inside)",
        "to <bob@mail.example>: protect: [smime, portal], sign: true, prepend_subject: [s]",
        "  10.yaml:2:5: rule 'secret' applies",
        "    10.yaml:3:12: recipient_scope: outside - yes",
        "    10.yaml:3:44: subject_words: secret - yes",
        "    10.yaml:4:14: recipient_domain: partner.example - no",
        "  10.yaml:6:5: rule 'watched' would apply (mode: audit)",
        "    10.yaml:7:12: size_over: 1 - yes",
        "  10.yaml:10:5: rule 'off' is switched off",
        "  10.yaml:13:5: rule 'readable' does not apply",
        "    10.yaml:14:12: body_words: x - no",
        "  10.yaml:16:5: rule 'last' does not apply",
        "    10.yaml:17:12: recipient_scope: inside - no",
        "  10.yaml:19:5: rule 'unreached' applies",
        "to <cy@example.com>: plain",
        "  10.yaml:2:5: rule 'secret' does not apply",
        "    10.yaml:3:12: recipient_scope: outside - no",
        "  10.yaml:6:5: rule 'watched' would apply (mode: audit)",
        "    10.yaml:7:12: size_over: 1 - yes",
        "  10.yaml:10:5: rule 'off' is switched off",
        "  10.yaml:13:5: rule 'readable' does not apply",
        "    10.yaml:14:27: recipient: bob@mail.example - no",
        "  10.yaml:16:5: rule 'last' applies and is the last",
        "    10.yaml:17:12: recipient_scope: inside - yes",
    ]


def test_explanation_says_what_cannot_be_told(written):
    lines = explained(written(POLICY), body="/////w==")

    assert lines[1] == (
        "to <bob@mail.example>: defer: 451 4.7.7 This message could not be inspected."
        " (uninspectable: rule 'readable': unknown charset 'x-none')"
    )
    assert "  10.yaml:13:5: rule 'readable' cannot tell whether it applies" in lines
    assert "    10.yaml:14:12: body_words: x - cannot tell: unknown charset 'x-none'" in lines
    assert lines[-1] == "    10.yaml:17:12: recipient_scope: inside - yes"


def test_manual_documents_every_word_and_type():
    text = manual()

    for word in ("sender_scope", "body_matches", "protect", "reject", "on_error", "expect"):
        assert f"`{word}`" in text
    assert "Value: Words or phrases: found whole, in any letter case; no wildcards." in text
    assert ": \n" not in text


def test_reference_of_settings_gives_types_and_defaults():
    lines = list(keys(Settings))

    assert "  - `mode`: File permissions in octal, four digits: `0660`.  Default: `0660`." in lines
    assert (
        "    - `senders`: An address, or a domain for all addresses in it; or a list of such.  Required."
        in lines
    )
    assert any(line.startswith("- `drain`: ") and line.endswith("Default: `15m`.") for line in lines)
