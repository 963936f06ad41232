"""What all translations of values share: how they are given, how they are written, and how they fail."""

from collections.abc import Callable

from postseal.branding.exchange import branding_word

Values = tuple[str, ...]
Written = object
"""What stands in YAML: a text, a list of texts, or a mapping of such."""


class Untranslatable(Exception):
    """Why a value has no counterpart in our words; the text is for the administrator."""


def listed(values: Values) -> Written:
    """One value, or the list."""
    return values[0] if len(values) == 1 else list(values)


def one_of(choices: dict[str, str]) -> Callable[[Values], Written]:
    """Exchange's word or number → ours."""

    def written(values: Values) -> Written:
        unknown = [value for value in values if value.lower() not in choices]
        if unknown:
            raise Untranslatable(f"'{unknown[0]}' has no counterpart")
        return listed(tuple(choices[value.lower()] for value in values))

    return written


def branding(values: Values) -> Written:
    """The branding that the OME configuration has become."""
    word = branding_word(values[0])
    if not word:
        raise Untranslatable(f"'{values[0]}' can be no name of a branding")
    return word
