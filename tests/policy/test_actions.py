"""Every action whose whole effect is a value in the treatment; the others have files of their own."""

import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.outcome import Reply
from postseal.policy import sample
from postseal.policy.policy import Policy
from postseal.required_tls import Level, RequiredTls
from postseal.settings.ome import Form
from postseal.treatment import (
    AddHeader,
    ChangeSubject,
    Disclaimer,
    Fallback,
    PrependSubject,
    RemoveHeader,
    SetHeader,
    Side,
    StripSubject,
    Treatment,
    Where,
)

BOB = Recipient("bob@mail.example")


def decided(policy: Policy) -> Treatment:
    message = sample.composed("ann@example.com", ["bob@mail.example"])
    return policy.decide(message, Envelope("ann@example.com", (BOB,), Client(login="ann")))[BOB]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        pytest.param("protect: smime", Treatment(protect=("smime",)), id="protect"),
        pytest.param("protect: [portal, smime]", Treatment(protect=("portal", "smime")), id="protect-order"),
        pytest.param("sealed_form: link", Treatment(form=Form.LINK), id="sealed-form"),
        pytest.param("read_notice: true", Treatment(read_notice=True), id="read-notice"),
        pytest.param("read_notice: false", Treatment(read_notice=False), id="no-read-notice"),
        pytest.param("require_tls: dane-only", Treatment(tls=RequiredTls(Level.DANE_ONLY)), id="require-tls"),
        pytest.param(
            "require_tls: {secure: [MX.b.example., .a.example]}",
            Treatment(tls=RequiredTls(Level.SECURE, (".a.example", "mx.b.example"))),
            id="require-tls-names",
        ),
        pytest.param(
            f"require_tls: {{fingerprint: {'ab' * 32}}}",
            Treatment(tls=RequiredTls(Level.FINGERPRINT, (":".join(["AB"] * 32),))),
            id="require-tls-fingerprint",
        ),
        pytest.param(
            "defer: Not at night.", Treatment(refusal=Reply(451, "4.7.1", "Not at night.")), id="defer"
        ),
        pytest.param(
            "defer: {text: Go., status: 4.3.2, code: 421}",
            Treatment(refusal=Reply(421, "4.3.2", "Go.")),
            id="defer-and-close",
        ),
        pytest.param("unseal: true", Treatment(unseal=True), id="unseal"),
        pytest.param("sign: true", Treatment(sign=True), id="sign"),
        pytest.param("branding: default", Treatment(branding="default"), id="branding"),
        pytest.param("set_header: {X-A: b}", Treatment(headers=(SetHeader("X-A", "b"),)), id="set-header"),
        pytest.param(
            "add_header: {X-A: b, X-C: 'é %'}",
            Treatment(headers=(AddHeader("X-A", "b"), AddHeader("X-C", "é %"))),
            id="add-header",
        ),
        pytest.param(
            "remove_header: [DKIM-Signature, X-A]",
            Treatment(headers=(RemoveHeader("DKIM-Signature"), RemoveHeader("X-A"))),
            id="remove-header",
        ),
        pytest.param(
            "remove_header: [X-A, {X-B: Ü, X-C: d}]",
            Treatment(headers=(RemoveHeader("X-A"), RemoveHeader("X-B", "Ü"), RemoveHeader("X-C", "d"))),
            id="remove-header-value",
        ),
        pytest.param(
            "prepend_subject: '[x]'", Treatment(headers=(PrependSubject("[x]"),)), id="prepend-subject"
        ),
        pytest.param(
            "strip_subject: ['[a]', b]", Treatment(headers=(StripSubject(("[a]", "b")),)), id="strip-subject"
        ),
        pytest.param(
            "change_subject: {match: a+, with: ''}",
            Treatment(headers=(ChangeSubject(("a+",), ""),)),
            id="change-subject",
        ),
        pytest.param(
            "change_subject: {match: [a, b], with: c, at: end}",
            Treatment(headers=(ChangeSubject(("a", "b"), "c", Where.END),)),
            id="change-subject-at-end",
        ),
        pytest.param(
            'disclaimer: "a & b\\nc"',
            Treatment(disclaimers=(Disclaimer("a & b\nc", "a &amp; b<br>\nc"),)),
            id="disclaimer",
        ),
        pytest.param(
            "disclaimer: {html: <p>a<br>b</p>, side: prepend, fallback: reject}",
            Treatment(disclaimers=(Disclaimer("a\nb", "<p>a<br>b</p>", Side.PREPEND, Fallback.REJECT),)),
            id="disclaimer-of-html",
        ),
        pytest.param(
            "classify: secret", Treatment(headers=(SetHeader("X-Classification", "secret"),)), id="classify"
        ),
        pytest.param(
            "spam_level: -1",
            Treatment(headers=(SetHeader("X-MS-Exchange-Organization-SCL", "-1"),)),
            id="spam-level",
        ),
    ],
)
def test_action(written, action: str, expected: Treatment):
    assert decided(written(f"rules: [{{name: r, then: {{{action}}}}}]")) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("100% no", "550 5.7.1 100% no", id="sentence"),
        pytest.param("{text: no, status: 5.7.0}", "550 5.7.0 no", id="status"),
        pytest.param("{text: no, code: 554}", "554 5.7.1 no", id="code"),
    ],
)
def test_reject(written, value: str, expected: str):
    assert str(decided(written(f"rules: [{{name: r, then: {{reject: {value}}}}}]")).refusal) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param("encrypt", "secure", "secure", id="stricter"),
        pytest.param("secure", "encrypt", "secure", id="less strict"),
        pytest.param("verify", "encrypt", "verify", id="less strict by one"),
        pytest.param("secure", "dane-only", "dane-only", id="as strict"),
    ],
)
def test_require_tls_is_never_weakened(written, first: str, second: str, expected: str):
    rules = f"{{name: a, then: {{require_tls: {first}}}}}, {{name: b, then: {{require_tls: {second}}}}}"
    assert str(decided(written(f"rules: [{rules}]")).tls) == expected
