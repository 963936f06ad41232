"""What an administrator may write about sign-in, and what would give his mail away."""

from pathlib import Path

import pytest

from postseal.errors import BadInput
from postseal.settings import settings
from postseal.settings.portal import Senders
from postseal.settings.sign_in import Kind, Provider, SignIn, Verified

SECRET = "client_id: c, client_secret: 'file:/x'"


def load(folder: Path, text: str) -> settings.Settings:
    file = folder / "postseal.yaml"
    file.write_text(text)
    return settings.load(file)


def test_providers_are_read(tmp_path: Path) -> None:
    text = f"""
sign_in:
  passcode: false
  providers:
    - name: partner
      label: Partner Ltd
      issuer: https://login.partner.example/realms/staff
      client_id: c
      client_secret: credential:partner.secret
      domains: [Partner.example]
      email_verified: assumed
    - {{name: google, kind: google, {SECRET}}}
"""
    partner, google = load(tmp_path, text).sign_in.providers

    assert partner == Provider(
        name="partner",
        label="Partner Ltd",
        issuer="https://login.partner.example/realms/staff",
        client_id="c",
        client_secret="credential:partner.secret",
        domains=("partner.example",),
        email_verified=Verified.ASSUMED,
    )
    assert (google.kind, google.caption, google.scopes) == (Kind.GOOGLE, "Google", ("openid", "email"))


def test_passcodes_alone_are_the_default(tmp_path: Path) -> None:
    assert load(tmp_path, "workers: 1").sign_in == SignIn(passcode=True, providers=())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("passcode: false", "nobody could sign in"),
        (f"providers: [{{name: Lab, issuer: 'https://a', {SECRET}}}]", "bad name 'Lab'"),
        (f"providers: [{{name: a/b, issuer: 'https://a', {SECRET}}}]", "bad name 'a/b'"),
        (f"providers: [{{name: lab, {SECRET}}}]", "'issuer' is missing"),
        (f"providers: [{{name: lab, issuer: 'http://a', {SECRET}}}]", "bad issuer 'http://a'"),
        (f"providers: [{{name: lab, issuer: 'https://a?b', {SECRET}}}]", "bad issuer 'https://a?b'"),
        (
            "providers: [{name: lab, issuer: 'https://a', client_id: c, client_secret: hunter2}]",
            "no such kind of secret",
        ),
        (
            f"providers: [{{name: lab, issuer: 'https://a', email_verified: assumed, {SECRET}}}]",
            "it would be believed whatever it says",
        ),
        (
            f"providers: [{{name: lab, kind: google, domains: [a.b], email_verified: assumed, {SECRET}}}]",
            "it would be believed whatever it says",
        ),
        (
            f"providers: [{{name: lab, kind: microsoft, issuer: 'https://a/b', {SECRET}}}]",
            "no issuer of Microsoft's",
        ),
        (
            f"providers: [{{name: lab, issuer: 'https://a', scopes: [email], {SECRET}}}]",
            "the scope 'openid' is missing",
        ),
        (
            f"providers: [{{name: lab, kind: google, {SECRET}}}, {{name: lab, kind: yahoo, {SECRET}}}]",
            "there are two providers 'lab'",
        ),
        ("sms: {url: 'http://a', numbers: /n}", "bad address of a gateway"),
        ("sms: {url: 'https://a', numbers: /n, body: '{text}'}", "the body does not say what goes where"),
        ("sms: {url: 'https://a', numbers: /n, authorization: hunter2}", "no such kind of secret"),
        (f"providers: [{{name: passkey, kind: yahoo, {SECRET}}}]", "'passkey' is another way to sign in"),
    ],
    ids=lambda text: text[:60],
)
def test_mistakes_are_found(tmp_path: Path, written: str, expected: str) -> None:
    with pytest.raises(BadInput) as raised:
        load(tmp_path, f"sign_in: {{{written}}}")

    (problem,) = raised.value.problems
    assert problem.what == expected
    assert problem.hint
    assert problem.place.line == 1
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("portal", ["https://192.0.2.7", "https://192.0.2.7:8443", "https://[2001:db8::7]"])
def test_passkeys_need_a_portal_with_a_name(tmp_path: Path, portal: str) -> None:
    with pytest.raises(BadInput) as raised:
        load(tmp_path, f"ome: {{portal: '{portal}'}}\nsign_in: {{passkeys: true}}")

    assert [problem.what for problem in raised.value.problems] == ["passkeys need a portal with a name"]
    assert load(tmp_path, "ome: {portal: 'https://p.example:1'}\nsign_in: {passkeys: true}").sign_in.passkeys


def test_senders_have_a_page_only_where_it_is_set(tmp_path: Path) -> None:
    assert load(tmp_path, "accepted_domains: [lab.test]").portal.senders is None
    set_ = load(tmp_path, "accepted_domains: [lab.test]\nportal: {senders: {longest: 30d}}").portal.senders
    assert set_ == Senders(longest=30 * 86400.0)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("portal: {senders: {}}", "nobody is a sender inside"),
        (
            "accepted_domains: [lab.test]\nportal: {senders: {sign_in: [sso]}}",
            "'sso' is no way to sign in here",
        ),
        (
            "accepted_domains: [a.test]\nsign_in: {passkeys: true}\nportal: {senders: {sign_in: [passkey]}}",
            "'passkey' is no way to sign in here",
        ),
    ],
)
def test_senders_who_could_not_sign_in_are_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        load(tmp_path, text)
