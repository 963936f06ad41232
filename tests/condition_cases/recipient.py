CASES = {
    "recipient": [("bob@mail.example", {"to": "BOB@mail.example"}, {"to": "rob@mail.example"})],
    "recipient_domain": [
        ("mail.example", {"to": "bob@mx.mail.example"}, {"to": "bob@xmail.example"}),
        ("[a.example, example]", {}, {"to": "bob@example.com"}),
    ],
    "recipient_words": [("[mail, none]", {}, {"to": "bob@gmail.example"})],
    "recipient_matches": [(r"'^b.b@mail\.'", {"to": "BOB@mail.example"}, {"to": "bob@amail.example"})],
    "recipient_scope": [
        ("inside", {"to": "cy@EXAMPLE.com"}, {}),
        ("outside", {"to": "cy@sub.example.com"}, {"to": "cy@bücher.example"}),
        ("outside", {"to": "postmaster"}, {"to": "cy@example.com."}),
    ],
}
