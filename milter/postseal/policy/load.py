"""Reads a folder of policy files, checks all of it, runs its examples, and returns a `Policy`.

Every *.yaml of the folder counts, in the order of the file names; hidden files and editors' backups
do not.  All problems of all files are raised at once as `BadInput`; there is no half of a policy.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Annotated

from postseal import document
from postseal.binding import Reader
from postseal.document import Problems, bad
from postseal.errors import Place
from postseal.policy.compiled import Kept
from postseal.policy.examples import Example, check
from postseal.policy.failure import OnErrors
from postseal.policy.index import Index
from postseal.policy.mail import Site
from postseal.policy.notice_actions import misdirected
from postseal.policy.policy import Policy
from postseal.policy.rule import Rule, rule
from postseal.remedy import DEFER
from postseal.settings import Settings
from postseal.treatment import Treatment


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """What stands in one policy file.

    *on_error*: what holds where rules say nothing, and for troubles that are no rule's; of several files the
    later counts.  Left out: defer.
    """

    rules: tuple[Annotated[Rule, rule], ...] = ()
    on_error: OnErrors = DEFER
    examples: tuple[Example, ...] = ()


def load(settings: Settings, methods: Collection[str]) -> Policy:
    """The policy in the folder that *settings* name.  *methods*: the words that `protect` may use."""
    problems = Problems()
    digest = hashlib.sha256()
    reader = Reader({"method": frozenset(methods) - {"plain"}})
    contents = []
    for path in files(settings.policies):
        with problems.collect():
            octets = document.read(path)
            digest.update(b"%b\0%d\0%b" % (path.name.encode(), len(octets), octets))
            contents.append(reader.bind(document.parse(octets, str(path)), PolicyFile))
    rules = tuple(rule for content in contents for rule in content.rules)
    _check_names(rules, problems)
    _check_notices(rules, settings, problems)
    problems.settle()
    examples = [example for content in contents for example in content.examples]
    on_error = reduce(lambda earlier, content: content.on_error.after(earlier), contents, DEFER)
    index = Index(rules, Kept(settings.runtime_directory / "patterns"))
    policy = Policy(
        rules, Site.of(settings), digest.hexdigest()[:12], index, len(examples), on_error=on_error
    )
    for example in examples:
        with problems.collect():
            check(example, policy)
    problems.settle()
    return policy


def files(folder: Path) -> list[Path]:
    """The policy files of *folder* in the order in which they are read."""
    hint = "create it, or correct 'policies:' in the settings"
    if not folder.is_dir():
        raise bad(Place(str(folder)), "there is no such folder", hint)
    try:
        shown = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise bad(Place(str(folder)), f"cannot be read: {error.strerror}", "see its owner and mode") from None
    for path in shown:
        if path.suffix == ".yml":  # left out in silence, its rules would be missed only when it is too late
            raise bad(Place(str(path)), "a policy file is named *.yaml", f"rename it to {path.stem}.yaml")
    found = [path for path in shown if path.suffix == ".yaml"]
    if not found:
        hint = "write a file such as 10-rules.yaml; 'rules: []' lets all mail pass as it is"
        raise bad(Place(str(folder)), "there is no policy file in this folder", hint)
    return found


def _check_names(rules: tuple[Rule, ...], problems: Problems) -> None:
    seen: dict[str, Place] = {}
    for each in rules:
        first = seen.setdefault(each.name, each.place)
        if first is not each.place:
            problems.add(each.place, f"rule '{each.name}' has the name of the rule at {first}", "rename one")


def _check_notices(rules: tuple[Rule, ...], settings: Settings, problems: Problems) -> None:
    site = Site.of(settings)
    for action in (action for each in rules for action in each.then if action.tells):
        if not settings.submit_to:
            hint = "name the mail server's listener in 'submit_to:' of the settings"
            problems.add(action.place, f"'{action.word}' has no way to send mail", hint)
        for notice in action(Treatment()).notices:
            if misdirected(notice, site.accepts):
                what = f"the message as it came must not go to <{notice.to}>, who is outside"
                hint = "leave 'original' out, or name an address in one of accepted_domains"
                problems.add(action.place, what, hint)
