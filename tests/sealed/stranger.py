"""A decryptor by somebody who has docs/format.md, a library with AES-GCM, and nothing of Postseal.

    stranger.py WRAPPED-KEY-HEX MASTER-NAME MASTER-KEY-HEX ADDRESS [RIGHT …] < message.html

prints the message that is in the file.
"""

import base64
import hashlib
import hmac
import re
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def hkdf(ikm: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869."""
    prk = hmac.new(salt, ikm, hashlib.sha256).digest()
    okm = block = b""
    number = 0
    while len(okm) < length:
        number += 1
        block = hmac.new(prk, block + info + bytes([number]), hashlib.sha256).digest()
        okm += block
    return okm[:length]


def decrypt(container: bytes, message_key: bytes) -> bytes:
    """Container, version 1."""
    header = container[0:89]
    if header[0:8] != b"POSTSEAL" or header[8] != 1 or len(header) != 89:
        raise ValueError("not a container of version 1")
    okm = hkdf(message_key, header[25:57], b"postseal v1 container" + header[0:57], 64)
    if not hmac.compare_digest(okm[32:64], header[57:89]):
        raise ValueError("another key")
    aead = AESGCM(okm[0:32])
    plaintext = b""
    rest = container[89:]
    number = 0
    while True:
        chunk, rest = rest[: 65536 + 16], rest[65536 + 16 :]
        last = not rest
        opened = aead.decrypt(number.to_bytes(11, "big") + bytes([last]), chunk, header)
        if last and number and not opened:
            raise ValueError("an empty last chunk")
        plaintext += opened
        if last:
            return plaintext
        number += 1


def unwrap(wrapped: bytes, name: str, master_key: bytes, context: bytes) -> bytes:
    """Wrapped keys, with master keys in a file."""
    associated = bytes([len(name)]) + name.encode() + context
    return AESGCM(master_key).decrypt(wrapped[:12], wrapped[12:], associated)


def context(message_id: bytes, address: str, rights: list[str], licence: str = "") -> bytes:
    """What a wrapped key is bound to."""
    withheld = "\n".join(sorted(rights)).encode()
    return (
        b"postseal v1 key\0"
        + message_id
        + hashlib.sha256(address.encode()).digest()
        + hashlib.sha256(withheld).digest()
        + (hashlib.sha256(licence.encode()).digest() if licence else b"")
    )


def from_text(text: str) -> bytes:
    """Text form."""
    text = "".join(text.split())
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def from_page(page: str) -> bytes:
    """The container in message.html."""
    found = re.search(r'name="p" value="([^"]*)"', page)
    if not found:
        raise ValueError("not message.html")
    return from_text(found[1])


def main(wrapped: str, name: str, master_key: str, address: str, *rights: str) -> None:
    container = from_page(sys.stdin.read())
    bound = context(container[9:25], address, list(rights))
    key = unwrap(bytes.fromhex(wrapped), name, bytes.fromhex(master_key), bound)
    sys.stdout.buffer.write(decrypt(container, key))


if __name__ == "__main__":
    main(*sys.argv[1:])
