"""The streams of a compound file (MS-CFB), by name."""

import olefile

from postseal.content.inspection import Visit


class Streams:
    """The streams of a compound file, by their path in lower case."""

    def __init__(self, file: olefile.OleFileIO, paths: dict[str, list[str]], visit: Visit) -> None:
        self.file = file
        self.paths = paths
        self.visit = visit

    def octets(self, path: str) -> bytes:
        """The content of one stream, "" if there is none."""
        if path not in self.paths:
            return b""
        with self.file.openstream(self.paths[path]) as stream:
            return self.visit.unpacked(bytes(stream.read(self.visit.room + 1)))
