CASES = {
    "subject_words": [
        ("secret", {"subject": "Re: SECRET!"}, {"subject": "secretary"}),
        ("[none, top  secret]", {"subject": "a top secret b"}, {"subject": "secret top"}),
        ("'[secure]'", {"subject": "[Secure]now"}, {"subject": "secure"}),
        ("c*t", {"subject": "(c*t)"}, {"subject": "cat"}),
        ("größe", {"subject": "=?iso-8859-1?q?GR=D6=DFE?="}, {"subject": "große"}),
        ("geheim", {"subject": "=?utf-8?b?Z2Vo?= =?utf-8?q?eim?="}, {"subject": "=?idna?q?geh?= eim"}),
        ("secret", {"subject": "s\u200be\u00adcret"}, {"subject": "s ecret"}),
        ("secret", {"subject": "ｓｅｃｒｅｔ"}, {"subject": ""}),
    ],
    "subject_matches": [
        (r"'\bA-\d{3}\b'", {"subject": "re a-123."}, {"subject": "A-1234"}),
        ("[x, '^$']", {"headers": {"Subject": ""}}, {"subject": "A"}),
        ("'(?-i)ABC'", {"subject": "xABCx"}, {"subject": "abc"}),
    ],
    "header_words": [
        ("{x-class: [secret]}", {"headers": {"X-Class": "very Secret"}}, {"headers": {"X-Other": "secret"}}),
        ("{a: x, b: [y]}", {"headers": {"B": "y"}}, {"headers": {"A": "y"}}),
        ("{From: ann}", {}, {"headers": {"From": "annabel"}}),
    ],
    "header_matches": [
        (
            r"{List-Id: '\.example>$'}",
            {"headers": {"List-ID": "<a.example>"}},
            {"headers": {"List-Id": "<a>"}},
        ),
        ("{X-None: '^$'}", {"headers": {"X-None": ""}}, {}),
    ],
    "has_header": [
        ("[X-A, list-id]", {"headers": {"List-ID": ""}}, {"headers": {"X-List-Id": "a"}}),
    ],
    "header_at_least": [
        (
            "{X-Spam-Score: 5}",
            {"headers": {"X-Spam-Score": "5.0 (+++++)"}},
            {"headers": {"X-Spam-Score": "4.9"}},
        ),
        (
            "{X-Scl: -1, X-A: 7.5}",
            {"headers": {"x-scl": "-1"}},
            {"headers": {"X-Scl": "high", "X-A": "7.49"}},
        ),
    ],
}
