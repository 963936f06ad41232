"""The process that locks files: `python -m postseal.reading.locking LIMITS` (see `content.child`).

Each kind in a module of its own, whose library is an extra.  Whatever one raises is the file's fault.
"""

import contextlib
import json
import sys
from collections.abc import Callable

from postseal.content.child import Job, Work, serve
from postseal.reading.refused import Refused
from postseal.settings.extraction import Extraction


def main() -> None:
    """Serve jobs until there are no more."""
    serve(Extraction(**json.loads(sys.argv[1])), loaded)


def loaded() -> Work:
    """What locks, as far as the libraries are there."""
    kinds: dict[str, Callable[[Job, bytes], bytes]] = {}
    with contextlib.suppress(ImportError):
        from postseal.reading import locking_pdf  # noqa: PLC0415 (its library is an extra)

        kinds["pdf"] = locking_pdf.locked
    with contextlib.suppress(ImportError):
        from postseal.reading import locking_office  # noqa: PLC0415 (its library is an extra)

        kinds["office"] = locking_office.locked

    def work(job: Job, octets: bytes) -> tuple[dict[str, object], bytes]:
        kind = str(job["kind"])
        if kind not in kinds:
            return {"why": "missing"}, b""
        try:
            return {}, kinds[kind](job, octets)
        except Refused as refused:
            return {"why": str(refused)}, b""
        except Exception:  # noqa: BLE001 (strangers wrote the file; the libraries are not ours)
            return {"why": "damaged"}, b""

    return work


if __name__ == "__main__":
    main()
