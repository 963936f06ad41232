# Who is found what, and until when: see `Certificates` in tests/policy/conftest.py.
CASES = {
    "recipient_certificate": [
        ("[usable, expiring]", {"to": "good@cert.example"}, {}),
        ("expiring", {"to": "soon@cert.example"}, {"to": "good@cert.example"}),
        ("none", {}, {"to": "soon@cert.example"}),
    ],
}
