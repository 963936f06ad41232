"""Runs the fuzz target under atheris, from the seeds.

    python -m fuzz_campaign [-runs=N] [other options of libFuzzer]

What makes it fail is written to the current folder, as libFuzzer does.
"""

import sys
import tempfile
from pathlib import Path

import atheris

# Only what is imported here is watched for new paths.
with atheris.instrument_imports(include=["postseal.cms", "postseal.trust.authorship"]):
    import fuzz_reader


def main() -> None:
    """Run, with the options of the command line."""
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(fuzz_reader.seeds()):
            Path(folder, str(number)).write_bytes(seed)
        options = ["-rss_limit_mb=1024", "-timeout=10", "-max_len=16384", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, *sys.argv[1:], folder], fuzz_reader.watched)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
