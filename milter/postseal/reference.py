"""What documentation says about the keys and types that `binding` reads; printed from the code."""

import dataclasses
import inspect
import types
import typing
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from postseal import scalar
from postseal.binding import PLAIN, Name, declared, required
from postseal.scalar import Network, network


def keys(kind: type) -> Iterator[str]:
    """The keys of the dataclass *kind* as a Markdown list: word, type, default."""
    fields, hints = declared(kind)
    for word, f in fields.items():
        hint = hints[f.name]
        default = "Required." if required(f) else f"Default: `{_written(f, hint)}`."
        item = typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else hint
        if isinstance(item, type) and dataclasses.is_dataclass(item):
            yield f"- `{word}`: {describe(hint)}"
            yield from (f"  {line}" for line in keys(item))
        else:
            yield f"- `{word}`: {describe(hint)}  {default}"


def describe(kind: object) -> str:
    """The type *kind* in a sentence."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        extra = arguments[1]
        said = f"The word of a {extra.kind}." if isinstance(extra, Name) else first_line(extra)
    elif kind == Network:
        said = first_line(network)
    elif origin in {types.UnionType, typing.Union}:
        said = describe(next(arm for arm in arguments if arm is not types.NoneType))
    elif origin is tuple:
        said = f"{describe(arguments[0]).removesuffix('.')}; or a list of such."
    elif origin is dict:
        said = f"`key: value` lines.  Key: {describe(arguments[0])}  Value: {describe(arguments[1])}"
    elif isinstance(kind, type) and issubclass(kind, StrEnum):
        said = f"{' or '.join(f'`{member.value}`' for member in kind)}."
    else:
        said = first_line(PLAIN.get(kind, kind) if isinstance(kind, type) else kind)
    return said


def first_line(documented: object) -> str:
    """The first line of a docstring."""
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def _written(f: "dataclasses.Field[object]", kind: object) -> str:
    """The default of a field as one would write it."""
    default = f.default if f.default_factory is dataclasses.MISSING else f.default_factory()
    readers = typing.get_args(kind)[1:]
    if isinstance(default, tuple):
        said = f"[{', '.join(str(item) for item in default)}]"
    elif isinstance(default, bool):
        said = str(default).lower()
    elif isinstance(default, int | float):
        said = next((write(int(default)) for read, write in _NUMBERS if read in readers), str(default))
    else:
        said = str(default) if default and isinstance(default, str | Path) else "none"
    return said


def _size(octets: int) -> str:
    units = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "k"))
    return next((f"{octets // one}{unit}" for one, unit in units if octets % one == 0), str(octets))


def span(seconds: int) -> str:
    """A time span as one would write it: `90m`, `30d`."""
    units = ((86400, "d"), (3600, "h"), (60, "m"))
    return next((f"{seconds // one}{unit}" for one, unit in units if seconds % one == 0), f"{seconds}s")


_NUMBERS = ((scalar.size, _size), (scalar.duration, span), (scalar.mode, "{:04o}".format))
