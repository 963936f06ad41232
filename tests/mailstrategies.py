"""Messages and envelopes as hostile strangers make them, for property tests."""

from hypothesis import strategies as st

from postseal.body import Body
from postseal.envelope import Client, Envelope, Recipient
from postseal.message import Header, Message

NAMES = st.sampled_from(
    [b"Subject", b"Content-Type", b"Content-Transfer-Encoding", b"Received", b"X", b"\xff\xc3", b"Subject "]
)
FRAGMENTS = st.sampled_from(
    [
        b"multipart/mixed; boundary=b", b"multipart/encrypted; boundary=b", b"text/html; charset=",
        b"utf-8", b"idna", b"unicode_escape", b"utf-16", b"message/rfc822", b"application/pkcs7-mime",
        b"base64", b"quoted-printable", b"=?utf-8?q?=C3?=", b"=?punycode?b?xx?=", b"=?x?q?a?=",
        b"\r\n\r\n", b"\r\n--b\r\n", b"--b--", b"\r\n ", b"<!--", b"<style>", b"&#x110000;", b"=3",
        b"MIAGCSqGSIb3DQEHA6CA", b"\0", b"\xed\xa0\x80", b"secret", b"Content-Type: ",
        b"Content-Transfer-Encoding: ", b"+2AA-",
    ]
)  # fmt: skip
OCTETS = st.lists(FRAGMENTS | st.binary(max_size=12), max_size=20).map(b"".join)
MESSAGES = st.builds(
    lambda headers, body: Message(tuple(headers), Body.of(body)),
    st.lists(st.builds(Header, NAMES | st.binary(max_size=5), OCTETS), max_size=6),
    OCTETS,
)
ADDRESSES = st.sampled_from(
    ["", "a@a.example", "b@b.example", "@", "a@", "a@[1.2.3.4]", "x@xn--a.example"]
) | st.text(max_size=20).map(lambda domain: f"a@{domain}")
ENVELOPES = st.builds(
    lambda sender, recipients, login, address: Envelope(
        sender, tuple(map(Recipient, recipients)), Client(address, login=login)
    ),
    ADDRESSES,
    st.lists(ADDRESSES, min_size=1, max_size=3),
    st.none() | st.text(max_size=3),
    st.sampled_from(["", "127.0.0.1", "::1", "fe80::1%eth0", "x"]),
)
