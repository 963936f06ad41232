"""What is within winmail.dat (MS-OXTNEF): the texts of the message, and where its files stand.

Runs in a process of its own (see `child`).  The files are not copied: they stand in it as they are.
"""

from postseal.content.inspection import Unread

try:
    import compressed_rtf

    from postseal.content.formats import rtf, tnef
except ImportError:  # without the extra `extract` it stays one file
    READABLE = False
else:
    READABLE = True

_SIGNATURE = b"\x78\x9f\x3e\x22"
_FILES = 5000
_MESSAGES = 10
_TEXT = 4 << 20


def facts(octets: bytes) -> dict[str, object]:
    """The messages in *octets*, the outermost first, and the files of all, as far as they are sound.

    Of each message the texts there are: "subject", "plain", "html", "rtf" (as plain text).
    """
    messages: list[dict[str, str]] = []
    files: list[dict[str, object]] = []
    damaged = not READABLE
    waiting = [(0, len(octets))] if READABLE else []
    while waiting and len(messages) < _MESSAGES:
        start, stop = waiting.pop(0)
        within = octets[start:stop]
        texts: dict[str, str] = {}
        messages.append(texts)
        damaged |= not within.startswith(_SIGNATURE)
        try:
            for entry in tnef.entries(within):
                if isinstance(entry, tnef.Text):
                    _keep(entry, texts)
                elif within.startswith(_SIGNATURE, entry.start):
                    waiting.append((start + entry.start, start + entry.stop))
                elif len(files) < _FILES:
                    place = {"start": start + entry.start, "stop": start + entry.stop}
                    files.append({"name": entry.name[:1000], **place})
        except Exception:  # noqa: BLE001 (strangers wrote it, and what came before the damage counts)
            damaged = True
    return {"damaged": damaged or bool(waiting), "files": files, "messages": messages}


def _keep(entry: "tnef.Text", texts: dict[str, str]) -> None:
    text = entry.text
    if entry.kind == "rtf":
        try:
            text = rtf.text(compressed_rtf.decompress(entry.text.encode("latin-1")))
        except (Unread, ValueError):
            return
    texts.setdefault(entry.kind, text[:_TEXT])
