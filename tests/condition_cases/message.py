from datetime import UTC, datetime

from postseal.smime_state import SignatureResult, SmimeState

OPENED = {"smime": SmimeState(encrypted=True, opened=True, signature=SignatureResult.PASS)}
CLOSED = {"smime": SmimeState(encrypted=True, signature=SignatureResult.FAIL)}
ENVELOPED = {
    "headers": {"Content-Type": "application/pkcs7-mime", "Content-Transfer-Encoding": "base64"},
    "body": "MIAGCSqGSIb3DQEHA6CA",
}

SIGNED = {
    "headers": {"Content-Type": "multipart/signed; boundary=b; protocol=application/pkcs7-signature"},
    "body": "--b\n\na\n--b\nContent-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n\n"
    "MIAGCSqGSIb3DQEHAqCA\n--b--\n",
}
REPORT = "multipart/report; report-type={}; boundary=b"


def at(hour: int, *, day: int = 23) -> datetime:
    """An hour of a Monday, or of another day of November 2026."""
    return datetime(2026, 11, day, hour, tzinfo=UTC)


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
    "time_of_day": [
        ("{from: '08:00', until: '17:00', zone: UTC}", {"at": at(9)}, {"at": at(17)}),
        ("{from: '22:00', until: '06:00', zone: UTC}", {"at": at(23)}, {"at": at(6)}),
        (
            "{days: [mon, sun], from: '22:00', until: '06:00', zone: UTC}",
            {"at": at(5, day=24)},
            {"at": at(5, day=22)},
        ),
        ("{days: mon, zone: UTC}", {"at": at(0)}, {"at": at(0, day=24)}),
        ("{from: '23:00', until: '24:00', zone: Asia/Tokyo}", {"at": at(14)}, {"at": at(15)}),
    ],
    "importance": [
        ("high", {"headers": {"Importance": "High"}}, {}),
        ("[high, low]", {"headers": {"X-Priority": "5 (Lowest)"}}, {"headers": {"X-Priority": "3"}}),
        ("normal", {}, {"headers": {"Priority": "urgent"}}),
    ],
    "sensitivity": [
        (
            "confidential",
            {"headers": {"Sensitivity": "Company-Confidential"}},
            {"headers": {"Sensitivity": "private"}},
        ),
        ("[private, personal]", {"headers": {"Sensitivity": "Private"}}, {}),
        ("normal", {"headers": {"Sensitivity": "secret"}}, {"headers": {"Sensitivity": "Personal"}}),
    ],
    "automatic": [
        (
            "true",
            {"headers": {"Auto-Submitted": "auto-generated; x=y"}},
            {"headers": {"Auto-Submitted": "no"}},
        ),
        ("false", {}, {"headers": {"Auto-Submitted": "auto-replied"}}),
    ],
    "mailing_list": [
        ("true", {"headers": {"List-Unsubscribe": "<mailto:a@x.example>"}}, {"headers": {"Listing": "a"}}),
        ("false", {}, {"headers": {"List-Id": "<a.example>"}}),
    ],
    "signed": [
        ("true", SIGNED, {}),
        ("false", ENVELOPED, SIGNED),
        ("true", SIGNED, SIGNED | {"body": SIGNED["body"].replace("MIAGCSqGSIb3DQEHAqCA", "c2VjcmV0")}),
    ],
    "message_type": [
        ("encrypted", ENVELOPED, {}),
        ("[signed, encrypted]", SIGNED, {}),
        ("calendar", {"headers": {"Content-Type": "text/calendar; method=REQUEST"}}, {}),
        (
            "auto_reply",
            {"headers": {"Auto-Submitted": "auto-replied"}},
            {"headers": {"Auto-Submitted": "no"}},
        ),
        ("auto_forward", {"headers": {"X-MS-Exchange-Organization-AutoForwarded": "true"}}, {}),
        (
            "read_receipt",
            {"headers": {"Content-Type": REPORT.format("disposition-notification")}},
            {"headers": {"Content-Type": REPORT.format("delivery-status")}},
        ),
        ("delivery_report", {"headers": {"Content-Type": REPORT.format('"Delivery-Status"')}}, {}),
        ("voicemail", {"headers": {"Message-Context": "voice-message"}}, {}),
        ("restricted", {"headers": {"Content-Class": "rpmsg.message"}}, {}),
        (
            "restricted",
            {"headers": {"Content-Type": "application/x-microsoft-rpmsg-message; name=message.rpmsg"}},
            {},
        ),
    ],
    "charset": [
        ("[utf-7, big5]", {"headers": {"Content-Type": "text/plain; charset=Big5"}}, {}),
    ],
}
