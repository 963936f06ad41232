import base64
import quopri
import time

import pytest

from postseal.body import Body
from postseal.content.html import visible
from postseal.errors import Cause, Failure
from postseal.message import Header, Message
from postseal.policy import content
from postseal.policy.encryption import encrypted
from postseal.policy.pattern import seen


def message(body: bytes, content_type: str = "text/plain", encoding: str = "8bit") -> Message:
    headers = (Header.of("Content-Type", content_type), Header.of("Content-Transfer-Encoding", encoding))
    return Message(headers, Body.of(body.replace(b"\n", b"\r\n")))


def text(of: Message) -> str:
    return " ".join(content.text(of, 10_000).decode().replace("\0", "|").split())


def multipart(*parts: bytes, kind: str = "mixed") -> Message:
    body = b"".join(b"--B\n" + part + b"\n" for part in parts) + b"--B--\n"
    return message(body, f"multipart/{kind}; boundary=B")


@pytest.mark.parametrize(
    ("octets", "charset"),
    [
        pytest.param("größe".encode(), "utf-8", id="utf-8"),
        pytest.param("größe".encode("latin-1"), "iso-8859-1", id="latin-1"),
        pytest.param("größe".encode("cp1252"), "us-ascii", id="called-ascii"),
        pytest.param("größe".encode("utf-16"), '"UTF-16"', id="utf-16"),
        pytest.param("größe".encode("utf-7"), "utf-7", id="utf-7"),
        pytest.param("größe".encode("cp850"), "ibm850", id="cp850"),
        pytest.param("größe".encode(), "x-unknown", id="unknown-but-utf-8"),
    ],
)
def test_text_in_any_charset(octets: bytes, charset: str):
    encoded = base64.encodebytes(octets)

    assert text(message(encoded, f"text/plain; charset={charset}", "base64")).split("|")[0].strip() == "größe"


def test_text_without_charset_is_utf_8_or_windows_1252():
    assert text(message("größe".encode())) == "größe"
    assert text(message("größe “x”".encode("cp1252"))) == "größe “x”"


def test_wide_charset_is_read_as_programs_do():
    assert text(message("〇①".encode("cp932"), "text/plain; charset=shift_jis")) == "〇1"


@pytest.mark.parametrize(
    ("octets", "encoding"),
    [
        pytest.param(b"top secret", "7bit", id="7bit"),
        pytest.param(quopri.encodestring(b"top secret").replace(b" ", b"=20"), "Quoted-Printable", id="qp"),
        pytest.param(b"top=20sec=\nret", "quoted-printable", id="soft-break"),
        pytest.param(base64.b64encode(b"top secret"), "BASE64", id="base64"),
        pytest.param(b"dG9w*IHN\nlY3Jl\ndA", "base64", id="broken-base64"),
        pytest.param(base64.b64encode(b"top ") + base64.b64encode(b"secret"), "base64", id="two-base64"),
    ],
)
def test_text_in_any_transfer_encoding(octets: bytes, encoding: str):
    assert text(message(octets, encoding=encoding)) == "top secret"


def test_text_of_all_parts():
    mail = multipart(
        b"\nfirst",
        b"Content-Type: text/html\n\n<b>sec</b>ond",
        b"Content-Type: message/rfc822\n\nSubject: =?utf-8?q?thi?=rd\n\nfourth",
        b"Content-Type: message/rfc822\n\nSubject: fifth\nContent-Type: multipart/mixed; boundary=C\n\n"
        b"--C\nContent-Type: text/calendar\n\nsixth\n--C--",
        b"Content-Type: message/delivery-status\n\nseventh: x",
        b"Content-Type: application/octet-stream\n\nattachment",
        b"Content-Disposition: attachment; filename=a.txt\n\neighth",
    )

    found = [piece.strip() for piece in text(mail).split("|") if piece.strip()]

    assert found == ["first", "second", "third", "fourth", "fifth", "sixth", "seventh: x", "eighth"]


def test_text_around_the_parts_is_seen():
    mail = message(b"before\n--B\n\nin\n--B--\nafter", "multipart/mixed; boundary=B")

    assert text(mail) == "before | in | after"


def test_text_of_header_only_mail():
    assert text(Message((), Body.of(b""))) == ""


@pytest.mark.parametrize(
    ("mail", "detail"),
    [
        pytest.param(message(b"x" * 10_001), "larger than 10000", id="large"),
        pytest.param(message(b"x" * 50_000), "too large", id="much-too-large"),
        pytest.param(multipart(*[b"\n" + b"x" * 3000] * 4), "larger than 10000", id="large-together"),
        pytest.param(message(b"\xff", "text/plain; charset=x"), "unknown charset 'x'", id="charset"),
        pytest.param(message(b"\xff", "text/plain; charset=idna"), "unknown charset 'idna'", id="idna"),
        pytest.param(message(b"\xff", "text/plain; charset=rot13"), "unknown charset 'rot13'", id="codec"),
        pytest.param(message(b"x", encoding="x-uuencode"), "unknown transfer encoding", id="encoding"),
        pytest.param(message(b"x", "message/partial; id=x"), "message/partial cannot be read", id="partial"),
        pytest.param(
            multipart(b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\neA=="),
            "message/rfc822 cannot be read",
            id="encoded-message",
        ),
        pytest.param(
            multipart(b"Content-Type: text/plain\nContent-Type: text/html\n\nx"), "given twice", id="defect"
        ),
        pytest.param(
            multipart(*[b"Content-Type: image/x\n\n"] * 20_001), "more than 20000 MIME parts", id="parts"
        ),
        pytest.param(
            message(base64.b64encode(bytes.fromhex("308006092a864886f70d010702")), "application/pkcs7-mime"),
            "not encrypted",
            id="opaque-signed",
        ),
    ],
)
def test_what_cannot_be_seen_is_never_passed_over(mail: Message, detail: str):
    with pytest.raises(Failure) as raised:
        content.text(mail, 10_000)

    assert raised.value.cause is Cause.UNINSPECTABLE
    assert detail in raised.value.detail


@pytest.mark.parametrize(
    "start",
    [
        pytest.param("308006092a864886f70d010703", id="enveloped-ber"),
        pytest.param("308204d206092a864886f70d010703", id="enveloped-der"),
        pytest.param("3082ffff060b2a864886f70d0109100117", id="auth-enveloped"),
    ],
)
def test_smime_encrypted_mail_has_no_text(start: str):
    mail = message(base64.b64encode(bytes.fromhex(start)), "application/pkcs7-mime", "base64")

    assert encrypted(mail)
    assert text(mail) == ""


def pgp(second: bytes) -> Message:
    return multipart(
        b"Content-Type: application/pgp-encrypted\n\nVersion: 1",
        b"Content-Type: application/octet-stream\n\n" + second,
        kind='encrypted; protocol="application/pgp-encrypted"',
    )


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        pytest.param(b"-----BEGIN PGP MESSAGE-----\n\nhQEMA", True, id="pkesk"),
        pytest.param(b"-----BEGIN PGP MESSAGE-----\nVersion: x\n\nwcBMA", True, id="new-format"),
        pytest.param(b"-----BEGIN PGP MESSAGE-----\n\nyxBiA", False, id="literal"),
        pytest.param(b"top secret", False, id="clear"),
    ],
)
def test_pgp_encrypted_mail_is_told_by_its_octets(second: bytes, expected: bool):
    assert encrypted(pgp(second)) is expected


@pytest.mark.parametrize(
    "headers",
    [
        [("Content-Type", "application/pkcs7-mime"), ("Content-Type", "text/plain")],
        [("Content-Type", "application/pkcs7-mime; charset=a; charset=b")],
    ],
)
def test_mail_that_may_be_read_in_another_way_is_not_taken_for_encrypted(headers: list[tuple[str, str]]):
    """Programs that read the other Content-Type show what stands behind the first octets."""
    fields = [Header.of(*one) for one in headers] + [Header.of("Content-Transfer-Encoding", "base64")]

    assert not encrypted(Message(tuple(fields), Body.of(b"MIAGCSqGSIb3DQEHA6CAtop+secret")))


def test_pgp_mail_that_may_be_read_in_another_way_is_not_taken_for_encrypted():
    armor = b"-----BEGIN PGP MESSAGE-----\n\nhQ\n"
    strange = b"Content-Type: application/octet-stream\nContent-Type: text/plain\n\n" + armor

    assert not encrypted(
        multipart(b"Content-Type: application/pgp-encrypted\n\nVersion: 1", strange, kind="encrypted")
    )


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        pytest.param("con<b>fid</b>ential", "confidential", id="inline"),
        pytest.param("a<br>b<p>c</p>d<td>e", "a\nb\nc\nd\ne", id="breaks"),
        pytest.param("a\nb  c", "a b c", id="space"),
        pytest.param("&lt;caf&eacute;&#x20;&#65;&amp;", "<café A&", id="entities"),
        pytest.param("se&zwnj;c&shy;r&#8203;et", "secret", id="invisible"),
        pytest.param("a<!-- b -->c<style>d</style>e<script>f<b></script>g", "aceg", id="unseen"),
        pytest.param("a<!-- b", "a<!-- b", id="open-comment"),
        pytest.param("1 < 2 <3 <", "1 < 2 <3 <", id="no-tags"),
        pytest.param("a<b title='x", "a<b title='x", id="open-tag"),
        pytest.param(f"a&#{'9' * 5000};b", "a\ufffdb", id="huge-reference"),
        pytest.param("<SCRIPT>x</Script >y", "y", id="case"),
        pytest.param("<!-->a<!-- -->b", "ab", id="empty-comment"),
        pytest.param("<!--->a<!-- -->b", "ab", id="shortest-comment"),
        pytest.param("<!-- x --!>a<!-- -->b", "ab", id="strange-end-of-comment"),
        pytest.param("<!--[if mso]>a<![endif]-->b", "ab", id="comment-that-outlook-shows"),
        pytest.param("<style-x>a</style-x><script.x>b</script.x>", "ab", id="not-quite-script"),
        pytest.param("<xmp><style>a</style></xmp>b", "<style>a</style>b", id="raw-text"),
        pytest.param("<textarea><!-- a --></textarea>b", "<!-- a -->b", id="raw-comment"),
        pytest.param("<textarea>a", "a", id="open-raw-text"),
        pytest.param("<svg><text><![CDATA[a]]></text></svg>", "a]]>", id="cdata"),
        pytest.param("<style>a</style", "a</style", id="open-end-of-style"),
        pytest.param("se\0cr\x01et", "secret", id="control-characters"),
    ],
)
def test_html_as_it_is_shown(markup: str, expected: str):
    assert seen(visible(markup)).decode() == expected


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<style " * 300_000 + "</style", id="open-end"),
        pytest.param("<style>" * 300_000 + "</style", id="no-end"),
        pytest.param("<!-->" * 300_000, id="comments"),
        pytest.param("<xmp>" * 300_000, id="raw"),
        pytest.param("<xmp></xmp" * 200_000, id="open-raw"),
        pytest.param("<![CDATA[" * 200_000, id="cdata"),
        pytest.param("<!--[if " * 200_000, id="conditional"),
    ],
)
def test_html_is_read_in_linear_time(markup: str):
    begin = time.process_time()

    visible(markup)

    assert time.process_time() - begin < 30  # what is not linear takes minutes


def test_charset_that_programs_may_not_know_is_read_in_both_ways():
    secret = message(b"x+secret +APw-", "text/plain; charset=utf-7")
    wide = message(b"secret", "text/html; charset=utf-16")

    assert "x+secret" in text(secret)
    assert "ü" in text(secret)
    assert "secret" in text(wide)


def test_ebcdic_is_not_read_as_programs_would_not():
    assert text(message(b"secret", "text/plain; charset=cp037")) == "secret"
    with pytest.raises(Failure):
        content.text(message("secret".encode("cp037"), "text/plain; charset=cp037"), 1000)


def test_quoted_printable_soft_line_break_with_blanks_joins():
    """RFC 2045 §6.7, rule 3: blanks at the end of an encoded line were added on the way."""
    assert text(message(b"se=  \ncr=\t\net=", "text/plain", "quoted-printable")) == "secret"


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/mixed; boundary=B; boundary=C",
        "multipart/mixed; boundary=C; boundary*=us-ascii''B",
        "multipart/mixed; boundary*0=B; boundary=C",
        "text/plain; charset=utf-8; charset=utf-7",
    ],
)
def test_parameter_with_two_values_is_not_passed_over(content_type: str):
    with pytest.raises(Failure) as caught:
        content.text(message(b"--B\n\nx\n--B--\n", content_type), 1000)

    assert caught.value.cause is Cause.UNINSPECTABLE


def test_parameter_given_twice_alike_is_read():
    assert text(message(b"--B\n\nx\n--B--\n", "multipart/mixed; boundary=B; boundary=B")) == "| x |"


@pytest.mark.parametrize("kind", ["application/ms-tnef", "application/vnd.ms-tnef"])
def test_outlooks_own_format_is_not_passed_over(kind: str):
    """Outlook shows the text within, and not that of the parts beside it."""
    with pytest.raises(Failure):
        content.text(multipart(b"\nx", b"Content-Type: %b\n\nx" % kind.encode()), 1000)


def test_runs_of_marks_do_not_take_quadratic_time():
    assert len(seen("a" + "\u0301\u0316" * 500_000)) < 100
