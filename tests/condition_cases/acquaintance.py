CASES = {
    "first_mail": [
        ("true", {}, {"to": "friend@mail.example"}),
        ("false", {"to": "FRIEND@mail.example"}, {}),
    ],
}
