"""PKCS #11 URIs: read as RFC 7512 writes them, and never with a PIN inside."""

from pathlib import Path

import pytest

from postseal.pkcs11_uri import Pkcs11Uri, parse

END = "?module-path=/usr/lib/x.so"


def test_uri_names_token_key_library_and_pin() -> None:
    found = parse(
        "pkcs11:token=My%20HSM;object=ann;id=%01%ff;type=private"
        "?module-path=/usr/lib/x.so&pin-source=file:/etc/pin"
    )

    assert found == Pkcs11Uri(Path("/usr/lib/x.so"), "My HSM", "ann", b"\x01\xff", "file:/etc/pin")
    assert str(found) == "pkcs11:token=My%20HSM;object=ann"


@pytest.mark.parametrize(
    ("written", "expected"),
    [("/etc/pin", "file:/etc/pin"), ("credential:hsm-pin", "credential:hsm-pin")],
)
def test_pin_is_in_a_file_or_a_credential(written: str, expected: str) -> None:
    assert parse(f"pkcs11:token=t;id=%01{END}&pin-source={written}").pin_source == expected


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("file:/x", "does not begin"),
        (f"pkcs11:object=a{END}", "no token"),
        ("pkcs11:token=t;object=a", "no module-path"),
        (f"pkcs11:token=t{END}", "names no key"),
        ("pkcs11:token=t;object=a?module-path=x.so", "no absolute path"),
        (f"pkcs11:token=t;object=a{END}&pin-value=1234", "must not stand there"),
        (f"pkcs11:token=t;object=a{END}&pin-source=|cat", "neither"),
        (f"pkcs11:token=t;object=a;object=b{END}", "twice"),
        (f"pkcs11:token=t;slot-id=1;object=a{END}", "'slot-id' is not among"),
        (f"pkcs11:token=%ff;object=a{END}", "UTF-8"),
    ],
)
def test_uri_that_says_too_little_or_too_much_is_refused(written: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as raised:
        parse(written)
    assert "1234" not in str(raised.value)
