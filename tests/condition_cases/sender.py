from condition_cases.mail import BOB
from postseal.envelope import Client

CASES = {
    "sender": [
        (
            "[ann@EXAMPLE.com, cy@example.com]",
            {"sender": "Ann@example.com"},
            {"sender": "ann@sub.example.com"},
        ),
        ("<>", {"sender": ""}, {}),
        ("ann@BÜCHER.example", {"sender": "ann@xn--bcher-kva.example"}, {"sender": "ann@bucher.example"}),
    ],
    "sender_domain": [
        ("example.com", {"sender": "x@a.b.Example.COM"}, {"sender": "x@badexample.com"}),
        ("[example.net, example.com.]", {}, {"sender": ""}),
        ("com", {}, {"sender": "com"}),
        ("xn--bcher-kva.example", {"sender": "a@bücher.example"}, {"sender": "a@example"}),
    ],
    "sender_words": [
        ("[example, none]", {}, {"sender": "ann@examples.net"}),
        ("ann", {"sender": "ann.b@example.com"}, {"sender": "anna@example.com"}),
    ],
    "sender_matches": [
        (r"'^a.*@example\.com$'", {"sender": "Ada@EXAMPLE.com"}, {"sender": "ada@example.com.net"}),
        ("'.'", {}, {"sender": ""}),
    ],
    "sender_scope": [
        ("inside", {}, {"client": Client("198.51.100.1")}),
        ("inside", {"client": Client("192.0.2.9")}, {"sender": "ann@sub.example.com"}),
        ("inside", {"client": Client("::ffff:192.0.2.9")}, {"sender": ""}),
        ("outside", {"client": Client()}, {}),
        ("outside", {"sender": BOB}, {"client": Client("192.0.2.9")}),
    ],
}
