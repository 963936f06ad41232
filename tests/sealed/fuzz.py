"""Throws octets at the container and its text form until the time is over: `make fuzz ARGS="--seconds 600"`.

Good containers are cut, flipped, swapped, joined and lengthened; whatever comes out must be refused with
Tampered, or be what was sealed.  A failure prints the seed, with which it happens again.
"""

import argparse
import random
import time

from postseal.body import Spool
from postseal.sealed.armor import armored, dearmored
from postseal.sealed.container import CHUNK, Tampered, opened, sealed

KEY, MESSAGE = bytes(range(32)), b"m" * 16
SIZES = (0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 9)
PLAIN = [bytes(number % 251 for number in range(size)) for size in SIZES]
GOOD = [b"".join(sealed([plain], KEY, MESSAGE)) for plain in PLAIN]


def mutated(octets: bytes, chance: random.Random) -> bytes:
    changed = bytearray(octets)
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(changed) + 1)
        stop = min(len(changed), start + chance.choice((0, 1, 16, 89, CHUNK + 16)))
        match chance.randrange(6):
            case 0:
                changed[start:stop] = b""
            case 1 if start < len(changed):
                changed[start] ^= 1 << chance.randrange(8)
            case 2:
                changed[start:start] = chance.randbytes(chance.choice((1, 16, 89)))
            case 3:
                changed[start:start] = changed[start:stop]
            case 4:
                other = chance.choice(GOOD)
                changed[start:stop] = other[start:stop]
            case _:
                changed[start:] = chance.choice(GOOD)[start:]
    return bytes(changed)


def once(seed: int) -> bool:
    """Whether the octets of *seed* were refused."""
    chance = random.Random(seed)
    octets = mutated(chance.choice(GOOD), chance)
    text = mutated(b"".join(armored([octets])), chance) if chance.random() < 0.3 else b""
    try:
        if text:
            octets = b"".join(dearmored([text]))
        size = chance.choice((1000, CHUNK, CHUNK + 16, 1 << 20))
        pieces = (octets[start : start + size] for start in range(0, len(octets), size))
        found = opened(pieces, KEY, Spool()).read()
    except Tampered:
        return True
    assert octets in GOOD, f"seed {seed}: octets that nobody sealed were opened"
    assert found in PLAIN, f"seed {seed}: not what was sealed"
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, help="only this one")
    given = parser.parse_args()
    if given.seed is not None:
        print("refused" if once(given.seed) else "opened")
        return
    end, seed, refused = time.monotonic() + given.seconds, random.SystemRandom().randrange(1 << 60), 0
    first = seed
    while time.monotonic() < end:
        refused += once(seed)
        seed += 1
    print(f"{seed - first} inputs, {refused} refused, the rest was as it had been sealed")


if __name__ == "__main__":
    main()
