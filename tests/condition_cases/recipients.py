CY = "cy@partner.example"
HEADERS = {"To": 'Team: "dan@x.example" <Cy@Partner.example>, (a, b) eve@y.example;', "Cc": "fay@z.example"}

CASES = {
    "any_recipient": [
        ("[cy@partner.example, x@x.example]", {"others": [CY]}, {"others": ["cy@mail.example"]}),
        ("bob@mail.example", {"others": [CY]}, {"to": CY}),
    ],
    "any_recipient_domain": [("example.net", {"others": ["a@b.example.net"]}, {"others": [CY]})],
    "any_recipient_words": [("partner", {"others": [CY]}, {"others": ["cy@partners.example"]})],
    "any_recipient_matches": [("'^c'", {"others": [CY]}, {"others": ["bcy@partner.example"]})],
    "any_recipient_scope": [
        ("inside", {"others": ["cy@example.com"]}, {"others": [CY]}),
        ("outside", {"to": "cy@example.com", "others": [CY]}, {"to": "cy@example.com"}),
    ],
    "recipients_at_least": [("3", {"others": [CY, "x@x.example"]}, {"others": [CY]})],
    "to_header": [
        ("[cy@partner.example]", {"headers": HEADERS}, {}),
        ("eve@y.example", {"headers": HEADERS}, {"headers": {"To": "undisclosed-recipients:;"}}),
        ("bob@mail.example", {}, {"headers": HEADERS}),
    ],
    "cc_header": [
        ("fay@z.example", {"headers": HEADERS}, {"headers": {"To": "fay@z.example"}}),
        (
            "a@x.example",
            {"headers": {"Cc": "<a@x.example>"}},
            {"headers": {"Cc": '"a@x.example" <b@x.example>'}},
        ),
    ],
    "to_or_cc_header": [
        ("fay@z.example", {"headers": HEADERS}, {"headers": {"Bcc": "fay@z.example"}}),
        ("eve@y.example", {"headers": HEADERS}, {}),
    ],
}
