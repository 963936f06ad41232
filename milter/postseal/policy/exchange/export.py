"""Reads an export of Exchange's transport rules: each rule as the parameters of New-TransportRule.

Two forms are known: what `Get-TransportRule | ConvertTo-Json` prints, and the file that
`Export-TransportRuleCollection` writes, XML that holds commands.  Raises BadInput for anything else.
"""

import json
import re
import xml.parsers.expat
from collections.abc import Iterator
from dataclasses import dataclass

from postseal.document import MAX_BYTES, bad
from postseal.errors import Place

_NOT_A_WISH = frozenset(
    {
        *("Identity", "Guid", "Description", "Conditions", "Exceptions", "Actions", "RuleVersion", "Size"),
        *("DlpPolicy", "DlpPolicyId", "ManuallyModified", "ObjectState", "OrganizationId", "IsValid"),
        *(
            "IsRuleConfigurationSupported",
            "RuleConfigurationUnsupportedReason",
            "RuleSubType",
            "RuleIdentity",
        ),
        *("ExchangeVersion", "WhenChanged", "WhenChangedUTC", "WhenCreated", "WhenCreatedUTC", "Id"),
        *("DistinguishedName", "CreatedBy", "LastModifiedBy", "ImmutableId", "RunspaceId", "UseLegacyRegex"),
        *("PSComputerName", "PSShowComputerName", "ObjectCategory", "ObjectClass", "OriginatingServer"),
        *("AdminDisplayName", "Confirm", "WhatIf", "DomainController", "RecipientAddressType"),
    }
)
"""Properties that say nothing about what is to happen to mail."""

_TOKEN = re.compile(
    r"\s*(?:(-[A-Za-z][A-Za-z0-9]*):?(?=\s|$)|'((?:[^']|'')*)'|\"((?:[^\"`]|`.|\"\")*)\"|(@[({])|([(){},;=])"
    r"|([^\s'\"(){},;]+))",
    re.DOTALL,
)


_COUNTS = frozenset({"mincount", "maxcount", "minconfidence", "maxconfidence", "confidencelevel"})
"""What an object says of a sensitive type; it is kept whole."""


@dataclass(frozen=True, slots=True)
class Exported:
    """One rule: its *name*, and the values of each parameter; `True` is a value, unset ones are left out."""

    name: str
    parameters: dict[str, tuple[str, ...]]


def read(octets: bytes, file: str) -> tuple[Exported, ...]:
    """The rules in *octets*, in the order of their priority."""
    if len(octets) > MAX_BYTES:
        raise bad(Place(file), f"the file is larger than {MAX_BYTES >> 20} MiB", "is it an export of rules?")
    text = _text(octets, file)
    start = text.lstrip()[:1]
    if start in {"[", "{"}:
        return tuple(_of_json(text, file))
    if start == "<":
        return tuple(_of_xml(text, file))
    hint = "use 'Get-TransportRule | ConvertTo-Json -Depth 5', or Export-TransportRuleCollection"
    raise bad(Place(file), "this is no export of transport rules", hint)


def _text(octets: bytes, file: str) -> str:
    """PowerShell writes UTF-16 with a byte order mark, newer ones UTF-8 with or without."""
    name = "utf-16" if octets.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return octets.decode(name)
    except UnicodeDecodeError as error:
        raise bad(Place(file), f"not {name}: {error.reason}", "export again with -Encoding utf8") from None


def _of_json(text: str, file: str) -> Iterator[Exported]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise bad(
            Place(file, error.lineno, error.colno), f"not JSON: {error.msg}", "export it anew"
        ) from None
    rules = found if isinstance(found, list) else [found]
    if not all(isinstance(rule, dict) and isinstance(rule.get("Name"), str) for rule in rules):
        raise bad(Place(file), "there is an object without a Name", "export with Get-TransportRule")
    rules.sort(key=lambda rule: rule["Priority"] if isinstance(rule.get("Priority"), int) else 0)
    for rule in rules:
        parameters = {word: _values(value) for word, value in rule.items() if word not in _NOT_A_WISH}
        parameters.pop("Name")
        parameters.pop("Priority", None)
        yield Exported(rule["Name"], {word: values for word, values in parameters.items() if values})


def _values(value: object) -> tuple[str, ...]:
    """A property's value as text; none for what is not set."""
    if value is None or value is False or value == "":
        return ()
    if isinstance(value, list):
        return tuple(text for item in value for text in _values(item))
    if isinstance(value, dict):
        if any(word.lower() in _COUNTS for word in value):
            return (json.dumps(value),)
        for word in ("Address", "PrimarySmtpAddress", "Expression", "Value", "Name", "value"):
            if value.get(word) is not None:
                return _values(value[word])
        return (json.dumps(value),)
    return (str(value),)


def _of_xml(text: str, file: str) -> Iterator[Exported]:
    blocks: list[str] = []
    inside = False

    def begin(name: str, _attributes: dict[str, str]) -> None:
        nonlocal inside
        if name == "commandBlock":
            inside = True
            blocks.append("")

    def end(name: str) -> None:
        nonlocal inside
        inside = inside and name != "commandBlock"

    def characters(piece: str) -> None:
        if inside:
            blocks[-1] += piece

    def entity(*_: object) -> None:
        raise bad(Place(file), "the XML declares entities", "export it anew; no export has any")

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler, parser.EntityDeclHandler = characters, entity
    try:
        parser.Parse(re.sub(r"^\s*<\?xml[^>]*\?>", "", text), True)
    except xml.parsers.expat.ExpatError as error:
        place = Place(file, error.lineno, error.offset + 1)
        raise bad(place, "not well-formed XML", "export it anew") from None
    if not blocks:
        raise bad(Place(file), "there is no commandBlock in this file", "is it an exported rule collection?")
    for block in blocks:
        yield _of_command(block, file)


def _of_command(block: str, file: str) -> Exported:
    """The parameters of one New-TransportRule command."""
    parameters: dict[str, list[str]] = {}
    current: list[str] | None = None
    name = ""
    table: list[str] | None = None
    for switch, single, double, opening, mark, bare in _TOKEN.findall(block):
        if opening == "@{":
            table = []
        elif table is not None and mark == "}":
            if current is not None:
                current.append(_table(table))
            table = None
        elif table is not None:
            table += [each for each in (_quoted(single, double), *bare.split("=", 1)) if each]
        elif switch:
            current = parameters.setdefault(switch[1:], [])
        elif current is not None and (single or double):
            current.append(_quoted(single, double))
        elif current is not None and bare:
            current.append({"$true": "True", "$false": "False", "$null": ""}.get(bare.lower(), bare))
    name = next(iter(parameters.pop("Name", [])), "")
    if not name:
        what = "a command does not create a rule with a -Name"
        raise bad(Place(file), what, "export with Export-TransportRuleCollection")
    given = {word: tuple(value for value in values if value) for word, values in parameters.items()}
    switched_on = {word: values or ("True",) for word, values in given.items() if not parameters[word]}
    wished = given | switched_on
    off = ("False",)  # as good as not given, but for -Enabled
    kept = {
        word: values for word, values in wished.items() if values and (values != off or word == "Enabled")
    }
    return Exported(name, {word: values for word, values in kept.items() if word not in _NOT_A_WISH})


def _quoted(single: str, double: str) -> str:
    return single.replace("''", "'") if single else re.sub(r'`(.)|"(")', r"\1\2", double)


def _table(words: list[str]) -> str:
    """The names and values of a hash table, as JSON; something else if a value is missing."""
    if len(words) % 2:
        return " ".join(words)
    return json.dumps(dict(zip(words[::2], words[1::2], strict=False)))
