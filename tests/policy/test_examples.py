from pathlib import Path

import pytest

RULES = """
rules:
  - {name: inside, when: {sender_scope: inside}, then: {sign: true}}
  - {name: large, when: {size_over: 10k, body_words: hello}, then: {reject: too large}}
  - {name: unseen, when: {body_words: x, sender: eve@mail.example}, then: {sign: true}}
  - {name: header, when: {header_words: {X-A: [größe]}}, then: {set_header: {X-B: c}}}
examples:
"""
EVE = "from: eve@mail.example, to: bob@mail.example"


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(f"{EVE}, expect: plain", id="plain"),
        pytest.param("from: <>, to: [bob@mail.example, cy@example.com], expect: plain", id="null-sender"),
        pytest.param(
            "from: ann@example.com, to: b@c.example, auth: ann, expect: {sign: true}", id="authenticated"
        ),
        pytest.param(
            "from: ann@example.com, to: b@c.example, client_ip: 192.0.2.1, expect: {sign: true}", id="trusted"
        ),
        pytest.param("from: ann@example.com, to: b@c.example, tls: true, expect: plain", id="forged"),
        pytest.param(f"{EVE}, size: 10k, body: hello, expect: reject", id="reject"),
        pytest.param(f"{EVE}, size: 10k, body: hello, expect: {{reject: too large}}", id="reject-sentence"),
        pytest.param(f"{EVE}, body: {'x' * 2100}, expect: defer", id="defer"),
        pytest.param(f"{EVE}, headers: {{X-A: größe}}, expect: {{set_header: {{X-B: c}}}}", id="header"),
        pytest.param(f"{EVE}, headers: {{X-A: größe}}, expect: plain", id="header-not-compared"),
        pytest.param(f"{EVE}, message: mail.eml, expect: {{set_header: {{X-B: c}}}}", id="message-file"),
        pytest.param(
            "from: ann@example.com, auth: ann, to: [B@C.example, d@e.example],"
            " expect: {b@c.example: {sign: true}, d@E.example: {sign: true}}",
            id="each",
        ),
    ],
)
def test_example(tmp_path: Path, written, example: str):
    (tmp_path / "mail.eml").write_text("X-A: =?utf-8?q?gr=C3=B6=C3=9Fe?=\n\nhello\n")

    assert written(f"{RULES}  - {{{example}}}\n").examples == 1
