"""The process that reads what is shown: `python -m postseal.reading.child LIMITS` (see `content.child`).

One function for each task; an error of one, whatever it is, ends the process, and the asker goes without.
"""

import json
import sys
import zoneinfo
from collections.abc import Mapping

from postseal.content.child import Job, Work, serve
from postseal.settings.extraction import Extraction


def main() -> None:
    """Serve jobs until there are no more."""
    serve(Extraction(**json.loads(sys.argv[1])), _loaded)


def _loaded() -> Work:
    from postseal.reading import invitation, markup, packed  # noqa: PLC0415 (after the warnings are off)

    # The system's files cannot be opened in here; those of the package tzdata can.
    zoneinfo.reset_tzpath(to=())

    def sanitise(job: Job, octets: bytes) -> tuple[dict[str, object], bytes]:
        if excess := markup.excess(octets):
            return {"excess": excess}, b""
        names = job["pictures"]
        pictures = (
            {str(key): str(value) for key, value in names.items()} if isinstance(names, Mapping) else {}
        )
        found = markup.sanitised(octets.decode("utf-8", "replace"), pictures)
        facts: dict[str, object] = {"remote": found.remote, "missing": found.missing, "shown": found.shown}
        return facts, found.markup.encode("utf-8", "replace")

    tasks: dict[str, Work] = {
        "sanitise": sanitise,
        "unpack": lambda _, octets: (packed.facts(octets), b""),
        "invitation": lambda _, octets: (invitation.facts(octets), b""),
    }
    return lambda job, octets: tasks[str(job["task"])](job, octets)


if __name__ == "__main__":
    main()
