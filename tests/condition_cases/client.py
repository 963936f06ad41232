from postseal.envelope import Client

CASES = {
    "authenticated": [
        ("true", {}, {"client": Client("192.0.2.1")}),
        ("false", {"client": Client(login="")}, {}),
    ],
}
