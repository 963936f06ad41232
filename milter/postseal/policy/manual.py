"""The reference of the policy language in Markdown, printed from the functions and types themselves."""

from collections.abc import Callable, Iterable, Iterator

from postseal.binding import declared
from postseal.policy import table
from postseal.policy.actions import ACTIONS
from postseal.policy.conditions import CONDITIONS
from postseal.policy.examples import Example
from postseal.policy.exchange.words import ACTIONS as ACTIONS_OF
from postseal.policy.exchange.words import CONDITIONS as CONDITIONS_OF
from postseal.policy.exchange.words import OTHERS
from postseal.policy.exchange.words import PROPERTIES as PROPERTIES_OF
from postseal.policy.load import PolicyFile
from postseal.policy.mail import Mail
from postseal.policy.rule import Rule
from postseal.reference import describe, keys


def manual() -> str:
    """All conditions, actions, and the keys of rules and examples."""
    return "\n".join(
        [
            "# Policy language",
            "",
            "Printed by `postseal check --list`.",
            "How to write policies: [policy-tutorial.md](policy-tutorial.md).",
            "",
            "## Conditions",
            "",
            "Below `when`, all must hold; below `unless`, one is enough; values within one are alternatives.",
            "`any`, `all` and `not` nest.",
            "",
            *_words(CONDITIONS),
            "## Actions",
            "",
            "Below `then`, in the order written.",
            "",
            *_words(ACTIONS),
            "## Keys of a policy file",
            "",
            *(line for line in _keys(PolicyFile) if not line.startswith("  ")),
            "## Keys of a rule",
            "",
            *_keys(Rule),
            "## Keys of an example",
            "",
            *_keys(Example),
            "## Exchange's names",
            "",
            "Conditions are exceptions too, with `ExceptIf` before their names.",
            "`postseal policy import` goes by this table.",
            "",
            *_exchange(),
        ]
    )


def _words(functions: Iterable[Callable[..., object]]) -> Iterator[str]:
    for function in functions:
        yield f"### `{function.__name__}`"
        yield ""
        yield table.manual(function)
        yield ""
        yield f"Value: {describe(table.value(function))}"
        if table.first(function) is Mail:
            yield "Asked for each recipient."
        yield ""


def _keys(kind: type) -> Iterator[str]:
    yield table.manual(kind).partition("\n\n")[2]
    yield ""
    yield from keys(kind)
    yield ""


def _exchange() -> Iterator[str]:
    """The names of New-TransportRule's parameters, and our words."""
    known = {function.__name__ for function in (*CONDITIONS, *ACTIONS)} | declared(Rule)[0].keys()
    words: dict[str, str] = {}
    for table_of in (PROPERTIES_OF, ACTIONS_OF, CONDITIONS_OF):
        for name, word in table_of.items():
            if word.word in known:
                words |= {name: word.word, **dict.fromkeys(word.also, word.word)}
    yield "| Exchange | here |"
    yield "|---|---|"
    yield from (f"| {name} | `{word}` |" for name, word in sorted(words.items()))
    yield from (f"| {name} | {advice} |" for name, advice in sorted(OTHERS.items()))
