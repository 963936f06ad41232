CASES = {
    "sensitive": [
        (
            "iban",
            {"body": "pay to DE89 3704 0044 0532 0130 00."},
            {"body": "pay to DE89 3704 0044 0532 0130 01"},
        ),
        ("[us_ssn, iban]", {"subject": "SSN 536-90-4399"}, {"body": "SSN 666-90-4399"}),
        (
            "{type: credit_card, at_least: 2}",
            {"body": "cards 4532 0151 1283 0366, cvv 1, 5425 2334 3010 9903, credit card"},
            {"body": "credit card 4532 0151 1283 0366, 4532-0151-1283-0366"},
        ),
        (
            "{type: credit_card, confidence: low, at_most: 1}",
            {"body": "4532015112830366"},
            {"body": "4532015112830366 and 5425233430109903"},
        ),
        (
            "{type: credit_card, confidence: high}",
            {"body": "credit card 4532015112830366"},
            {"body": "4532015112830366"},
        ),
        (
            "{type: credit_card, confidence: low, confidence_at_most: low}",
            {"body": "4532015112830366"},
            {"body": "credit card 4532015112830366"},
        ),
        (
            "{all: [iban, us_ssn]}",
            {"body": "SSN 536-90-4399, DE89370400440532013000"},
            {"body": "DE89370400440532013000"},
        ),
        (
            "{same_part: true, all: [iban, us_ssn]}",
            {"body": "SSN 536-90-4399, DE89370400440532013000"},
            {
                "headers": {"Content-Type": "multipart/mixed; boundary=b"},
                "body": "--b\r\n\r\nSSN 536-90-4399\r\n--b\r\nContent-Type: a/b\r\n\r\n"
                "DE89370400440532013000\r\n--b--",
            },
        ),
        ("payment_data", {"body": "DE89370400440532013000"}, {"body": "SSN 536-90-4399"}),
    ],
}
