"""Forms as browsers write them (WHATWG HTML, multipart/form-data encoding)."""

from collections.abc import Iterable

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
KIND = f"multipart/form-data; boundary={BOUNDARY}"


def text(name: str, value: str | bytes) -> bytes:
    octets = value.encode() if isinstance(value, str) else value
    return _part(f'name="{_quoted(name)}"', octets)


def file(name: str, filename: str, octets: bytes, kind: str = "application/octet-stream") -> bytes:
    names = f'name="{_quoted(name)}"; filename="{_quoted(filename)}"'
    return _part(f"{names}\r\nContent-Type: {kind}", octets)


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def cut(octets: bytes, size: int) -> Iterable[bytes]:
    return (octets[start : start + size] for start in range(0, len(octets), size))


def _quoted(name: str) -> str:
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _part(disposition: str, octets: bytes) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n"
    return head.encode() + octets + b"\r\n"
