"""What is within winmail.dat (MS-OXTNEF): the texts of the message, and where its files stand.

Runs in a process of its own (see `child`).  The files are not copied: they stand in it as they are.
"""

import contextlib

from postseal.content.inspection import Unread

try:
    import compressed_rtf

    from postseal.content.formats import rtf, tnef
except ImportError:  # without the extra `extract` it stays one file
    READABLE = False
else:
    READABLE = True

_SIGNATURE = b"\x78\x9f\x3e\x22"
_FILES = 900
_TEXT = 4 << 20


def facts(octets: bytes) -> dict[str, object]:
    """The subject, the bodies and the files of *octets*, as far as they are sound."""
    found: dict[str, str] = {}
    files: list[dict[str, object]] = []
    damaged = not READABLE or not octets.startswith(_SIGNATURE)
    try:
        for entry in tnef.entries(octets) if READABLE else ():
            if isinstance(entry, tnef.File):
                files.append({"name": entry.name[:1000], "start": entry.start, "stop": entry.stop})
            elif entry.kind == "rtf":
                with contextlib.suppress(Unread, ValueError):
                    unpacked = compressed_rtf.decompress(entry.text.encode("latin-1"))
                    found.setdefault("rtf", rtf.text(unpacked)[:_TEXT])
            else:
                found.setdefault(entry.kind, entry.text[:_TEXT])
            if len(files) >= _FILES:
                break
    except Exception:  # noqa: BLE001 (strangers wrote it, and what came before the damage counts)
        damaged = True
    return {"damaged": damaged, "files": files, **found}
