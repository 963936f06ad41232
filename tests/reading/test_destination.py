"""Links that say that they lead elsewhere."""

import time

import pytest

from postseal.reading.markup import sanitised


@pytest.mark.parametrize(
    ("href", "text", "told"),
    [
        ("https://bank.test/x", "https://bank.test/y", ""),
        ("https://www.bank.test/x", "bank.test", ""),
        ("https://login.bank.test/x", "www.bank.test", ""),
        ("https://evil.test/", "click here", ""),
        ("https://evil.test/", "version 1.2 is out", ""),
        ("https://evil.test/", "mail to ann@here.test", ""),
        ("https://evil.test/", "https://bank.test/login", "evil.test"),
        ("https://evil.test:8443/", "bank.test", "evil.test:8443"),
        ("https://evil.test/", "<b>https://</b><i>bank</i>.test", "evil.test"),
        ("https://bank.test.evil.test/", "bank.test", "bank.test.evil.test"),
        ("https://evilbank.test/", "bank.test", "evilbank.test"),
        ("https://bank.test@evil.test/", "click", "evil.test"),
        ("https://bank.test&#64;evil.test/", "click", "evil.test"),
        ("https://b&#1072;nk.test/", "click", "xn--bnk-6cd.test"),
        ("https://b&#1072;nk.test/", "b&#1072;nk.test", "xn--bnk-6cd.test"),
        ("https://evil.test\\\\@bank.test/", "bank.test", "evil.test"),
        ("mailto:a@evil.test", "bank.test", ""),
    ],
)
def test_host_is_told_where_the_text_names_another(href: str, text: str, told: str):
    found = sanitised(f'<a href="{href}">{text}</a>', {}).markup

    assert found.partition('<bdi class="to"> [')[2].partition("]")[0] == told


@pytest.mark.parametrize("piece", ["<a href=http://x.test>", "<a>", "a.", "<a href=http://x.test>y.test</a>"])
def test_time_is_linear(piece: str):
    begin = time.process_time()
    sanitised(piece * 20_000, {})

    assert time.process_time() - begin < 10  # seconds, where quadratic time would take minutes
