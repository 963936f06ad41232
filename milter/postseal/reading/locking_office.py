"""Word, Excel and PowerPoint files with a password (MS-OFFCRYPTO §2.3.4.10, agile); the extra `office`.

The key is of 128 random bits, although AES-256 is what it is used for: so the library makes it.
"""

import io

import msoffcrypto
from msoffcrypto.format.ooxml import OOXMLFile

from postseal.content.child import Job
from postseal.reading.refused import Refused


def locked(job: Job, octets: bytes) -> bytes:
    """*octets*, encrypted and read again, with the password of *job*."""
    password = str(job["password"])
    file = msoffcrypto.OfficeFile(io.BytesIO(octets))
    if not isinstance(file, OOXMLFile) or file.is_encrypted():
        raise Refused("closed" if file.is_encrypted() else "damaged")
    written = io.BytesIO()
    file.encrypt(password, written)
    again, plain = msoffcrypto.OfficeFile(written), io.BytesIO()
    again.load_key(password=password, verify_password=True)
    again.decrypt(plain, verify_integrity=True)
    if not again.is_encrypted() or plain.getvalue() != octets:  # the reader would have a heap of octets
        raise Refused("damaged")
    return written.getvalue()
