"""What the scanner looks for in place of a pattern: everything that the pattern matches, and some more.

RE2 and Hyperscan read the same expression differently (ends of lines, letter case, Unicode classes), so
Hyperscan never decides.  It gets expressions over octets, made here, which leave out what narrows a
match: anchors, word boundaries, upper bounds, complements of classes.  Whatever is not understood
makes the pattern one that may match anywhere.  Nothing here raises.
"""

import re
from dataclasses import dataclass
from functools import cache

import re2

_ANY = rb".{1,4}"
_WIDE = rb"[\x80-\xff]{2,4}"  # one character beyond ASCII, in UTF-8
_KELVIN = "\u212a"  # K; with U+017F the only character beyond ASCII that is a letter of ASCII in another case
_MOST = 64
"""How many times a part may be repeated in the expression, all nesting together."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of an expression for Hyperscan.  *least*: octets that it needs at least; *size*: of itself."""

    written: bytes
    least: int
    size: int = 1


_NOTHING = _Part(b"", 0, 0)


class _NotUnderstoodError(Exception):
    pass


def superset(expression: str) -> tuple[bytes, ...]:
    """Expressions for Hyperscan, one of which finds something wherever *expression* in RE2 syntax does.

    *expression* is taken to ignore letter case.  None at all: it may match any text.
    """
    reader = _Reader(expression)
    try:
        alternatives = reader.whole()
        if reader.rest:
            return ()
    except (_NotUnderstoodError, RecursionError):
        return ()
    if not all(part.least for part in alternatives):
        return ()
    return tuple(dict.fromkeys(part.written for part in alternatives))


def literal(text: str) -> bytes:
    """The same for *text* that is to be found as it stands."""
    return b"".join(_character(character).written for character in text)


class _Reader:
    """Reads RE2 syntax from left to right."""

    def __init__(self, expression: str) -> None:
        self._text = expression
        self._at = 0

    @property
    def rest(self) -> bool:
        return self._at < len(self._text)

    def whole(self) -> list[_Part]:
        """The alternatives of the whole expression, each without what may be missing at its ends.

        A search finds the middle wherever it finds the whole, and Hyperscan is best at short expressions.
        """
        found: list[_Part] = []
        for branch in self._branches():
            while branch and not _least(branch[-1]):
                branch.pop()
            while branch and not _least(branch[0]):
                branch.pop(0)
            found += _flat(branch)
        return found

    def _branches(self) -> list[list[list[_Part]]]:
        """Branches divided by `|`: sequences of alternatives."""
        branches: list[list[list[_Part]]] = [[]]
        while self.rest and self._text[self._at] != ")":
            if self._take("|"):
                branches.append([])
            else:
                branches[-1].append(self._repeated())
        return branches

    def _repeated(self) -> list[_Part]:
        atom = self._atom()
        while self.rest:
            if self._take("*") or self._take("?"):
                least = 0
            elif self._take("+"):
                least = 1
            elif found := self._match(r"\{(\d+)(?:,(\d*))?\}"):
                least = int(found[1])
            else:
                break
            self._take("?")
            part = _one(atom)
            times = min(least, max(1, _MOST // max(1, part.size)))
            one = b"." if part.written == _ANY else b"(?:%b)" % part.written
            written = one + b"{%d,}" % times if part.written else b""
            atom = [_Part(written, part.least * times, part.size * max(1, times))]
        return atom

    def _atom(self) -> list[_Part]:
        if self._take("("):
            return self._group()
        if self._take("["):
            return [self._class()]
        if self._take("."):
            return [_Part(_ANY, 1)]
        if self._take("^") or self._take("$"):
            return [_NOTHING]
        if self._take("\\"):
            return [self._escape()]
        character = self._text[self._at]
        self._at += 1
        return [_character(character)]

    def _group(self) -> list[_Part]:
        if self._match(r"\?P?<\w+>") or self._match(r"\?[imsU]*(?:-[imsU]+)?:") or not self._take("?"):
            branches = self._branches()
            if not self._take(")"):
                raise _NotUnderstoodError
            return [part for branch in branches for part in _flat(branch)]
        if self._match(r"[imsU]*(?:-[imsU]+)?\)"):  # each flag could only narrow
            return [_NOTHING]
        raise _NotUnderstoodError

    def _escape(self) -> _Part:
        if self._match("[AbBz]"):
            return _NOTHING
        if found := self._match("[dsw]"):
            return _Part(_CLASSES[found[0]], 1)
        if self._match(r"[pP](?:\w|\{\^?\w+\})") or self._match("[DSWC]"):
            return _Part(_ANY, 1)
        return _character(self._literal())

    def _literal(self) -> str:
        if found := self._match(r"x([0-9A-Fa-f]{2})") or self._match(r"x\{([0-9A-Fa-f]{1,6})\}"):
            number = int(found[1], 16)
            if number > 0x10FFFF or 0xD800 <= number < 0xE000:
                raise _NotUnderstoodError
            return chr(number)
        if found := self._match("[aftnrv]"):
            return {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}[found[0]]
        if found := self._match(r"[^\w\s]"):
            return found[0]
        raise _NotUnderstoodError

    def _class(self) -> _Part:
        """A class in brackets; of one that is complemented or holds more than letters, nothing is known."""
        anything = bool(self._take("^"))
        narrow: list[bytes] = []
        wide: list[bytes] = []
        first = True
        while first or not self._take("]"):
            first = False
            if not self.rest:
                raise _NotUnderstoodError
            if self._match(r"\\pZ"):
                narrow.append(b" ")
                wide.append(_WIDE)
            elif self._match(r"\[:\^?\w+:\]") or self._match(r"\\[pP](?:\w|\{\^?\w+\})|\\[DSW]"):
                anything = True
            elif found := self._match(r"\\([dsw])"):
                narrow.append(_CLASSES[found[1]][1:-1])
            else:
                low = self._member()
                high = self._member() if self._match("-(?!])") else low
                if high < "\x80":
                    narrow.append(b"\\x%02x-\\x%02x" % (ord(low), ord(high)))
                elif low == high and (part := _character(low)).written != _ANY:
                    wide.append(part.written)
                elif low >= "\u0180" and not low <= _KELVIN <= high:
                    wide.append(_WIDE)
                else:
                    anything = True
        if anything:
            return _Part(_ANY, 1)
        branches = [b"[%b]" % b"".join(narrow)] if narrow else []
        return _Part(b"(?:%b)" % b"|".join([*branches, *dict.fromkeys(wide)]), 1)

    def _member(self) -> str:
        if self._take("\\"):
            return self._literal()
        if not self.rest:
            raise _NotUnderstoodError
        self._at += 1
        return self._text[self._at - 1]

    def _take(self, text: str) -> bool:
        if self._text.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def _match(self, expression: str) -> re.Match[str] | None:
        found = re.compile(expression, re.ASCII).match(self._text, self._at)
        if found:
            self._at = found.end()
        return found


_CLASSES = {"d": rb"[0-9]", "s": rb"[\t\n\f\r ]", "w": rb"[0-9A-Za-z_]"}


def _least(alternatives: list[_Part]) -> int:
    return min(part.least for part in alternatives)


def _one(alternatives: list[_Part]) -> _Part:
    if len(alternatives) == 1:
        return alternatives[0]
    written = b"|".join(part.written for part in alternatives)
    return _Part(b"(?:%b)" % written, _least(alternatives), sum(part.size for part in alternatives))


def _flat(parts: list[list[_Part]]) -> list[_Part]:
    """A sequence as alternatives: those of its only part, or one."""
    return parts[0] if len(parts) == 1 else [_joined(parts)]


def _joined(parts: list[list[_Part]]) -> _Part:
    ones = [_one(part) for part in parts]
    least = sum(part.least for part in ones)
    return _Part(b"".join(part.written for part in ones), least, sum(part.size for part in ones))


def _character(character: str) -> _Part:
    """*character* in each of the letter cases in which RE2 finds it."""
    if character < "\x80":
        return _Part(b"\\x%02x" % ord(character), 1)
    forms = _forms(character)
    if any(form < "\x80" for form in forms):
        return _Part(_ANY, 1)
    written = b"|".join(b"".join(b"\\x%02x" % octet for octet in form.encode()) for form in forms)
    return _Part(b"(?:%b)" % written, 2)


@cache
def _cased() -> bytes:
    """All characters that may have another letter case, by RE2's own tables."""
    everything = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000)))).encode()
    return b"".join(re2.findall(rb"[\p{Lu}\p{Ll}\p{Lt}\pM\p{Nl}\p{So}]", everything))


@cache
def _forms(character: str) -> tuple[str, ...]:
    octets = character.encode("utf-8", "surrogatepass")
    if not re2.search(rb"[\p{Lu}\p{Ll}\p{Lt}\pM\p{Nl}\p{So}]", octets):
        return (character,)
    options = re2.Options()
    options.case_sensitive = False
    found = re2.compile(re2.escape(octets), options).findall(_cased())
    return tuple(dict.fromkeys([character, *(form.decode() for form in found)]))
