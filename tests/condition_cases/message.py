ENVELOPED = {
    "headers": {"Content-Type": "application/pkcs7-mime", "Content-Transfer-Encoding": "base64"},
    "body": "MIAGCSqGSIb3DQEHA6CA",
}

CASES = {
    "size_over": [
        ("10k", {"body": "x" * 10240}, {"body": "x" * 9000}),
    ],
    "encrypted": [
        ("true", ENVELOPED, {}),
        ("false", {}, ENVELOPED),
        ("true", ENVELOPED, ENVELOPED | {"body": "MIAGCSqGSIb3DQEHAqCA"}),
        ("true", ENVELOPED, ENVELOPED | {"body": "c2VjcmV0"}),
    ],
}
