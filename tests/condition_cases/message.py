from postseal.smime_state import SignatureResult, SmimeState

OPENED = {"smime": SmimeState(encrypted=True, opened=True, signature=SignatureResult.PASS)}
CLOSED = {"smime": SmimeState(encrypted=True, signature=SignatureResult.FAIL)}
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
        ("true", OPENED, {}),
    ],
    "opened": [
        ("true", OPENED, CLOSED),
        ("false", {}, OPENED),
    ],
    "smime_signature": [
        ("pass", OPENED, CLOSED),
        ("[fail, policy]", CLOSED, OPENED),
        ("none", {}, CLOSED),
    ],
}
