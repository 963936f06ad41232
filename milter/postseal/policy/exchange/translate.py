"""Exchange's rules in our words: YAML that loads, and a list of what it does not say.

A rule that cannot be carried over whole is switched off, never left wider or weaker than it was; what
remains of it, and why, stands in its comment.  A rule of which nothing remains is left out.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import yaml

from postseal import document
from postseal.binding import Reader, declared
from postseal.branding import load as brandings
from postseal.branding.branding import DEFAULT
from postseal.document import Problems
from postseal.errors import BadInput
from postseal.policy import clause
from postseal.policy.action_values import HOLDS
from postseal.policy.actions import ACTIONS as OUR_ACTIONS
from postseal.policy.actions import actions
from postseal.policy.conditions import CONDITIONS as OUR_CONDITIONS
from postseal.policy.connectors import connectors
from postseal.policy.connectors.connectors import NONE as NO_CONNECTORS
from postseal.policy.exchange import overrides, people, usage
from postseal.policy.exchange.export import Exported
from postseal.policy.exchange.value import Untranslatable, Values, Written, listed
from postseal.policy.exchange.words import ACTIONS, CONDITIONS, PROPERTIES, Word
from postseal.policy.rule import Rule, rule
from postseal.policy.sensitive.library import Library
from postseal.policy.tls_values import CONNECTOR, ENFORCES
from postseal.settings.settings import Settings

_EXCEPT: Final = "ExceptIf"
_ENDING: Final = {"reject", "delete"}
_TELLING: Final = {"report", "notify_sender", "notify_recipient"}
_LONGEST: Final = 64
_NO_WORD: Final = "there is no word for it"
_OFF: Final = {"Disabled", "1"}
_ABOUT_SENDER: Final = frozenset(
    {"From", "FromMemberOf", "FromAddressContainsWords", "FromAddressMatchesPatterns", "SenderDomainIs"}
)


@dataclass(slots=True)
class Translated:
    """A rule in our words.  *lost*: what it does not say any more; *changed*: what it says otherwise.
    *ignores*: whether Exchange would let mail through that the rule cannot judge.
    """

    name: str
    rule: dict[str, Written] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    ignores: bool = False


def translated(
    rules: tuple[Exported, ...],
    methods: tuple[str, ...],
    *,
    settings: Settings | None = None,
    directory: Mapping[str, str] | None = None,
) -> list[Translated]:
    """All *rules*, each with a name of its own.  *methods*: what `protect` names for encryption, in order.

    *settings*: where the rules are to hold; without them no type of sensitive information is known, and no
    mail can be held.  *directory*: what it calls the groups and attributes of Exchange.
    """
    holds = {"quarantine"} if settings and settings.held_mail_returns else frozenset[str]()
    enforces = settings.tls.kept if settings else frozenset[str]()
    library = Library(settings.policies / "types" if settings else Path(os.devnull))
    looks = frozenset(brandings.load(settings) if settings else {DEFAULT})
    names: dict[str, Collection[str]]
    names = {"method": methods, HOLDS: holds, ENFORCES: enforces, "sensitive type": library}
    partners = connectors.load(settings.policies / "connectors", Problems()) if settings else NO_CONNECTORS
    names |= {"branding": looks, CONNECTOR: partners.routes, "template": usage.templates(settings)}
    reader = Reader(names)
    known = {name.strip().lower(): ours.strip() for name, ours in (directory or {}).items()}
    taken: set[str] = set()
    return [_rule(each, _name(each.name, taken), reader, known) for each in rules]


def policy(found: list[Translated]) -> str:
    """The policy file, in YAML."""
    rules = [each.rule for each in found if each.rule]
    text = yaml.dump({"rules": rules}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    lines = [
        "# Carried over from Exchange.  Rules that could not be carried over whole are switched off (mode:",
        "# off), and their comment says what is missing.",
        *(f"# Left out: {each.name} ({'; '.join(each.lost)})" for each in found if not each.rule),
    ]
    return "\n".join([*(line.encode("ascii", "replace").decode() for line in lines), "", text])


def _name(written: str, taken: set[str]) -> str:
    name = "".join(each if each.isprintable() else " " for each in written).strip()[:_LONGEST] or "rule"
    number = 1
    unique = name
    while unique in taken:
        number += 1
        unique = f"{name[: _LONGEST - len(str(number)) - 1]} {number}"
    taken.add(unique)
    return unique


def _place_sender(given: dict[str, Values], result: Translated) -> None:
    """Say which sender is meant, if a condition is about him; in Exchange that is the author by default."""
    asked = {word.removeprefix(_EXCEPT) for word in given}
    if not asked & (_ABOUT_SENDER | people.OF_AUTHOR):
        given.pop("SenderAddressLocation", None)
        return
    location = given.setdefault("SenderAddressLocation", ("Header",))[0]
    if location not in {"Header", "0"} and asked & people.OF_AUTHOR:
        result.changed.append("what the directory says of the sender goes by SenderAddressLocation, too")


def _rule(exported: Exported, name: str, reader: Reader, directory: Mapping[str, str]) -> Translated:
    result = Translated(name)
    given = dict(exported.parameters)
    off = given.pop("State", ("",))[0] in _OFF or given.pop("Enabled", ("",))[0] == "False"
    result.ignores = given.pop("RuleErrorAction", ("Ignore",))[0] in {"Ignore", "0"}
    _place_sender(given, result)
    result.lost += people.manager_placed(given)
    if "AttachOriginalMail" in given.get("IncidentReportContent", ()):
        result.changed.append("the original is not attached to reports: 'include: [original]' does that")
    result.lost += people.named(given, directory)
    override = overrides.placed(given, result.changed)
    when = _clauses(given, "", result, reader)
    unless = _clauses(given, _EXCEPT, result, reader)
    then = _actions(given, result, reader)
    said = _properties(given, result) | override
    result.lost += [f"{word} {', '.join(values)[:80]}: {_NO_WORD}" for word, values in given.items()]
    if result.name != exported.name:
        result.changed.append(f"the name: it was '{exported.name[:200]}'")
    if not then and "stop" not in said:
        result.lost.append("no action remains")
        return result
    if off or result.lost:
        said["mode"] = "off"
    if result.lost:
        missing = f"Not carried over: {'; '.join(result.lost)}."
        said["comment"] = f"{said.get('comment', '')}\n{missing}".strip()[:1024]
    parts = {"when": when, "unless": unless, "then": then}
    result.rule = {"name": name, **{word: part for word, part in parts.items() if part}, **said}
    _check(result, reader)
    return result


def _clauses(
    given: dict[str, tuple[str, ...]], prefix: str, result: Translated, reader: Reader
) -> dict[str, Written]:
    ours = {function.__name__ for function in OUR_CONDITIONS} | {"all", "any"}
    found: dict[str, Written] = {}
    for parameter, word in CONDITIONS.items():
        written = _written(given, parameter, word, prefix=prefix, result=result, known=ours)
        if written is None:
            continue
        try:
            clause.conditions(_node({word.word: written}), reader)
        except BadInput as error:
            result.lost.append(f"{prefix}{parameter}: {error.problems[0].what}")
            continue
        found[word.word] = written
    return found


def _actions(given: dict[str, tuple[str, ...]], result: Translated, reader: Reader) -> list[Written]:
    known = {function.__name__ for function in OUR_ACTIONS}
    methods = tuple(reader.names["method"])
    encrypted = listed(methods)
    found: dict[str, Written] = {}
    for parameter, word in ACTIONS.items():
        written = _written(given, parameter, word, prefix="", result=result, known=known)
        if written is None or word.word in found:
            continue
        if word.word == "protect" and written == usage.ENCRYPTED:
            written = encrypted
        elif parameter == usage.TEMPLATE:
            result.lost += usage.restrict(found, str(written), reader)
            continue
        try:
            actions(_node({word.word: written}), reader)
        except BadInput as error:
            result.lost.append(f"{parameter}: {error.problems[0].what}")
            continue
        found[word.word] = written
    if "branding" in found and found.get("protect") == encrypted and "ome" in methods:
        found["protect"] = "ome"  # what has a branding is read in the portal, there as here
    ending = [word for word in found if word in _ENDING]
    if ending:
        for idle in [each for each in found if each != ending[0] and each not in _TELLING]:
            del found[idle]
            result.changed.append(f"{idle}: without effect beside {ending[0]}")
    return [{ours: written} for ours, written in found.items()]


def _properties(given: dict[str, tuple[str, ...]], result: Translated) -> dict[str, Written]:
    fields, _ = declared(Rule)
    found: dict[str, Written] = {}
    for parameter, word in PROPERTIES.items():
        written = _written(given, parameter, word, prefix="", result=result, known=fields)
        if written is None:
            continue
        found[word.word] = _moment(str(written)) if word.word in {"from", "until"} else written
    return found


def _moment(written: str) -> str:
    """A moment as PowerShell prints it: ISO 8601, or `/Date(1700000000000)/`."""
    if found := re.search(r"/Date\((\d+)", written):
        return datetime.fromtimestamp(int(found[1]) / 1000, UTC).strftime("%Y-%m-%dT%H:%M")
    return re.sub(r"(T\d\d:\d\d)(?::\d\d(?:\.\d+)?)?Z?", r"\1", written)


def _written(
    given: dict[str, tuple[str, ...]],
    parameter: str,
    word: Word,
    *,
    prefix: str,
    result: Translated,
    known: Mapping[str, object] | set[str],
) -> Written | None:
    """The value of one parameter in our words, taken out of *given*; None if there is none."""
    values = given.pop(f"{prefix}{parameter}", None)
    if values is None:
        return None
    more = [given.pop(f"{prefix}{each}", ()) for each in word.also]
    told = f"{prefix}{parameter} {', '.join(values)[:80]}"
    if word.word not in known:
        result.lost.append(f"{told}: {_NO_WORD}")
        return None
    try:
        return word.written(values, *more)
    except Untranslatable as error:
        result.lost.append(f"{told}: {error}")
        return None


def _check(result: Translated, reader: Reader) -> None:
    """Leave the rule out if it is no rule of ours all the same."""
    try:
        rule(_node(result.rule), reader)
    except BadInput as error:
        result.lost += [problem.what for problem in error.problems]
        result.rule = {}


def _node(value: Written) -> document.Node:
    text = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, width=1 << 20)
    return document.parse(text.encode(), "")


class _Dumper(yaml.SafeDumper):
    """Writes texts so that none is taken for a variable, and lists indented as people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 @._-]*", text) is not None and text == text.strip()
    style = None if plain else "|" if "\n" in text and _blockable(text) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _blockable(text: str) -> bool:
    return not any(line != line.rstrip() for line in text.split("\n")) and "\t" not in text


_Dumper.add_representer(str, _text)


def told(found: list[Translated]) -> Iterator[str]:
    """What the administrator has to know, a line each."""
    for each in found:
        state = "left out" if not each.rule else "switched off" if each.lost else ""
        for line in each.lost:
            yield f"rule '{each.name}': {line}{f' ({state})' if state else ''}"
        for line in each.changed:
            yield f"rule '{each.name}': {line}"
    if count := sum(each.ignores for each in found):
        what = "mail that cannot be judged or protected is deferred; see on_error"
        yield f"{count} rule{'s' if count > 1 else ''} with RuleErrorAction Ignore: {what}"
