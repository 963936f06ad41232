CASES = {
    "body_words": [
        ("project x", {"body": "the Project\nX!"}, {"body": "project xy"}),
        ("größe", {"body": "die GRÖßE."}, {"body": "größer"}),
        ("secret", {"body": "secret"}, {"subject": "secret"}),
    ],
    "body_matches": [(r"'\d{4} \d{4}'", {"body": "1234 5678"}, {"body": "1234  5678"})],
    "subject_or_body_words": [
        ("secret", {"subject": "secret"}, {"subject": "sec", "body": "ret"}),
        ("secret", {"body": "secret"}, {"body": "secre t"}),
    ],
    "subject_or_body_matches": [
        ("a.c", {"subject": "abc"}, {"subject": "a", "body": "c"}),
        ("a.c", {"body": "abc"}, {"body": "ac"}),
    ],
}
