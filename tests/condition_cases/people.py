# The people are those of tests/policy/people.yaml; bob's manager is ann, and hers is cy.
CY = "cy@example.com"

CASES = {
    "sender_group": [
        ("[SALES, none]", {}, {"sender": CY}),
        ("research", {}, {"sender": "x@example.com"}),
        ("all staff", {"sender": "A.Nother@example.com"}, {"sender": ""}),
    ],
    "recipient_group": [
        ("[board, none]", {"to": "Cy@example.com"}, {}),
        ("research", {"to": "dora@example.com"}, {}),
    ],
    "to_header_group": [
        ("[research, none]", {"headers": {"To": "x@mail.example, Dora <dora@example.com>"}}, {}),
        ("board", {"to": CY}, {"headers": {"To": "<x@mail.example>", "Cc": f"<{CY}>"}}),
    ],
    "cc_header_group": [
        ("board", {"headers": {"Cc": f"x@mail.example, Cy <{CY}>"}}, {"to": CY}),
    ],
    "to_or_cc_header_group": [
        ("research", {"headers": {"Cc": "Dora <dora@example.com>"}}, {"headers": {"Cc": "<cy@example.com>"}}),
    ],
    "between_groups": [
        ("{one: [board], other: [sales]}", {"to": CY}, {}),
        ("{one: [board], other: [sales]}", {"sender": CY, "to": "ann@example.com"}, {"sender": CY, "to": CY}),
    ],
    "sender_attribute_words": [
        ("{Department: [marketing], title: x}", {}, {"sender": CY}),
        ("{city: köln}", {}, {"sender": "bob@mail.example"}),
    ],
    "sender_attribute_matches": [("{city: '^k.ln$'}", {}, {"sender": "x@example.com"})],
    "recipient_attribute_words": [("{department: board}", {"to": CY}, {})],
    "recipient_attribute_matches": [("{department: '^sales'}", {}, {"to": CY})],
    "same_attribute": [
        ("department", {}, {"to": CY}),
        ("City", {"to": CY}, {}),
    ],
    "sender_manager": [("[cy@example.com, x@example.com]", {}, {"sender": CY})],
    "recipient_manager": [("ann@example.com", {}, {"to": CY})],
    "sender_is": [
        ("manager", {}, {"to": CY}),
        ("direct_report", {"to": CY}, {}),
        ("[manager, direct_report]", {"to": CY}, {"to": "x@mail.example"}),
    ],
}
