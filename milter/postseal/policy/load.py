"""Reads a folder of policy files, checks all of it, runs its examples, and returns a `Policy`.

All problems of all files are raised at once as `BadInput`; there is no half of a policy.
"""

import gc
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import Annotated

from postseal.binding import Reader
from postseal.branding import load as brandings
from postseal.content import process
from postseal.document import Problems
from postseal.errors import Place
from postseal.notice import MANAGER
from postseal.people import load as directory
from postseal.policy import source, templates
from postseal.policy.action_values import HOLDS
from postseal.policy.body_actions import about_sender
from postseal.policy.clause import Condition, conditions_of
from postseal.policy.compiled import Kept
from postseal.policy.conditions.acquaintance import first_mail
from postseal.policy.conditions.people import CONDITIONS as ABOUT_PEOPLE
from postseal.policy.connectors import connectors
from postseal.policy.connectors.connectors import Connectors
from postseal.policy.examples import Example, check
from postseal.policy.failure import OnErrors
from postseal.policy.index import Index
from postseal.policy.mail import Acquaintances, Certificates, Site
from postseal.policy.notice_actions import misdirected
from postseal.policy.policy import Policy
from postseal.policy.recipient_actions import asks_for_manager
from postseal.policy.rule import Mode, Rule, rule
from postseal.policy.sensitive.library import Library
from postseal.policy.source import Preamble
from postseal.policy.tls_values import CONNECTOR, ENFORCES
from postseal.remedy import DEFER
from postseal.settings.settings import Settings
from postseal.settings.tls import ROUTE
from postseal.treatment import Treatment


@dataclass(frozen=True, slots=True)
class PolicyFile(Preamble):
    """What stands in one policy file.

    *include*: files that are read before this one, as if they were in the folder.
    *vars*: values by a name; `$name` without quotes stands for them, in any file, as a value or in a list.
    *lists*: the same from text files, a value a line; empty lines and those that begin with `#` do not count.
    *on_error*: what holds where rules say nothing, and for troubles that are no rule's; of several files the
    later counts.  Left out: defer.
    """

    rules: tuple[Annotated[Rule, rule], ...] = ()
    on_error: OnErrors = DEFER
    examples: tuple[Example, ...] = ()


def load(
    settings: Settings,
    methods: Collection[str],
    *,
    certificates: Certificates | None = None,
    acquaintances: Acquaintances | None = None,
) -> Policy:
    """The policy in the folder that *settings* name.

    *methods*: the words that `protect` may use.  *certificates*: what finds recipients' certificates,
    *acquaintances*: what remembers who has written to whom.
    """
    with _undisturbed():
        return _loaded(settings, methods, certificates, acquaintances)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """The garbage collector waits: among a million new objects that all stay it looks in vain."""
    working = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if working:
            gc.enable()


def _loaded(
    settings: Settings,
    methods: Collection[str],
    certificates: Certificates | None,
    acquaintances: Acquaintances | None,
) -> Policy:
    problems = Problems()
    holds = {"quarantine"} if settings.held_mail_returns else frozenset[str]()
    library = Library(settings.policies / "types")
    enforces = settings.tls.kept
    words = frozenset(methods) - {"plain"}
    names: dict[str, Collection[str]] = {"method": words, HOLDS: holds, ENFORCES: enforces}
    names |= {"sensitive type": library, "branding": (), "template": ()}
    granting = templates.Templates({})
    with problems.collect():
        names["branding"] = brandings.load(settings)
    with problems.collect():
        names["template"] = granting = templates.load(settings.policies / templates.FOLDER)
    partners = connectors.load(settings.policies / "connectors", problems)
    names[CONNECTOR] = partners.routes
    reader = Reader(names)
    sources = source.read(settings.policies, problems)
    contents = []
    for node in sources.nodes:
        with problems.collect():
            contents.append(reader.bind(node, PolicyFile))
    rules = tuple(rule for content in contents for rule in content.rules)
    _check_names(rules, problems)
    _check_notices(rules, settings, problems)
    problems.settle()
    examples = [example for content in contents for example in content.examples]
    on_error = reduce(lambda earlier, content: content.on_error.after(earlier), contents, DEFER)
    _check_connectors(partners, settings, problems)
    people = directory.load(settings.directory)
    if people is None:
        _check_nobody_is_asked_for(rules, problems)
    index = Index(rules, Kept(settings.runtime_directory / "patterns"))
    policy = Policy(
        rules,
        Site.of(
            settings,
            people,
            certificates=certificates,
            acquaintances=acquaintances,
            offered=granting.offered,
        ),
        granting.joined(library.joined(partners.joined(sources.digest))),
        index,
        len(examples),
        on_error=on_error,
        remembers=any(each.function is first_mail for each in _asked(rules)),
        connectors=partners,
    )
    for example in examples:
        with problems.collect():
            check(example, policy)
    # The supervisor forks after this, and its workers start processes of their own.
    process.pool(settings.extraction).close()
    problems.settle()
    return policy


def _asked(rules: Iterable[Rule]) -> Iterator[Condition]:
    """All conditions of rules that are looked at."""
    for each in rules:
        if each.mode is not Mode.OFF:
            yield from conditions_of(each.when)
            yield from conditions_of(each.unless)


def _check_connectors(found: Connectors, settings: Settings, problems: Problems) -> None:
    """Raise BadInput if there is one to a partner and nobody would see to it."""
    first = next(iter(found.outbound.values()), None)
    if first and ROUTE not in settings.tls.kept:
        what = f"connector '{first.name}' would have no effect: nobody sees to it"
        hint = "have Postfix ask for connectors (contrib/postfix) and set tls: {enforced: true}"
        problems.add(first.place, what, hint)
    problems.settle()


def _check_nobody_is_asked_for(rules: Iterable[Rule], problems: Problems) -> None:
    """Without a directory, mail that such a rule concerns could only be refused."""
    words = {function.__name__ for function in ABOUT_PEOPLE}
    for condition in _asked(rules):
        if condition.word in words:
            what = f"'{condition.word}' needs a directory of people"
            problems.add(condition.place, what, "name one below 'directory:' in the settings")
    for action in (action for each in rules if each.mode is not Mode.OFF for action in each.then):
        alone = action(Treatment())
        asks = "attributes" if any(map(about_sender, alone.disclaimers)) else ""
        told = any(notice.to == MANAGER for notice in alone.notices)
        asks = "managers" if told or asks_for_manager(alone) else asks
        if asks:
            what = f"'{action.word}' asks for {asks} of a directory of people"
            problems.add(action.place, what, "name one below 'directory:' in the settings")
    problems.settle()


def _check_names(rules: tuple[Rule, ...], problems: Problems) -> None:
    seen: dict[str, Place] = {}
    for each in rules:
        first = seen.setdefault(each.name, each.place)
        if first is not each.place:
            problems.add(each.place, f"rule '{each.name}' has the name of the rule at {first}", "rename one")


def _check_notices(rules: tuple[Rule, ...], settings: Settings, problems: Problems) -> None:
    site = Site.of(settings)
    for action in (action for each in rules for action in each.then if action.notices or action.journals):
        if not settings.submit_to:
            hint = "name the mail server's listener in 'submit_to:' of the settings"
            problems.add(action.place, f"'{action.word}' has no way to send mail", hint)
        for each in action.journals:
            if not each.method and not site.accepts(each.to):
                what = f"the message as it came must not go to <{each.to}>, who is outside"
                problems.add(action.place, what, "write 'protect: smime' with a certificate of the archive")
        for notice in action.notices:
            if misdirected(notice, site.accepts):
                what = f"the message as it came must not go to <{notice.to}>, who is outside"
                hint = "leave 'original' out, or name an address in one of accepted_domains"
                problems.add(action.place, what, hint)
