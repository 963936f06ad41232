"""Mails of all shapes, written as they stand on the wire."""

import base64
import io
import struct
import zlib

from postseal.body import Body
from postseal.cms.scanner import Scanner
from postseal.message import Message


def parsed(octets: bytes) -> Message:
    """The message that *octets* are."""
    body = Body.of(octets)
    block = Scanner(body).header_block(())
    return Message(block.headers, body.part(block.start))


def png(width: int = 1, height: int = 1, colour: bytes = b"\xff\x00\x00") -> bytes:
    """A picture of one colour."""

    def chunk(name: bytes, octets: bytes) -> bytes:
        return struct.pack(">I", len(octets)) + name + octets + struct.pack(">I", zlib.crc32(name + octets))

    rows = (b"\0" + colour * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def part(content_type: str, octets: bytes | str, *fields: str) -> bytes:
    """A part in base64."""
    content = octets.encode() if isinstance(octets, str) else octets
    header = [f"Content-Type: {content_type}", "Content-Transfer-Encoding: base64", *fields]
    return "\r\n".join(header).encode() + b"\r\n\r\n" + base64.encodebytes(content).replace(b"\n", b"\r\n")


def multipart(kind: str, *parts: bytes, parameters: str = "") -> bytes:
    """A multipart of *parts*, each with its header; its boundary is its own."""
    boundary = f"b{zlib.crc32(b''.join(parts)):x}"
    written = io.BytesIO()
    written.write(f'Content-Type: multipart/{kind}; boundary="{boundary}"{parameters}\r\n\r\n'.encode())
    for one in parts:
        written.write(f"--{boundary}\r\n".encode() + one + b"\r\n")
    written.write(f"--{boundary}--\r\n".encode())
    return written.getvalue()


def mail(entity: bytes, *fields: str) -> Message:
    """A message around *entity*."""
    header = [
        "From: Ann <ann@here.test>",
        "To: bob@there.test",
        "Subject: word",
        *fields,
        "MIME-Version: 1.0",
    ]
    return parsed("\r\n".join(header).encode() + b"\r\n" + entity)
