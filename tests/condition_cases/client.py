from postseal.envelope import Client, Tls

TLS = Tls("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", "client.partner.example")

CASES = {
    "authenticated": [
        ("true", {}, {"client": Client("192.0.2.1")}),
        ("false", {"client": Client(login="")}, {}),
    ],
    "login": [
        ("[bob, Ann]", {"client": Client(login="ANN")}, {"client": Client(login="ann@example.com")}),
        ("ann", {}, {"client": Client()}),
    ],
    "client_ip": [
        ("198.51.100.0/24", {}, {"client": Client("198.51.101.1")}),
        ("[203.0.113.7, 198.51.100.1]", {}, {"client": Client("203.0.113.8")}),
        ("198.51.100.0-198.51.100.9", {}, {"client": Client("198.51.100.10")}),
        ("2001:db8::-2001:db8::ff", {"client": Client("2001:db8::42")}, {"client": Client()}),
        ("198.51.100.1", {"client": Client("::ffff:198.51.100.1")}, {"client": Client("unknown")}),
    ],
    "tls": [
        ("true", {"client": Client(tls=TLS)}, {}),
        ("false", {}, {"client": Client(tls=TLS)}),
    ],
    "tls_version": [
        ("[TLSv1.2, TLSv1.3]", {"client": Client(tls=TLS)}, {"client": Client(tls=Tls("TLSv1", ""))}),
        ("tlsv1.2", {"client": Client(tls=TLS)}, {}),
    ],
    "tls_cipher": [
        ("'^ECDHE-.*GCM'", {"client": Client(tls=TLS)}, {"client": Client(tls=Tls("TLSv1.2", ""))})
    ],
    "tls_certificate": [(r"'\.partner\.example$'", {"client": Client(tls=TLS)}, {})],
    "macro_matches": [
        (
            "{daemon_name: '^internal$', auth_type: PLAIN}",
            {"client": Client(macros=(("daemon_name", "internal"),))},
            {"client": Client(macros=(("daemon_name", "smtp"), ("auth_type", "LOGIN")))},
        ),
        ("{v: Postfix}", {"client": Client(macros=(("v", "Postfix 3.7"),))}, {}),
    ],
}
