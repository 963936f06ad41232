"""The reference of the policy language in Markdown, printed from the functions and types themselves."""

from collections.abc import Callable, Iterable, Iterator

from postseal.policy import table
from postseal.policy.actions import ACTIONS
from postseal.policy.conditions import CONDITIONS
from postseal.policy.examples import Example
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
